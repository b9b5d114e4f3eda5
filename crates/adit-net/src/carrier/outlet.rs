//! A TCP connection whose sending side can be lent.

use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// The sending side of a carrier, for somebody who sends the same to many.
///
/// It is lent: as long as it is used the carrier itself sends nothing.
#[derive(Clone, Debug)]
pub struct Outlet(Arc<OwnedWriteHalf>);

impl Outlet {
    /// Hands pieces to the kernel; gives how many bytes it took, which may be fewer than there are.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::WouldBlock`] when the peer has to take some first; then nobody is woken, and the carrier, when it sends
    /// again, waits for that. Any other: the connection is broken.
    pub fn try_send(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.as_ref().as_ref().try_write_vectored(pieces)
    }
}

/// A connection that may have an [`Outlet`].
#[derive(Debug)]
pub(crate) struct SharedTcp {
    read: OwnedReadHalf,
    write: Outlet,
}

impl SharedTcp {
    pub(crate) fn new(tcp: TcpStream) -> Self {
        let (read, write) = tcp.into_split();
        let write = Outlet(Arc::new(write));
        Self { read, write }
    }

    pub(crate) fn get(&self) -> &TcpStream {
        self.read.as_ref()
    }

    pub(super) fn outlet(&self) -> &Outlet {
        &self.write
    }

    /// Does `attempt` as soon as the connection may be ready for it.
    fn poll_send(
        &self,
        cx: &mut Context<'_>,
        attempt: impl Fn(&TcpStream) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.get().poll_write_ready(cx))?;
            match attempt(self.get()) {
                // It was not; now that this is known, one is woken when it is.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return Poll::Ready(done),
            }
        }
    }
}

impl AsyncRead for SharedTcp {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.read).poll_read(cx, buffer)
    }
}

impl AsyncWrite for SharedTcp {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_send(cx, |tcp| tcp.try_write(bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_send(cx, |tcp| tcp.try_write_vectored(slices))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(match SockRef::from(self.get()).shutdown(Shutdown::Write) {
            // The peer has cut it off.
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
            done => done,
        })
    }
}
