//! One stream of a relay: what happened to it, for the API, the log and whoever listens.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use adit_broker::StreamKey;
use adit_client::strategy::Rung;
use adit_net::Transport;
use tokio::sync::mpsc;
use tracing::{info, warn};

use super::Relays;
use super::spec::place;
use super::state::{LegSnapshot, Relay, RelayState, lock};
use crate::control::Happened;
use crate::relay::{Carried, Direction, Happening, Lasting, NEWS, Teller};
use crate::server::ConnectionId;
use crate::spans::Trace;

/// One stream of a relay.
#[derive(Debug)]
pub(super) struct Leg {
    pub(super) stream: StreamKey,
    relay: u64,
    direction: Direction,
    /// The far end, without its secrets.
    far: Arc<str>,
    since: Instant,
    pub(super) carried: Carried,
    told: Mutex<Told>,
    pub(super) trace: Trace,
    relays: Relays,
}

#[derive(Debug)]
struct Told {
    state: RelayState,
    way: Option<(String, Transport)>,
    connections: u64,
    failures: u64,
    skipped: u64,
    error: Option<String>,
    /// The connection that there is.
    connection: Trace,
}

/// A leg for as long as there is one: dropping it takes it off the list.
#[derive(Debug)]
pub(super) struct OpenLeg {
    pub(super) leg: Arc<Leg>,
    relay: Arc<Relay>,
}

impl OpenLeg {
    /// Enters it in the list.
    pub(super) fn new(relays: &Relays, relay: &Arc<Relay>, stream: StreamKey, far: String) -> Self {
        let direction = relay.direction();
        let spans = relays.events().spans();
        let trace = spans.relay(word(direction), relay.id, &stream, &far);
        trace.note("server.address", relay.spec.url().host());
        let leg = Arc::new(Leg {
            stream,
            relay: relay.id,
            direction,
            far: far.into(),
            since: Instant::now(),
            carried: relays.counters().of(direction).carried(),
            told: Mutex::new(Told {
                state: RelayState::Connecting,
                way: None,
                connections: 0,
                failures: 0,
                skipped: 0,
                error: None,
                connection: Trace::default(),
            }),
            trace,
            relays: relays.clone(),
        });
        relay.add(Arc::clone(&leg));
        leg.tell("connecting");
        Self {
            leg,
            relay: Arc::clone(relay),
        }
    }
}

impl Drop for OpenLeg {
    /// Also when its task panicked.
    fn drop(&mut self) {
        self.relay.remove(&self.leg.stream);
        self.leg.note_end();
        self.leg.tell("ended");
    }
}

impl Leg {
    /// Runs what tells news, and keeps what it tells.
    pub(super) async fn hear<F: Future>(&self, work: impl FnOnce(Teller) -> F) -> F::Output {
        let (news, mut heard) = mpsc::channel(NEWS);
        let work = work(Teller {
            connection: ConnectionId(0),
            stream: self.relay,
            direction: self.direction,
            far: self.far.as_ref().to_owned(),
            news: Some(news),
        });
        let listening = async {
            while let Some(news) = heard.recv().await {
                self.note(&news.what);
            }
        };
        // The listening ends when whoever tells is gone.
        let (done, ()) = tokio::join!(work, listening);
        done
    }

    /// It cannot be relayed, whatever comes.
    pub(super) fn hindered(&self, reason: &str) {
        let stream = place(&self.stream);
        warn!(
            relay = self.relay,
            stream,
            far = &*self.far,
            "not relayed: {reason}"
        );
        lock(&self.told).error = Some(reason.to_owned());
        self.set(RelayState::Waiting {
            reason: reason.to_owned(),
            next_try: None,
        });
    }

    /// Media come.
    pub(super) fn begun(&self) {
        self.set(RelayState::Running);
    }

    /// Media come no more, for now.
    pub(super) fn rests(&self) {
        self.set(RelayState::Waiting {
            reason: "connected; the stream has ended there".to_owned(),
            next_try: None,
        });
    }

    fn note(&self, what: &Happening) {
        match what {
            Happening::Connected { rung, .. } => self.connected(rung, "relay connected"),
            Happening::Recovered { rung, skipped, .. } => {
                self.skipped(skipped.frames);
                self.connected(rung, "relay connected again");
            }
            Happening::Broken {
                cause, again_in, ..
            } => {
                let next_try = Instant::now().checked_add(*again_in);
                self.broken(cause, &format!("next try in {}", Lasting(*again_in)));
                self.set(RelayState::Waiting {
                    reason: cause.clone(),
                    next_try,
                });
            }
            Happening::GivenUp { reason } | Happening::Refused { reason } => {
                self.broken(reason, "given up");
            }
            Happening::Waiting => self.set(RelayState::Waiting {
                reason: "connected; the stream has not started there, or sends nothing".to_owned(),
                next_try: None,
            }),
            Happening::Skipped(skipped) => {
                self.skipped(skipped.frames);
                self.say(&format!("the far side is too slow: {skipped}"));
            }
            Happening::Moving { .. } => self.say("the far side asks for a new connection"),
            Happening::Ended { lasted, .. } => self.say(&format!(
                "relay ended after {}, {} messages",
                Lasting(*lasted),
                self.carried.messages()
            )),
            Happening::Taken { .. } | Happening::OtherApplication { .. } => {}
        }
    }

    fn connected(&self, rung: &Rung, words: &str) {
        {
            let mut told = lock(&self.told);
            told.way = Some((rung.to_string(), rung.transport()));
            told.connection = self.trace.scope().relay_connection(rung);
            told.connections = told.connections.saturating_add(1);
        }
        self.relays.counters().of(self.direction).connected();
        self.say(&format!("{words} by {rung}"));
        self.set(RelayState::Running);
    }

    fn broken(&self, cause: &str, then: &str) {
        {
            let mut told = lock(&self.told);
            told.failures = told.failures.saturating_add(1);
            told.error = Some(cause.to_owned());
            told.connection.failed(&cause);
            told.connection = Trace::default();
        }
        self.relays.counters().of(self.direction).failed();
        self.say(&format!("relay not connected: {cause}; {then}"));
    }

    /// What its span says when it is over.
    fn note_end(&self) {
        let mut told = lock(&self.told);
        told.connection = Trace::default();
        let counts = [
            ("adit.connections", told.connections),
            ("adit.failures", told.failures),
            ("adit.skipped", told.skipped),
            ("adit.messages", self.carried.messages()),
            ("adit.bytes", self.carried.bytes()),
        ];
        for (field, count) in counts {
            self.trace.note_count(field, count);
        }
        if let (0, Some(error)) = (told.connections, &told.error) {
            self.trace.failed(error);
        }
    }

    fn skipped(&self, messages: u64) {
        let mut told = lock(&self.told);
        told.skipped = told.skipped.saturating_add(messages);
        drop(told);
        self.relays.counters().of(self.direction).skipped(messages);
    }

    fn say(&self, words: &str) {
        let (relay, direction) = (self.relay, word(self.direction));
        info!(
            relay,
            direction,
            stream = place(&self.stream),
            far = &*self.far,
            "{words}"
        );
    }

    fn set(&self, state: RelayState) {
        let word = state.as_str();
        let before = std::mem::replace(&mut lock(&self.told).state, state);
        if before.as_str() != word {
            self.tell(word);
        }
    }

    fn tell(&self, state: &'static str) {
        self.relays.events().tell(|| Happened::Relay {
            relay: self.relay,
            direction: self.direction,
            stream: self.stream.clone(),
            state,
        });
    }

    pub(super) fn snapshot(&self, now: Instant) -> LegSnapshot {
        let told = lock(&self.told);
        let state = match &told.state {
            // It is being tried.
            RelayState::Waiting {
                next_try: Some(at), ..
            } if *at <= now => RelayState::Connecting,
            state => state.clone(),
        };
        LegSnapshot {
            stream: self.stream.clone(),
            far: self.far.as_ref().to_owned(),
            lasting: now.saturating_duration_since(self.since),
            state,
            way: told.way.as_ref().map(|(way, _)| way.clone()),
            transport: told.way.as_ref().map(|(_, transport)| *transport),
            messages: self.carried.messages(),
            bytes: self.carried.bytes(),
            connections: told.connections,
            failures: told.failures,
            skipped: told.skipped,
            error: told.error.clone(),
        }
    }
}

/// The word for a direction.
pub(crate) const fn word(direction: Direction) -> &'static str {
    match direction {
        Direction::Push => "push",
        Direction::Pull => "pull",
    }
}
