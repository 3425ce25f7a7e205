//! Streams as messages: <https://streams.spec.whatwg.org/#transferrable-streams>. What happens at both ends is in
//! `js/streams/transfer.js`; between them travel the ends of channels.

use holm_js::{Array, Ctx, Error, Function, Object, Result, Value, reflect, slot};

use super::{Made, made};
use crate::messaging::{Endpoint, MessagePort};
use crate::structured_clone::data_clone_error;
use crate::structured_clone::platform::{Parcel, PlatformKind};

/// Streams can be transferred.
pub(crate) struct StreamKind;

/// What travels: the name of the interface, and an end of a channel for each stream.
struct Sent {
    name: String,
    ends: Vec<Endpoint>,
}

impl PlatformKind for StreamKind {
    fn is(&self, object: &Value<'_>) -> bool {
        object.as_object().is_some_and(|object| name_of(object).is_some())
    }

    fn is_transferable(&self) -> bool {
        true
    }

    fn transfer<'js>(&self, ctx: &Ctx<'js>, object: &Object<'js>) -> Result<Parcel> {
        let name = name_of(object).ok_or(Error::Unknown)?;
        let count = if name == "TransformStream" { 2 } else { 1 };
        let ports = Array::new(ctx.clone())?;
        let mut ends = Vec::new();
        for index in 0..count {
            let (mine, theirs) = Endpoint::pair();
            ports.set(index, MessagePort::object(ctx, mine)?)?;
            ends.push(theirs);
        }
        let could_be_taken: bool = helper(ctx, "send")?.call((object.clone(), ports))?;
        match could_be_taken {
            true => Ok(Box::new(Sent { name, ends })),
            false => Err(data_clone_error(ctx, &format!("a locked {name} cannot be transferred"))),
        }
    }

    fn receive<'js>(&self, ctx: &Ctx<'js>, parcel: Parcel) -> Result<Object<'js>> {
        let Sent { name, ends } = *parcel.downcast::<Sent>().map_err(|_| Error::Unknown)?;
        let ports = Array::new(ctx.clone())?;
        for (index, end) in ends.into_iter().enumerate() {
            ports.set(index, MessagePort::object(ctx, end)?)?;
        }
        helper(ctx, "receive")?.call((name, ports))
    }
}

/// The interface that an object is of, if it is a stream.
fn name_of(object: &Object<'_>) -> Option<String> {
    // OPTIMIZATION: nobody has one before the scripts ran.
    let ctx = object.ctx();
    if slot::<Made>(ctx).0.borrow().is_none() || !reflect::is_ordinary(object) {
        return None;
    }
    helper(ctx, "kindOf").ok()?.call::<_, Option<String>>((object.clone(),)).ok()?
}

fn helper<'js>(ctx: &Ctx<'js>, name: &str) -> Result<Function<'js>> {
    made(ctx)?.get::<_, Object<'js>>("transfer")?.get(name)
}
