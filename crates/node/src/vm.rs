//! `node:vm`: the native parts of `js/vm.js`.

use std::time::Duration;

use holm_js::{
    Array, Call, Ctx, ErrorKind, Function, InnerRealm, Object, Result, ScriptOrigin, Value,
    compile_check, evaluate_script, function, name_scope, throw_coded, within_time,
};

use crate::syntax::declared::global_names;
use crate::{builtins, embedded, process};

/// The module.
pub(crate) fn module<'js>(ctx: &Ctx<'js>) -> Result<Value<'js>> {
    let natives = Object::new(ctx.clone())?;
    process::error_natives(ctx, &natives)?;
    builtins::natives(ctx, &natives)?;
    let define = |name: &str, len: u32, body: Native| -> Result<()> {
        natives.set(name, function(ctx, name, len, body)?)
    };
    define("newRealm", 0, |call| {
        let inner = InnerRealm::new(call.ctx())?;
        let realm = Object::new(call.ctx().clone())?;
        realm.set("global", inner.global)?;
        realm.set("evaluate", inner.evaluate)?;
        Ok(realm.into_value())
    })?;
    define("nameScope", 3, |call| {
        let scope = name_scope(call.ctx(), &call.get(0)?, &call.get(1)?, &call.get(2)?)?;
        Ok(scope.into_value())
    })?;
    define("check", 3, |call| {
        let (code, name): (String, String) = (call.get(0)?, call.get(1)?);
        compile_check(call.ctx(), code, origin(call, &name)?)?;
        call.undefined()
    })?;
    define("evaluate", 3, |call| {
        let (code, name): (String, String) = (call.get(0)?, call.get(1)?);
        evaluate_script(call.ctx(), code, origin(call, &name)?)
    })?;
    define("within", 2, within)?;
    define("globalNames", 1, |call| {
        let names = Array::new(call.ctx().clone())?;
        for (index, name) in global_names(&call.get::<String>(0)?).into_iter().enumerate() {
            names.set(index, name)?;
        }
        Ok(names.into_value())
    })?;
    embedded::load(ctx, "vm")?.call((natives,))
}

type Native = for<'a, 'b> fn(&Call<'a, 'b>) -> Result<Value<'b>>;

/// The third argument is the number of lines that stand before the code.
fn origin<'a>(call: &Call<'_, '_>, name: &'a str) -> Result<ScriptOrigin<'a>> {
    Ok(ScriptOrigin { name, first_line: 1 + call.get::<f64>(2)? as i32 })
}

/// `(ms, body)`: what `body` returns, unless that takes longer.
fn within<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let (ms, body): (f64, Function<'js>) = (call.get(0)?, call.get(1)?);
    let time = Duration::from_secs_f64(ms / 1000.0);
    within_time(call.ctx(), time, || body.call(()))?.ok_or_else(|| {
        let text = format!("Script execution timed out after {ms}ms");
        throw_coded(call.ctx(), ErrorKind::Plain, "ERR_SCRIPT_EXECUTION_TIMEOUT", &text)
    })
}
