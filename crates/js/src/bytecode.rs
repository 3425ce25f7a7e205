//! Scripts compiled when Holm is built, so that start-up parses nothing.
//!
//! Bytecode is trusted by the engine: wrong bytes are memory unsafety. So what
//! [`compile_script`] writes carries a checksum and the engine's version, and
//! [`run_bytecode`] refuses anything else. That keeps out accidents (a stale build folder, a
//! damaged file), not forgery: bytes from outside of this build never get here.

use rquickjs::{Ctx, Error, Result, Value, qjs};

use crate::errors::{ErrorKind, throw};
use crate::raw;
use crate::script::{ScriptOrigin, evaluate};

const MAGIC: &[u8; 8] = b"HOLMJSC1";
const HEADER_BYTES: usize = 16;

/// Compiles a script to bytes for [`run_bytecode`].
pub fn compile_script(ctx: &Ctx<'_>, name: &str, source: &str) -> Result<Vec<u8>> {
    let flags =
        qjs::JS_EVAL_TYPE_GLOBAL | qjs::JS_EVAL_FLAG_STRICT | qjs::JS_EVAL_FLAG_COMPILE_ONLY;
    let compiled = evaluate(ctx, source.into(), ScriptOrigin::new(name), flags)?;
    let mut len: qjs::size_t = 0;
    // The source text is of no use at run time; names and lines are, for stacks.
    let flags = (qjs::JS_WRITE_OBJ_BYTECODE | qjs::JS_WRITE_OBJ_STRIP_SOURCE) as i32;
    // SAFETY: the value is alive; the bytes are copied before they are freed.
    unsafe {
        let bytes = qjs::JS_WriteObject(raw::context(ctx), &raw mut len, compiled.as_raw(), flags);
        if bytes.is_null() {
            return Err(Error::Exception);
        }
        let len = usize::try_from(len).map_err(|_| Error::Unknown)?;
        let code = std::slice::from_raw_parts(bytes, len);
        let mut file = MAGIC.to_vec();
        file.extend(checksum(code).to_le_bytes());
        file.extend(code);
        qjs::js_free(raw::context(ctx), bytes.cast());
        Ok(file)
    }
}

/// Runs what [`compile_script`] of the same build wrote; gives its completion value.
pub fn run_bytecode<'js>(ctx: &Ctx<'js>, file: &'static [u8]) -> Result<Value<'js>> {
    let Some((header, code)) = file.split_at_checked(HEADER_BYTES) else {
        return Err(refused(ctx));
    };
    if header[..8] != MAGIC[..] || header[8..] != checksum(code).to_le_bytes() {
        return Err(refused(ctx));
    }
    // SAFETY: the checksum says that these are the compiler's own bytes.
    unsafe {
        let compiled = qjs::JS_ReadObject(
            raw::context(ctx),
            code.as_ptr(),
            code.len() as qjs::size_t,
            qjs::JS_READ_OBJ_BYTECODE as i32,
        );
        let compiled = raw::own(ctx, compiled)?;
        raw::own(ctx, qjs::JS_EvalFunction(raw::context(ctx), raw::give(&compiled)))
    }
}

fn refused(ctx: &Ctx<'_>) -> Error {
    throw(ctx, ErrorKind::Internal, "an embedded script is damaged: build Holm again")
}

/// FNV-1a over the code and the engine's version.
fn checksum(code: &[u8]) -> u64 {
    // SAFETY: a constant string of the engine.
    let version = unsafe { std::ffi::CStr::from_ptr(qjs::JS_GetVersion()) };
    version.to_bytes().iter().chain(code).fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
