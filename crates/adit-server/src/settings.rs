//! What may change while the server runs.
//!
//! What is new was found right as a whole before any of it is taken over, and then one part follows the other: streams, recordings,
//! admission, access, and the one set of [`Settings`] that [`Live`] holds. Whoever looks in between, or twice, may see some of the old
//! and some of the new, each of them whole. A connection goes by the settings that it began with, except that each `connect`, `publish`
//! and `play` is decided, and each stream begins, by those of that moment. Nothing here is on the path of a frame.

use std::ops::Deref;
use std::sync::Arc;

use adit_broker::{BrokerConfig, Latency};
use adit_net::TunnelPace;
use adit_rtmp::session::SessionConfig;
use arc_swap::ArcSwap;

use crate::access::Access;
use crate::application::Applications;
use crate::codecs::CodecRules;
use crate::config::ServerConfig;
use crate::limits::ServerLimits;
use crate::outputs::OutputsConfig;
use crate::recording::RecordedStreams;
use crate::server::Shared;

/// The settings of one moment.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) session: Arc<SessionConfig>,
    pub(crate) limits: ServerLimits,
    access: Access,
    pub(crate) applications: Applications,
    pub(crate) outputs: OutputsConfig,
    latency: Latency,
    recorded: RecordedStreams,
}

impl Settings {
    fn new(config: &ServerConfig, access: Access) -> Self {
        Self {
            session: Arc::new(config.session.clone()),
            limits: config.limits,
            access,
            applications: config.applications.clone(),
            outputs: config.outputs.clone(),
            latency: config.latency,
            recorded: config.recording.streams,
        }
    }

    /// When the players of a stream of this application are woken.
    pub(crate) fn latency(&self, application: &str) -> Latency {
        let own = self.applications.streams_of(application).latency;
        own.unwrap_or(self.latency)
    }

    /// How clients of this application are paced that come through the tunnel.
    pub(crate) fn tunnel_pace(&self, application: &str) -> TunnelPace {
        self.applications.streams_of(application).tunnel
    }

    /// Which codecs may be published to this application; `None` is any.
    pub(crate) fn codecs(&self, application: &str) -> Option<Arc<CodecRules>> {
        self.applications.streams_of(application).codecs
    }

    /// Which streams of this application are recorded.
    pub(crate) fn recorded(&self, application: &str) -> RecordedStreams {
        let own = self.applications.streams_of(application).recorded;
        own.unwrap_or(self.recorded)
    }
}

/// The settings as they are now. Clones change together.
#[derive(Clone, Debug)]
pub(crate) struct Live(Arc<ArcSwap<Settings>>);

impl Live {
    pub(crate) fn new(config: &ServerConfig, access: Access) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(Settings::new(
            config, access,
        ))))
    }

    /// Those of this moment.
    pub(crate) fn now(&self) -> Arc<Settings> {
        self.0.load_full()
    }

    /// Who may do what, by the rules of this moment.
    pub(crate) fn access(&self) -> Access {
        self.0.load().access.clone()
    }

    /// From now on these. What was counted and who guessed too often stays known.
    pub(crate) fn replace(&self, config: &ServerConfig) {
        let access = self.access();
        access.apply(config.access.clone());
        self.0.store(Arc::new(Settings::new(config, access)));
    }
}

/// A server as one connection sees it: what all share, and the settings that this one began with.
pub(crate) struct Joined {
    shared: Arc<Shared>,
    pub(crate) settings: Arc<Settings>,
}

impl Joined {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        let settings = shared.live.now();
        Self { shared, settings }
    }
}

impl Deref for Joined {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.shared
    }
}

/// What the streams of a server go by.
pub(crate) fn streams(config: &ServerConfig) -> BrokerConfig {
    let mut broker = BrokerConfig::default();
    broker.latency = config.latency;
    broker.limits = config.streams;
    broker
}
