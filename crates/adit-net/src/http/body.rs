//! Bodies of requests and responses.

use super::exchange::Exchange;
use super::upgrade::{Upgrade, Upgraded};
use adit_rtmpt::ReplyBody;
use bytes::{Buf, Bytes};
use http_body_util::BodyExt as _;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use std::fmt;
use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// The body of a response.
#[derive(Default)]
pub struct HttpBody(Kind);

#[derive(Default)]
enum Kind {
    #[default]
    Empty,
    Whole(Bytes),
    Reply(ReplyBody),
    Streamed(UnsyncBoxBody<HttpPiece, io::Error>),
    Upgrade(Upgrade),
}

impl HttpBody {
    /// A body that comes as it is made, of unknown length unless `body` knows it.
    ///
    /// The next piece is asked for only while the peer takes what there is: a slow peer makes `body` wait. One that takes nothing
    /// for [`WRITE_STALL`](crate::limits::WRITE_STALL) loses its connection.
    pub fn streamed<B>(body: B) -> Self
    where
        B: Body<Error = io::Error> + Send + 'static,
        B::Data: Into<HttpPiece>,
    {
        let pieces = body.map_frame(|frame| frame.map_data(Into::into));
        Self(Kind::Streamed(UnsyncBoxBody::new(pieces)))
    }

    /// The connection itself, for another protocol: what `then` gives is run once a response with status 101 is out. With any
    /// other status it is never called, and the body is empty.
    pub fn upgraded<F>(then: impl FnOnce(Upgraded) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self(Kind::Upgrade(Upgrade::new(then)))
    }

    /// What is to follow the response, if that is a change of protocol.
    pub(super) fn take_upgrade(&mut self) -> Option<Upgrade> {
        match std::mem::take(&mut self.0) {
            Kind::Upgrade(upgrade) => Some(upgrade),
            other => {
                self.0 = other;
                None
            }
        }
    }

    pub(super) fn reply(body: ReplyBody) -> Self {
        Self(if body.has_remaining() {
            Kind::Reply(body)
        } else {
            Kind::Empty
        })
    }
}

impl From<Bytes> for HttpBody {
    fn from(bytes: Bytes) -> Self {
        Self(if bytes.has_remaining() {
            Kind::Whole(bytes)
        } else {
            Kind::Empty
        })
    }
}

impl fmt::Debug for HttpBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpBody").finish_non_exhaustive()
    }
}

/// A response body on its way; dropping it means that the response is out.
pub(super) struct ResponseBody {
    body: HttpBody,
    exchange: Arc<Exchange>,
}

impl ResponseBody {
    pub(super) fn new(body: HttpBody, exchange: Arc<Exchange>) -> Self {
        Self { body, exchange }
    }
}

impl Drop for ResponseBody {
    fn drop(&mut self) {
        self.exchange.responded();
    }
}

impl Body for ResponseBody {
    type Data = HttpPiece;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<HttpPiece>, io::Error>>> {
        let piece = match &mut self.body.0 {
            Kind::Streamed(body) => return Pin::new(body).poll_frame(cx),
            Kind::Empty | Kind::Upgrade(_) => return Poll::Ready(None),
            Kind::Whole(bytes) => Piece::Bytes(std::mem::take(bytes)),
            Kind::Reply(body) => Piece::Reply(std::mem::take(body)),
        };
        self.body.0 = Kind::Empty;
        Poll::Ready(Some(Ok(Frame::data(HttpPiece(piece)))))
    }

    fn is_end_stream(&self) -> bool {
        match &self.body.0 {
            Kind::Empty | Kind::Upgrade(_) => true,
            Kind::Whole(_) | Kind::Reply(_) => false,
            Kind::Streamed(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        let exactly = |length: usize| SizeHint::with_exact(length as u64);
        match &self.body.0 {
            Kind::Empty | Kind::Upgrade(_) => exactly(0),
            Kind::Whole(bytes) => exactly(bytes.len()),
            Kind::Reply(body) => exactly(body.remaining()),
            Kind::Streamed(body) => body.size_hint(),
        }
    }
}

/// Bytes of a response that go out together.
pub struct HttpPiece(Piece);

enum Piece {
    Bytes(Bytes),
    /// The many that a tunnel reply shares with the queue they came from.
    Reply(ReplyBody),
    Framed(Framed),
}

/// Shared bytes between a few that need no memory of their own.
struct Framed {
    head: Few,
    body: Bytes,
    tail: Few,
}

/// A few bytes, in place.
#[derive(Clone, Copy)]
struct Few {
    bytes: [u8; FEW],
    at: u8,
    end: u8,
}

/// The most bytes before and behind shared ones.
const FEW: usize = 14;

impl HttpPiece {
    /// Bytes that are shared between a few that are not, at most 14 on each side: nothing is copied to the heap. `None` if there
    /// are more.
    pub fn framed(head: &[u8], body: Bytes, tail: &[u8]) -> Option<Self> {
        let (head, tail) = (Few::new(head)?, Few::new(tail)?);
        Some(Self(Piece::Framed(Framed { head, body, tail })))
    }
}

impl From<Bytes> for HttpPiece {
    fn from(bytes: Bytes) -> Self {
        Self(Piece::Bytes(bytes))
    }
}

impl fmt::Debug for HttpPiece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpPiece")
            .field("bytes", &self.remaining())
            .finish()
    }
}

impl Few {
    fn new(few: &[u8]) -> Option<Self> {
        let mut bytes = [0; FEW];
        bytes.get_mut(..few.len())?.copy_from_slice(few);
        let end = u8::try_from(few.len()).ok()?;
        Some(Self { bytes, at: 0, end })
    }

    fn rest(&self) -> &[u8] {
        let range = usize::from(self.at)..usize::from(self.end);
        self.bytes.get(range).unwrap_or_default()
    }

    /// Takes up to so many; says how many are left to be taken elsewhere.
    fn take(&mut self, count: usize) -> usize {
        let taken = count.min(self.rest().len());
        let step = u8::try_from(taken).unwrap_or(u8::MAX);
        self.at = self.at.saturating_add(step);
        count.saturating_sub(taken)
    }
}

impl Framed {
    fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        let pieces = [self.head.rest(), self.body.chunk(), self.tail.rest()];
        pieces.into_iter().filter(|piece| !piece.is_empty())
    }

    fn advance(&mut self, count: usize) {
        let count = self.head.take(count);
        let of_body = count.min(self.body.len());
        self.body.advance(of_body);
        self.tail.take(count.saturating_sub(of_body));
    }
}

impl Buf for HttpPiece {
    fn remaining(&self) -> usize {
        match &self.0 {
            Piece::Bytes(bytes) => bytes.remaining(),
            Piece::Reply(body) => body.remaining(),
            Piece::Framed(framed) => framed.pieces().map(<[u8]>::len).sum(),
        }
    }

    fn chunk(&self) -> &[u8] {
        match &self.0 {
            Piece::Bytes(bytes) => bytes.chunk(),
            Piece::Reply(body) => body.chunk(),
            Piece::Framed(framed) => framed.pieces().next().unwrap_or_default(),
        }
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        match &self.0 {
            Piece::Bytes(bytes) => bytes.chunks_vectored(slices),
            Piece::Reply(body) => body.chunks_vectored(slices),
            Piece::Framed(framed) => {
                let mut used = 0;
                for (slice, piece) in slices.iter_mut().zip(framed.pieces()) {
                    *slice = IoSlice::new(piece);
                    used += 1;
                }
                used
            }
        }
    }

    fn advance(&mut self, count: usize) {
        match &mut self.0 {
            Piece::Bytes(bytes) => bytes.advance(count),
            Piece::Reply(body) => body.advance(count),
            Piece::Framed(framed) => framed.advance(count),
        }
    }
}

/// The body of a request, read as it comes.
pub struct RequestBody(pub(super) Incoming);

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        Pin::new(&mut self.0).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

impl fmt::Debug for RequestBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBody").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
