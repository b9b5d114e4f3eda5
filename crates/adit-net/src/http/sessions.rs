//! All tunnel sessions: found by id, limited by where they come from, looked after when nobody asks.

use super::session::{News, Session};
use super::tunnel::level;
use crate::carrier::Origin;
use crate::config::AcceptorConfig;
use crate::counters::Counters;
use crate::network::Network;
use adit_rtmpt::{
    Binding, CloseReason, Lookup, OpenRefused, SecurityLevel, SessionId, SessionTable, TableConfig,
    TunnelConfig,
};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::Notify;

/// All tunnel sessions of an acceptor. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Sessions(Arc<All>);

#[derive(Debug)]
struct All {
    tables: Mutex<Tables>,
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

/// What an id stands for.
pub(super) enum Found {
    Session(Arc<Session>),
    Ended,
    Gone,
    Unknown,
}

impl Sessions {
    pub(crate) fn new(config: &AcceptorConfig, counters: Counters) -> Self {
        Self(Arc::new(All {
            tables: Mutex::new(Tables::new(config)),
            tunnel: config.tunnel,
            counters,
            ended: Notify::new(),
        }))
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn open(&self, now: Instant, origin: &Origin) -> Result<Opened, OpenRefused> {
        let mut random = [0; 16];
        // Without randomness there can be no id that nobody guesses.
        getrandom::getrandom(&mut random).map_err(|_| OpenRefused::Total)?;
        let id = SessionId::from_random(random);
        let make = || Arc::new(Session::new(now, id, self.0.tunnel, origin.peer));
        let mut tables = self.tables();
        let peer = origin.peer.ip();
        let opened = if tables.len() < tables.most {
            let opened = tables.of(peer).open(now, peer, level(origin), id, make);
            opened.map(|session| Arc::clone(session))
        } else {
            Err(OpenRefused::Total)
        };
        let session = opened.inspect_err(|refusal| self.count_refusal(*refusal))?;
        Ok(Opened { session, id })
    }

    fn count_refusal(&self, refusal: OpenRefused) {
        let counters = &self.0.counters;
        match refusal {
            OpenRefused::Total => counters.tunnel_refused_total().count(),
            OpenRefused::Network => counters.tunnel_refused_network().count(),
            OpenRefused::Unproven => counters.tunnel_refused_unproven().count(),
            OpenRefused::Rate => counters.tunnel_refused_rate().count(),
            // The next random number will do.
            _ => {}
        }
    }

    pub(super) fn find(
        &self,
        now: Instant,
        peer: IpAddr,
        level: SecurityLevel,
        id: Option<SessionId>,
    ) -> Found {
        let mut tables = self.tables();
        let table = tables.with(id, peer);
        let before = *table.counters();
        let found = match table.find(now, peer, level, id) {
            Lookup::Found(session) => Found::Session(Arc::clone(session)),
            Lookup::Ended => Found::Ended,
            Lookup::Gone => Found::Gone,
            Lookup::Unknown => Found::Unknown,
        };
        let (counters, after) = (&self.0.counters, table.counters());
        if matches!(found, Found::Unknown) {
            counters.tunnel_unknown_ids().count();
        }
        let downgrades = after.downgraded.saturating_sub(before.downgraded);
        counters.tunnel_downgrades().add(downgrades);
        let blocks = after.blocks.saturating_sub(before.blocks);
        counters.tunnel_guess_blocks().add(blocks);
        let uncounted = after
            .guessers_dropped
            .saturating_sub(before.guessers_dropped);
        counters.tunnel_guesses_uncounted().add(uncounted);
        found
    }

    /// Whether `id` is or was a session of this process. Unlike [`find`](Self::find) this counts no guess.
    pub(super) fn knows(&self, now: Instant, id: SessionId) -> bool {
        let mut knows = false;
        self.tables().each(|table| knows |= table.knows(now, id));
        knows
    }

    /// Notes what has become of a session that was just used.
    pub(crate) fn look_after(&self, now: Instant, session: &Session) {
        match session.news(now) {
            News::None => {}
            News::Proven => self.tables().each(|table| table.prove(session.id())),
            News::Over => self.0.ended.notify_waiters(),
            News::Forgotten => {
                let removed = self.tables().remove(now, session.id());
                if let Some(Removed { ids_dropped }) = removed {
                    let counter = self.0.counters.tunnel_tombstones_dropped();
                    counter.add(ids_dropped);
                    self.count_end(session);
                }
                self.0.ended.notify_waiters();
            }
        }
    }

    /// Counts the limits that a session ran into, once it is removed.
    fn count_end(&self, session: &Session) {
        let counters = &self.0.counters;
        let (reason, hits) = session.end();
        counters.tunnel_stalls().add(hits.stalls);
        counters.tunnel_superseded().add(hits.superseded);
        match reason {
            Some(CloseReason::TooFarAhead { .. }) => counters.tunnel_ahead().count(),
            Some(CloseReason::TooManyBytesAhead { .. }) => counters.tunnel_ahead_bytes().count(),
            Some(CloseReason::Hole { .. }) => counters.tunnel_holes().count(),
            Some(CloseReason::MissedFirst) => counters.tunnel_missed_firsts().count(),
            Some(CloseReason::Idle) => counters.tunnel_idle_ends().count(),
            Some(CloseReason::DrainTimeout) => counters.tunnel_drain_ends().count(),
            Some(CloseReason::BodyTooLong) => counters.http_body_limits().count(),
            _ => {}
        }
    }

    /// Wakes the sessions whose time has come.
    pub(crate) fn handle_timeout(&self, now: Instant) {
        self.tables().each(|table| table.handle_timeout(now));
        for session in self.all() {
            session.handle_timeout(now);
            self.look_after(now, &session);
        }
    }

    /// Ends all sessions as if their clients had.
    pub(crate) fn hang_up(&self, now: Instant) {
        for session in self.all() {
            session.hang_up(now);
        }
    }

    /// Waits until the last session is over.
    pub(crate) async fn none_left(&self) {
        loop {
            let ended = self.0.ended.notified();
            if self.are_over() {
                return;
            }
            ended.await;
        }
    }

    /// Whether there is none that is not over.
    pub(crate) fn are_over(&self) -> bool {
        self.all().iter().all(|session| session.is_over())
    }

    fn all(&self) -> Vec<Arc<Session>> {
        let mut all = Vec::new();
        self.tables().each(|table| {
            all.extend(table.iter_mut().map(|(_, session)| Arc::clone(session)));
        });
        all
    }
}

/// A session was removed from its table.
struct Removed {
    /// Ids of other sessions that are no longer remembered, to make room for this one.
    ids_dropped: u64,
}

/// Sessions in two tables: with limits for each network, and without.
#[derive(Debug)]
struct Tables {
    limited: SessionTable<Arc<Session>>,
    /// Of networks that are exempt, such as that of a reverse proxy which brings everybody.
    exempt: SessionTable<Arc<Session>>,
    exempt_networks: Vec<Network>,
    most: usize,
}

impl Tables {
    fn new(config: &AcceptorConfig) -> Self {
        let limited = config.sessions;
        let mut exempt: TableConfig = limited;
        exempt.per_network = usize::MAX;
        exempt.opens_per_second = u32::MAX;
        exempt.guesses = u32::MAX;
        exempt.binding = Binding::Anywhere;
        Self {
            limited: SessionTable::new(limited),
            exempt: SessionTable::new(exempt),
            exempt_networks: config.admission.exempt.clone(),
            most: limited.sessions,
        }
    }

    fn len(&self) -> usize {
        self.limited.len() + self.exempt.len()
    }

    /// The table for new sessions of `peer`.
    fn of(&mut self, peer: IpAddr) -> &mut SessionTable<Arc<Session>> {
        if self
            .exempt_networks
            .iter()
            .any(|network| network.contains(peer))
        {
            &mut self.exempt
        } else {
            &mut self.limited
        }
    }

    /// The table that has a session, or else the one that must know what has become of it.
    fn with(&mut self, id: Option<SessionId>, peer: IpAddr) -> &mut SessionTable<Arc<Session>> {
        match id {
            Some(id) if self.limited.get_mut(id).is_some() => &mut self.limited,
            Some(id) if self.exempt.get_mut(id).is_some() => &mut self.exempt,
            _ => self.of(peer),
        }
    }

    /// Forgets a session, unless that was done before; its id is remembered for a while.
    fn remove(&mut self, now: Instant, id: SessionId) -> Option<Removed> {
        let mut removed = None;
        self.each(|table| {
            let before = table.counters().tombstones_dropped;
            if table.close(now, id).is_some() {
                let after = table.counters().tombstones_dropped;
                let ids_dropped = after.saturating_sub(before);
                removed = Some(Removed { ids_dropped });
            }
        });
        removed
    }

    fn each(&mut self, mut act: impl FnMut(&mut SessionTable<Arc<Session>>)) {
        act(&mut self.limited);
        act(&mut self.exempt);
    }
}

#[cfg(test)]
mod tests;
