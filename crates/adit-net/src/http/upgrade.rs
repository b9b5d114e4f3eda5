//! A connection that goes on with another protocol than HTTP.

use crate::carrier::{Prefixed, Stream};
use bytes::{Bytes, BytesMut};
use std::fmt;
use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A connection after a response with status 101, beginning with what came behind the request.
///
/// HTTP's deadlines do not hold any more: how long the peer may be silent, or take nothing, is up to whoever has it. It is cut
/// off when the acceptor is dropped, and waited for when the acceptor is closed.
#[derive(Debug)]
pub struct Upgraded(Prefixed<Stream>);

impl Upgraded {
    pub(super) fn new(stream: Stream, parsed: &Bytes, unparsed: &Bytes) -> Self {
        let mut early = BytesMut::with_capacity(parsed.len().saturating_add(unparsed.len()));
        early.extend_from_slice(parsed);
        early.extend_from_slice(unparsed);
        Self(Prefixed::new(early.freeze(), stream))
    }
}

impl AsyncRead for Upgraded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Upgraded {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

type Then = Box<dyn FnOnce(Upgraded) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// What becomes of a connection that changes its protocol.
pub(super) struct Upgrade(Then);

impl Upgrade {
    pub(super) fn new<F>(then: impl FnOnce(Upgraded) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self(Box::new(|upgraded| Box::pin(then(upgraded))))
    }

    pub(super) async fn run(self, upgraded: Upgraded) {
        (self.0)(upgraded).await;
    }
}

impl fmt::Debug for Upgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upgrade").finish_non_exhaustive()
    }
}
