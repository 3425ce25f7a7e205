//! `multipart/form-data`, written and read.
//!
//! <https://html.spec.whatwg.org/#multipart-form-data> and, of what others write,
//! <https://andreubotella.github.io/multipart-form-data/>.

use std::str::FromStr;

use bytes::Bytes;
use data_url::mime::Mime;
use holm_js::Error;
use holm_js::webidl::convert;
use url::form_urlencoded;

use crate::file_api::BlobData;

/// An entry of a form, as bytes.
pub(super) struct Part {
    pub(super) name: String,
    pub(super) bytes: Bytes,
    /// Of a file.
    pub(super) file: Option<PartFile>,
}

pub(super) struct PartFile {
    pub(super) name: String,
    pub(super) content_type: String,
}

/// The longest boundary, <https://www.rfc-editor.org/rfc/rfc2046#section-5.1.1>.
const MAX_BOUNDARY_BYTES: usize = 70;

const UNREADABLE: &str = "Failed to parse body as FormData.";
const NOT_A_FORM: &str = "Content-Type was not one of \"multipart/form-data\" or \
                          \"application/x-www-form-urlencoded\".";

impl Part {
    pub(super) fn text(name: String, text: String) -> Self {
        Self { name, bytes: text.into(), file: None }
    }

    pub(super) fn file(name: String, file_name: String, blob: BlobData) -> Self {
        let file = PartFile { name: file_name, content_type: blob.content_type };
        Self { name, bytes: blob.bytes, file: Some(file) }
    }
}

/// How long [`written`] will be, at most.
pub(super) fn max_len_bytes(parts: &[Part], boundary: &str) -> usize {
    /// The names of the headers, and what is between.
    const AROUND: usize = 128;
    let len = |part: &Part| {
        let file =
            part.file.as_ref().map_or(0, |file| file.name.len() * 3 + file.content_type.len());
        // Line ends of texts become longer, and so do quotes in names.
        let bytes = if part.file.is_some() { part.bytes.len() } else { part.bytes.len() * 2 };
        AROUND + boundary.len() + part.name.len() * 6 + file + bytes
    };
    parts.iter().map(len).fold(AROUND + boundary.len(), usize::saturating_add)
}

/// <https://html.spec.whatwg.org/#multipart/form-data-encoding-algorithm>
pub(super) fn written(parts: &[Part], boundary: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for part in parts {
        out.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
        let name = escaped(&with_crlf(&part.name));
        out.extend_from_slice(b"Content-Disposition: form-data; name=\"");
        out.extend_from_slice(name.as_bytes());
        match &part.file {
            None => {
                out.extend_from_slice(b"\"\r\n\r\n");
                out.extend_from_slice(with_crlf(&String::from_utf8_lossy(&part.bytes)).as_bytes());
            }
            Some(file) => {
                let content_type = match file.content_type.as_str() {
                    "" => "application/octet-stream",
                    given => given,
                };
                let name = escaped(&file.name);
                let rest =
                    format!("\"; filename=\"{name}\"\r\nContent-Type: {content_type}\r\n\r\n");
                out.extend_from_slice(rest.as_bytes());
                out.extend_from_slice(&part.bytes);
            }
        }
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    out
}

/// Every line ends with both characters.
fn with_crlf(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n")
}

fn escaped(name: &str) -> String {
    name.replace('\n', "%0A").replace('\r', "%0D").replace('"', "%22")
}

fn unescaped(name: &[u8]) -> String {
    let name = String::from_utf8_lossy(name);
    name.replace("%0A", "\n")
        .replace("%0a", "\n")
        .replace("%0D", "\r")
        .replace("%0d", "\r")
        .replace("%22", "\"")
}

/// Why a body gave no entries.
pub(super) enum Unparsed {
    /// It is none, or not well-formed.
    Malformed(&'static str),
    /// Whoever takes the entries has no room.
    Refused(Error),
}

impl From<Error> for Unparsed {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

/// Hands the entries of a body with this `Content-Type` to `each`.
pub(super) fn parse(
    content_type: Option<&[u8]>,
    bytes: &[u8],
    mut each: impl FnMut(Part) -> Result<(), Error>,
) -> Result<(), Unparsed> {
    let mime_type = |value| Mime::from_str(&convert::from_byte_string(value)).ok();
    let mime = content_type.and_then(mime_type).ok_or(Unparsed::Malformed(NOT_A_FORM))?;
    match (mime.type_.as_str(), mime.subtype.as_str()) {
        ("multipart", "form-data") => {
            let unreadable = || Unparsed::Malformed(UNREADABLE);
            let boundary = mime.get_parameter("boundary").ok_or_else(unreadable)?;
            let mut parts = Parts::new(boundary, bytes).ok_or_else(unreadable)?;
            while let Some(part) = parts.next_part().ok_or_else(unreadable)? {
                each(part)?;
            }
            Ok(())
        }
        ("application", "x-www-form-urlencoded") => {
            for (name, value) in form_urlencoded::parse(bytes) {
                each(Part::text(name.into_owned(), value.into_owned()))?;
            }
            Ok(())
        }
        _ => Err(Unparsed::Malformed(NOT_A_FORM)),
    }
}

/// The multipart/form-data parser, between two parts.
struct Parts<'a> {
    delimiter: Vec<u8>,
    rest: &'a [u8],
}

impl<'a> Parts<'a> {
    fn new(boundary: &str, mut rest: &'a [u8]) -> Option<Self> {
        if boundary.is_empty() || boundary.len() > MAX_BOUNDARY_BYTES {
            return None;
        }
        // As in Node: lines may be left out before the first.
        while let Some(after) = rest.strip_prefix(b"\r\n") {
            rest = after;
        }
        Some(Self { delimiter: [b"--", boundary.as_bytes()].concat(), rest })
    }

    /// `Some(None)` at the end; `None` is a failure.
    fn next_part(&mut self) -> Option<Option<Part>> {
        self.rest = self.rest.strip_prefix(self.delimiter.as_slice())?;
        if self.rest.starts_with(b"--") {
            return Some(None);
        }
        self.rest = self.rest.strip_prefix(b"\r\n")?;
        let headers = part_headers(&mut self.rest)?;
        let len = end_of_part(self.rest, &self.delimiter)?;
        let (body, after) = self.rest.split_at(len);
        self.rest = after.strip_prefix(b"\r\n")?;
        Some(Some(headers.with_body(body)))
    }
}

/// How long a part's body is: up to the line end before the next delimiter.
fn end_of_part(rest: &[u8], delimiter: &[u8]) -> Option<usize> {
    let is_end = |place: &usize| {
        rest[*place..].strip_prefix(b"\r\n").is_some_and(|line| line.starts_with(delimiter))
    };
    let places =
        rest.iter().enumerate().filter(|(_, byte)| **byte == b'\r').map(|(place, _)| place);
    places.into_iter().find(is_end)
}

/// What the headers of a part say.
struct PartHeaders {
    name: String,
    file_name: Option<String>,
    content_type: Option<String>,
}

impl PartHeaders {
    fn with_body(self, body: &[u8]) -> Part {
        let file = self.file_name.map(|name| PartFile {
            name,
            content_type: self.content_type.unwrap_or_else(|| "text/plain".to_owned()),
        });
        // UTF-8 decode without BOM, of a text.
        Part { name: self.name, bytes: Bytes::copy_from_slice(body), file }
    }
}

/// Takes the headers of a part, and the empty line after them.
fn part_headers(rest: &mut &[u8]) -> Option<PartHeaders> {
    let (mut name, mut file_name, mut content_type) = (None, None, None);
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n")?;
        let (line, after) = rest.split_at(end);
        *rest = &after[2..];
        if line.is_empty() {
            return Some(PartHeaders { name: name?, file_name, content_type });
        }
        let colon = line.iter().position(|byte| *byte == b':')?;
        let value = line[colon + 1..].trim_ascii();
        match line[..colon].to_ascii_lowercase().as_slice() {
            b"content-disposition" => {
                let mut parameters = value.strip_prefix(b"form-data")?;
                while !parameters.trim_ascii().is_empty() {
                    let (key, text) = parameter(&mut parameters)?;
                    match key {
                        b"name" => name = Some(unescaped(text)),
                        b"filename" => file_name = Some(unescaped(text)),
                        _ => {}
                    }
                }
            }
            b"content-type" => content_type = Some(convert::from_byte_string(value)),
            _ => {}
        }
    }
}

/// Takes one of `; key="value"`.
fn parameter<'a>(rest: &mut &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
    let after = rest.trim_ascii_start().strip_prefix(b";")?.trim_ascii_start();
    let equals = after.iter().position(|byte| *byte == b'=')?;
    let (key, value) = (&after[..equals], &after[equals + 1..]);
    let (value, after) = match value.strip_prefix(b"\"") {
        Some(quoted) => {
            let end = quoted.iter().position(|byte| *byte == b'"')?;
            (&quoted[..end], &quoted[end + 1..])
        }
        None => {
            let end = value.iter().position(|byte| *byte == b';').unwrap_or(value.len());
            (value[..end].trim_ascii(), &value[end..])
        }
    };
    *rest = after;
    Some((key, value))
}
