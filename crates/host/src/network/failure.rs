//! Why a connection did not come to be: plain data, in Node's words and with its codes.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::net::SocketAddr;

use crate::Denied;

/// Why there is no connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It is not permitted.
    Denied(Denied),
    /// A call of the system failed.
    System(SystemFailure),
    /// The call failed for each of several addresses.
    Several(Vec<SystemFailure>),
    /// TLS failed, or what it proved was not enough.
    Tls(TlsFailure),
}

/// A call of the system that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemFailure {
    /// `connect`, `getaddrinfo` …
    pub call: &'static str,
    /// The error's name, where it has one.
    pub code: Option<&'static str>,
    /// Its number, negative, as libuv has it.
    pub errno: Option<i32>,
    /// What the system says.
    pub words: String,
    /// The address it was about.
    pub address: Option<SocketAddr>,
    /// The name it was about.
    pub host: Option<String>,
}

/// What went wrong in TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFailure {
    /// As Node has it from OpenSSL: `CERT_HAS_EXPIRED`, `ERR_SSL_…`
    pub code: Cow<'static, str>,
    /// In Node's words, where it has some.
    pub message: String,
}

impl SystemFailure {
    /// What an error says of this call.
    pub fn of_io(error: &io::Error, call: &'static str) -> Self {
        Self {
            call,
            code: error_code(error),
            errno: error.raw_os_error().map(|number| -number),
            words: words(error),
            address: None,
            host: None,
        }
    }

    /// The same, about this address.
    pub fn at(self, address: SocketAddr) -> Self {
        Self { address: Some(address), ..self }
    }
}

impl TlsFailure {
    pub(super) fn new(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into() }
    }
}

impl Failure {
    /// Its code, as in Node.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Denied(_) => Some("ERR_ACCESS_DENIED"),
            Self::System(failure) => failure.code,
            Self::Several(failures) => failures.first().and_then(|failure| failure.code),
            Self::Tls(failure) => Some(&failure.code),
        }
    }
}

/// As Node words it: `connect ECONNREFUSED 127.0.0.1:80`.
impl fmt::Display for SystemFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.call, self.code.unwrap_or(&self.words))?;
        if let Some(host) = &self.host {
            write!(f, " {host}")?;
        }
        match self.address {
            Some(address) => write!(f, " {address}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied(denied) => denied.fmt(f),
            Self::System(failure) => failure.fmt(f),
            Self::Several(failures) => {
                for (index, failure) in failures.iter().enumerate() {
                    write!(f, "{}{failure}", if index == 0 { "" } else { "; " })?;
                }
                Ok(())
            }
            Self::Tls(failure) => f.write_str(&failure.message),
        }
    }
}

impl std::error::Error for Failure {}

/// What the system says, without the number that Rust adds.
fn words(error: &io::Error) -> String {
    let text = error.to_string();
    text.split_once(" (os error").map_or(text.as_str(), |(words, _)| words).to_owned()
}

/// The name that the system gives an error's number.
pub fn error_code(error: &io::Error) -> Option<&'static str> {
    use io::ErrorKind::{
        AddrInUse, AddrNotAvailable, BrokenPipe, ConnectionAborted, ConnectionRefused,
        ConnectionReset, HostUnreachable, InvalidInput, IsADirectory, NetworkDown,
        NetworkUnreachable, NotADirectory, NotConnected, NotFound, PermissionDenied, TimedOut,
    };
    Some(match error.kind() {
        AddrInUse => "EADDRINUSE",
        AddrNotAvailable => "EADDRNOTAVAIL",
        BrokenPipe => "EPIPE",
        ConnectionAborted => "ECONNABORTED",
        ConnectionRefused => "ECONNREFUSED",
        ConnectionReset => "ECONNRESET",
        HostUnreachable => "EHOSTUNREACH",
        InvalidInput => "EINVAL",
        IsADirectory => "EISDIR",
        NetworkDown => "ENETDOWN",
        NetworkUnreachable => "ENETUNREACH",
        NotADirectory => "ENOTDIR",
        NotConnected => "ENOTCONN",
        NotFound => "ENOENT",
        PermissionDenied => "EACCES",
        TimedOut => "ETIMEDOUT",
        _ => return None,
    })
}
