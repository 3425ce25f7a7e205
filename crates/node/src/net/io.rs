//! A connected socket of either kind, used by reference: reading and writing go on side by side.

use std::io::Result;
use std::net::{Shutdown, SocketAddr};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpStream, UnixStream};

/// A connection.
#[derive(Debug)]
pub(super) enum Io {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Io {
    pub(super) async fn readable(&self) -> Result<()> {
        match self {
            Self::Tcp(stream) => stream.readable().await,
            Self::Unix(stream) => stream.readable().await,
        }
    }

    async fn writable(&self) -> Result<()> {
        match self {
            Self::Tcp(stream) => stream.writable().await,
            Self::Unix(stream) => stream.writable().await,
        }
    }

    pub(super) fn try_read(&self, into: &mut [u8]) -> Result<usize> {
        match self {
            Self::Tcp(stream) => stream.try_read(into),
            Self::Unix(stream) => stream.try_read(into),
        }
    }

    pub(super) fn try_write(&self, bytes: &[u8]) -> Result<usize> {
        match self {
            Self::Tcp(stream) => stream.try_write(bytes),
            Self::Unix(stream) => stream.try_write(bytes),
        }
    }

    /// Writes all, waiting for room.
    pub(super) async fn write_all(&self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            self.writable().await?;
            match self.try_write(bytes) {
                Ok(written) => bytes = &bytes[written..],
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn socket(&self) -> SockRef<'_> {
        match self {
            Self::Tcp(stream) => SockRef::from(stream),
            Self::Unix(stream) => SockRef::from(stream),
        }
    }

    /// Nothing more will be written.
    pub(super) fn end(&self) -> Result<()> {
        self.socket().shutdown(Shutdown::Write)
    }

    /// The other side is told that what it sends is lost, once this is closed.
    pub(super) fn reset_on_close(&self) -> Result<()> {
        self.socket().set_linger(Some(Duration::ZERO))
    }

    pub(super) fn set_no_delay(&self, is_on: bool) -> Result<()> {
        match self {
            Self::Tcp(stream) => stream.set_nodelay(is_on),
            Self::Unix(_) => Ok(()),
        }
    }

    /// Has the system look whether the other side is still there, after such a silence.
    pub(super) fn set_keep_alive(&self, after: Option<Duration>) -> Result<()> {
        let Self::Tcp(_) = self else { return Ok(()) };
        let socket = self.socket();
        socket.set_keepalive(after.is_some())?;
        match after {
            Some(after) if !after.is_zero() => {
                socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(after))
            }
            _ => Ok(()),
        }
    }

    /// Where it leads, where that is an address.
    pub(super) fn peer(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(stream) => stream.peer_addr().ok(),
            Self::Unix(_) => None,
        }
    }

    pub(super) fn local(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(stream) => stream.local_addr().ok(),
            Self::Unix(_) => None,
        }
    }
}
