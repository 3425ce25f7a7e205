//! Messages of HTTP/1.1 as their bytes come in, <https://www.rfc-editor.org/rfc/rfc9112>.
//!
//! `httparse` reads heads; where a body ends is decided here, and strictly: two readers that
//! disagree about that can be made to see different messages. What is wrong is told with the
//! codes of Node's parser, llhttp.

use std::ops::Range;

use memchr::memmem;

use super::head::{self, Body, Field, Head};

/// The longest head, and the longest trailers, unless another length is asked for; Node's own.
pub const DEFAULT_MAX_HEAD_BYTES: usize = 16 << 10;
/// The extensions of a chunk; Node's own.
const MAX_EXTENSION_BYTES: usize = 16 << 10;
/// Hexadecimal digits of a chunk's length: what is longer may not fit.
const MAX_SIZE_DIGITS: usize = 15;

/// Which messages are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// By servers.
    Request,
    /// By clients.
    Response,
}

/// What is wrong with the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Problem {
    /// llhttp's code.
    pub code: &'static str,
    /// In words; none where the code says all.
    pub reason: &'static str,
}

impl Problem {
    pub(super) const fn new(code: &'static str, reason: &'static str) -> Self {
        Self { code, reason }
    }
}

/// What the next bytes are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// All bytes were taken, and more are needed.
    NeedMore,
    /// The head of a message is complete.
    Head(Box<Head>),
    /// This part of the input is of the body.
    Body(Range<usize>),
    /// The message is complete; with the fields that came after its body.
    End(Vec<Field>),
}

/// Where in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Head,
    Length(u64),
    UntilClose,
    ChunkSize {
        size: u64,
        digits: usize,
    },
    ChunkExtension {
        size: u64,
    },
    ChunkSizeLineFeed {
        size: u64,
    },
    ChunkData(u64),
    ChunkReturn,
    ChunkLineFeed,
    Trailers,
    Ended,
    /// After the last message of a connection.
    Closed,
    /// What follows is no HTTP.
    Upgraded,
    Failed(Problem),
}

/// Reads the messages of one connection.
#[derive(Debug)]
pub struct Parser {
    kind: Kind,
    state: State,
    /// Of a head or trailers that came in pieces.
    pending: Vec<u8>,
    /// How much of that was read when it was last looked at: each time it is twice as long.
    looked_at: usize,
    max_head_bytes: usize,
    extension_bytes: usize,
    keeps_alive: bool,
}

impl Parser {
    /// For a new connection.
    pub fn new(kind: Kind, max_head_bytes: usize) -> Self {
        Self {
            kind,
            state: State::Head,
            pending: Vec::new(),
            looked_at: 0,
            max_head_bytes,
            extension_bytes: 0,
            keeps_alive: true,
        }
    }

    /// Takes some of the input: how many bytes, and what they are. To be called with the rest
    /// until that is [`Event::NeedMore`].
    pub fn step(&mut self, input: &[u8]) -> Result<(usize, Event), Problem> {
        let stepped = self.advance(input);
        if let Err(problem) = stepped {
            self.state = State::Failed(problem);
        }
        stepped
    }

    /// After a head: its message has no body, whatever it says. A response to HEAD is one.
    pub fn skip_body(&mut self) {
        self.state = State::Ended;
    }

    /// After a head: what follows is another protocol, and not read here.
    pub fn upgrade(&mut self) {
        self.state = State::Upgraded;
    }

    /// The connection ended: whether that ends a message too.
    pub fn finish(&mut self) -> Result<Option<Event>, Problem> {
        match self.state {
            State::UntilClose => {
                self.state = State::Closed;
                Ok(Some(Event::End(Vec::new())))
            }
            State::Head if self.pending.is_empty() => Ok(None),
            // What is wrong was told already.
            State::Closed | State::Upgraded | State::Ended | State::Failed(_) => Ok(None),
            _ => {
                let problem = Problem::new("HPE_INVALID_EOF_STATE", "");
                self.state = State::Failed(problem);
                Err(problem)
            }
        }
    }

    fn advance(&mut self, input: &[u8]) -> Result<(usize, Event), Problem> {
        let mut at = 0;
        loop {
            match self.state {
                State::Failed(problem) => return Err(problem),
                State::Upgraded => return Ok((at, Event::NeedMore)),
                State::Ended => return Ok((at, self.end(Vec::new()))),
                _ => {}
            }
            let rest = &input[at..];
            let Some(&byte) = rest.first() else { return Ok((at, Event::NeedMore)) };
            match self.state {
                State::Head if self.pending.is_empty() && matches!(byte, b'\r' | b'\n') => {}
                State::Head => {
                    let (taken, event) = self.head(rest)?;
                    return Ok((at + taken, event));
                }
                State::Trailers => {
                    let (taken, event) = self.trailers(rest)?;
                    return Ok((at + taken, event));
                }
                State::Length(left) => {
                    let (taken, left) = cut(left, rest);
                    self.state = if left == 0 { State::Ended } else { State::Length(left) };
                    return Ok((at + taken, Event::Body(at..at + taken)));
                }
                State::ChunkData(left) => {
                    let (taken, left) = cut(left, rest);
                    self.state =
                        if left == 0 { State::ChunkReturn } else { State::ChunkData(left) };
                    return Ok((at + taken, Event::Body(at..at + taken)));
                }
                State::UntilClose => return Ok((input.len(), Event::Body(at..input.len()))),
                State::Closed if matches!(byte, b'\r' | b'\n') => {}
                State::Closed => {
                    let reason = "Data after `Connection: close`";
                    return Err(Problem::new("HPE_CLOSED_CONNECTION", reason));
                }
                _ => self.between_chunks(byte)?,
            }
            at += 1;
        }
    }

    /// One byte of what stands around the data of chunks.
    ///
    /// <https://www.rfc-editor.org/rfc/rfc9112#section-7.1>
    fn between_chunks(&mut self, byte: u8) -> Result<(), Problem> {
        self.state = match (self.state, byte) {
            (
                State::ChunkSize { digits: MAX_SIZE_DIGITS, .. },
                b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F',
            ) => {
                return Err(Problem::new("HPE_INVALID_CHUNK_SIZE", "Chunk size overflow"));
            }
            (State::ChunkSize { size, digits }, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                let digit = char::from(byte).to_digit(16).unwrap_or(0);
                State::ChunkSize { size: size << 4 | u64::from(digit), digits: digits + 1 }
            }
            (State::ChunkSize { size, digits: 1.. }, b'\r') => State::ChunkSizeLineFeed { size },
            (State::ChunkSize { size, digits: 1.. }, b';') => State::ChunkExtension { size },
            (State::ChunkSize { .. }, _) => {
                let reason = "Invalid character in chunk size";
                return Err(Problem::new("HPE_INVALID_CHUNK_SIZE", reason));
            }
            (State::ChunkExtension { size }, b'\r') => State::ChunkSizeLineFeed { size },
            (State::ChunkExtension { size }, b'\t' | b' '..=b'~' | 0x80..) => {
                self.extension_bytes += 1;
                if self.extension_bytes > MAX_EXTENSION_BYTES {
                    let reason = "Chunk extensions overflow";
                    return Err(Problem::new("HPE_CHUNK_EXTENSIONS_OVERFLOW", reason));
                }
                State::ChunkExtension { size }
            }
            (State::ChunkExtension { .. }, _) => {
                let reason = "Invalid character in chunk extensions";
                return Err(Problem::new("HPE_STRICT", reason));
            }
            (State::ChunkSizeLineFeed { size: 0 }, b'\n') => {
                self.extension_bytes = 0;
                // So the end of the trailers looks the same whether there are any or not.
                self.pending.extend_from_slice(b"\r\n");
                State::Trailers
            }
            (State::ChunkSizeLineFeed { size }, b'\n') => {
                self.extension_bytes = 0;
                State::ChunkData(size)
            }
            (State::ChunkReturn, b'\r') => State::ChunkLineFeed,
            (State::ChunkLineFeed, b'\n') => State::ChunkSize { size: 0, digits: 0 },
            (State::ChunkSizeLineFeed { .. }, _) => {
                return Err(Problem::new("HPE_STRICT", "Expected LF after chunk size"));
            }
            _ => return Err(Problem::new("HPE_STRICT", "Expected LF after chunk data")),
        };
        Ok(())
    }

    fn head(&mut self, input: &[u8]) -> Result<(usize, Event), Problem> {
        // OPTIMIZATION: mostly a head comes in one piece, and is read where it is.
        if self.pending.is_empty()
            && let Some(place) = memmem::find(input, HEAD_END)
        {
            let taken = place + HEAD_END.len();
            self.check_len(taken)?;
            return Ok((taken, self.begin(head::parse(self.kind, &input[..taken])?)));
        }
        let before = self.pending.len();
        let Some(taken) = self.gather(input)? else {
            head::check_line_ends(&self.pending[before.saturating_sub(1)..])?;
            if self.pending.len() >= 2 * self.looked_at {
                self.looked_at = self.pending.len();
                head::check_part(self.kind, &self.pending)?;
            }
            return Ok((input.len(), Event::NeedMore));
        };
        let whole = std::mem::take(&mut self.pending);
        self.looked_at = 0;
        Ok((taken, self.begin(head::parse(self.kind, &whole)?)))
    }

    fn trailers(&mut self, input: &[u8]) -> Result<(usize, Event), Problem> {
        let Some(taken) = self.gather(input)? else {
            return Ok((input.len(), Event::NeedMore));
        };
        let whole = std::mem::take(&mut self.pending);
        let fields = head::parse_fields(&whole[2..])?;
        Ok((taken, self.end(fields)))
    }

    /// Adds input to what is pending: how much of it until that is complete.
    fn gather(&mut self, input: &[u8]) -> Result<Option<usize>, Problem> {
        let before = self.pending.len();
        // No more than what may be kept, and what tells that it is too much.
        let room = (self.max_head_bytes + 1).saturating_sub(before).min(input.len());
        self.pending.extend_from_slice(&input[..room]);
        let from = before.saturating_sub(HEAD_END.len() - 1);
        match memmem::find(&self.pending[from..], HEAD_END) {
            Some(place) => {
                let end = from + place + HEAD_END.len();
                self.pending.truncate(end);
                self.check_len(end)?;
                Ok(Some(end - before))
            }
            None => self.check_len(self.pending.len()).map(|()| None),
        }
    }

    fn check_len(&self, len: usize) -> Result<(), Problem> {
        if len <= self.max_head_bytes {
            return Ok(());
        }
        Err(Problem::new("HPE_HEADER_OVERFLOW", "Header overflow"))
    }

    fn begin(&mut self, head: Head) -> Event {
        self.keeps_alive = head.keeps_alive;
        self.extension_bytes = 0;
        self.state = match head.body {
            Body::None | Body::Length(0) => State::Ended,
            Body::Length(len) => State::Length(len),
            Body::Chunked => State::ChunkSize { size: 0, digits: 0 },
            Body::UntilClose => State::UntilClose,
        };
        Event::Head(Box::new(head))
    }

    fn end(&mut self, trailers: Vec<Field>) -> Event {
        self.state = if self.keeps_alive { State::Head } else { State::Closed };
        Event::End(trailers)
    }
}

/// What ends a head, an empty line.
const HEAD_END: &[u8] = b"\r\n\r\n";

/// How much of the input is of the next `left` bytes, and how many are left then.
fn cut(left: u64, input: &[u8]) -> (usize, u64) {
    let taken = usize::try_from(left).map_or(input.len(), |left| left.min(input.len()));
    (taken, left - taken as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All events of these pieces in short: `head`, `body` (joined), `end`, or the code of what is
    /// wrong.
    fn events(kind: Kind, pieces: &[&[u8]]) -> String {
        let mut parser = Parser::new(kind, DEFAULT_MAX_HEAD_BYTES);
        let (mut shown, mut in_body) = (String::new(), false);
        for piece in pieces {
            let mut at = 0;
            loop {
                let (taken, event) = match parser.step(&piece[at..]) {
                    Ok(step) => step,
                    Err(problem) => return shown + problem.code,
                };
                match event {
                    Event::NeedMore => {
                        assert_eq!(at + taken, piece.len(), "all was taken");
                        break;
                    }
                    Event::Head(head) => shown += &format!("{} ", head.subject()),
                    Event::Body(range) => {
                        if !in_body {
                            shown.push('=');
                        }
                        shown += &String::from_utf8_lossy(&piece[at..][range]);
                    }
                    Event::End(trailers) => {
                        shown += &format!("end{} ", "'".repeat(trailers.len()));
                    }
                }
                in_body =
                    matches!(shown.split(' ').next_back(), Some(last) if last.starts_with('='));
                at += taken;
            }
        }
        match parser.finish() {
            Ok(Some(_)) => shown + "end",
            Ok(None) => shown,
            Err(problem) => shown + problem.code,
        }
    }

    /// The same whether the bytes come at once, one by one, or cut in two anywhere.
    fn check(kind: Kind, text: &str, expected: &str) {
        let bytes = text.as_bytes();
        assert_eq!(events(kind, &[bytes]), expected, "{text:?}");
        let ones: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(events(kind, &ones), expected, "{text:?} one by one");
        for place in 0..bytes.len() {
            let (first, second) = bytes.split_at(place);
            assert_eq!(events(kind, &[first, second]), expected, "{text:?} cut at {place}");
        }
    }

    #[test]
    fn requests_end_where_they_say() {
        let check = |text: &str, expected: &str| check(Kind::Request, text, expected);
        check("GET / HTTP/1.1\r\nA: b\r\n\r\n", "GET / end ");
        check("GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n", "GET /1 end GET /2 end ");
        check("\r\nPOST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", "POST / =abcend ");
        check("POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab", "POST / =abHPE_INVALID_EOF_STATE");
        check(
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n",
            "POST / =abcdeend ",
        );
        check(
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: 1\r\nB: 2\r\n\r\n",
            "POST / end'' ",
        );
        check("GET / HTTP/1.1\r\nConnection: close\r\n\r\nX", "GET / end HPE_CLOSED_CONNECTION");
    }

    #[test]
    fn what_others_could_read_otherwise_is_refused() {
        let check = |text: &str, expected: &str| check(Kind::Request, text, expected);
        let post = |fields: &str| format!("POST / HTTP/1.1\r\n{fields}\r\n\r\n");
        for (fields, code) in [
            ("Content-Length: 1\r\nContent-Length: 1", "HPE_UNEXPECTED_CONTENT_LENGTH"),
            ("Content-Length: 1\r\nTransfer-Encoding: chunked", "HPE_INVALID_TRANSFER_ENCODING"),
            ("Transfer-Encoding: chunked\r\nContent-Length: 1", "HPE_INVALID_CONTENT_LENGTH"),
            ("Transfer-Encoding: identity", "HPE_INVALID_TRANSFER_ENCODING"),
            ("Transfer-Encoding: chunked, identity", "HPE_INVALID_TRANSFER_ENCODING"),
            ("Content-Length: +1", "HPE_INVALID_CONTENT_LENGTH"),
            ("Content-Length: 1,1", "HPE_INVALID_CONTENT_LENGTH"),
            ("Content-Length:", "HPE_EMPTY_CONTENT_LENGTH"),
            ("Content-Length: 18446744073709551616", "HPE_INVALID_CONTENT_LENGTH"),
        ] {
            check(&post(fields), code);
        }
        for (bytes, code) in [
            ("GET / HTTP/1.1\r\nA : b\r\n\r\n", "HPE_INVALID_HEADER_TOKEN"),
            ("GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", "HPE_INVALID_HEADER_TOKEN"),
            ("GOT / HTTP/1.1\r\n\r\n", "HPE_INVALID_METHOD"),
            ("GET / HTTP/3.0\r\n\r\n", "HPE_INVALID_VERSION"),
        ] {
            check(bytes, code);
        }
        let chunked = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
        for (chunks, expected) in [
            ("x", "POST / HPE_INVALID_CHUNK_SIZE"),
            (" 1\r\n", "POST / HPE_INVALID_CHUNK_SIZE"),
            ("1 \r\n", "POST / HPE_INVALID_CHUNK_SIZE"),
            ("fffffffffffffffff\r\n", "POST / HPE_INVALID_CHUNK_SIZE"),
            ("1\n", "POST / HPE_INVALID_CHUNK_SIZE"),
            ("1;\n", "POST / HPE_STRICT"),
            ("1\r\nab", "POST / =aHPE_STRICT"),
        ] {
            check(&format!("{chunked}{chunks}"), expected);
        }
    }

    #[test]
    fn bare_line_ends_are_refused() {
        for text in ["GET / HTTP/1.1\nA: b\n\n", "GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n"] {
            assert_eq!(events(Kind::Request, &[text.as_bytes()]), "HPE_CR_EXPECTED");
        }
        let text = b"GET / HTTP/1.1\r\nA: b\rc: d\r\n\r\n";
        assert_eq!(events(Kind::Request, &[text]), "HPE_LF_EXPECTED");
    }

    #[test]
    fn responses_end_where_they_say() {
        let check = |text: &str, expected: &str| check(Kind::Response, text, expected);
        check("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", "200 =abend ");
        check("HTTP/1.1 200\r\n\r\nabc", "200 =abcend");
        check("HTTP/1.1 204 No\r\n\r\n", "204 end ");
        check(
            "HTTP/1.1 100 C\r\n\r\nHTTP/1.0 304 N\r\nContent-Length: 9\r\n\r\n",
            "100 end 304 end ",
        );
        check("HTTP/1.1 2x0 OK\r\n\r\n", "HPE_INVALID_STATUS");
        check("ICY 200 OK\r\n\r\n", "HPE_INVALID_CONSTANT");
    }

    #[test]
    fn heads_and_extensions_are_bounded() {
        let many = format!("GET / HTTP/1.1\r\n{}", "A: b\r\n".repeat(DEFAULT_MAX_HEAD_BYTES));
        assert_eq!(events(Kind::Request, &[many.as_bytes()]), "HPE_HEADER_OVERFLOW");
        let pieces: Vec<&[u8]> = many.as_bytes().chunks(1000).collect();
        assert_eq!(events(Kind::Request, &pieces), "HPE_HEADER_OVERFLOW");
        let chunked = format!(
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;{}",
            "x".repeat(MAX_EXTENSION_BYTES + 1)
        );
        let found = events(Kind::Request, &[chunked.as_bytes()]);
        assert_eq!(found, "POST / HPE_CHUNK_EXTENSIONS_OVERFLOW");
        let endless = format!(
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n{}",
            "A: b\r\n".repeat(DEFAULT_MAX_HEAD_BYTES)
        );
        assert_eq!(events(Kind::Request, &[endless.as_bytes()]), "POST / HPE_HEADER_OVERFLOW");
    }
}
