//! Tunnel sessions: the state machine, those who wait for its replies, and the carrier that reads and writes it.

use super::exchange::Exchange;
use super::tunnel::{level, now};
use crate::carrier::Origin;
use crate::counters::Counters;
use crate::limits;
use adit_rtmpt::{
    CloseReason, Lookup, OpenRefused, Reply, Request, RequestId, SecurityLevel, ServerTunnel,
    SessionId, SessionTable, State, TableConfig, TunnelConfig,
};
use bytes::{Buf, Bytes};
use std::fmt;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Instant;
use tokio::sync::Notify;
use tokio::time::{Sleep, sleep_until};

/// All tunnel sessions of an acceptor. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Sessions(Arc<All>);

#[derive(Debug)]
struct All {
    table: Mutex<SessionTable<Arc<Session>>>,
    tunnel: TunnelConfig,
    counters: Counters,
    /// Some session ended.
    ended: Notify,
}

/// A session that was just opened.
pub(super) struct Opened {
    pub(super) session: Arc<Session>,
    pub(super) id: SessionId,
}

impl Sessions {
    pub(crate) fn new(table: TableConfig, tunnel: TunnelConfig, counters: Counters) -> Self {
        Self(Arc::new(All {
            table: Mutex::new(SessionTable::new(table)),
            tunnel,
            counters,
            ended: Notify::new(),
        }))
    }

    fn table(&self) -> MutexGuard<'_, SessionTable<Arc<Session>>> {
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn open(&self, now: Instant, origin: &Origin) -> Result<Opened, OpenRefused> {
        let mut random = [0; 16];
        // Without randomness there can be no id that nobody guesses.
        getrandom::fill(&mut random).map_err(|_| OpenRefused::Total)?;
        let id = SessionId::from_random(random);
        let make = || Arc::new(Session::new(now, id, self.0.tunnel, origin.peer));
        let mut table = self.table();
        let session = table.open(now, origin.peer.ip(), level(origin), id, make)?;
        Ok(Opened {
            session: Arc::clone(session),
            id,
        })
    }

    pub(super) fn find(
        &self,
        now: Instant,
        peer: IpAddr,
        level: SecurityLevel,
        id: Option<SessionId>,
    ) -> Found {
        let mut table = self.table();
        let downgraded = table.counters().downgraded;
        let found = match table.find(now, peer, level, id) {
            Lookup::Found(session) => Found::Session(Arc::clone(session)),
            Lookup::Ended => Found::Ended,
            Lookup::Gone => Found::Gone,
            Lookup::Unknown => Found::Unknown,
        };
        if matches!(found, Found::Unknown) {
            self.0.counters.tunnel_unknown_ids().count();
        }
        if table.counters().downgraded > downgraded {
            self.0.counters.tunnel_downgrades().count();
        }
        found
    }

    /// Notes what has become of a session that was just used.
    pub(crate) fn look_after(&self, now: Instant, session: &Session) {
        match session.news(now) {
            News::None => {}
            News::Proven => self.table().prove(session.id),
            News::Over => self.0.ended.notify_waiters(),
            News::Forgotten => {
                // The id is remembered for a while.
                self.table().close(now, session.id);
                self.0.ended.notify_waiters();
            }
        }
    }

    /// Wakes the sessions whose time has come.
    pub(crate) fn handle_timeout(&self, now: Instant) {
        self.table().handle_timeout(now);
        for session in self.all() {
            session.handle_timeout(now);
            self.look_after(now, &session);
        }
    }

    fn all(&self) -> Vec<Arc<Session>> {
        self.table()
            .iter_mut()
            .map(|(_, session)| Arc::clone(session))
            .collect()
    }

    /// Waits until the last session is over.
    pub(crate) async fn none_left(&self) {
        loop {
            let ended = self.0.ended.notified();
            if self.all().iter().all(|session| session.is_over()) {
                return;
            }
            ended.await;
        }
    }
}

/// What an id stands for.
pub(super) enum Found {
    Session(Arc<Session>),
    Ended,
    Gone,
    Unknown,
}

/// What has become of a session since it was last looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum News {
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
    core: Mutex<Core>,
}

struct Core {
    tunnel: ServerTunnel,
    /// Who waits for a reply. Bounded by what the tunnel lets wait.
    waiting: Vec<Place>,
    next_request: u64,
    /// The earliest time one of those who wait will look at the clock.
    armed: Option<Instant>,
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
    /// Who asked last.
    peer: SocketAddr,
}

struct Place {
    id: RequestId,
    reply: Option<Reply>,
    waker: Option<Waker>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

impl Session {
    fn new(now: Instant, id: SessionId, config: TunnelConfig, peer: SocketAddr) -> Self {
        Self {
            id,
            core: Mutex::new(Core {
                tunnel: ServerTunnel::new(now, config),
                waiting: Vec::new(),
                next_request: 0,
                armed: None,
                carrier: None,
                abandoned: false,
                proven: false,
                over: None,
                wants_room: false,
                taken: 0,
                peer,
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

    /// Puts a request with its whole body in; the future is its reply.
    pub(super) fn ask(
        self: &Arc<Self>,
        request: Request,
        peer: SocketAddr,
        exchange: Arc<Exchange>,
    ) -> Waiting {
        let mut core = self.core();
        let now = now();
        let id = RequestId::new(core.next_request);
        core.next_request = core.next_request.wrapping_add(1);
        core.peer = peer;
        core.waiting.push(Place {
            id,
            reply: None,
            waker: None,
        });
        core.tunnel.handle_request(now, id, request);
        core.settle(now);
        Waiting {
            session: Arc::clone(self),
            id,
            exchange,
            told: false,
            done: false,
            timer: None,
        }
    }

    fn handle_timeout(&self, now: Instant) {
        let mut core = self.core();
        if core.tunnel.poll_timeout().is_some_and(|at| at <= now) {
            core.tunnel.handle_timeout(now);
            core.settle(now);
        }
    }

    fn news(&self, now: Instant) -> News {
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

    fn is_over(&self) -> bool {
        let core = self.core();
        core.abandoned || matches!(core.tunnel.state(), State::Closed(_))
    }

    /// The next bytes from the client. `Ok(None)`: the client has finished.
    pub(crate) fn poll_received(
        &self,
        cx: &mut Context<'_>,
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
        cx: &mut Context<'_>,
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

    /// Ends the session once all that was written has been fetched.
    pub(crate) fn poll_close(&self, cx: &mut Context<'_>) -> Poll<()> {
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
        let due = self.tunnel.poll_timeout();
        let is_watched = match (due, self.armed) {
            (Some(due), Some(armed)) => armed <= due,
            (Some(_), None) => false,
            (None, _) => true,
        };
        if !is_watched
            && let Some(waker) = self.waiting.iter_mut().find_map(|place| place.waker.take())
        {
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
    timer: Option<Pin<Box<Sleep>>>,
}

impl Future for Waiting {
    type Output = Reply;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Reply> {
        let this = self.get_mut();
        let mut core = this.session.core();
        loop {
            let now = now();
            if !this.told && this.exchange.is_followed() {
                this.told = true;
                core.tunnel.handle_pipelined(now, this.id);
                core.settle(now);
            }
            let Some(at) = core.waiting.iter().position(|place| place.id == this.id) else {
                this.done = true;
                return Poll::Ready(Reply::Closed);
            };
            if core
                .waiting
                .get(at)
                .is_some_and(|place| place.reply.is_some())
            {
                this.done = true;
                let place = core.waiting.swap_remove(at);
                core.pass_the_watch();
                return Poll::Ready(place.reply.unwrap_or(Reply::Closed));
            }
            if let Some(place) = core.waiting.get_mut(at) {
                place.waker = Some(cx.waker().clone());
            }
            let Some(due) = core.tunnel.poll_timeout() else {
                return Poll::Pending;
            };
            if due > now {
                let due_at = tokio::time::Instant::from_std(due);
                let timer = this
                    .timer
                    .get_or_insert_with(|| Box::pin(sleep_until(due_at)));
                if timer.deadline() != due_at {
                    timer.as_mut().reset(due_at);
                }
                core.armed = Some(core.armed.map_or(due, |armed| armed.min(due)));
                if timer.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
            }
            core.armed = None;
            core.tunnel.handle_timeout(now);
            core.settle(now);
        }
    }
}

impl Core {
    /// Somebody stops waiting, and with him stops his timer: another one must take over.
    fn pass_the_watch(&mut self) {
        self.armed = None;
        if let Some(waker) = self.waiting.iter_mut().find_map(|place| place.waker.take()) {
            waker.wake();
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
        core.pass_the_watch();
        core.settle(now);
    }
}
