//! A carrier that is one TCP or TLS connection.

use super::outlet::{Outlet, SharedTcp};
use super::scratch;
use crate::admission::Permit;
use crate::client::ClientStream;
use crate::http::Link;
use crate::limits;
use bytes::{Buf, Bytes};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};
use tokio_rustls::server::TlsStream;

/// A connection that gives back some bytes already read from it before it reads on.
#[derive(Debug)]
pub(crate) struct Prefixed<S> {
    prefix: Bytes,
    inner: S,
}

impl<S> Prefixed<S> {
    pub(crate) fn new(prefix: Bytes, inner: S) -> Self {
        Self { prefix, inner }
    }

    pub(crate) fn inner(&self) -> &S {
        &self.inner
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Prefixed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.prefix.is_empty() {
            return Pin::new(&mut self.inner).poll_read(cx, buffer);
        }
        let count = self.prefix.len().min(buffer.remaining());
        buffer.put_slice(&self.prefix.split_to(count));
        if self.prefix.is_empty() {
            self.prefix = Bytes::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Prefixed<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

/// One connection, plain or encrypted.
#[derive(Debug)]
pub(crate) enum Stream {
    Tcp(SharedTcp),
    Tls(Box<TlsStream<Prefixed<TcpStream>>>),
    /// One we made ourselves.
    Client(Box<ClientStream>),
    /// One from another process of this machine.
    Link(Box<dyn Link>),
}

impl Stream {
    /// The TCP connection under it all, if there is one.
    pub(crate) fn tcp(&self) -> Option<&TcpStream> {
        match self {
            Self::Tcp(tcp) => Some(tcp.get()),
            Self::Tls(tls) => Some(tls.get_ref().0.inner()),
            Self::Client(stream) => Some(stream.tcp()),
            Self::Link(_) => None,
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_read(cx, buffer),
            Self::Tls(tls) => Pin::new(tls).poll_read(cx, buffer),
            Self::Client(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Link(link) => Pin::new(link).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            Self::Tls(tls) => Pin::new(tls).poll_write(cx, bytes),
            Self::Client(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Link(link) => Pin::new(link).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_write_vectored(cx, slices),
            Self::Tls(tls) => Pin::new(tls).poll_write_vectored(cx, slices),
            Self::Client(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
            Self::Link(link) => Pin::new(link).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_flush(cx),
            Self::Tls(tls) => Pin::new(tls).poll_flush(cx),
            Self::Client(stream) => Pin::new(stream).poll_flush(cx),
            Self::Link(link) => Pin::new(link).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Self::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
            Self::Client(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Link(link) => Pin::new(link).poll_shutdown(cx),
        }
    }
}

/// A carrier over one connection.
pub(super) struct SocketCarrier {
    stream: Stream,
    /// Bytes read while finding out what the peer speaks.
    prefix: Bytes,
    received_all: bool,
    closing: Option<Linger>,
    /// The place among the server's connections; one we made ourselves has none.
    _permit: Option<Permit>,
}

impl SocketCarrier {
    pub(super) fn new(stream: Stream, prefix: Bytes, permit: Option<Permit>) -> Self {
        Self {
            stream,
            prefix,
            received_all: false,
            closing: None,
            _permit: permit,
        }
    }

    pub(super) fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<Bytes>>> {
        if !self.prefix.is_empty() {
            return Poll::Ready(Ok(Some(std::mem::take(&mut self.prefix))));
        }
        if self.received_all {
            return Poll::Ready(Ok(None));
        }
        let bytes =
            ready!(scratch::read(&mut self.stream, cx)).or_else(|error| match error.kind() {
                // Many TLS peers just hang up instead of saying that they have finished.
                io::ErrorKind::UnexpectedEof => Ok(None),
                _ => Err(error),
            })?;
        self.received_all = bytes.is_none();
        Poll::Ready(Ok(bytes))
    }

    pub(super) fn poll_send<B: Buf + ?Sized>(
        &mut self,
        cx: &mut Context<'_>,
        out: &mut B,
    ) -> Poll<io::Result<()>> {
        while out.has_remaining() {
            let mut slices = [IoSlice::new(&[]); limits::WRITE_PIECES];
            let pieces = out.chunks_vectored(&mut slices);
            let slices = slices.get(..pieces).unwrap_or_default();
            let count = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, slices))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            out.advance(count);
        }
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    /// The sending side, of a plain connection.
    pub(super) fn outlet(&self) -> Option<&Outlet> {
        match &self.stream {
            Stream::Tcp(tcp) => Some(tcp.outlet()),
            Stream::Tls(_) | Stream::Client(_) | Stream::Link(_) => None,
        }
    }

    pub(super) fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Of a peer that has finished nothing can come that would reset the connection: dropping it says goodbye.
        if self.received_all && matches!(self.stream, Stream::Tcp(_)) {
            return Poll::Ready(Ok(()));
        }
        self.closing
            .get_or_insert_with(Linger::new)
            .poll(cx, &mut self.stream)
    }
}

/// Says goodbye, then waits until the peer has finished too, throwing away what it still sends; all that for a
/// bounded time.
///
/// Closing a socket that has unread bytes resets the connection, and a reset may overtake the last bytes
/// sent: the very ones that tell the peer why it is refused.
pub(crate) struct Linger {
    deadline: Pin<Box<Sleep>>,
    shut: bool,
    left: usize,
}

impl Linger {
    pub(crate) fn new() -> Self {
        let deadline = Box::pin(tokio::time::sleep_until(Instant::now() + limits::LINGER));
        Self {
            deadline,
            shut: false,
            left: limits::LINGER_BYTES,
        }
    }

    pub(crate) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut Stream,
    ) -> Poll<io::Result<()>> {
        if self.deadline.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Ok(()));
        }
        if !self.shut {
            ready!(Pin::new(&mut *stream).poll_shutdown(cx))?;
            self.shut = true;
        }
        while self.left > 0 {
            match ready!(scratch::read(stream, cx)) {
                Ok(Some(bytes)) => self.left = self.left.saturating_sub(bytes.len()),
                Ok(None) | Err(_) => break,
            }
        }
        Poll::Ready(Ok(()))
    }
}
