//! Classes of the engine behind constructors of ours.

use std::ffi::c_int;

use rquickjs::{Error, Function, Object, Result, Value, qjs};

use crate::errors::{self, ErrorKind};
use crate::function::Call;
use crate::raw;

/// `Reflect.construct(original, arguments, new.target)`, for a class of this name.
pub(crate) fn construct_as<'js>(
    call: &Call<'_, 'js>,
    name: &str,
    original: &Function<'js>,
) -> Result<Object<'js>> {
    let ctx = call.ctx();
    let Some(target) = call.new_target() else {
        let text = format!("Class constructor {name} cannot be invoked without 'new'");
        return Err(errors::throw(ctx, ErrorKind::Type, &text));
    };
    let given = call.rest(0);
    let mut arguments: Vec<qjs::JSValue> = given.iter().map(Value::as_raw).collect();
    // SAFETY: all are live values of this runtime, which the engine only borrows.
    let made = unsafe {
        let count = arguments.len() as c_int;
        let (context, original) = (raw::context(ctx), original.as_raw());
        let arguments = arguments.as_mut_ptr();
        raw::own(
            ctx,
            qjs::JS_CallConstructor2(context, original, target.as_raw(), count, arguments),
        )?
    };
    made.into_object().ok_or(Error::Unknown)
}
