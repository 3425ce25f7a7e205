//! What V8's call sites tell besides what the engine's do.
//!
//! <https://v8.dev/docs/stack-trace-api>: packages ask each of a stack's sites all of it.

use std::cell::Cell;

use rquickjs::function::This;
use rquickjs::{Ctx, Function, Object, Result, Value};

use crate::function::{Call, function};
use crate::lazy::{Attributes, define_value};
use crate::realm::slot;

/// Whether the realm's call sites have all methods.
#[derive(Default)]
struct Completed(Cell<bool>);

type Body = for<'a, 'b> fn(&Call<'a, 'b>) -> Result<Value<'b>>;

const METHODS: &[(&str, Body)] = &[
    ("getEvalOrigin", |call| call.undefined()),
    ("getMethodName", |call| Ok(Value::new_null(call.ctx().clone()))),
    ("getPromiseIndex", |call| Ok(Value::new_null(call.ctx().clone()))),
    ("getScriptNameOrSourceURL", |call| ask(&call.this(), "getFileName")),
    ("getThis", |call| call.undefined()),
    ("getTypeName", |call| Ok(Value::new_null(call.ctx().clone()))),
    ("isAsync", |call| call.returns(false)),
    ("isConstructor", |call| call.returns(false)),
    ("isEval", |call| call.returns(false)),
    ("isPromiseAll", |call| call.returns(false)),
    ("isToplevel", |call| call.returns(true)),
    ("toString", to_string),
];

fn ask<'js>(site: &Value<'js>, method: &str) -> Result<Value<'js>> {
    match site.as_object() {
        Some(object) => object.get::<_, Function<'js>>(method)?.call((This(site.clone()),)),
        None => Ok(Value::new_undefined(site.ctx().clone())),
    }
}

/// `name (file:line:column)`, as in a stack.
fn to_string<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let site = call.this();
    let text = |method: &str| -> Result<Option<String>> {
        let told = ask(&site, method)?;
        told.as_string().map(rquickjs::String::to_string).transpose()
    };
    let number = |method: &str| Ok::<_, rquickjs::Error>(ask(&site, method)?.as_number());
    let mut place = text("getFileName")?.unwrap_or_else(|| "native".to_owned());
    for part in [number("getLineNumber")?, number("getColumnNumber")?].into_iter().flatten() {
        place.push_str(&format!(":{part}"));
    }
    call.returns(match text("getFunctionName")?.filter(|name| !name.is_empty()) {
        Some(name) => format!("{name} ({place})"),
        None => place,
    })
}

/// Gives the realm's call sites what they lack. `capture` is the engine's `captureStackTrace`,
/// `prepare` its setter of `Error.prepareStackTrace`, which the caller calls again afterwards.
pub(crate) fn complete<'js>(
    ctx: &Ctx<'js>,
    error: &Object<'js>,
    capture: &Function<'js>,
    prepare: &Function<'js>,
) -> Result<()> {
    let completed = slot::<Completed>(ctx);
    if completed.0.get() {
        return Ok(());
    }
    let sites = function(ctx, "", 2, |call| Ok(call.value(1)))?;
    prepare.call::<_, ()>((This(error.clone()), sites))?;
    let captured = Object::new(ctx.clone())?;
    capture.call::<_, ()>((captured.clone(),))?;
    let sites: Value<'js> = captured.get("stack")?;
    // There are none where a script wants none.
    let site: Option<Object<'js>> = match sites.as_array() {
        Some(sites) if !sites.is_empty() => sites.get(0).ok(),
        _ => None,
    };
    let Some(prototype) = site.and_then(|site| site.get_prototype()) else { return Ok(()) };
    for (name, body) in METHODS {
        let method = function(ctx, name, 0, *body)?;
        define_value(&prototype, *name, method, Attributes::BUILT_IN)?;
    }
    completed.0.set(true);
    Ok(())
}
