//! The standard streams: written without a buffer, coloured only on a terminal.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

use holm::{Output, Stream, Terminal};

/// Standard output and error of the process.
#[derive(Clone, Debug)]
pub(crate) struct StandardStreams {
    out: Arc<File>,
    err: Arc<File>,
    out_terminal: Option<Terminal>,
    err_terminal: Option<Terminal>,
    colors: ColorChoice,
}

/// What the environment says about colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ColorChoice {
    /// `NO_COLOR`
    Never,
    /// `FORCE_COLOR`
    Always,
    /// On terminals.
    Auto,
}

impl StandardStreams {
    /// The streams of this process.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            out: duplicate(io::stdout().as_fd())?.into(),
            err: duplicate(io::stderr().as_fd())?.into(),
            out_terminal: terminal(io::stdout().as_fd()),
            err_terminal: terminal(io::stderr().as_fd()),
            colors: ColorChoice::from_environment(),
        })
    }
}

impl Output for StandardStreams {
    fn write(&self, stream: Stream, bytes: &[u8]) -> io::Result<()> {
        let mut file = match stream {
            Stream::Out => &*self.out,
            Stream::Err => &*self.err,
        };
        file.write_all(bytes)
    }

    fn file(&self, stream: Stream) -> Option<io::Result<File>> {
        Some(match stream {
            Stream::Out => self.out.try_clone(),
            Stream::Err => self.err.try_clone(),
        })
    }

    fn shared(&self) -> Option<Arc<dyn Output + Send + Sync>> {
        Some(Arc::new(self.clone()))
    }

    fn terminal(&self, stream: Stream) -> Option<Terminal> {
        match stream {
            Stream::Out => self.out_terminal,
            Stream::Err => self.err_terminal,
        }
    }

    fn has_colors(&self, stream: Stream) -> bool {
        match self.colors {
            ColorChoice::Never => false,
            ColorChoice::Always => true,
            ColorChoice::Auto => {
                self.terminal(stream).is_some_and(|terminal| terminal.color_depth_bits > 1)
            }
        }
    }
}

impl ColorChoice {
    fn from_environment() -> Self {
        let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        if is_set("FORCE_COLOR") {
            Self::Always
        } else if is_set("NO_COLOR") {
            Self::Never
        } else {
            Self::Auto
        }
    }
}

/// Whether text on standard output should be coloured.
pub(crate) fn output_colors() -> bool {
    colors(io::stdout().as_fd())
}

/// Whether text on standard error should be coloured.
pub(crate) fn error_colors() -> bool {
    colors(io::stderr().as_fd())
}

fn colors(stream: BorrowedFd<'_>) -> bool {
    match ColorChoice::from_environment() {
        ColorChoice::Never => false,
        ColorChoice::Always => true,
        ColorChoice::Auto => terminal(stream).is_some_and(|terminal| terminal.color_depth_bits > 1),
    }
}

/// The terminal behind standard input.
pub(crate) fn input_terminal() -> Option<Terminal> {
    terminal(io::stdin().as_fd())
}

fn duplicate(stream: BorrowedFd<'_>) -> io::Result<File> {
    Ok(File::from(stream.try_clone_to_owned()?))
}

fn terminal(stream: BorrowedFd<'_>) -> Option<Terminal> {
    if !stream.is_terminal() {
        return None;
    }
    let size = rustix::termios::tcgetwinsize(stream).ok();
    let (columns, rows) = size.map_or((80, 24), |size| (size.ws_col, size.ws_row));
    Some(Terminal { columns, rows, color_depth_bits: color_depth_bits() })
}

/// Bits of colour, as terminals tell by their variables.
fn color_depth_bits() -> u8 {
    let variable = |name| std::env::var(name).unwrap_or_default();
    let term = variable("TERM");
    if term == "dumb" || term.is_empty() {
        1
    } else if matches!(variable("COLORTERM").as_str(), "truecolor" | "24bit") {
        24
    } else if term.contains("256") {
        8
    } else {
        4
    }
}
