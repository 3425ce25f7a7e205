//! Messages of HTTP, bent: however their bytes are cut, they are read as the same messages, or refused.

use holm_node::http::{DEFAULT_MAX_HEAD_BYTES, Event, Head, Kind, Parser};

use crate::Target;
use crate::random::Random;

pub const TARGET: Target = Target { name: "http", make, run };

/// What messages are made of, and what could be mistaken for it.
const PIECES: &[&[u8]] = &[
    b"GET / HTTP/1.1\r\n",
    b"POST /a HTTP/1.1\r\n",
    b"CONNECT a:1 HTTP/1.1\r\n",
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.0 204\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"Host: a\r\n",
    b"Content-Length: 5\r\n",
    b"Content-Length: 0\r\n",
    b"Content-Length: 18446744073709551615\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: gzip, chunked\r\n",
    b"Connection: close\r\n",
    b"Connection: Upgrade\r\nUpgrade: x\r\n",
    b" folded: line\r\n",
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b"\r",
    b"hello",
    b"5\r\nhello\r\n",
    b"5;a=b\r\nhello\r\n",
    b"0\r\n\r\n",
    b"0\r\nA: b\r\n\r\n",
    b"fffffffffffffff\r\n",
    b"\0",
    b"\xff",
    b":",
    b" ",
    b"\t",
];

/// More would be slow to cut everywhere.
const MOST_PIECES: usize = 24;

fn make(random: &mut Random) -> Vec<u8> {
    let mut bytes = vec![random.below(2) as u8];
    // Most begin well, or few would come behind their first line.
    if !random.one_in(4) {
        let line = if bytes[0] == 0 { random.below(3) } else { 3 + random.below(3) };
        bytes.extend_from_slice(PIECES[line]);
        for _ in 0..random.below(4) {
            bytes.extend_from_slice(PIECES[6 + random.below(8)]);
        }
        bytes.extend_from_slice(b"\r\n");
    }
    for _ in 0..=random.below(MOST_PIECES) {
        if random.one_in(12) {
            bytes.push(random.below(256) as u8);
        } else {
            bytes.extend_from_slice(PIECES[random.below(PIECES.len())]);
        }
    }
    bytes
}

/// What was read: heads, the bytes of bodies joined, ends, and whether it was refused in the end.
#[derive(Debug, Default, PartialEq, Eq)]
struct Read {
    messages: Vec<(Box<Head>, Vec<u8>, Option<usize>)>,
    is_refused: bool,
}

fn read(kind: Kind, pieces: &[&[u8]]) -> Read {
    let mut parser = Parser::new(kind, DEFAULT_MAX_HEAD_BYTES);
    let mut read = Read::default();
    for piece in pieces {
        let mut at = 0;
        loop {
            let Ok((taken, event)) = parser.step(&piece[at..]) else {
                read.is_refused = true;
                return read;
            };
            assert!(at + taken <= piece.len(), "took more than there is");
            match event {
                Event::NeedMore => {
                    assert_eq!(at + taken, piece.len(), "left bytes and wants more");
                    break;
                }
                Event::Head(head) => read.messages.push((head, Vec::new(), None)),
                Event::Body(range) => {
                    let (_, body, end) = read.messages.last_mut().expect("a body has a head");
                    assert_eq!(*end, None, "a body after its end");
                    body.extend_from_slice(&piece[at..][range]);
                }
                Event::End(trailers) => {
                    let (_, _, end) = read.messages.last_mut().expect("an end has a head");
                    assert_eq!(end.replace(trailers.len()), None, "ended twice");
                }
            }
            at += taken;
        }
    }
    match parser.finish() {
        Ok(Some(_)) => {
            if let Some((_, _, end)) = read.messages.last_mut() {
                *end = Some(0);
            }
        }
        Ok(None) => {}
        Err(_) => read.is_refused = true,
    }
    read
}

fn run(bytes: &[u8]) -> &'static str {
    let Some((first, bytes)) = bytes.split_first() else { return "nothing" };
    let kind = if first % 2 == 0 { Kind::Request } else { Kind::Response };
    let whole = read(kind, &[bytes]);
    let ones: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(read(kind, &ones), whole, "one by one");
    let mut random = Random::of_input(bytes);
    for _ in 0..4 {
        let (first, second) = bytes.split_at(random.below(bytes.len() + 1));
        assert_eq!(read(kind, &[first, second]), whole, "cut at {}", first.len());
    }
    match (whole.is_refused, whole.messages.len()) {
        (true, 0) => "refused",
        (true, _) => "refused later",
        (false, 0) => "unfinished",
        (false, 1) => "one message",
        (false, _) => "messages",
    }
}
