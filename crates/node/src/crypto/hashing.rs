//! `Hash` and `Hmac`.

use std::cell::RefCell;

use holm_js::webidl::{Definition, Interface, new_object};
use holm_js::{Array, Call, Ctx, ErrorKind, HostObject, Object, Result, Value, throw_coded};
use holm_web::crypto::hash::{Digesting, Hash};

use super::{Native, Tools};

/// The longest result of functions that give as much as is wanted: it is made at once, and nothing
/// stops that.
const MAX_LEN_BYTES: usize = 64 << 20;

pub(super) const FUNCTIONS: &[(&str, u32, Native)] = &[
    ("hashes", 0, |_, call| {
        let names = Array::new(call.ctx().clone())?;
        for (index, name) in Hash::all().flat_map(Hash::names).enumerate() {
            names.set(index, name)?;
        }
        Ok(names.into_value())
    }),
    // `null` for a function that there is not, `undefined` for a length that it does not give.
    ("startHash", 2, |_, call| {
        let Some(hash) = named(call)? else { return Ok(Value::new_null(call.ctx().clone())) };
        let len_bytes = wanted_len(call, 1)?;
        match hash.start(len_bytes) {
            Some(started) => Ok(Running::object(call.ctx(), started)?.into_value()),
            None => call.undefined(),
        }
    }),
    // `undefined` for a function that there is not, or that has no HMAC.
    ("startHmac", 2, |tools, call| {
        let key = tools.copy(&call.value(1));
        match named(call)?.and_then(|hash| hash.start_hmac(&key)) {
            Some(started) => Ok(Running::object(call.ctx(), started)?.into_value()),
            None => call.undefined(),
        }
    }),
];

/// The hash function that the first argument names.
pub(super) fn named(call: &Call<'_, '_>) -> Result<Option<Hash>> {
    Ok(Hash::named(&call.get::<String>(0)?))
}

/// How many bytes are wanted: at most 2³² − 1, as the script has made sure.
fn wanted_len(call: &Call<'_, '_>, index: usize) -> Result<Option<usize>> {
    let len_bytes = call.get::<Option<f64>>(index)?.map(|len_bytes| len_bytes as usize);
    if len_bytes.is_some_and(|len_bytes| len_bytes > MAX_LEN_BYTES) {
        let text = format!(
            "The hash would be longer than {MAX_LEN_BYTES} bytes, which is the most Holm gives"
        );
        return Err(throw_coded(call.ctx(), ErrorKind::Range, "ERR_OUT_OF_RANGE", &text));
    }
    Ok(len_bytes)
}

/// What a `Hash` or `Hmac` has inside.
struct Running(RefCell<State>);

enum State {
    Taking(Digesting),
    Finished(Vec<u8>),
}

impl HostObject for Running {}

impl Running {
    fn object<'js>(ctx: &Ctx<'js>, started: Digesting) -> Result<Object<'js>> {
        new_object(ctx, Self(RefCell::new(State::Taking(started))))
    }
}

impl Interface for Running {
    const NAME: &'static str = "RunningHash";

    fn define(members: &mut Definition<'_, '_, Self>) -> Result<()> {
        let tools = Tools::of(members.ctx())?;
        members
            .operation("update", 2, move |this, call| {
                let mut state = this.0.borrow_mut();
                if let State::Taking(digesting) = &mut *state {
                    let feed = |bytes: &[u8]| digesting.update(bytes);
                    tools.read(&call.value(0), &call.value(1), feed)?;
                }
                call.undefined()
            })?
            .operation("digest", 0, move |this, call| {
                let mut state = this.0.borrow_mut();
                if let State::Taking(digesting) = &*state {
                    let bytes = digesting.clone().finish();
                    *state = State::Finished(bytes);
                }
                match &*state {
                    State::Finished(bytes) => tools.shown(call.ctx(), bytes, &call.value(0)),
                    State::Taking(_) => call.undefined(),
                }
            })?
            // `undefined` for a length that it does not give, or when it is finished.
            .operation("copy", 1, |this, call| {
                let len_bytes = wanted_len(call, 0)?;
                let State::Taking(digesting) = &*this.0.borrow() else { return call.undefined() };
                let mut copy = digesting.clone();
                if len_bytes.is_some_and(|len_bytes| !copy.set_len(len_bytes)) {
                    return call.undefined();
                }
                Ok(Self::object(call.ctx(), copy)?.into_value())
            })?;
        Ok(())
    }
}
