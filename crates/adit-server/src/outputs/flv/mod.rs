//! A live stream as one FLV file without end.
//!
//! ```text
//! broker ─▶ Subscription ─▶ Feed ─▶ header, tag, tag … ─▶ body of the response
//!                            └ waits while the viewer does not take what there is; then the cursor falls behind, and past the limit
//!                              it jumps to a key frame, as that of any player
//! ```

mod clock;
mod feed;
mod opening;

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use adit_net::http::{HttpBody, HttpPiece, Method, Response, header};
use bytes::Buf as _;
use hyper::body::{Body, Frame};

pub(super) use self::feed::{End, Feed, Piece};
use super::access::Play;
use super::place::Places;
use super::request::Asked;
use super::watcher::Watcher;
use super::{Inner, reply, websocket};
use crate::control::{Origin, Way};

/// The type of FLV; there is no registered one.
const FLV: &str = "video/x-flv";

pub(super) async fn answer(
    outputs: &Arc<Inner>,
    asked: &Asked,
    places: &Places,
) -> Response<HttpBody> {
    let upgrade = match websocket::wanted(&outputs.live.now().outputs.origins, asked) {
        Ok(upgrade) => upgrade,
        Err(refusal) => return *refusal,
    };
    let play = upgrade
        .as_ref()
        .map_or(Play::HttpFlv, |_| Play::WebSocketFlv);
    let place = match outputs.find(asked, places, play).await {
        Ok(place) => place,
        Err(refusal) => return *refusal,
    };
    if asked.method == Method::HEAD {
        return if outputs.broker.is_published(&place.key) {
            reply::media(FLV, HttpBody::default())
        } else {
            reply::not_live()
        };
    }
    if outputs.phase.refuses_strangers() {
        return reply::leaving();
    }
    let settings = outputs.live.now();
    let Some(ticket) = outputs.stats.admit(settings.outputs.viewers) else {
        return reply::busy();
    };
    let key = outputs.live.access().shown(place.key.clone());
    let Some(subscription) = outputs.begun(place.key, asked.patience()).await else {
        return reply::not_live();
    };
    let way = upgrade.as_ref().map_or(Way::HttpFlv, |_| Way::WebSocketFlv);
    let who = Origin::by(way, &asked.info);
    let program = asked.field(header::USER_AGENT);
    let watcher = Watcher::enter(&outputs.connections, who, program, &key);
    let feed = Feed::new(subscription, watcher, ticket, settings.limits);
    match upgrade {
        Some(upgrade) => upgrade.answer(feed),
        None => reply::media(FLV, HttpBody::streamed(Endless(feed))),
    }
}

/// The body of a response that ends with the stream.
struct Endless(Feed);

impl Body for Endless {
    type Data = HttpPiece;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<HttpPiece>>>> {
        let feed = &mut self.0;
        let piece = ready!(feed.poll_piece(cx));
        let watcher = feed.watcher();
        let piece = piece.and_then(|piece| match piece {
            Piece::Whole(bytes) => Some(HttpPiece::from(bytes)),
            Piece::Tag(tag) => {
                let body = match tag.arrival {
                    Some(arrival) => watcher.timed(tag.body, arrival),
                    None => tag.body,
                };
                HttpPiece::framed(&tag.head, body, &tag.tail)
            }
        });
        if let Some(piece) = &piece {
            watcher.sent(piece.remaining());
        }
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }
}
