//! FLV in the messages of a WebSocket, for players that cannot read a body as it comes, and networks that hold such bodies back.
//!
//! Each message from here is the file header or one tag, in binary. A viewer has nothing to say: what it sends is read and forgotten.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use adit_net::http::header::HeaderValue;
use adit_net::http::{HttpBody, Method, Response, StatusCode, header};
use bytes::{Bytes, BytesMut};
use futures_util::{Sink as _, Stream as _};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};
use tracing::debug;

use super::config::Origins;
use super::flv::{End, Feed, Piece};
use super::request::Asked;
use super::stats::Fault;
use super::{cors, reply};
use crate::limits::outputs::{WEBSOCKET_DEAD, WEBSOCKET_MESSAGE, WEBSOCKET_PING, WEBSOCKET_STALL};

/// A WebSocket that is asked for as it should be.
pub(super) struct Upgrade {
    accept: HeaderValue,
}

/// Whether a WebSocket is asked for.
///
/// # Errors
/// The response to one that is asked for in a way that cannot be served [RFC 6455 4.2].
pub(super) fn wanted(
    origins: &Origins,
    asked: &Asked,
) -> Result<Option<Upgrade>, Box<Response<HttpBody>>> {
    let lists = |name, word: &str| {
        let fields = asked.fields.get_all(name).iter();
        let mut words = fields
            .filter_map(|field| field.to_str().ok())
            .flat_map(|field| field.split(','));
        words.any(|listed| listed.trim().eq_ignore_ascii_case(word))
    };
    if !lists(header::UPGRADE, "websocket") || asked.method != Method::GET {
        return Ok(None);
    }
    if asked.field(header::SEC_WEBSOCKET_VERSION) != Some("13") {
        let mut refusal = reply::text(
            StatusCode::UPGRADE_REQUIRED,
            "websocket version 13 is spoken here\n",
        );
        let fields = refusal.headers_mut();
        fields.insert(header::SEC_WEBSOCKET_VERSION, reply::value("13"));
        return Err(Box::new(refusal));
    }
    // 16 bytes in base64.
    let key = asked
        .field(header::SEC_WEBSOCKET_KEY)
        .filter(|key| key.len() == 24);
    let (Some(key), true) = (key, lists(header::CONNECTION, "upgrade")) else {
        let words = "this is no handshake of a websocket\n";
        return Err(Box::new(reply::text(StatusCode::BAD_REQUEST, words)));
    };
    if !cors::may_connect(origins, asked) {
        let words = "pages of this origin may not play from here\n";
        return Err(Box::new(reply::text(StatusCode::FORBIDDEN, words)));
    }
    let accept = HeaderValue::try_from(derive_accept_key(key.as_bytes()));
    let accept = accept.map_err(|_| Box::new(reply::text(StatusCode::BAD_REQUEST, "bad key\n")))?;
    Ok(Some(Upgrade { accept }))
}

impl Upgrade {
    /// Says yes, and plays.
    pub(super) fn answer(self, feed: Feed) -> Response<HttpBody> {
        let body = HttpBody::upgraded(|upgraded| play(upgraded, feed));
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let fields = response.headers_mut();
        fields.insert(header::UPGRADE, reply::value("websocket"));
        fields.insert(header::CONNECTION, reply::value("Upgrade"));
        fields.insert(header::SEC_WEBSOCKET_ACCEPT, self.accept);
        response
    }
}

async fn play<S: AsyncRead + AsyncWrite + Unpin>(connection: S, feed: Feed) {
    let config = WebSocketConfig::default()
        .max_message_size(Some(WEBSOCKET_MESSAGE))
        .max_frame_size(Some(WEBSOCKET_MESSAGE))
        .write_buffer_size(WRITE_BUFFER);
    let socket = WebSocketStream::from_raw_socket(connection, Role::Server, Some(config)).await;
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let now = Instant::now();
    let mut viewer = Viewer {
        socket,
        feed,
        sample: None,
        looks,
        heard: now,
        asked: now,
        blocked: None,
        closing: None,
    };
    poll_fn(|cx| viewer.poll(cx)).await;
}

/// One viewer.
struct Viewer<S> {
    socket: WebSocketStream<S>,
    feed: Feed,
    /// The arrival of a tag whose way is measured, until it is written.
    sample: Option<std::time::Instant>,
    looks: Interval,
    /// When something came.
    heard: Instant,
    /// When it was asked whether it is there.
    asked: Instant,
    /// Since when it takes nothing.
    blocked: Option<Instant>,
    /// Since when there is nothing more to send.
    closing: Option<Instant>,
}

/// Bytes that are gathered before they are written.
const WRITE_BUFFER: usize = 64 * 1024;
/// How often times are looked at.
const LOOK: std::time::Duration = std::time::Duration::from_secs(1);
/// How long the other end has to say goodbye.
const GOODBYE: std::time::Duration = std::time::Duration::from_secs(5);
/// The longest reason that a close frame has room for [RFC 6455 5.5].
const REASON_BYTES: usize = 123;
/// Messages in one turn, each way.
const PER_TURN: usize = 128;

impl<S: AsyncRead + AsyncWrite + Unpin> Viewer<S> {
    /// Ready when it is over.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.listen(cx).is_ready() {
            return Poll::Ready(());
        }
        let sent = self.speak(cx);
        if sent.is_err() {
            return Poll::Ready(());
        }
        while self.looks.poll_tick(cx).is_ready() {
            if self.is_over(cx) {
                return Poll::Ready(());
            }
        }
        Poll::Pending
    }

    /// Reads what the viewer says; ready when it has gone.
    fn listen(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        for _ in 0..PER_TURN {
            match Pin::new(&mut self.socket).poll_next(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Ok(message))) => {
                    self.heard = Instant::now();
                    self.feed.watcher().received(message.len());
                    if message.is_close() {
                        // Answered by the library, with the next flush.
                        self.closing.get_or_insert_with(Instant::now);
                    }
                }
                Poll::Ready(Some(Err(Error::Capacity(_)))) => {
                    self.feed.ticket().count_fault(Fault::Message);
                    self.feed.ends("it sent too long a message");
                    self.close(CloseCode::Size, "this viewer says too much");
                }
                Poll::Ready(Some(Err(error))) => {
                    debug!(%error, "a viewer has gone");
                    return Poll::Ready(());
                }
                Poll::Ready(None) => return Poll::Ready(()),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Sends what there is, while it is taken.
    fn speak(&mut self, cx: &mut Context<'_>) -> Result<(), Error> {
        for _ in 0..PER_TURN {
            if self.closing.is_some() {
                break;
            }
            match Pin::new(&mut self.socket).poll_ready(cx) {
                Poll::Ready(ready) => ready?,
                Poll::Pending => {
                    self.blocked.get_or_insert_with(Instant::now);
                    return Ok(());
                }
            }
            self.blocked = None;
            match self.feed.poll_piece(cx) {
                Poll::Ready(Some(piece)) => {
                    if let Piece::Tag(tag) = &piece {
                        self.sample = self.sample.or(tag.arrival);
                    }
                    let bytes = whole(piece);
                    self.feed.watcher().sent(bytes.len());
                    Pin::new(&mut self.socket).start_send(Message::Binary(bytes))?;
                }
                Poll::Ready(None) => match self.feed.end() {
                    End::OfServer => self.close(CloseCode::Away, "the server stops"),
                    End::Kicked => self.dismiss(),
                    End::TooSlow => {
                        self.close(CloseCode::Policy, "the line is too slow for this stream");
                    }
                    _ => self.close(CloseCode::Normal, "the stream has ended"),
                },
                Poll::Pending => return self.flush(cx),
            }
        }
        if self.closing.is_none() {
            cx.waker().wake_by_ref();
        }
        self.flush(cx)
    }

    fn flush(&mut self, cx: &mut Context<'_>) -> Result<(), Error> {
        match Pin::new(&mut self.socket).poll_flush(cx) {
            Poll::Ready(Err(Error::ConnectionClosed)) if self.closing.is_some() => Ok(()),
            Poll::Ready(flushed) => {
                self.blocked = None;
                if let Some(arrival) = self.sample.take() {
                    self.feed.watcher().delayed(arrival.elapsed());
                }
                flushed
            }
            Poll::Pending => {
                self.blocked.get_or_insert_with(Instant::now);
                Ok(())
            }
        }
    }

    /// Says what the operator says.
    fn dismiss(&mut self) {
        let reason = self.feed.watcher().kick_reason();
        let reason = reason.as_deref().unwrap_or_default();
        let cut = reason.floor_char_boundary(REASON_BYTES);
        self.close(CloseCode::Policy, reason.get(..cut).unwrap_or_default());
    }

    /// Says why it is over, and waits for the other end to have heard it.
    fn close(&mut self, code: CloseCode, reason: &str) {
        if self.closing.is_some() {
            return;
        }
        self.closing = Some(Instant::now());
        let frame = CloseFrame {
            code,
            reason: Utf8Bytes::from(reason),
        };
        let told = Pin::new(&mut self.socket).start_send(Message::Close(Some(frame)));
        if let Err(error) = told {
            debug!(%error, "a viewer was not told why it is over");
        }
    }

    /// Looks at the clock; asks now and then whether somebody is there.
    fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        let now = Instant::now();
        let since = |at: Instant| now.saturating_duration_since(at);
        if self.closing.is_some_and(|at| since(at) >= GOODBYE) {
            return true;
        }
        // Who takes nothing is asked for nothing, and hears of it here.
        if self.feed.watcher().is_kicked() {
            self.dismiss();
        }
        if self.blocked.is_some_and(|at| since(at) >= WEBSOCKET_STALL) {
            self.feed.ticket().count_fault(Fault::Stall);
            self.feed.ends("too slow: it took nothing any more");
            return true;
        }
        if since(self.heard) >= WEBSOCKET_DEAD {
            self.feed.ticket().count_fault(Fault::Dead);
            self.feed.ends("it did not answer any more");
            return true;
        }
        if since(self.asked) >= WEBSOCKET_PING && self.closing.is_none() {
            self.asked = now;
            let mut socket = Pin::new(&mut self.socket);
            if socket.as_mut().poll_ready(cx).is_ready() {
                let asked = socket.as_mut().start_send(Message::Ping(Bytes::new()));
                return asked.is_err() || self.flush(cx).is_err();
            }
        }
        false
    }
}

/// A message has to be in one piece.
fn whole(piece: Piece) -> Bytes {
    match piece {
        Piece::Whole(bytes) => bytes,
        Piece::Tag(tag) => {
            let length = tag.head.len() + tag.body.len() + tag.tail.len();
            let mut bytes = BytesMut::with_capacity(length);
            for part in [&tag.head[..], &tag.body, &tag.tail] {
                bytes.extend_from_slice(part);
            }
            bytes.freeze()
        }
    }
}

#[cfg(test)]
mod tests;
