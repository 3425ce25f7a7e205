//! Heads of messages: what they say of the body and of the connection.
//!
//! <https://www.rfc-editor.org/rfc/rfc9112#section-6>

use httparse::{EMPTY_HEADER, Error, Header, Status};

use super::parser::{Kind, Problem};

/// The methods that are known, in the order of Node's `METHODS`.
pub const METHODS: &[&str] = &[
    "ACL",
    "BIND",
    "CHECKOUT",
    "CONNECT",
    "COPY",
    "DELETE",
    "GET",
    "HEAD",
    "LINK",
    "LOCK",
    "M-SEARCH",
    "MERGE",
    "MKACTIVITY",
    "MKCALENDAR",
    "MKCOL",
    "MOVE",
    "NOTIFY",
    "OPTIONS",
    "PATCH",
    "POST",
    "PROPFIND",
    "PROPPATCH",
    "PURGE",
    "PUT",
    "QUERY",
    "REBIND",
    "REPORT",
    "SEARCH",
    "SOURCE",
    "SUBSCRIBE",
    "TRACE",
    "UNBIND",
    "UNLINK",
    "UNLOCK",
    "UNSUBSCRIBE",
];

/// A name and its value, as they came.
pub type Field = (Vec<u8>, Vec<u8>);

/// Where a message's body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// There is none.
    None,
    /// After so many bytes.
    Length(u64),
    /// After the last chunk.
    Chunked,
    /// With the connection.
    UntilClose,
}

/// The head of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Of HTTP 1: `1` in `HTTP/1.1`.
    pub minor: u8,
    /// Of a request, its method and its target; of a response, its status and the reason for it.
    pub line: Line,
    /// In the order in which they came.
    pub fields: Vec<Field>,
    /// Where the body ends.
    pub body: Body,
    /// Whether other messages may follow.
    pub keeps_alive: bool,
    /// Whether another protocol is asked for, or agreed on.
    pub is_upgrade: bool,
}

/// The first line of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// Of a request.
    Request {
        /// One of [`METHODS`].
        method: &'static str,
        /// What is asked for.
        target: Vec<u8>,
    },
    /// Of a response.
    Response {
        /// Three digits.
        status: u16,
        /// In words.
        reason: Vec<u8>,
    },
}

impl Head {
    #[cfg(test)]
    pub(super) fn subject(&self) -> String {
        match &self.line {
            Line::Request { method, target } => {
                format!("{method} {}", String::from_utf8_lossy(target))
            }
            Line::Response { status, .. } => status.to_string(),
        }
    }
}

/// Reads a whole head, its empty line included.
pub(super) fn parse(kind: Kind, bytes: &[u8]) -> Result<Head, Problem> {
    // Before lines are taken for lines: the method says more of what is no HTTP at all.
    let mut space = vec![EMPTY_HEADER; lines(bytes)];
    let (minor, line, fields) = match kind {
        Kind::Request => {
            let mut request = httparse::Request::new(&mut space);
            read(kind, bytes, request.parse(bytes))?;
            let method = known(request.method.unwrap_or_default())?;
            let target = request.path.unwrap_or_default().as_bytes().to_vec();
            let line = Line::Request { method, target };
            (request.version, line, to_fields(request.headers))
        }
        Kind::Response => {
            let mut response = httparse::Response::new(&mut space);
            read(kind, bytes, of_responses().parse_response(&mut response, bytes))?;
            let reason = reason(bytes);
            let line = Line::Response { status: response.code.unwrap_or(0), reason };
            (response.version, line, to_fields(response.headers))
        }
    };
    check_line_ends(bytes)?;
    judge(minor.unwrap_or(1), line, fields)
}

/// <https://www.rfc-editor.org/rfc/rfc9112#section-5.2>: a client takes folded lines.
fn of_responses() -> httparse::ParserConfig {
    let mut config = httparse::ParserConfig::default();
    config.allow_obsolete_multiline_headers_in_responses(true);
    config
}

/// Looks whether this may become a head.
pub(super) fn check_part(kind: Kind, bytes: &[u8]) -> Result<(), Problem> {
    let mut space = vec![EMPTY_HEADER; lines(bytes)];
    let status = match kind {
        Kind::Request => httparse::Request::new(&mut space).parse(bytes),
        Kind::Response => {
            of_responses().parse_response(&mut httparse::Response::new(&mut space), bytes)
        }
    };
    status.map_err(|error| problem(kind, bytes, error))?;
    let method = bytes.split(|byte| *byte == b' ').next().unwrap_or_default();
    let is_whole = method.len() < bytes.len();
    let may_be = |known: &&str| match is_whole {
        true => known.as_bytes() == method,
        false => known.as_bytes().starts_with(method),
    };
    if kind == Kind::Request && !METHODS.iter().any(may_be) {
        return Err(INVALID_METHOD);
    }
    check_line_ends(bytes)
}

/// Reads the fields after a body, their empty line included.
pub(super) fn parse_fields(bytes: &[u8]) -> Result<Vec<Field>, Problem> {
    check_line_ends(bytes)?;
    let mut space = vec![EMPTY_HEADER; lines(bytes)];
    match httparse::parse_headers(bytes, &mut space) {
        Ok(Status::Complete((_, fields))) => Ok(to_fields(fields)),
        Ok(Status::Partial) => Err(INVALID_FIELD),
        Err(error) => Err(problem(Kind::Request, bytes, error)),
    }
}

const INVALID_METHOD: Problem = Problem::new("HPE_INVALID_METHOD", "Invalid method encountered");
const INVALID_FIELD: Problem = Problem::new("HPE_INVALID_HEADER_TOKEN", "Invalid header token");

/// No head has more fields than lines.
fn lines(bytes: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', bytes).count() + 1
}

fn to_fields(headers: &[Header<'_>]) -> Vec<Field> {
    let value = |field: &Header<'_>| -> Vec<u8> {
        // Of a folded line, of which the end is no part.
        field.value.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect()
    };
    headers.iter().map(|field| (field.name.as_bytes().to_vec(), value(field))).collect()
}

fn known(method: &str) -> Result<&'static str, Problem> {
    METHODS.iter().find(|known| **known == method).copied().ok_or(INVALID_METHOD)
}

fn read(kind: Kind, bytes: &[u8], status: Result<Status<usize>, Error>) -> Result<(), Problem> {
    match status {
        Ok(Status::Complete(len)) if len == bytes.len() => Ok(()),
        // Its lines end in another way than where this one was found to end.
        Ok(_) => Err(check_line_ends(bytes).err().unwrap_or(INVALID_FIELD)),
        Err(error) => Err(problem(kind, bytes, error)),
    }
}

fn problem(kind: Kind, bytes: &[u8], error: Error) -> Problem {
    let is_known = |method: &&str| {
        bytes.strip_prefix(method.as_bytes()).is_some_and(|rest| rest.first() == Some(&b' '))
    };
    match error {
        Error::HeaderName => INVALID_FIELD,
        Error::HeaderValue => check_line_ends(bytes)
            .err()
            .unwrap_or(Problem::new("HPE_INVALID_HEADER_TOKEN", "Invalid header value char")),
        Error::NewLine => Problem::new("HPE_LF_EXPECTED", "Missing expected LF after header value"),
        Error::Status => Problem::new("HPE_INVALID_STATUS", "Invalid status code"),
        Error::TooManyHeaders => Problem::new("HPE_HEADER_OVERFLOW", "Header overflow"),
        Error::Version if kind == Kind::Response => {
            Problem::new("HPE_INVALID_CONSTANT", "Expected HTTP/, RTSP/ or ICE/")
        }
        Error::Version => Problem::new("HPE_INVALID_VERSION", "Invalid HTTP version"),
        Error::Token if kind == Kind::Response => {
            Problem::new("HPE_INVALID_CONSTANT", "Expected HTTP/, RTSP/ or ICE/")
        }
        Error::Token if METHODS.iter().any(is_known) => {
            Problem::new("HPE_INVALID_URL", "Invalid characters in url")
        }
        Error::Token => INVALID_METHOD,
    }
}

/// Every line ends in CR LF, and neither stands alone: some readers take one for the end of a
/// line, and others do not.
pub(super) fn check_line_ends(bytes: &[u8]) -> Result<(), Problem> {
    for place in memchr::memchr2_iter(b'\r', b'\n', bytes) {
        // What begins here may go on from there.
        let is_after_return = place == 0 || bytes[place - 1] == b'\r';
        if bytes[place] == b'\n' && !is_after_return {
            let reason = "Missing expected CR after header value";
            return Err(Problem::new("HPE_CR_EXPECTED", reason));
        }
        let is_line_feed_next = bytes.get(place + 1).is_none_or(|next| *next == b'\n');
        if bytes[place] == b'\r' && !is_line_feed_next {
            let reason = "Missing expected LF after header value";
            return Err(Problem::new("HPE_LF_EXPECTED", reason));
        }
    }
    Ok(())
}

/// What stands after the status: `httparse` gives nothing where that is no ASCII.
fn reason(bytes: &[u8]) -> Vec<u8> {
    let end = memchr::memchr(b'\r', bytes).unwrap_or(bytes.len());
    let mut parts = bytes[..end].splitn(3, |byte| *byte == b' ');
    parts.nth(2).unwrap_or_default().to_vec()
}

/// <https://www.rfc-editor.org/rfc/rfc9112#section-6.3>
fn judge(minor: u8, line: Line, fields: Vec<Field>) -> Result<Head, Problem> {
    let mut length = None;
    let mut coding: Option<Vec<u8>> = None;
    let (mut closes, mut keeps, mut asks_upgrade, mut has_upgrade) = (false, false, false, false);
    for (name, value) in &fields {
        if name.eq_ignore_ascii_case(b"content-length") {
            if coding.is_some() {
                let reason = "Content-Length can't be present with Transfer-Encoding";
                return Err(Problem::new("HPE_INVALID_CONTENT_LENGTH", reason));
            }
            if length.is_some() {
                let reason = "Duplicate Content-Length";
                return Err(Problem::new("HPE_UNEXPECTED_CONTENT_LENGTH", reason));
            }
            length = Some(parse_length(value)?);
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            if length.is_some() {
                let reason = "Transfer-Encoding can't be present with Content-Length";
                return Err(Problem::new("HPE_INVALID_TRANSFER_ENCODING", reason));
            }
            let all = coding.get_or_insert_default();
            all.push(b',');
            all.extend_from_slice(value);
        } else if name.eq_ignore_ascii_case(b"connection") {
            for option in value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
                closes |= option.eq_ignore_ascii_case(b"close");
                keeps |= option.eq_ignore_ascii_case(b"keep-alive");
                asks_upgrade |= option.eq_ignore_ascii_case(b"upgrade");
            }
        } else if name.eq_ignore_ascii_case(b"upgrade") {
            has_upgrade = true;
        }
    }
    let body = match line {
        Line::Response { status: 100..=199 | 204 | 304, .. } => Body::None,
        _ => match (&coding, length) {
            (Some(coding), _) if is_chunked(coding) => Body::Chunked,
            (Some(_), _) if matches!(line, Line::Request { .. }) => {
                let reason = "Invalid `Transfer-Encoding` header value";
                return Err(Problem::new("HPE_INVALID_TRANSFER_ENCODING", reason));
            }
            (Some(_), _) => Body::UntilClose,
            (None, Some(length)) => Body::Length(length),
            (None, None) if matches!(line, Line::Request { .. }) => Body::None,
            (None, None) => Body::UntilClose,
        },
    };
    let is_upgrade = match line {
        Line::Request { method: "CONNECT", .. } => true,
        Line::Response { status, .. } if status != 101 => false,
        _ => asks_upgrade && has_upgrade,
    };
    let wants_more = if minor == 0 { keeps } else { !closes };
    let keeps_alive = wants_more && body != Body::UntilClose;
    Ok(Head { minor, line, fields, body, keeps_alive, is_upgrade })
}

fn parse_length(value: &[u8]) -> Result<u64, Problem> {
    if value.is_empty() {
        return Err(Problem::new("HPE_EMPTY_CONTENT_LENGTH", "Empty Content-Length"));
    }
    let mut length: u64 = 0;
    for byte in value {
        if !byte.is_ascii_digit() {
            let reason = "Invalid character in Content-Length";
            return Err(Problem::new("HPE_INVALID_CONTENT_LENGTH", reason));
        }
        length = length
            .checked_mul(10)
            .and_then(|length| length.checked_add(u64::from(byte - b'0')))
            .ok_or(Problem::new("HPE_INVALID_CONTENT_LENGTH", "Content-Length overflow"))?;
    }
    Ok(length)
}

/// Whether the last coding, and no other, is `chunked`.
fn is_chunked(codings: &[u8]) -> bool {
    let mut codings = codings
        .split(|byte| *byte == b',')
        .map(<[u8]>::trim_ascii)
        .filter(|coding| !coding.is_empty())
        .map(|coding| coding.eq_ignore_ascii_case(b"chunked"));
    codings.next_back() == Some(true) && !codings.any(|is_chunked| is_chunked)
}
