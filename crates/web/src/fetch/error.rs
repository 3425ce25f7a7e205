//! Network errors, as script sees them.

use std::fmt;
use std::io;

use holm_host::Denied;
use holm_js::{Ctx, Error, ErrorKind, Object, Result, coded_error, error, throw_value};

/// The code of a refused permission.
const DENIED: &str = "ERR_ACCESS_DENIED";

/// Why there is no response, or no more of its body: plain data, made where no script runs.
///
/// <https://fetch.spec.whatwg.org/#concept-network-error>. What script gets is a `TypeError`
/// whose `cause` has a `code`, as in Node; unlike there the message says what and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkError {
    url: String,
    stage: Stage,
    why: String,
    cause: Cause,
}

/// What did not come to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Response,
    Body,
}

/// The error behind a network error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cause {
    pub(super) message: String,
    pub(super) code: Option<&'static str>,
    /// `errno`, negative, as libuv has it.
    pub(super) errno: Option<i32>,
    /// Further properties.
    pub(super) facts: Vec<(&'static str, Fact)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fact {
    Text(String),
    Number(u16),
}

impl Cause {
    pub(super) fn new(code: Option<&'static str>, message: impl Into<String>) -> Self {
        Self { message: message.into(), code, errno: None, facts: Vec::new() }
    }

    /// A failed call of the system, in Node's words.
    pub(super) fn of_io(error: &io::Error, call: &'static str, object: &str) -> Self {
        let code = code_of(error);
        let name = code.map_or_else(|| error.to_string(), str::to_owned);
        Self {
            message: format!("{call} {name} {object}"),
            code,
            errno: error.raw_os_error().map(|number| -number),
            facts: vec![("syscall", Fact::Text(call.to_owned()))],
        }
    }
}

impl NetworkError {
    /// No response came.
    pub(super) fn new(url: &str, why: impl Into<String>) -> Self {
        let why = why.into();
        let cause = Cause::new(None, why.clone());
        Self { url: url.to_owned(), stage: Stage::Response, why, cause }
    }

    /// The body ended before its end.
    pub(super) fn in_body(url: &str, why: impl Into<String>) -> Self {
        Self { stage: Stage::Body, ..Self::new(url, why) }
    }

    pub(super) fn with_cause(self, cause: Cause) -> Self {
        Self { cause, ..self }
    }

    pub(super) fn with_code(mut self, code: &'static str) -> Self {
        self.cause.code = Some(code);
        self
    }

    pub(super) fn denied(url: &str, denied: &Denied) -> Self {
        Self::new(url, denied.to_string()).with_code(DENIED)
    }

    /// The error object that a promise is rejected with.
    pub fn to_object<'js>(&self, ctx: &Ctx<'js>) -> Result<Object<'js>> {
        let text = self.to_string();
        let object = match self.cause.code {
            Some(DENIED) => coded_error(ctx, ErrorKind::Type, DENIED, &text)?,
            _ => error(ctx, ErrorKind::Type, &text)?,
        };
        let cause = error(ctx, ErrorKind::Plain, &self.cause.message)?;
        if let Some(errno) = self.cause.errno {
            cause.set("errno", errno)?;
        }
        if let Some(code) = self.cause.code {
            cause.set("code", code)?;
        }
        for (name, fact) in &self.cause.facts {
            match fact {
                Fact::Text(text) => cause.set(*name, text.as_str())?,
                Fact::Number(number) => cause.set(*name, *number)?,
            }
        }
        let attributes = holm_js::Attributes::BUILT_IN;
        holm_js::define_value(&object, "cause", cause, attributes)?;
        Ok(object)
    }

    /// Throws [`Self::to_object`].
    pub fn throw(&self, ctx: &Ctx<'_>) -> Error {
        match self.to_object(ctx) {
            Ok(object) => throw_value(ctx, object),
            Err(error) => error,
        }
    }
}

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.stage {
            Stage::Response => "fetch failed",
            Stage::Body => "terminated",
        };
        write!(f, "{what}: {}: {}", shortened(&self.url), self.why)
    }
}

impl std::error::Error for NetworkError {}

/// Longest part of a URL in a message: a `data:` URL may be megabytes.
const SHOWN_CHARACTERS: usize = 200;

fn shortened(url: &str) -> String {
    match url.char_indices().nth(SHOWN_CHARACTERS) {
        Some((end, _)) => format!("{}…", &url[..end]),
        None => url.to_owned(),
    }
}

/// The name the system gives an error's number.
fn code_of(error: &io::Error) -> Option<&'static str> {
    use io::ErrorKind::{
        AddrNotAvailable, BrokenPipe, ConnectionAborted, ConnectionRefused, ConnectionReset,
        HostUnreachable, IsADirectory, NetworkUnreachable, NotADirectory, NotFound,
        PermissionDenied, TimedOut,
    };
    Some(match error.kind() {
        NotFound => "ENOENT",
        PermissionDenied => "EACCES",
        NotADirectory => "ENOTDIR",
        IsADirectory => "EISDIR",
        ConnectionRefused => "ECONNREFUSED",
        ConnectionReset => "ECONNRESET",
        ConnectionAborted => "ECONNABORTED",
        BrokenPipe => "EPIPE",
        TimedOut => "ETIMEDOUT",
        AddrNotAvailable => "EADDRNOTAVAIL",
        HostUnreachable => "EHOSTUNREACH",
        NetworkUnreachable => "ENETUNREACH",
        _ => return None,
    })
}
