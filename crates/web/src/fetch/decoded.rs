//! Bodies that servers send compressed: <https://fetch.spec.whatwg.org/#handle-content-codings>.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use futures_util::Stream;

use super::body::Chunks;
use super::error::NetworkError;
use crate::compression::{Decompressor, Failure, Format};

/// What servers are told that they may send.
pub(super) const ACCEPTED: &str = "gzip, deflate";

/// A body compressed more often than that is no body; Node has the same limit.
const MAX_CODINGS: usize = 5;

#[derive(Clone, Copy)]
enum Coding {
    Gzip,
    Deflate,
}

/// The body without the codings that its header names; `None` where one is not known here.
pub(super) fn decoded(url: &str, header: &[u8], chunks: Chunks) -> Option<Chunks> {
    let mut codings = Vec::new();
    for name in header.split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
        match name.to_ascii_lowercase().as_slice() {
            b"gzip" | b"x-gzip" => codings.push(Coding::Gzip),
            b"deflate" => codings.push(Coding::Deflate),
            b"identity" | b"" => {}
            _ => return None,
        }
    }
    if codings.len() > MAX_CODINGS {
        return None;
    }
    // The last one named was applied last.
    Some(codings.into_iter().rev().fold(chunks, |chunks, coding| {
        Box::pin(Decoded {
            chunks: Some(chunks),
            coding,
            decoder: None,
            input: Bytes::new(),
            url: url.into(),
        })
    }))
}

struct Decoded {
    /// `None` once it has ended.
    chunks: Option<Chunks>,
    coding: Coding,
    /// Made with the first chunk.
    decoder: Option<Decompressor>,
    /// What of a chunk is still to be decoded.
    input: Bytes,
    url: Box<str>,
}

impl Stream for Decoded {
    type Item = Result<Bytes, NetworkError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match self.next_piece() {
                Ok(Some(piece)) => return Poll::Ready(Some(Ok(piece))),
                Ok(None) => {}
                Err(error) => return Poll::Ready(Some(Err(self.fail(error)))),
            }
            let Some(chunks) = &mut self.chunks else { return Poll::Ready(None) };
            match chunks.as_mut().poll_next(cx) {
                Poll::Ready(Some(Ok(chunk))) => self.input = chunk,
                Poll::Ready(None) => {
                    self.chunks = None;
                    if self.decoder.as_ref().is_some_and(|decoder| !decoder.has_ended()) {
                        let why = "the compressed body is cut off";
                        let error = NetworkError::in_body(&self.url, why);
                        return Poll::Ready(Some(Err(error.with_code("Z_BUF_ERROR"))));
                    }
                    return Poll::Ready(None);
                }
                other => return other,
            }
        }
    }
}

impl Decoded {
    fn next_piece(&mut self) -> Result<Option<Bytes>, Failure> {
        let coding = self.coding;
        let Some(first) = self.input.first().copied() else {
            return match &mut self.decoder {
                Some(decoder) => Ok(decoder.next_piece(&mut &[][..])?.map(Bytes::copy_from_slice)),
                None => Ok(None),
            };
        };
        let decoder = self.decoder.get_or_insert_with(|| Decompressor::new(format(coding, first)));
        // As in browsers: what comes after the end is not looked at.
        if decoder.has_ended() {
            self.input.clear();
            return Ok(None);
        }
        let mut rest = &self.input[..];
        let len_before = rest.len();
        let piece = decoder.next_piece(&mut rest);
        let ended_early = matches!(&piece, Err(Failure::Data { code: TRAILING, .. }));
        let piece = match piece {
            _ if ended_early => None,
            other => other?.map(Bytes::copy_from_slice),
        };
        let taken = len_before - rest.len();
        match ended_early {
            true => self.input.clear(),
            false => self.input.advance(taken),
        }
        Ok(piece)
    }

    fn fail(&mut self, failure: Failure) -> NetworkError {
        self.chunks = None;
        self.decoder = None;
        self.input.clear();
        let (code, why) = match failure {
            Failure::Data { code, why } => (code, why),
            Failure::Script(_) => ("Z_DATA_ERROR", "it could not be decoded"),
        };
        let why = format!("its body cannot be decompressed: {why}");
        NetworkError::in_body(&self.url, why).with_code(code)
    }
}

const TRAILING: &str = "ERR_TRAILING_JUNK_AFTER_STREAM_END";

/// "deflate" has zlib's head, but some servers leave that out: its first byte tells.
fn format(coding: Coding, first: u8) -> Format {
    match coding {
        Coding::Gzip => Format::Gzip,
        Coding::Deflate if first & 0x0f == 8 => Format::Deflate,
        Coding::Deflate => Format::DeflateRaw,
    }
}
