//! Why an operation on files failed, and the error that scripts get.

use holm_host::{Denied, Host};
use holm_js::{Attributes, Ctx, ErrorKind, Object, Result, coded_error, define_value};
use rustix::io::Errno;

use crate::system_errors;

/// Why an operation failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The permissions do not allow it.
    Denied(Denied),
    /// The system refused.
    System(Errno),
    /// The system refused a later call than the one that names the operation.
    During { syscall: &'static str, errno: Errno },
    /// More bytes than a script can hold.
    TooLarge { max_bytes: usize },
}

pub(crate) type Outcome<T> = std::result::Result<T, Failure>;

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
        Self::System(Errno::from_io_error(&error).unwrap_or(Errno::IO))
    }
}

/// What fails in here fails in this call, which knows no path.
pub(super) fn during<T>(syscall: &'static str, outcome: Outcome<T>) -> Outcome<T> {
    outcome.map_err(|failure| match failure {
        Failure::System(errno) => Failure::During { syscall, errno },
        other => other,
    })
}

/// The paths that an error names, as they were given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Subject {
    /// The call of the system, in the words of Node.
    pub(crate) syscall: &'static str,
    pub(crate) path: Option<String>,
    pub(crate) dest: Option<String>,
}

/// The error object.
///
/// <https://nodejs.org/api/errors.html#class-systemerror>
pub(crate) fn to_error<'js>(
    ctx: &Ctx<'js>,
    host: &Host,
    failure: Failure,
    subject: &Subject,
) -> Result<Object<'js>> {
    match failure {
        Failure::System(errno) => system_error(ctx, errno, subject),
        Failure::During { syscall, errno } => {
            system_error(ctx, errno, &Subject { syscall, ..Subject::default() })
        }
        Failure::Denied(denied) => {
            // Whoever asks whether a file is there goes on without it: if that fails, the reason
            // was here. (`existsSync` does not throw.)
            if subject.syscall == "access" {
                host.lifecycle.note_refusal(denied.clone());
            }
            coded_error(ctx, ErrorKind::Plain, "ERR_ACCESS_DENIED", &denied.to_string())
        }
        Failure::TooLarge { max_bytes } => {
            let text = format!(
                "The file is longer than the {max_bytes} bytes that there is room for: read it in pieces"
            );
            coded_error(ctx, ErrorKind::Range, "ERR_FS_FILE_TOO_LARGE", &text)
        }
    }
}

fn system_error<'js>(ctx: &Ctx<'js>, errno: Errno, subject: &Subject) -> Result<Object<'js>> {
    let number = errno.raw_os_error();
    let (name, words) = match system_errors::find(errno) {
        Some(known) => (known.name.to_owned(), known.words),
        None => (format!("E{number}"), "unknown error"),
    };
    let mut text = format!("{name}: {words}, {}", subject.syscall);
    if let Some(path) = &subject.path {
        text.push_str(&format!(" '{path}'"));
    }
    if let Some(dest) = &subject.dest {
        text.push_str(&format!(" -> '{dest}'"));
    }
    let error = holm_js::error(ctx, ErrorKind::Plain, &text)?;
    define_value(&error, "errno", -number, Attributes::ALL)?;
    define_value(&error, "code", name, Attributes::ALL)?;
    define_value(&error, "syscall", subject.syscall, Attributes::ALL)?;
    for (key, value) in [("path", &subject.path), ("dest", &subject.dest)] {
        if let Some(value) = value {
            define_value(&error, key, value.as_str(), Attributes::ALL)?;
        }
    }
    Ok(error)
}
