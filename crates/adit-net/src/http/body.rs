//! Bodies of requests and responses.

use super::exchange::Exchange;
use adit_rtmpt::ReplyBody;
use bytes::{Buf, Bytes};
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use std::fmt;
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
    Streamed(UnsyncBoxBody<Bytes, io::Error>),
}

impl HttpBody {
    /// A body that comes as it is made, of unknown length unless `body` knows it.
    pub fn streamed<B>(body: B) -> Self
    where
        B: Body<Data = Bytes, Error = io::Error> + Send + 'static,
    {
        Self(Kind::Streamed(UnsyncBoxBody::new(body)))
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
    type Data = Piece;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Piece>, io::Error>>> {
        let piece = match &mut self.body.0 {
            Kind::Streamed(body) => {
                let frame = Pin::new(body).poll_frame(cx);
                return frame.map_ok(|frame| frame.map_data(Piece::Bytes));
            }
            Kind::Empty => return Poll::Ready(None),
            Kind::Whole(bytes) => Piece::Bytes(std::mem::take(bytes)),
            Kind::Reply(body) => Piece::Reply(std::mem::take(body)),
        };
        self.body.0 = Kind::Empty;
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        match &self.body.0 {
            Kind::Empty => true,
            Kind::Whole(_) | Kind::Reply(_) => false,
            Kind::Streamed(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        let exactly = |length: usize| SizeHint::with_exact(length as u64);
        match &self.body.0 {
            Kind::Empty => exactly(0),
            Kind::Whole(bytes) => exactly(bytes.len()),
            Kind::Reply(body) => exactly(body.remaining()),
            Kind::Streamed(body) => body.size_hint(),
        }
    }
}

/// Bytes of a response: of one piece, or of the many a tunnel reply shares with the queue they came from.
pub(super) enum Piece {
    Bytes(Bytes),
    Reply(ReplyBody),
}

impl Buf for Piece {
    fn remaining(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.remaining(),
            Self::Reply(body) => body.remaining(),
        }
    }

    fn chunk(&self) -> &[u8] {
        match self {
            Self::Bytes(bytes) => bytes.chunk(),
            Self::Reply(body) => body.chunk(),
        }
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.chunks_vectored(slices),
            Self::Reply(body) => body.chunks_vectored(slices),
        }
    }

    fn advance(&mut self, count: usize) {
        match self {
            Self::Bytes(bytes) => bytes.advance(count),
            Self::Reply(body) => body.advance(count),
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
