//! The connection as the HTTP library sees it: one request at a time, never more.

use super::exchange::{Exchange, Phase};
use super::framing::{ambiguity, head_end};
use crate::carrier::{Stream, read};
use crate::limits;
use crate::listener::acknowledge_now;
use bytes::{Buf, Bytes, BytesMut};
use hyper::rt::{self, ReadBufCursor};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::AsyncWrite;

/// Feeds whole heads and then exactly their bodies.
///
/// Bytes behind the current request stay here until its response is out. That they have come at all is noted in the
/// [`Exchange`].
pub(super) struct RequestIo {
    stream: Stream,
    /// Read, but not handed on.
    inbound: Bytes,
    /// The peer has finished sending.
    ended: bool,
    /// Something was read that the kernel may not have acknowledged yet.
    unacknowledged: bool,
    exchange: Arc<Exchange>,
}

impl RequestIo {
    pub(super) fn new(stream: Stream, prefix: Bytes, exchange: Arc<Exchange>) -> Self {
        Self {
            stream,
            unacknowledged: !prefix.is_empty(),
            inbound: prefix,
            ended: false,
            exchange,
        }
    }

    /// The connection, and what was read of it but not handed on.
    pub(super) fn into_parts(self) -> (Stream, Bytes) {
        (self.stream, self.inbound)
    }

    /// Reads more into `inbound`.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.ended {
            return Poll::Ready(Ok(()));
        }
        let bytes = ready!(read(&mut self.stream, cx))?;
        self.unacknowledged = true;
        match bytes {
            None => self.ended = true,
            Some(bytes) if self.inbound.is_empty() => self.inbound = bytes,
            Some(bytes) => {
                let mut both = BytesMut::with_capacity(self.inbound.len() + bytes.len());
                both.extend_from_slice(&self.inbound);
                both.extend_from_slice(&bytes);
                self.inbound = both.freeze();
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Reads more of a request that is not whole.
    ///
    /// While nothing comes, what did come is acknowledged, for the peer may wait for that. A request that is whole is
    /// acknowledged by its response, which costs no packet of its own.
    fn poll_rest(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let filled = self.poll_fill(cx);
        if filled.is_pending()
            && std::mem::take(&mut self.unacknowledged)
            && let Some(tcp) = self.stream.tcp()
        {
            acknowledge_now(tcp);
        }
        filled
    }

    /// Hands up to `limit` of the bytes at hand to the library.
    fn hand_over(&mut self, mut to: ReadBufCursor<'_>, limit: usize) -> usize {
        let count = limit.min(self.inbound.len()).min(to.remaining());
        to.put_slice(&self.inbound.split_to(count));
        if self.inbound.is_empty() {
            // Let go of the memory it was read into.
            self.inbound = Bytes::new();
        }
        count
    }

    /// Waits until a head is whole. Ready also at its limit and at the end of the stream.
    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            if let Some(length) = head_end(&self.inbound) {
                let found = ambiguity(self.inbound.get(..length).unwrap_or_default());
                self.exchange.head_arrived(length, found);
                return Poll::Ready(Ok(()));
            }
            if self.ended || self.inbound.len() > limits::HEADER_BYTES {
                // The library finds the words for what is wrong with it.
                self.exchange.head_arrived(self.inbound.len(), None);
                return Poll::Ready(Ok(()));
            }
            if self.inbound.has_remaining() {
                self.exchange.head_began();
                ready!(self.poll_rest(cx))?;
            } else {
                ready!(self.poll_fill(cx))?;
            }
        }
    }

    /// Watches for anything that comes after the request that is being served: another request, or the end of the
    /// stream, which may be the end of one direction only.
    fn poll_watch(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.inbound.is_empty() && !self.ended {
            ready!(self.poll_fill(cx))?;
        }
        self.exchange.follow(cx);
        Poll::Pending
    }

    fn poll_body(&mut self, cx: &mut Context<'_>, to: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        if self.inbound.is_empty() {
            match self.poll_rest(cx) {
                Poll::Ready(result) => result?,
                Poll::Pending => {
                    self.exchange.body_awaited();
                    return Poll::Pending;
                }
            }
        }
        let room = self.inbound.len().min(to.remaining());
        let count = self
            .exchange
            .take_body(self.inbound.get(..room).unwrap_or_default())
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        self.hand_over(to, count);
        Poll::Ready(Ok(()))
    }
}

impl rt::Read for RequestIo {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        to: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if matches!(
            this.exchange.phase(),
            Phase::Idle { .. } | Phase::Head { .. }
        ) {
            ready!(this.poll_head(cx))?;
        }
        match this.exchange.phase() {
            Phase::Parsing { left: 0 } if this.ended => Poll::Ready(Ok(())),
            // The parser sees no end where we saw one, so nobody knows where the body begins.
            Phase::Parsing { left: 0 } => Poll::Ready(Err(io::ErrorKind::InvalidData.into())),
            Phase::Parsing { left } => {
                let count = this.hand_over(to, left);
                this.exchange.head_taken(count);
                Poll::Ready(Ok(()))
            }
            Phase::Body { .. } => this.poll_body(cx, to),
            Phase::Serving => this.poll_watch(cx),
            // The head was just awaited.
            Phase::Idle { .. } | Phase::Head { .. } => Poll::Pending,
        }
    }
}

impl RequestIo {
    /// Notes whether the peer takes what is written.
    fn note<T>(&self, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        match &result {
            Poll::Pending => self.exchange.write_blocked(),
            Poll::Ready(_) => self.exchange.write_progressed(),
        }
        result
    }
}

impl rt::Write for RequestIo {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.note(result)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_flush(cx);
        self.note(result)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.note(result)
    }
}
