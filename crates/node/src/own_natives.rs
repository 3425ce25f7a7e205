//! What single built-in modules are given besides what all are: `natives('name')` in their scripts.

use std::time::Duration;

use holm_host::host;
use holm_js::{
    Call, Ctx, Error, ErrorKind, Object, Result, Value, async_context, follow_promises, function,
    throw_coded,
};
use holm_web::{console, performance};

use crate::syntax::typescript::{self, Goal};
use crate::{http, net, tls, wasi};

pub(crate) fn of<'js>(ctx: &Ctx<'js>, name: &str) -> Result<Object<'js>> {
    match name {
        "async_hooks" => async_hooks(ctx),
        "console" => console(ctx),
        "http" => http::natives(ctx),
        "module" => module(ctx),
        "net" => net::natives(ctx),
        "perf_hooks" => perf_hooks(ctx),
        "tls" => tls::natives(ctx),
        "wasi" => wasi::natives(ctx),
        _ => Err(Error::Unknown),
    }
}

type Native = for<'a, 'b> fn(&Call<'a, 'b>) -> Result<Value<'b>>;

fn object<'js>(ctx: &Ctx<'js>, functions: &[(&str, u32, Native)]) -> Result<Object<'js>> {
    let natives = Object::new(ctx.clone())?;
    for &(name, len, body) in functions {
        natives.set(name, function(ctx, name, len, body)?)?;
    }
    Ok(natives)
}

fn async_hooks<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    object(
        ctx,
        &[
            ("currentFrame", 0, |call| async_context(call.ctx()).current_value(call.ctx())),
            ("setFrame", 1, |call| {
                async_context(call.ctx()).set_value(call.ctx(), call.value(0))?;
                call.undefined()
            }),
            ("followPromises", 0, |call| {
                follow_promises(call.ctx())?;
                call.undefined()
            }),
        ],
    )
}

fn console<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    object(
        ctx,
        &[
            ("tableText", 2, |call| {
                call.returns(console::table_text(call.ctx(), &call.value(0), &call.value(1))?)
            }),
            ("durationText", 1, |call| {
                let passed = Duration::from_secs_f64(call.get::<f64>(0)? / 1000.0);
                call.returns(console::duration_text(passed))
            }),
        ],
    )
}

fn module<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    object(
        ctx,
        &[("stripTypes", 1, |call| {
            let source: String = call.get(0)?;
            let stripped = typescript::strip(&source, Goal::Ambiguous).map_err(|error| {
                let (code, text) = (error.kind.code(), error.to_string());
                throw_coded(call.ctx(), ErrorKind::Syntax, code, &text)
            });
            call.returns(stripped?)
        })],
    )
}

fn perf_hooks<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    object(
        ctx,
        &[
            ("nowMs", 0, |call| call.returns(performance::now_ms(call.ctx()))),
            ("idleMs", 0, |call| call.returns(host(call.ctx()).idle.get().as_secs_f64() * 1000.0)),
            ("recordFunction", 4, |call| {
                let name: String = call.get(0)?;
                let (start, duration): (f64, f64) = (call.get(1)?, call.get(2)?);
                performance::record_function(call.ctx(), name, start, duration, &call.value(3))?;
                call.undefined()
            }),
        ],
    )
}
