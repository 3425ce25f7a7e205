//! Standard output and error.

use std::io;
use std::sync::Arc;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output: data.
    Out,
    /// Standard error: everything else.
    Err,
}

/// A terminal behind a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// Characters in a line.
    pub columns: u16,
    /// Lines.
    pub rows: u16,
    /// Bits of colour: 1 (none), 4, 8 or 24.
    pub color_depth_bits: u8,
}

/// Where `console` and `process.stdout` write.
pub trait Output {
    /// Writes all the bytes, now.
    fn write(&self, stream: Stream, bytes: &[u8]) -> io::Result<()>;

    /// The same, for other threads: what a worker writes to a file descriptor goes there at once.
    /// Without it, that goes the way of what its `console` writes.
    fn shared(&self) -> Option<Arc<dyn Output + Send + Sync>> {
        None
    }

    /// Writes all the bytes past whoever stands between: see [`Self::shared`].
    fn write_through(&self, stream: Stream, bytes: &[u8]) -> io::Result<()> {
        self.write(stream, bytes)
    }

    /// The file behind the stream, if there is one: for programs that write where we do.
    fn file(&self, stream: Stream) -> Option<io::Result<std::fs::File>> {
        let _ = stream;
        None
    }

    /// The terminal behind the stream, if it is one.
    fn terminal(&self, stream: Stream) -> Option<Terminal> {
        let _ = stream;
        None
    }

    /// Whether text written to the stream should be coloured.
    fn has_colors(&self, stream: Stream) -> bool {
        self.terminal(stream).is_some_and(|terminal| terminal.color_depth_bits > 1)
    }
}

/// Drops what is written.
#[derive(Clone, Copy, Debug)]
pub struct NoOutput;

impl Output for NoOutput {
    fn write(&self, _stream: Stream, _bytes: &[u8]) -> io::Result<()> {
        Ok(())
    }
}
