//! The second preview of WASI, as far as a component is given something of it.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::cli::{InputFile, IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};
use wasmtime_wasi::{FsPerms, WasiCtx};

use super::ComponentFailure;
use crate::host::ThreadBound;

/// The packages of WASI that the host has. Others are imports like any.
const PACKAGES: [&str; 6] = ["cli", "clocks", "filesystem", "io", "random", "sockets"];

/// As many files, streams and pollables a component may have at once.
const MAX_WASI_RESOURCES: usize = 100_000;

/// As much may be written to a stream at once; what is more is written in parts.
const WRITE_BYTES: usize = 64 << 10;

/// Whether an interface that a component imports is the host's.
pub fn is_of_wasi(interface: &str) -> bool {
    let Some(rest) = interface.strip_prefix("wasi:") else { return false };
    rest.split_once('/').is_some_and(|(package, _)| PACKAGES.contains(&package))
}

/// Where a component writes.
pub trait ByteSink: 'static {
    /// Writes all the bytes, now.
    fn write(&self, bytes: &[u8]) -> io::Result<()>;

    /// Whether that is a terminal.
    fn is_terminal(&self) -> bool;
}

/// What a component reads as its standard input.
#[derive(Debug, Default)]
pub enum Stdin {
    /// Nothing.
    #[default]
    Empty,
    /// What the process reads.
    Inherited,
    /// A file, from where it is.
    File(File),
}

/// A folder of the host's that a component may reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preopen {
    /// Where it is.
    pub host: PathBuf,
    /// What the component calls it.
    pub guest: String,
    /// Whether nothing in it may be changed.
    pub is_read_only: bool,
}

/// What a component is given of WASI: by default random numbers and clocks. No address of the
/// network may be reached.
#[derive(Default)]
pub struct Wasi {
    /// Its arguments, the program's name first.
    pub args: Vec<String>,
    /// Its environment.
    pub env: Vec<(String, String)>,
    /// What it may reach of the file system.
    pub preopens: Vec<Preopen>,
    /// What it reads.
    pub stdin: Stdin,
    /// Where it writes; without it, what it writes is dropped.
    pub stdout: Option<Rc<dyn ByteSink>>,
    /// Where it writes what is no data.
    pub stderr: Option<Rc<dyn ByteSink>>,
}

impl Wasi {
    pub(super) fn context(self) -> Result<WasiCtx, ComponentFailure> {
        let mut builder = WasiCtx::builder();
        builder.args(&self.args).envs(&self.env);
        // Its thread waits for it anyway.
        builder.allow_blocking_current_thread(true);
        match self.stdin {
            Stdin::Empty => {}
            Stdin::Inherited => drop(builder.inherit_stdin()),
            Stdin::File(file) => drop(builder.stdin(InputFile::new(file))),
        }
        if let Some(sink) = self.stdout {
            builder.stdout(Sink(ThreadBound(sink)));
        }
        if let Some(sink) = self.stderr {
            builder.stderr(Sink(ThreadBound(sink)));
        }
        for Preopen { host, guest, is_read_only } in &self.preopens {
            let may = if *is_read_only { FsPerms::ReadOnly } else { FsPerms::ReadWrite };
            builder.preopened_dir(host, guest, may).map_err(|error| {
                let host = host.display();
                ComponentFailure::Other(format!("the folder {host} cannot be opened: {error:#}"))
            })?;
        }
        Ok(builder.build())
    }
}

/// A table for what WASI gives the component.
pub(super) fn new_table() -> ResourceTable {
    let mut table = ResourceTable::new();
    table.set_max_capacity(MAX_WASI_RESOURCES);
    table
}

/// A stream to a sink: used by the thread that made it, which runs and waits for the component.
struct Sink(ThreadBound<Rc<dyn ByteSink>>);

impl IsTerminal for Sink {
    fn is_terminal(&self) -> bool {
        self.0.0.is_terminal()
    }
}

impl StdoutStream for Sink {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(Self(ThreadBound(self.0.0.clone())))
    }

    /// What the other previews write to, perhaps from another thread.
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(NotOffered)
    }
}

#[async_trait::async_trait]
impl Pollable for Sink {
    async fn ready(&mut self) {}
}

impl OutputStream for Sink {
    fn write(&mut self, bytes: bytes::Bytes) -> StreamResult<()> {
        self.0.0.write(&bytes).map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => StreamError::Closed,
            _ => StreamError::LastOperationFailed(error.into()),
        })
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_BYTES)
    }
}

/// A stream of another preview than the second.
struct NotOffered;

impl AsyncWrite for NotOffered {
    fn poll_write(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        _bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(io::ErrorKind::Unsupported.into()))
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl std::fmt::Debug for Wasi {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wasi")
            .field("args", &self.args)
            .field("preopens", &self.preopens)
            .finish_non_exhaustive()
    }
}
