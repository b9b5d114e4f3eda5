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

use adit_broker::{Delivery, SubscribeOptions, Subscription};
use adit_net::http::{HttpBody, HttpPiece, Method, Response};
use bytes::Buf as _;
use hyper::body::{Body, Frame};
use tokio::time::timeout;

pub(super) use self::feed::{End, Feed, Piece};
use super::place::{Place, Places};
use super::request::Asked;
use super::stats::{Seat, Way};
use super::{Inner, reply, websocket};

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
    let protocol = upgrade.as_ref().map_or("http-flv", |_| "ws-flv");
    let place = match outputs.find(asked, places, protocol).await {
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
    let way = upgrade.as_ref().map_or(Way::Flv, |_| Way::WebSocket);
    let settings = outputs.live.now();
    let Some(seat) = outputs.stats.enter(way, settings.outputs.viewers) else {
        return reply::busy();
    };
    let Some(subscription) = watch(outputs, asked, place).await else {
        return reply::not_live();
    };
    let feed = Feed::new(subscription, &outputs.stop, settings.limits);
    match upgrade {
        Some(upgrade) => upgrade.answer(feed, seat),
        None => reply::media(FLV, HttpBody::streamed(Endless { feed, seat })),
    }
}

/// A reader of the stream once it is live; nothing if that takes longer than the viewer wants to wait.
async fn watch(outputs: &Inner, asked: &Asked, place: Place) -> Option<Subscription> {
    let options = SubscribeOptions::default();
    let mut subscription = outputs.broker.subscribe(place.key, options);
    let begins = async {
        loop {
            let next = std::future::poll_fn(|cx| subscription.poll_next(cx));
            if let Delivery::Started { .. } = next.await {
                return;
            }
        }
    };
    let live = outputs
        .stop
        .run_until_cancelled(timeout(asked.patience(), begins))
        .await;
    matches!(live, Some(Ok(()))).then_some(subscription)
}

/// The body of a response that ends with the stream.
struct Endless {
    feed: Feed,
    seat: Seat,
}

impl Body for Endless {
    type Data = HttpPiece;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<HttpPiece>>>> {
        let this = &mut *self;
        let piece = ready!(this.feed.poll_piece(cx, &this.seat)).and_then(|piece| match piece {
            Piece::Whole(bytes) => Some(HttpPiece::from(bytes)),
            Piece::Tag(tag) => HttpPiece::framed(&tag.head, tag.body, &tag.tail),
        });
        if let Some(piece) = &piece {
            this.seat.count_bytes(piece.remaining());
        }
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }
}
