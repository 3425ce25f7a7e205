//! Making and throwing ECMAScript errors.
//!
//! QuickJS's own `JS_Throw…Error` cut a message after 255 bytes; these do not.

use std::cell::RefCell;

use rquickjs::{Ctx, Error, Function, IntoJs, Object, Result, Value, qjs};

use crate::dom_exception;
use crate::function::function;
use crate::lazy::{Attributes, define_value};
use crate::raw;
use crate::realm::slot;
use crate::root::Root;
use crate::text::to_text;

/// Which of ECMAScript's error classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// `Error`
    Plain,
    /// `TypeError`
    Type,
    /// `RangeError`
    Range,
    /// `ReferenceError`
    Reference,
    /// `SyntaxError`
    Syntax,
    /// `InternalError`, for faults of the engine or the host.
    Internal,
}

/// A new error object.
pub fn error<'js>(ctx: &Ctx<'js>, kind: ErrorKind, message: &str) -> Result<Object<'js>> {
    let make = match kind {
        ErrorKind::Plain => qjs::JS_NewPlainError,
        ErrorKind::Type => qjs::JS_NewTypeError,
        ErrorKind::Range => qjs::JS_NewRangeError,
        ErrorKind::Reference => qjs::JS_NewReferenceError,
        ErrorKind::Syntax => qjs::JS_NewSyntaxError,
        ErrorKind::Internal => qjs::JS_NewInternalError,
    };
    // SAFETY: a live context, and a format without arguments.
    let object = unsafe { raw::own(ctx, make(raw::context(ctx), c"".as_ptr()))? };
    let object = object.into_object().ok_or(Error::Unknown)?;
    define_value(&object, "message", message, Attributes::BUILT_IN)?;
    Ok(object)
}

/// A new error object with a `code`, as Node's have.
pub fn coded_error<'js>(
    ctx: &Ctx<'js>,
    kind: ErrorKind,
    code: &str,
    message: &str,
) -> Result<Object<'js>> {
    let object = error(ctx, kind, message)?;
    give_code(ctx, &object, code)?;
    Ok(object)
}

/// `toString` of errors with a code, one for each realm.
#[derive(Default)]
struct CodedToString(RefCell<Option<Root<Function<'static>>>>);

/// Gives an error a `code`. As in Node, one of Node's own codes stands in the error's text too.
pub fn give_code<'js>(ctx: &Ctx<'js>, error: &Object<'js>, code: &str) -> Result<()> {
    define_value(error, "code", code, Attributes::ALL)?;
    if !code.starts_with("ERR_") {
        return Ok(());
    }
    let slot = slot::<CodedToString>(ctx);
    if slot.0.borrow().is_none() {
        let made = function(ctx, "toString", 0, |call| {
            let part = |name: &str| -> Result<String> {
                let value: Value<'_> = match call.this().as_object() {
                    Some(error) => error.get(name)?,
                    None => Value::new_undefined(call.ctx().clone()),
                };
                to_text(call.ctx(), &value)
            };
            call.returns(format!("{} [{}]: {}", part("name")?, part("code")?, part("message")?))
        })?;
        slot.0.replace(Some(Root::new(ctx, made)?));
    }
    if let Some(made) = &*slot.0.borrow() {
        define_value(error, "toString", made.get::<Function<'js>>(ctx)?, Attributes::BUILT_IN)?;
    }
    Ok(())
}

/// Throws a new error.
pub fn throw(ctx: &Ctx<'_>, kind: ErrorKind, message: &str) -> Error {
    throw_made(ctx, error(ctx, kind, message))
}

/// Throws a new error with a `code`.
pub fn throw_coded(ctx: &Ctx<'_>, kind: ErrorKind, code: &str, message: &str) -> Error {
    throw_made(ctx, coded_error(ctx, kind, code, message))
}

/// Throws any value.
pub fn throw_value<'js>(ctx: &Ctx<'js>, value: impl IntoJs<'js>) -> Error {
    match value.into_js(ctx) {
        Ok(value) => ctx.throw(value),
        Err(error) => error,
    }
}

fn throw_made<'js>(ctx: &Ctx<'js>, made: Result<Object<'js>>) -> Error {
    match made {
        Ok(object) => ctx.throw(object.into_value()),
        Err(error) => error,
    }
}

/// What a failed call threw, taken; errors of the Rust side become the exception they mean.
pub fn take_exception<'js>(ctx: &Ctx<'js>, error: Error) -> Value<'js> {
    raw::throw(ctx, error);
    ctx.catch()
}

/// Throws a `DOMException` of this name.
pub fn throw_dom(ctx: &Ctx<'_>, name: &str, message: &str) -> Error {
    let error = rquickjs::Exception::throw_dom(ctx, name, message);
    let thrown = take_exception(ctx, error);
    if let Some(exception) = thrown.as_object()
        && let Err(error) = dom_exception::give_heading(exception)
    {
        return error;
    }
    throw_value(ctx, thrown)
}

/// Whether a thrown value is one that no script can catch.
pub fn is_uncatchable(thrown: &Value<'_>) -> bool {
    // SAFETY: a live value.
    unsafe { qjs::JS_IsUncatchableError(thrown.as_raw()) }
}

/// Throws what no script can catch: for a host that ends a script.
pub fn interrupt_error(ctx: &Ctx<'_>, reason: &str) -> Error {
    match error(ctx, ErrorKind::Internal, reason) {
        Ok(object) => {
            // SAFETY: a live error object of this context.
            unsafe { qjs::JS_SetUncatchableError(raw::context(ctx), object.as_raw()) };
            ctx.throw(object.into_value())
        }
        Err(error) => error,
    }
}
