//! One tunnel session: the state machine, those who wait for its replies, and the carrier that reads and writes it.

use super::bodies::Share;
use super::exchange::Exchange;
use super::tunnel::now;
use crate::limits;
use adit_rtmpt::{
    CloseReason, Reply, Request, RequestId, ServerTunnel, SessionId, State, TunnelConfig,
    TunnelCounters, TunnelPace,
};
use bytes::{Buf, Bytes};
use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// What has become of a session since it was last looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    None,
    /// It has shaken hands.
    Proven,
    /// It is over; the last replies are still kept for whoever did not get them.
    Over,
    /// Nobody needs it any more.
    Forgotten,
}

/// One tunnel session.
pub(crate) struct Session {
    id: SessionId,
    /// What its requests hold of the memory for bodies.
    bodies: Share,
    core: Mutex<Core>,
}

struct Core {
    tunnel: ServerTunnel,
    /// Who waits for a reply. Bounded by what the tunnel lets wait.
    waiting: Vec<Place>,
    next_request: u64,
    /// The task that drives the carrier.
    carrier: Option<Waker>,
    /// The carrier was dropped: nobody reads or writes any more.
    abandoned: bool,
    /// The table knows that the session is proven.
    proven: bool,
    /// When the session was first seen to be over.
    over: Option<Instant>,
    /// The carrier waits for room to write.
    wants_room: bool,
    /// Bytes from the client, up to those the carrier has taken.
    taken: u64,
    /// Who asked last, and when.
    peer: SocketAddr,
    asked: Instant,
}

struct Place {
    id: RequestId,
    reply: Option<Reply>,
    waker: Option<Waker>,
    /// When he looks at the clock.
    watch: Option<Instant>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

impl Session {
    pub(super) fn new(now: Instant, id: SessionId, config: TunnelConfig, peer: SocketAddr) -> Self {
        Self {
            id,
            bodies: Share::default(),
            core: Mutex::new(Core {
                tunnel: ServerTunnel::new(now, config),
                waiting: Vec::new(),
                next_request: 0,
                carrier: None,
                abandoned: false,
                proven: false,
                over: None,
                wants_room: false,
                taken: 0,
                peer,
                asked: now,
            }),
        }
    }

    fn core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The longest body of a send that is accepted now.
    pub(super) fn send_limit(&self) -> usize {
        self.core().tunnel.send_limit()
    }

    pub(super) fn bodies(&self) -> &Share {
        &self.bodies
    }

    /// Puts a request with its whole body in; the future is its reply.
    pub(super) fn ask(
        self: &Arc<Self>,
        request: Request,
        peer: SocketAddr,
        exchange: Arc<Exchange>,
    ) -> Waiting {
        let mut core = self.core();
        let now = now();
        let id = core.next_id();
        core.peer = peer;
        core.asked = now;
        core.waiting.push(Place {
            id,
            reply: None,
            waker: None,
            watch: None,
        });
        core.tunnel.handle_request(now, id, request);
        core.settle(now);
        Waiting {
            session: Arc::clone(self),
            id,
            exchange,
            told: false,
            done: false,
        }
    }

    /// How long ago the client asked something last.
    pub(crate) fn silence(&self) -> Duration {
        now().saturating_duration_since(self.core().asked)
    }

    /// Ends the session as if the client had.
    pub(super) fn hang_up(&self, now: Instant) {
        let mut core = self.core();
        let id = core.next_id();
        core.tunnel
            .handle_request(now, id, Request::Close { sequence: None });
        core.settle(now);
    }

    pub(super) fn handle_timeout(&self, now: Instant) {
        let mut core = self.core();
        if core.tunnel.poll_timeout().is_some_and(|at| at <= now) {
            core.tunnel.handle_timeout(now);
            core.settle(now);
        }
    }

    pub(super) fn id(&self) -> SessionId {
        self.id
    }

    /// What has become of the session since this was last asked.
    pub(super) fn news(&self, now: Instant) -> News {
        let mut core = self.core();
        if core.abandoned {
            return News::Forgotten;
        }
        if matches!(core.tunnel.state(), State::Closed(_)) {
            return match core.over {
                Some(since) if since + limits::SESSION_AFTERLIFE <= now => News::Forgotten,
                Some(_) => News::None,
                None => {
                    core.over = Some(now);
                    News::Over
                }
            };
        }
        if !core.proven && core.tunnel.is_proven() {
            core.proven = true;
            return News::Proven;
        }
        News::None
    }

    /// Why it ended, if the tunnel itself did, and what it counted.
    pub(super) fn end(&self) -> (Option<CloseReason>, TunnelCounters) {
        let core = self.core();
        let reason = match core.tunnel.state() {
            State::Closed(reason) => Some(reason),
            _ => None,
        };
        (reason, *core.tunnel.counters())
    }

    pub(super) fn is_over(&self) -> bool {
        let core = self.core();
        core.abandoned || matches!(core.tunnel.state(), State::Closed(_))
    }

    /// The next bytes from the client. `Ok(None)`: the client has finished.
    pub(crate) fn poll_received(
        &self,
        cx: &Context<'_>,
        peer: &mut SocketAddr,
    ) -> Poll<Result<Option<Bytes>, CloseReason>> {
        let mut core = self.core();
        let now = now();
        *peer = core.peer;
        if let Some(bytes) = core.tunnel.poll_received(now) {
            // There is room again, which may be what a reply waited for.
            core.settle(now);
            return Poll::Ready(Ok(Some(bytes)));
        }
        core.taken = core.tunnel.counters().received_bytes;
        match core.tunnel.state() {
            State::Closed(CloseReason::Peer | CloseReason::Local) => Poll::Ready(Ok(None)),
            State::Closed(reason) => Poll::Ready(Err(reason)),
            _ => core.park(cx),
        }
    }

    /// Queues all of `out`; pending while there is no room.
    pub(crate) fn poll_write(
        &self,
        cx: &Context<'_>,
        mut out: &mut dyn Buf,
    ) -> Poll<Result<(), CloseReason>> {
        let mut core = self.core();
        let now = now();
        while out.has_remaining() {
            if let State::Closed(reason) = core.tunnel.state() {
                return Poll::Ready(Err(reason));
            }
            let written = core.tunnel.write(now, &mut out);
            // Replies go out even if they make no room: they are filled from what was written.
            core.settle(now);
            if written == 0 {
                core.wants_room = true;
                return core.park(cx);
            }
        }
        core.wants_room = false;
        Poll::Ready(Ok(()))
    }

    /// How fast the client may ask from now on, and how long it may be let wait.
    pub(crate) fn set_pace(&self, pace: TunnelPace) {
        self.core().tunnel.set_pace(pace);
    }

    /// Ends the session once all that was written has been fetched.
    pub(crate) fn poll_close(&self, cx: &Context<'_>) -> Poll<()> {
        let mut core = self.core();
        let now = now();
        if core.tunnel.state() == State::Open {
            core.tunnel.close(now);
            core.settle(now);
        }
        match core.tunnel.state() {
            State::Closed(_) => Poll::Ready(()),
            _ => core.park(cx),
        }
    }

    /// Nobody reads or writes any more. A session that is not over yet ends at once.
    pub(crate) fn abandon(&self) {
        let mut core = self.core();
        let now = now();
        core.carrier = None;
        if !matches!(core.tunnel.state(), State::Closed(_)) {
            core.tunnel.close(now);
            core.abandoned = true;
            core.settle(now);
        }
    }
}

impl Core {
    fn next_id(&mut self) -> RequestId {
        let id = RequestId::new(self.next_request);
        self.next_request = self.next_request.wrapping_add(1);
        id
    }

    /// Gives out the replies that are ready, wakes the carrier if there is something for it, and sees to it that
    /// somebody watches the clock. Comes after everything that is done to the tunnel.
    fn settle(&mut self, now: Instant) {
        while let Some((id, reply)) = self.tunnel.poll_reply(now) {
            self.fulfil(id, reply);
        }
        if self.abandoned {
            for place in &mut self.waiting {
                place.reply.get_or_insert(Reply::Closed);
                place.waker.take().map(Waker::wake).unwrap_or_default();
            }
        }
        if self.has_news_for_carrier()
            && let Some(waker) = self.carrier.take()
        {
            waker.wake();
        }
        self.keep_watch();
    }

    /// Sees to it that somebody looks at the clock in time.
    fn keep_watch(&mut self) {
        let Some(due) = self.tunnel.poll_timeout() else {
            return;
        };
        let mut waiting = self.waiting.iter().filter(|place| place.reply.is_none());
        if waiting.any(|place| place.watch.is_some_and(|watch| watch <= due)) {
            return;
        }
        if let Some(waker) = self.waiting.iter_mut().find_map(|place| place.waker.take()) {
            waker.wake();
        }
    }

    fn fulfil(&mut self, id: RequestId, reply: Reply) {
        if let Some(place) = self.waiting.iter_mut().find(|place| place.id == id) {
            place.reply = Some(reply);
            place.waker.take().map(Waker::wake).unwrap_or_default();
        }
    }

    fn has_news_for_carrier(&self) -> bool {
        self.tunnel.counters().received_bytes != self.taken
            || (self.wants_room && self.tunnel.writable() > 0)
            || matches!(self.tunnel.state(), State::Closed(_))
    }

    fn park<T>(&mut self, cx: &Context<'_>) -> Poll<T> {
        match &mut self.carrier {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        Poll::Pending
    }
}

/// A request that waits for its reply.
pub(super) struct Waiting {
    session: Arc<Session>,
    id: RequestId,
    exchange: Arc<Exchange>,
    /// The tunnel knows that something follows on the same connection.
    told: bool,
    done: bool,
}

impl Future for Waiting {
    type Output = Reply;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Reply> {
        let this = self.get_mut();
        let mut core = this.session.core();
        let core = &mut *core;
        loop {
            let now = now();
            if !this.told && this.exchange.is_followed() {
                this.told = true;
                core.tunnel.handle_pipelined(now, this.id);
                core.settle(now);
            }
            let mut places = core.waiting.iter_mut().enumerate();
            let Some((at, place)) = places.find(|(_, place)| place.id == this.id) else {
                this.done = true;
                return Poll::Ready(Reply::Closed);
            };
            if let Some(reply) = place.reply.take() {
                this.done = true;
                core.waiting.swap_remove(at);
                core.keep_watch();
                this.exchange.hold_until(None);
                return Poll::Ready(reply);
            }
            match &mut place.waker {
                Some(waker) => waker.clone_from(cx.waker()),
                none => *none = Some(cx.waker().clone()),
            }
            let due = core.tunnel.poll_timeout();
            if due.is_none_or(|due| due > now) {
                place.watch = due;
                this.exchange
                    .hold_until(due.map(tokio::time::Instant::from_std));
                return Poll::Pending;
            }
            core.tunnel.handle_timeout(now);
            core.settle(now);
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if self.done {
            return;
        }
        let mut core = self.session.core();
        let now = now();
        if let Some(at) = core.waiting.iter().position(|place| place.id == self.id) {
            core.waiting.swap_remove(at);
        }
        core.tunnel.handle_disconnect(now, self.id);
        core.settle(now);
        self.exchange.hold_until(None);
    }
}
