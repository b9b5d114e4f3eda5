//! HTTP/1 on a connection: the tunnel first, everything else to a handler.

mod bodies;
mod body;
mod elsewhere;
mod exchange;
mod forwarded;
mod framing;
mod handler;
mod io;
mod own_page;
mod service;
mod session;
mod sessions;
mod tunnel;
mod upgrade;
mod wake;

pub(crate) use bodies::Bodies;
pub use body::{HttpBody, HttpPiece, RequestBody};
pub use elsewhere::{Asker, Elsewhere, Link, LinkFuture, NoAsker, Visitors};
pub use forwarded::Forwarded;
pub use handler::{HttpFuture, HttpHandler, NotFound};
pub use hyper::{HeaderMap, Method, Request, Response, StatusCode, Uri, header};
pub use own_page::is_from_stranger;
pub use service::Why;
pub(crate) use session::Session;
pub(crate) use sessions::Sessions;
pub use upgrade::Upgraded;

use crate::acceptor::Door;
use crate::admission::Permit;
use crate::carrier::{Linger, Origin, Stream};
use crate::limits;
use bytes::Bytes;
use exchange::{Due, Exchange, Overdue};
use hyper::server::conn::http1;
use io::RequestIo;
use service::Service;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::time::{Instant, Sleep, sleep_until};
use wake::InPlace;

/// Serves HTTP requests on one connection until it ends.
pub(crate) async fn serve(
    door: &Arc<Door>,
    stream: Stream,
    prefix: Bytes,
    origin: Origin,
    mut permit: Permit,
) {
    let (peer, local) = (origin.peer, origin.local);
    let exchange = Arc::new(Exchange::new(&door.config.http));
    let io = RequestIo::new(stream, prefix, Arc::clone(&exchange));
    let service = Service::new(
        Arc::clone(door),
        Arc::clone(&exchange),
        origin,
        permit.take_charge(),
    );
    let mut connection = protocol().serve_connection(io, service);
    let mut finish = door.phases.finish.listener();
    let mut finishing = false;
    let in_place = InPlace::new();
    let mut timer = Timer::default();
    let end = poll_fn(|cx| {
        if !finishing && finish.poll(cx).is_ready() {
            finishing = true;
            Pin::new(&mut connection).graceful_shutdown();
        }
        loop {
            let polled = in_place.poll(cx, |cx| connection.poll_without_shutdown(cx));
            if let Poll::Ready(result) = polled {
                return Poll::Ready(End::Finished(result));
            }
            match ready!(timer.poll(cx, &exchange)) {
                // Nobody is asked twice for the same time.
                Due::Held => exchange.hold_until(None),
                Due::Overdue(overdue) => return Poll::Ready(End::Overdue(overdue)),
            }
        }
    })
    .await;
    match end {
        End::Overdue(overdue) => note_overdue(door, peer, local, overdue),
        End::Finished(result) => {
            if let Err(error) = &result {
                note_failure(door, peer, local, error);
            }
            let parts = connection.into_parts();
            let (mut stream, unparsed) = parts.io.into_parts();
            if let Some(upgrade) = exchange.take_upgrade().filter(|_| result.is_ok()) {
                let upgraded = Upgraded::new(stream, &parts.read_buf, &unparsed);
                upgrade.run(upgraded).await;
                return;
            }
            let mut linger = Linger::new();
            // It ends in any case; how does not matter any more.
            drop(poll_fn(|cx| linger.poll(cx, &mut stream)).await);
        }
    }
    drop(permit);
}

/// How the library is to speak and listen.
fn protocol() -> http1::Builder {
    let mut protocol = http1::Builder::new();
    protocol
        .title_case_headers(true)
        .max_header_size(limits::HEADER_BYTES)
        .max_headers(limits::HEADER_FIELDS)
        .max_buf_size(limits::READ_BYTES)
        // The deadlines of `Exchange` tell silence between requests from a slow header; the library's does not.
        .header_read_timeout(None)
        .writev(true);
    protocol
}

enum End {
    Finished(hyper::Result<()>),
    Overdue(Overdue),
}

fn note_overdue(door: &Door, peer: SocketAddr, local: SocketAddr, overdue: Overdue) {
    count_overdue(door, overdue);
    if let Some(words) = overdue.words() {
        door.turned_away.connection(peer, Some(local), words);
    }
}

fn note_failure(door: &Door, peer: SocketAddr, local: SocketAddr, error: &hyper::Error) {
    let reason = if error.is_parse_too_large() {
        door.counters.http_header_limits().count();
        "http head too long or with too many fields".to_owned()
    } else if error.is_parse() {
        door.counters.http_bad_headers().count();
        format!("not http as it should be: {error}")
    } else {
        // Mostly a peer that has gone.
        tracing::debug!(%peer, %error, "http connection failed");
        return;
    };
    door.turned_away.connection(peer, Some(local), &reason);
}

fn count_overdue(door: &Door, overdue: Overdue) {
    match overdue {
        Overdue::KeepAlive => door.counters.http_idle_ends().count(),
        Overdue::Header => door.counters.http_header_timeouts().count(),
        Overdue::Body => door.counters.http_body_timeouts().count(),
        Overdue::Write => door.counters.http_write_stalls().count(),
    }
}

/// One timer for all deadlines of a connection.
///
/// It is set only when it runs out or something earlier comes up, so that a connection which is busy, and whose
/// deadlines therefore move all the time, does not set it at every request.
#[derive(Default)]
struct Timer(Option<Pin<Box<Sleep>>>);

impl Timer {
    fn poll(&mut self, cx: &mut Context<'_>, exchange: &Exchange) -> Poll<Due> {
        loop {
            let Some((deadline, what)) = exchange.deadline() else {
                return Poll::Pending;
            };
            if deadline <= Instant::now() {
                return Poll::Ready(what);
            }
            let sleep = self
                .0
                .get_or_insert_with(|| Box::pin(sleep_until(deadline)));
            if sleep.deadline() > deadline || sleep.is_elapsed() {
                sleep.as_mut().reset(deadline);
            }
            if sleep.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }
}

#[cfg(test)]
mod tests;
