//! Why something of the network failed, as script is told.

use holm_host::Denied;
use holm_js::{Ctx, ErrorKind, IntoJs, Result, Value, coded_error};
use rustix::io::Errno;

use super::Native;
use crate::system_errors;

/// Why it failed.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// The permissions do not allow it.
    Denied(Denied),
    /// The system refused.
    System(Errno),
    /// A name that nobody knows; in the words of libuv.
    Name(&'static str),
}

impl From<Denied> for Failure {
    fn from(denied: Denied) -> Self {
        Self::Denied(denied)
    }
}

impl From<Errno> for Failure {
    fn from(errno: Errno) -> Self {
        Self::System(errno)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        use std::io::ErrorKind::{BrokenPipe, InvalidInput, NotConnected, UnexpectedEof};
        let errno = Errno::from_io_error(&error).unwrap_or(match error.kind() {
            BrokenPipe => Errno::PIPE,
            InvalidInput => Errno::INVAL,
            NotConnected => Errno::NOTCONN,
            UnexpectedEof => Errno::CONNRESET,
            _ => Errno::IO,
        });
        Self::System(errno)
    }
}

impl Failure {
    /// The name of the system's error, of which script makes what it throws, or the error of a
    /// refusal.
    pub(crate) fn to_js<'js>(&self, ctx: &Ctx<'js>) -> Result<Value<'js>> {
        match self {
            Self::Denied(denied) => {
                let (code, text) = ("ERR_ACCESS_DENIED", denied.to_string());
                Ok(coded_error(ctx, ErrorKind::Plain, code, &text)?.into_value())
            }
            Self::System(errno) => match system_errors::find(*errno) {
                Some(known) => known.name.into_js(ctx),
                None => format!("E{}", errno.raw_os_error()).into_js(ctx),
            },
            Self::Name(code) => code.into_js(ctx),
        }
    }
}

/// `undefined`, or why it failed.
pub(super) fn outcome<'js>(
    ctx: &Ctx<'js>,
    outcome: std::result::Result<(), Failure>,
) -> Result<Value<'js>> {
    match outcome {
        Ok(()) => Ok(Value::new_undefined(ctx.clone())),
        Err(failure) => failure.to_js(ctx),
    }
}

pub(super) const FUNCTIONS: &[(&str, u32, Native)] = &[("errno", 1, |call| {
    let name: String = call.get(0)?;
    let known = system_errors::KNOWN.iter().find(|known| known.name == name);
    call.returns(known.map(|known| -f64::from(known.errno.raw_os_error())))
})];
