//! Network errors, as script sees them.

use std::borrow::Cow;
use std::fmt;
use std::io;

use holm_host::Denied;
use holm_host::network::error_code;
use holm_js::{
    Attributes, Ctx, Error, ErrorKind, Function, Object, Result, Root, Value, define_value, error,
    take_exception, throw_dom, throw_value,
};

/// The code of a refused permission.
const DENIED: &str = "ERR_ACCESS_DENIED";
/// What a signal's own reason says, if script gave none.
const ABORTED: &str = "This operation was aborted";

/// Why there is no response, or no more of its body: plain data, made where no script runs.
///
/// <https://fetch.spec.whatwg.org/#concept-network-error>. What script gets is a `TypeError`
/// whose `cause` has a `code`, as in Node; unlike there the message says what and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkError {
    url: String,
    stage: Stage,
    why: String,
    cause: Box<Cause>,
}

/// What did not come to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Response,
    Body,
    /// A signal ended it.
    Aborted,
}

/// The error behind a network error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cause {
    pub(super) message: String,
    pub(super) code: Option<Cow<'static, str>>,
    /// `errno`, negative, as libuv has it.
    pub(super) errno: Option<i32>,
    /// Further properties.
    pub(super) facts: Vec<(&'static str, Fact)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fact {
    Text(String),
    Number(i32),
}

impl Cause {
    pub(super) fn new(code: Option<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { message: message.into(), code, errno: None, facts: Vec::new() }
    }

    /// A failed call of the system, in Node's words.
    pub(super) fn of_io(error: &io::Error, call: &'static str, object: &str) -> Self {
        let code = error_code(error);
        let name = code.map_or_else(|| words(error), str::to_owned);
        Self {
            message: format!("{call} {name} {object}"),
            code: code.map(Into::into),
            errno: error.raw_os_error().map(|number| -number),
            facts: vec![("syscall", Fact::Text(call.to_owned()))],
        }
    }
}

impl NetworkError {
    /// No response came.
    pub(super) fn new(url: &str, why: impl Into<String>) -> Self {
        let why = why.into();
        let cause = Box::new(Cause::new(None, why.clone()));
        Self { url: url.to_owned(), stage: Stage::Response, why, cause }
    }

    /// The body ended before its end.
    pub(super) fn in_body(url: &str, why: impl Into<String>) -> Self {
        Self { stage: Stage::Body, ..Self::new(url, why) }
    }

    /// A signal ended it.
    pub(super) fn aborted(url: &str) -> Self {
        Self { stage: Stage::Aborted, ..Self::new(url, ABORTED) }
    }

    pub(super) fn with_cause(self, cause: Cause) -> Self {
        Self { cause: Box::new(cause), ..self }
    }

    pub(super) fn with_code(mut self, code: &'static str) -> Self {
        self.cause.code = Some(code.into());
        self
    }

    pub(super) fn denied(url: &str, denied: &Denied) -> Self {
        Self::new(url, denied.to_string()).with_code(DENIED)
    }

    /// Throws the error object.
    pub fn throw(&self, ctx: &Ctx<'_>) -> Error {
        if self.stage == Stage::Aborted {
            return throw_dom(ctx, "AbortError", ABORTED);
        }
        let made = error(ctx, ErrorKind::Type, "").and_then(|object| self.fill(&object));
        made.map_or_else(|error| error, |object| throw_value(ctx, object))
    }

    /// Makes an error object say this.
    fn fill<'js>(&self, object: &Object<'js>) -> Result<Object<'js>> {
        let ctx = object.ctx();
        define_value(object, "message", self.to_string(), Attributes::BUILT_IN)?;
        if self.cause.code.as_deref() == Some(DENIED) {
            define_value(object, "code", DENIED, Attributes::ALL)?;
        }
        let cause = error(ctx, ErrorKind::Plain, &self.cause.message)?;
        let fact = |name: &str, value: &Fact| match value {
            Fact::Text(text) => define_value(&cause, name, text.as_str(), Attributes::ALL),
            Fact::Number(number) => define_value(&cause, name, *number, Attributes::ALL),
        };
        if let Some(errno) = self.cause.errno {
            fact("errno", &Fact::Number(errno))?;
        }
        if let Some(code) = &self.cause.code {
            fact("code", &Fact::Text(code.clone().into_owned()))?;
        }
        for (name, value) in &self.cause.facts {
            fact(name, value)?;
        }
        define_value(object, "cause", cause, Attributes::BUILT_IN)?;
        Ok(object.clone())
    }
}

/// The error of a promise that may come to be rejected. It is made with the promise, so that
/// its stack tells where the script asked.
pub(super) struct Prepared {
    error: Root<Object<'static>>,
    reject: Root<Function<'static>>,
}

impl Prepared {
    pub(super) fn new<'js>(ctx: &Ctx<'js>, reject: Function<'js>) -> Result<Self> {
        let error = Root::new(ctx, error(ctx, ErrorKind::Type, "")?)?;
        Ok(Self { error, reject: Root::new(ctx, reject)? })
    }

    /// Rejects the promise because of `error`.
    pub(super) fn fail(&self, ctx: &Ctx<'_>, error: &NetworkError) -> Result<()> {
        if error.stage == Stage::Aborted {
            return self.reject(ctx, take_exception(ctx, error.throw(ctx)));
        }
        let object: Object<'_> = self.error.get(ctx)?;
        self.reject(ctx, error.fill(&object)?.into_value())
    }

    /// Rejects the promise with `reason`.
    pub(super) fn reject<'js>(&self, ctx: &Ctx<'js>, reason: Value<'js>) -> Result<()> {
        self.reject.get::<Function<'_>>(ctx)?.call((reason,))
    }
}

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.stage {
            Stage::Response => "fetch failed",
            Stage::Body => "terminated",
            Stage::Aborted => "aborted",
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

/// What the system says, without the number that Rust adds.
pub(super) fn words(error: &io::Error) -> String {
    let text = error.to_string();
    text.split_once(" (os error").map_or(text.as_str(), |(words, _)| words).to_owned()
}
