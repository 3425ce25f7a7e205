//! What went wrong with a connection, in a sentence and with the code that Node has for it.

use std::error::Error as _;
use std::io;

use holm_host::network::{Failure, SystemFailure, stream_failure};

use super::connection::{MAX_HEAD_BYTES, MAX_HEADERS};
use crate::fetch::error::{Cause, Fact, NetworkError};

/// A connection that did not come to be.
pub(super) fn not_connected(url: &str, failure: &Failure) -> NetworkError {
    match failure {
        Failure::Denied(denied) => NetworkError::denied(url, denied),
        Failure::System(failure) => {
            NetworkError::new(url, sentence(failure)).with_cause(cause_of(failure))
        }
        Failure::Several(failures) => {
            let sentences: Vec<String> = failures.iter().map(ToString::to_string).collect();
            let mut cause = failures.first().map_or_else(|| Cause::new(None, ""), cause_of);
            cause.message = sentences.join("; ");
            let why = failures.first().map(sentence).unwrap_or_default();
            NetworkError::new(url, why).with_cause(cause)
        }
        Failure::TimedOut(_) => {
            NetworkError::new(url, failure.to_string()).with_code("UND_ERR_CONNECT_TIMEOUT")
        }
        Failure::Tls(failure) => {
            let cause = Cause::new(Some(failure.code.clone()), failure.message.clone());
            NetworkError::new(url, failure.message.clone()).with_cause(cause)
        }
    }
}

fn sentence(failure: &SystemFailure) -> String {
    match (failure.code, &failure.host) {
        (Some("ECONNREFUSED"), _) => "connection refused".to_owned(),
        (Some("ENOTFOUND"), Some(host)) => format!("no such host is known: {host}"),
        (Some("EAI_AGAIN"), Some(host)) => {
            format!("{host} cannot be looked up now: the name server does not answer")
        }
        _ => failure.words.clone(),
    }
}

fn cause_of(failure: &SystemFailure) -> Cause {
    let mut cause = Cause::new(failure.code.map(Into::into), failure.to_string());
    cause.errno = failure.errno;
    cause.facts.push(("syscall", Fact::Text(failure.call.to_owned())));
    if let Some(host) = &failure.host {
        cause.facts.push(("hostname", Fact::Text(host.clone())));
    }
    if let Some(address) = failure.address {
        cause.facts.push(("address", Fact::Text(address.ip().to_string())));
        cause.facts.push(("port", Fact::Number(address.port().into())));
    }
    cause
}

/// An exchange that broke.
pub(super) fn broken(error: &hyper::Error, peer: &str) -> (String, Cause) {
    let closed = || {
        let why = "the server closed the connection before the response was complete".to_owned();
        (why, Cause::new(Some("UND_ERR_SOCKET".into()), "other side closed"))
    };
    // A client of hyper is told of this only in words.
    if error.is_parse() && error.to_string().ends_with("too large") {
        let why = format!(
            "the head of the response is longer than {MAX_HEAD_BYTES} bytes or {MAX_HEADERS} headers"
        );
        return (why.clone(), Cause::new(Some("UND_ERR_HEADERS_OVERFLOW".into()), why));
    }
    if error.is_user() {
        let why = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        return (why.clone(), Cause::new(None, why));
    }
    if error.is_incomplete_message() || error.is_canceled() || error.is_closed() {
        return closed();
    }
    if let Some(source) = io_source(error) {
        if source.kind() == io::ErrorKind::UnexpectedEof {
            return closed();
        }
        match stream_failure(source, "read") {
            Failure::Tls(failure) => {
                return (failure.message.clone(), Cause::new(Some(failure.code), failure.message));
            }
            Failure::System(failure) if failure.errno.is_some() => {
                let mut cause = cause_of(&failure);
                cause.message = format!("{failure} {peer}");
                return (failure.words, cause);
            }
            _ => {}
        }
    }
    let detail = error.source().map_or_else(|| error.to_string(), ToString::to_string);
    let why = format!("the server's answer is not valid HTTP: {detail}");
    (why.clone(), Cause::new(Some("ERR_INVALID_HTTP_RESPONSE".into()), why))
}

/// The error of the socket behind an error; HTTP/2's is one further down.
fn io_source(error: &hyper::Error) -> Option<&io::Error> {
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(found) = error.downcast_ref::<io::Error>() {
            return Some(found);
        }
        source = error.source();
    }
    None
}
