//! Questions over one HTTP/1 connection that can be taken back afterwards, with every byte that came too early.

use super::limits;
use super::stream::ClientStream;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, Connection, SendRequest};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll};

/// One HTTP/1 connection to a proxy or server, driven by whoever waits for its answer.
pub(super) struct HttpConnection {
    sender: SendRequest<Full<Bytes>>,
    connection: Connection<TokioIo<ClientStream>, Full<Bytes>>,
    ended: bool,
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

impl HttpConnection {
    pub(super) async fn open(stream: ClientStream) -> Result<Self, HttpFailure> {
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
            connection,
            ended: false,
            used: false,
        })
    }

    /// The head of the answer.
    pub(super) async fn ask(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, HttpFailure> {
        if !self.is_ready().await {
            return Err(HttpFailure::HungUp);
        }
        let mut answer = pin!(self.sender.send_request(request));
        let (connection, ended) = (&mut self.connection, &mut self.ended);
        let response = poll_fn(|cx| {
            drive(connection, ended, cx);
            match answer.as_mut().poll(cx) {
                Poll::Pending if *ended => Poll::Ready(Err(HttpFailure::HungUp)),
                answer => answer.map_err(HttpFailure::from),
            }
        })
        .await?;
        self.used = true;
        Ok(response)
    }

    /// A body of at most `limit` bytes; `None` if it is longer or breaks off.
    pub(super) async fn body(&mut self, body: Incoming, limit: usize) -> Option<Vec<u8>> {
        let content = self.part(body, limit.saturating_add(1)).await?;
        (content.len() <= limit).then_some(content)
    }

    /// The first `limit` bytes of a body, or all of a shorter one; `None` if it breaks off before.
    pub(super) async fn part(&mut self, body: Incoming, limit: usize) -> Option<Vec<u8>> {
        let mut body = pin!(body);
        let mut content = Vec::new();
        let (connection, ended) = (&mut self.connection, &mut self.ended);
        loop {
            let mut frame = body.frame();
            let frame = poll_fn(|cx| {
                // The frame first: the connection may have ended with it.
                if let Poll::Ready(frame) = pin!(&mut frame).poll(cx) {
                    return Poll::Ready(Some(frame));
                }
                drive(connection, ended, cx);
                match pin!(&mut frame).poll(cx) {
                    Poll::Pending if *ended => Poll::Ready(None),
                    frame => frame.map(Some),
                }
            })
            .await;
            match frame {
                None | Some(Some(Err(_))) => return None,
                Some(None) => return Some(content),
                Some(Some(Ok(frame))) => {
                    let data = frame.into_data().unwrap_or_default();
                    let room = limit.saturating_sub(content.len()).min(data.len());
                    content.extend(data.iter().take(room));
                    if content.len() >= limit {
                        return Some(content);
                    }
                }
            }
        }
    }

    /// Whether another question can be asked.
    pub(super) async fn is_ready(&mut self) -> bool {
        let (connection, ended, sender) = (&mut self.connection, &mut self.ended, &mut self.sender);
        poll_fn(|cx| {
            drive(connection, ended, cx);
            if *ended {
                return Poll::Ready(false);
            }
            sender.poll_ready(cx).map(|ready| ready.is_ok())
        })
        .await
    }

    /// The connection itself, once its last answer was the end of HTTP on it.
    pub(super) fn into_stream(self) -> ClientStream {
        let parts = self.connection.into_parts();
        parts.io.into_inner().with_prefix(parts.read_buf)
    }
}

/// Lets the connection work. What goes wrong there the answer tells.
fn drive(
    connection: &mut Connection<TokioIo<ClientStream>, Full<Bytes>>,
    ended: &mut bool,
    cx: &mut Context<'_>,
) {
    if !*ended && connection.poll_without_shutdown(cx).is_ready() {
        *ended = true;
    }
}
