//! Questions over one HTTP/1 connection that can be taken back afterwards, with every byte that came too early.

use super::limits;
use super::stream::ClientStream;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, Connection, SendRequest};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::error::Error as _;
use std::future::{Future, poll_fn};
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// One HTTP/1 connection to a proxy or server, driven by whoever waits for its answer.
pub(super) struct HttpConnection {
    sender: SendRequest<Full<Bytes>>,
    line: Line,
    /// Whether an answer has come over it.
    pub(super) used: bool,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum HttpFailure {
    #[error("its answer has a head of more than {} bytes", limits::HEAD_BYTES)]
    HeadTooLarge,
    #[error("what it says is not HTTP")]
    NotHttp,
    #[error("it hung up without an answer")]
    HungUp,
}

impl From<hyper::Error> for HttpFailure {
    fn from(error: hyper::Error) -> Self {
        if error.is_parse_too_large() {
            Self::HeadTooLarge
        } else if error.is_parse() {
            Self::NotHttp
        } else {
            Self::HungUp
        }
    }
}

/// Why a body is not whole. Lengths of chunks that are none are what the library calls input that is not valid.
fn of_body(error: &hyper::Error) -> HttpFailure {
    let source = error
        .source()
        .and_then(|source| source.downcast_ref::<io::Error>());
    match source.map(io::Error::kind) {
        Some(io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData) => HttpFailure::NotHttp,
        _ => HttpFailure::HungUp,
    }
}

impl HttpConnection {
    pub(super) async fn open(stream: ClientStream) -> Result<Self, HttpFailure> {
        Self::open_counted(stream, &Moved::default()).await
    }

    /// The same for somebody who wants to know whether bytes move.
    pub(super) async fn open_counted(
        stream: ClientStream,
        moved: &Moved,
    ) -> Result<Self, HttpFailure> {
        let stream = Counted {
            stream,
            moved: moved.clone(),
        };
        let (sender, connection) = http1::Builder::new()
            .max_buf_size(limits::HEAD_BYTES)
            .max_headers(limits::HEAD_FIELDS)
            .allow_spaces_after_header_name_in_responses(true)
            .allow_obsolete_multiline_headers_in_responses(true)
            .title_case_headers(true)
            .handshake(TokioIo::new(stream))
            .await?;
        Ok(Self {
            sender,
            line: Line {
                connection,
                ended: None,
            },
            used: false,
        })
    }

    /// The head of the answer.
    pub(super) async fn ask(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, HttpFailure> {
        if !self.is_ready().await {
            // A kept connection may end in any way.
            let failure = self.line.ended.filter(|_| !self.used);
            return Err(failure.unwrap_or(HttpFailure::HungUp));
        }
        let mut answer = pin!(self.sender.send_request(request));
        let line = &mut self.line;
        let response = poll_fn(|cx| {
            line.drive(cx);
            match answer.as_mut().poll(cx) {
                Poll::Pending if line.ended.is_some() => Poll::Ready(Err(HttpFailure::HungUp)),
                answer => answer.map_err(HttpFailure::from),
            }
        })
        .await?;
        self.used = true;
        Ok(response)
    }

    /// A body of at most `limit` bytes; `None` if it is longer or breaks off.
    pub(super) async fn body(&mut self, body: Incoming, limit: usize) -> Option<Vec<u8>> {
        let content = self.part(body, limit.saturating_add(1)).await.ok()?;
        (content.len() <= limit).then_some(content)
    }

    /// The first `limit` bytes of a body, or all of a shorter one.
    pub(super) async fn part(
        &mut self,
        body: Incoming,
        limit: usize,
    ) -> Result<Vec<u8>, HttpFailure> {
        let mut body = pin!(body);
        let mut content = Vec::new();
        let line = &mut self.line;
        loop {
            let mut frame = body.frame();
            let frame = poll_fn(|cx| {
                // The frame first: the connection may have ended with it.
                if let Poll::Ready(frame) = pin!(&mut frame).poll(cx) {
                    return Poll::Ready(Some(frame));
                }
                line.drive(cx);
                match pin!(&mut frame).poll(cx) {
                    Poll::Pending if line.ended.is_some() => Poll::Ready(None),
                    frame => frame.map(Some),
                }
            })
            .await;
            match frame {
                None => return Err(HttpFailure::HungUp),
                Some(Some(Err(error))) => return Err(of_body(&error)),
                Some(None) => return Ok(content),
                Some(Some(Ok(frame))) => {
                    let data = frame.into_data().unwrap_or_default();
                    let room = limit.saturating_sub(content.len()).min(data.len());
                    content.extend(data.iter().take(room));
                    if content.len() >= limit {
                        return Ok(content);
                    }
                }
            }
        }
    }

    /// Whether another question can be asked.
    pub(super) async fn is_ready(&mut self) -> bool {
        let (line, sender) = (&mut self.line, &mut self.sender);
        poll_fn(|cx| {
            line.drive(cx);
            if line.ended.is_some() {
                return Poll::Ready(false);
            }
            sender.poll_ready(cx).map(|ready| ready.is_ok())
        })
        .await
    }

    /// The connection itself, once its last answer was the end of HTTP on it.
    pub(super) fn into_stream(self) -> ClientStream {
        let parts = self.line.connection.into_parts();
        parts.io.into_inner().stream.with_prefix(parts.read_buf)
    }
}

/// What works beneath questions and answers.
struct Line {
    connection: Connection<TokioIo<Counted>, Full<Bytes>>,
    /// Once it has ended, what that means for a question that was not asked yet.
    ended: Option<HttpFailure>,
}

impl Line {
    /// Lets the connection work. What goes wrong with a question under way its answer tells.
    fn drive(&mut self, cx: &mut Context<'_>) {
        if self.ended.is_none()
            && let Poll::Ready(end) = self.connection.poll_without_shutdown(cx)
        {
            // With nothing under way there are three errors: one that the stream gave, an end before the first
            // question, and bytes that nobody asked for.
            let is_unasked =
                end.is_err_and(|error| error.source().is_none() && !error.is_incomplete_message());
            self.ended = Some(if is_unasked {
                HttpFailure::NotHttp
            } else {
                HttpFailure::HungUp
            });
        }
    }
}

/// How many bytes have moved over a connection. Clones share the counts.
#[derive(Debug, Clone, Default)]
pub(super) struct Moved(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    read: AtomicU64,
    written: AtomicU64,
}

impl Moved {
    /// Both ways.
    pub(super) fn bytes(&self) -> u64 {
        self.read() + self.0.written.load(Ordering::Relaxed)
    }

    /// From the other side.
    pub(super) fn read(&self) -> u64 {
        self.0.read.load(Ordering::Relaxed)
    }
}

/// A stream that counts what moves.
#[derive(Debug)]
struct Counted {
    stream: ClientStream,
    moved: Moved,
}

impl Counted {
    fn counted(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(count)) = &written {
            let Moved(counts) = &self.moved;
            counts.written.fetch_add(*count as u64, Ordering::Relaxed);
        }
        written
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(cx, buffer);
        let count = buffer.filled().len().saturating_sub(before);
        let Moved(counts) = &this.moved;
        counts.read.fetch_add(count as u64, Ordering::Relaxed);
        read
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.counted(written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write_vectored(cx, slices);
        this.counted(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests;
