//! A connection with its layers: TLS in a tunnel through a proxy that is itself spoken to over TLS, say.

use crate::carrier::Prefixed;
use bytes::Bytes;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// A connection to a server: TCP, and on it up to two layers of TLS and whatever a proxy sent too early.
#[derive(Debug)]
pub struct ClientStream(Layer);

#[derive(Debug)]
enum Layer {
    Tcp(TcpStream),
    /// Bytes that came behind a proxy's answer.
    Prefixed(Box<Prefixed<ClientStream>>),
    Tls(Box<TlsStream<ClientStream>>),
}

impl ClientStream {
    pub(crate) fn from_tcp(stream: TcpStream) -> Self {
        Self(Layer::Tcp(stream))
    }

    pub(super) fn with_prefix(self, prefix: Bytes) -> Self {
        if prefix.is_empty() {
            return self;
        }
        Self(Layer::Prefixed(Box::new(Prefixed::new(prefix, self))))
    }

    pub(super) fn from_tls(stream: TlsStream<Self>) -> Self {
        Self(Layer::Tls(Box::new(stream)))
    }

    /// The TCP connection under it all.
    pub fn tcp(&self) -> &TcpStream {
        let mut layer = &self.0;
        loop {
            layer = match layer {
                Layer::Tcp(stream) => return stream,
                Layer::Prefixed(prefixed) => &prefixed.inner().0,
                Layer::Tls(tls) => &tls.get_ref().0.0,
            };
        }
    }
}

impl AsyncRead for ClientStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.get_mut().0 {
            Layer::Tcp(stream) => Pin::new(stream).poll_read(cx, buffer),
            Layer::Prefixed(stream) => Pin::new(stream).poll_read(cx, buffer),
            Layer::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for ClientStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().0 {
            Layer::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
            Layer::Prefixed(stream) => Pin::new(stream).poll_write(cx, bytes),
            Layer::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().0 {
            Layer::Tcp(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
            Layer::Prefixed(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
            Layer::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().0 {
            Layer::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Layer::Prefixed(stream) => Pin::new(stream).poll_flush(cx),
            Layer::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().0 {
            Layer::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Layer::Prefixed(stream) => Pin::new(stream).poll_shutdown(cx),
            Layer::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
