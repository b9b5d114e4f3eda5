//! Accepts connections and gives each its own task.

use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use adit_broker::Broker;
use adit_net::http::Elsewhere;
use adit_net::tls::Tls;
use adit_net::{Acceptor, Admission, Carrier, Listener, Ports};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, sleep, timeout};
use tracing::{Instrument as _, debug_span, error, info};

use crate::access::Access;
use crate::application::{Instances, Leave};
use crate::config::ServerConfig;
use crate::control::{Connections, Control, Events, Phase, Way};
use crate::driver::SessionDriver;
#[cfg(test)]
use crate::fanout::Fanout;
use crate::limits::STOP_DRAIN;
use crate::memory;
use crate::mirror::{Mirrors, Predecessor, Visitors};
use crate::objects::Objects;
use crate::outputs::{Outputs, Parts};
use crate::playback::Files;
use crate::recording::Recordings;
use crate::relay::Relay;
use crate::relays::{self, Relays};
use crate::settings::{self, Live};
use crate::spans::{Scope, TraceContext};
use crate::stats::{Others, ServerStats};

/// Names one connection in logs and answers; counts from 1 in each server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(pub(crate) u64);

impl ConnectionId {
    /// The number itself.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What every session of a server shares.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) broker: Broker,
    pub(crate) stats: ServerStats,
    pub(crate) connections: Connections,
    /// Who is let in at the ports.
    pub(crate) admission: Admission,
    pub(crate) phase: Arc<Phase>,
    pub(crate) relay: Option<Arc<Relay>>,
    pub(crate) relays: Relays,
    pub(crate) objects: Objects,
    pub(crate) recordings: Option<Recordings>,
    pub(crate) instances: Arc<Instances>,
    /// Recordings to play; none without a directory for them.
    pub(crate) files: Option<Files>,
    /// What may change.
    pub(crate) live: Live,
}

impl Shared {
    /// Who may do what, by the rules of this moment.
    pub(crate) fn access(&self) -> Access {
        self.live.access()
    }

    /// From now on goes by what of `config` may change; the rest of it is not looked at.
    pub(crate) fn apply(&self, config: &ServerConfig) {
        self.broker.reconfigure(settings::streams(config));
        if let Some(recordings) = &self.recordings {
            recordings.reconfigure(config.recording);
        }
        self.admission.apply(config.net.admission.clone());
        self.live.replace(config);
    }
}

/// A server whose ports are bound; [`Server::run`] serves them.
#[derive(Debug)]
pub struct Server {
    acceptor: Acceptor,
    outputs: Option<Outputs>,
    shared: Arc<Shared>,
    control: OnceLock<Control>,
    tls: Option<Tls>,
}

impl Server {
    /// A server on these sockets. Call it inside a tokio runtime.
    pub fn new(config: ServerConfig, listeners: Vec<Listener>) -> Self {
        Self::start(config, listeners, Mirrors::default())
    }

    /// A server that has taken over these sockets from `predecessor`, which is asked for tunnel sessions that are not known here, and whose
    /// streams are played from here. Call it inside a tokio runtime.
    pub fn succeeding(
        predecessor: Arc<dyn Predecessor>,
        mut config: ServerConfig,
        listeners: Vec<Listener>,
    ) -> Self {
        let mirrors = Mirrors::default();
        config.net.http.elsewhere = Some(Arc::clone(&predecessor) as Arc<dyn Elsewhere>);
        let server = Self::start(config, listeners, mirrors.clone());
        if let Some(outputs) = &server.outputs {
            outputs.succeed(Arc::clone(&predecessor));
        }
        let following = mirrors.follow(predecessor, server.broker().clone());
        let stop = server.shared.phase.stop().clone();
        tokio::spawn(async move { stop.run_until_cancelled(following).await });
        server
    }

    fn start(mut config: ServerConfig, listeners: Vec<Listener>, mirrors: Mirrors) -> Self {
        let broker = Broker::new(settings::streams(&config));
        let phase = Arc::<Phase>::default();
        let stop = phase.stop().clone();
        let events = Events::default();
        let tls = config.net.tls.clone();
        let access = Access::new(config.access.clone());
        let live = Live::new(&config, access.clone());
        let connections = Connections::new(events.clone(), stop.clone());
        let recordings = recordings(&config, &broker, &events);
        let relays = Relays::new(relays::Parts {
            broker: broker.clone(),
            events: events.clone(),
            live: live.clone(),
            recordings: recordings.clone(),
            mirrors,
            stop: stop.clone(),
        });
        let viewers = (&broker, &live, (&connections, &relays));
        let outputs = outputs(&mut config, viewers, &phase);
        let acceptor = Acceptor::start(listeners, config.net);
        let objects = Objects::start(config.objects);
        let relay = config
            .relay
            .map(|relay| Arc::new(Relay::new(relay, broker.clone(), stop.clone())));
        let instances = Instances::new(live.clone(), broker.clone(), objects.clone());
        let files = config.media.map(Files::new);
        let others = Others {
            access: access.clone(),
            net: acceptor.counters().clone(),
            broker: broker.clone(),
            objects: objects.clone(),
            files: files.clone(),
            recordings: recordings.as_ref().map(Recordings::counters).cloned(),
            outputs: outputs.as_ref().map(Outputs::stats).cloned(),
            events,
            relays: relays.clone(),
            phase: Arc::clone(&phase),
        };
        Self {
            shared: Arc::new(Shared {
                stats: ServerStats::new(others),
                connections,
                admission: acceptor.admission().clone(),
                phase,
                files,
                broker,
                relay,
                relays,
                objects,
                recordings,
                instances: Arc::new(instances),
                live,
            }),
            acceptor,
            outputs,
            control: OnceLock::new(),
            tls,
        }
    }

    /// The addresses listened on, in the order of the listeners.
    pub fn local_addrs(&self) -> &[SocketAddr] {
        self.acceptor.local_addrs()
    }

    /// For a server that has taken over the ports of this one.
    pub fn visitors(&self) -> Visitors {
        Visitors {
            net: self.acceptor.visitors(),
            shared: Arc::clone(&self.shared),
            outputs: self.outputs.clone(),
        }
    }

    /// Counters of the whole server; a clone goes on counting while the server runs.
    pub fn stats(&self) -> &ServerStats {
        &self.shared.stats
    }

    #[cfg(test)]
    pub(crate) fn fanout(&self) -> &Fanout {
        self.shared.connections.fanout()
    }

    /// The live streams, for outputs beside RTMP.
    pub fn broker(&self) -> &Broker {
        &self.shared.broker
    }

    /// A look at the server and a hand on it, while it runs and after. Call it inside a tokio runtime.
    pub fn control(&self) -> Control {
        let control = self.control.get_or_init(|| {
            let addresses = self.local_addrs().to_vec();
            Control::new(Arc::clone(&self.shared), addresses, self.tls.clone())
        });
        control.clone()
    }

    /// Who may do what, for outputs beside RTMP.
    pub fn access(&self) -> Access {
        self.shared.access()
    }

    /// The shared objects, for programs that take part in them.
    pub fn objects(&self) -> &Objects {
        &self.shared.objects
    }

    /// Has spans made of what goes on, for whoever collects them; before it [`run`](Self::run)s.
    pub fn collect_spans(&self, traces: Arc<dyn TraceContext>) {
        // Names of streams that are relayed are keys of the far server.
        if self.shared.relay.is_none() {
            self.shared.connections.events().collect(Scope::new(traces));
        }
    }

    /// Serves until `stop` is ready, then tells every session, lets it drain for a bounded time and returns.
    ///
    /// A session that panics is logged and ends alone.
    pub async fn run(mut self, stop: impl Future<Output = ()>) {
        let mut sessions = Sessions::new(Arc::clone(&self.shared));
        self.shared.phase.begin();
        self.serve(&mut sessions, stop).await;
        info!(sessions = sessions.tasks.len(), "stopping");
        self.shared.phase.end();
        // Tunnel sessions say goodbye in HTTP answers, so both sides have to be worked off together.
        let relay = self.shared.relay.clone();
        let relays = self.shared.relays.clone();
        let recordings = self.shared.recordings.clone();
        let access = self.shared.access();
        let drained = async {
            tokio::join!(self.acceptor.close(), sessions.all_ended());
            if let Some(relay) = relay {
                relay.drained().await;
            }
            relays.drained().await;
            if let Some(recordings) = recordings {
                recordings.drained().await;
            }
            if let Some(outputs) = &self.outputs {
                outputs.drained().await;
            }
            access.drained().await;
        };
        if timeout(STOP_DRAIN, drained).await.is_err() {
            info!(
                sessions = sessions.tasks.len(),
                "not drained in time, cut off"
            );
            sessions.tasks.shutdown().await;
        }
        self.shared.instances.stop_all();
        let written = timeout(STOP_DRAIN, self.shared.objects.close());
        if written.await.is_err() {
            error!("shared objects could not be written in time");
        }
    }

    /// Until `stop` is ready, or nobody is left of a server that is taken down.
    async fn serve(&mut self, sessions: &mut Sessions, stop: impl Future<Output = ()>) {
        let mut stop = pin!(stop);
        let mut looks = tokio::time::interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut leaving = Leaving::No;
        let mut to_let_go = None;
        let mut overdue = pin!(sleep(Duration::ZERO));
        let mut has_overdue = false;
        let shared = Arc::clone(&self.shared);
        let mut memory = pin!(memory::watch(&shared));
        loop {
            // All arms are cancel-safe: the stop future is pinned outside the loop, the others hold nothing between polls.
            tokio::select! {
                biased;
                () = &mut stop => break,
                () = sessions.next_end() => {}
                carrier = self.acceptor.accept() => match carrier {
                    Some(carrier) => self.spawn(sessions, carrier),
                    None => break,
                },
                ports = self.shared.phase.to_leave(), if leaving == Leaving::No => {
                    to_let_go = Some(ports);
                    self.let_go(&mut to_let_go);
                    leaving = Leaving::Somebody;
                    has_overdue = true;
                    overdue.as_mut().reset(Instant::now() + WAITING);
                }
                () = &mut overdue, if has_overdue => {
                    has_overdue = false;
                    self.shared.connections.leave(Leave::Overdue);
                }
                () = &mut memory => {}
                _ = looks.tick(), if leaving != Leaving::No => {
                    self.let_go(&mut to_let_go);
                    leaving = match leaving {
                        _ if !self.is_deserted(sessions) => Leaving::Somebody,
                        // Whoever was on the way from one to the other is seen at the second look.
                        Leaving::Nobody => break,
                        _ => Leaving::Nobody,
                    };
                }
            }
        }
    }

    /// Lets go of the ports, if they are to be let go of and nobody watches by HLS: such viewers come over new connections all the time.
    fn let_go(&self, ports: &mut Option<Ports>) {
        let may = |ports| ports == Ports::HandedOver || !self.shared.connections.has_by(Way::Hls);
        if let Some(ports) = ports.take_if(|ports| may(*ports)) {
            self.acceptor.let_go(ports);
        }
    }

    /// Whether nobody is connected or watches.
    fn is_deserted(&self, sessions: &Sessions) -> bool {
        let is_watched = !self.shared.connections.is_empty();
        sessions.tasks.is_empty() && !is_watched && self.acceptor.is_deserted()
    }

    fn spawn(&self, sessions: &mut Sessions, carrier: Carrier) {
        let id = self.shared.connections.next_id();
        match SessionDriver::new(id, carrier, Arc::clone(&self.shared)) {
            Ok(driver) => {
                // Under the target of what sessions say at these levels, so that whoever asks for that gets the number too.
                let span =
                    debug_span!(target: "adit_rtmp::session", "session", connection = id.get());
                sessions.tasks.spawn(driver.instrument(span));
            }
            Err(cause) => {
                error!(connection = id.get(), %cause, "no randomness from the system: connection refused");
            }
        }
    }
}

#[cfg(test)]
impl Server {
    /// The driver of the next connection, for whoever wants to poll it himself.
    pub(crate) async fn accept(&mut self) -> SessionDriver {
        let carrier = self.acceptor.accept().await.expect("a connection");
        SessionDriver::new(ConnectionId(0), carrier, Arc::clone(&self.shared)).expect("randomness")
    }
}

/// Whoever records, where there is a directory for it.
fn recordings(config: &ServerConfig, broker: &Broker, events: &Events) -> Option<Recordings> {
    let root = config.media.clone()?;
    let sources = (broker.clone(), events.clone());
    Some(Recordings::new(root, config.recording, sources))
}

/// How far a server has come that is taken down.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Leaving {
    /// It is not.
    No,
    /// Somebody is still there.
    Somebody,
    /// Nobody was there at the last look.
    Nobody,
}

/// How long clients may wait for streams that nobody publishes after a server is taken down. Whoever has just come may be about to
/// publish them.
const WAITING: Duration = Duration::from_secs(10);

/// How often a server that is taken down looks whether anybody is left.
const LOOK: Duration = Duration::from_millis(100);

/// What answers browsers on the ports, if anything does; it takes the place of the handler there, which is asked what is not for it.
fn outputs(
    config: &mut ServerConfig,
    (broker, live, (connections, relays)): (&Broker, &Live, (&Connections, &Relays)),
    phase: &Arc<Phase>,
) -> Option<Outputs> {
    // Names of streams that are relayed are keys of the far server.
    if config.relay.is_some() {
        return None;
    }
    let outputs = Outputs::new(Parts {
        live: live.clone(),
        broker: broker.clone(),
        connections: connections.clone(),
        relays: relays.clone(),
        phase: Arc::clone(phase),
        next: Arc::clone(&config.net.http.handler),
    });
    config.net.http.handler = Arc::new(outputs.clone());
    Some(outputs)
}

/// The tasks of all sessions. Dropping it ends them.
struct Sessions {
    tasks: JoinSet<()>,
    shared: Arc<Shared>,
}

impl Sessions {
    fn new(shared: Arc<Shared>) -> Self {
        Self {
            tasks: JoinSet::new(),
            shared,
        }
    }

    /// Ready when one session has ended; never while there is none. Cancel-safe.
    async fn next_end(&mut self) {
        match self.tasks.join_next().await {
            Some(ended) => self.note(&ended),
            None => std::future::pending().await,
        }
    }

    async fn all_ended(&mut self) {
        while let Some(ended) = self.tasks.join_next().await {
            self.note(&ended);
        }
    }

    /// A session that panicked has been dropped, and with it its socket and its streams; nothing else is touched.
    fn note(&self, ended: &Result<(), JoinError>) {
        if let Err(cause) = ended
            && cause.is_panic()
        {
            self.shared.stats.session_panicked();
            error!(%cause, "a session ended by a defect of this program; the others go on");
        }
    }
}

#[cfg(test)]
mod tests;
