//! Classic scripts.

use std::ffi::{CString, c_int};

use rquickjs::{Ctx, Result, Value, qjs};

use crate::raw;

/// Where a script comes from, for stacks and error messages.
#[derive(Clone, Copy, Debug)]
pub struct ScriptOrigin<'a> {
    /// A path or URL.
    pub name: &'a str,
    /// The number of its first line; below 1 when a heading was put before it.
    pub first_line: i32,
}

impl<'a> ScriptOrigin<'a> {
    /// A script that begins at line 1.
    pub fn new(name: &'a str) -> Self {
        Self { name, first_line: 1 }
    }
}

/// Evaluates a sloppy-mode script; gives its completion value.
pub fn evaluate_script<'js>(
    ctx: &Ctx<'js>,
    source: impl Into<Vec<u8>>,
    origin: ScriptOrigin<'_>,
) -> Result<Value<'js>> {
    evaluate(ctx, source.into(), origin, qjs::JS_EVAL_TYPE_GLOBAL)
}

/// As [`evaluate_script`], with `await` at its top level; gives a promise of `{ value }`.
pub fn evaluate_async_script<'js>(
    ctx: &Ctx<'js>,
    source: impl Into<Vec<u8>>,
    origin: ScriptOrigin<'_>,
) -> Result<Value<'js>> {
    let flags = qjs::JS_EVAL_TYPE_GLOBAL | qjs::JS_EVAL_FLAG_ASYNC;
    evaluate(ctx, source.into(), origin, flags)
}

/// Compiles or evaluates with the engine's flags.
pub(crate) fn evaluate<'js>(
    ctx: &Ctx<'js>,
    mut source: Vec<u8>,
    origin: ScriptOrigin<'_>,
    flags: u32,
) -> Result<Value<'js>> {
    // A name with NUL is nobody's file name; cut rather than fail.
    let name = origin.name.split('\0').next().unwrap_or_default();
    let name = CString::new(name).unwrap_or_default();
    let len = source.len();
    source.push(0);
    let mut options = qjs::JSEvalOptions {
        version: qjs::JS_EVAL_OPTIONS_VERSION as c_int,
        eval_flags: flags as c_int,
        filename: name.as_ptr(),
        line_num: origin.first_line,
    };
    // SAFETY: the source ends with the NUL that the parser wants, and it and the name live
    // until the call is over.
    unsafe {
        let result = qjs::JS_Eval2(
            raw::context(ctx),
            source.as_ptr().cast(),
            len as qjs::size_t,
            &raw mut options,
        );
        raw::own(ctx, result)
    }
}

/// Throws what is wrong with a sloppy script, without running it.
pub fn compile_check(
    ctx: &Ctx<'_>,
    source: impl Into<Vec<u8>>,
    origin: ScriptOrigin<'_>,
) -> Result<()> {
    let flags = qjs::JS_EVAL_TYPE_GLOBAL | qjs::JS_EVAL_FLAG_COMPILE_ONLY;
    evaluate(ctx, source.into(), origin, flags).map(drop)
}

/// Whether `body` compiles as a sloppy function with these parameters. Nothing runs, and what
/// is wrong with it is dropped.
pub fn compiles_as_function_body(ctx: &Ctx<'_>, parameters: &str, body: &str) -> bool {
    let body = body.strip_prefix("#!").map_or_else(|| body.to_owned(), |rest| format!("//{rest}"));
    let source = format!("(function ({parameters}) {{\n{body}\n}})");
    let flags = qjs::JS_EVAL_TYPE_GLOBAL | qjs::JS_EVAL_FLAG_COMPILE_ONLY;
    evaluate(ctx, source.into(), ScriptOrigin::new("probe"), flags)
        .inspect_err(|_| drop(ctx.catch()))
        .is_ok()
}

/// `JSON.parse`, whatever script did to it; a mistake is told with the text's name.
pub fn parse_json<'js>(ctx: &Ctx<'js>, text: &str, name: &str) -> Result<Value<'js>> {
    let name = CString::new(name.split('\0').next().unwrap_or_default()).unwrap_or_default();
    let mut source = text.as_bytes().to_vec();
    source.push(0);
    // SAFETY: the text ends with the NUL that the parser wants, and it and the name live
    // until the call is over.
    unsafe {
        let len = text.len() as qjs::size_t;
        let value =
            qjs::JS_ParseJSON(raw::context(ctx), source.as_ptr().cast(), len, name.as_ptr());
        raw::own(ctx, value)
    }
}
