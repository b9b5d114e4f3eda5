//! What an embedding program decides before the server starts.

use std::sync::Arc;

use adit_broker::Latency;
use adit_broker::shared_object::ObjectLimits;
use adit_net::TunnelPace;
use adit_rtmp::session::SessionConfig;

use crate::access::AccessConfig;
use crate::application::Applications;
use crate::codecs::CodecRules;
use crate::limits::{ServerLimits, StoreLimits};
use crate::media_root::MediaRoot;
use crate::objects::ObjectStore;
use crate::outputs::OutputsConfig;
use crate::recording::{RecordedStreams, RecordingConfig};
use crate::relay::RelayConfig;

/// Settings of a [`crate::Server`]; the default is safe on the open internet and has no TLS.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ServerConfig {
    /// Certificate, trusted balancers, limits of connections: whatever concerns the network.
    pub net: adit_net::AcceptorConfig,
    /// Deadlines and limits of each RTMP session.
    pub session: SessionConfig,
    /// How patient the server is with publishers and players.
    pub limits: ServerLimits,
    /// What each live stream may hold in memory, and how far its players may fall behind.
    pub streams: adit_broker::Limits,
    /// When the players of a stream are woken.
    pub latency: Latency,
    /// Who answers the clients of which application. The default serves every name as
    /// [`Live`](crate::application::Live).
    pub applications: Applications,
    /// Who may connect, publish and play. Without rules everybody may whom the application lets.
    pub access: AccessConfig,
    /// A far server for everything that is published or played here. Names of streams are hidden in logs then: they are the keys
    /// of the far server.
    pub relay: Option<RelayConfig>,
    /// Where recordings are written, and files to play lie. Without it nothing is recorded or played from files.
    pub media: Option<MediaRoot>,
    /// How streams are recorded there.
    pub recording: RecordingConfig,
    /// Shared objects: what they may hold, and where persistent ones are kept.
    pub objects: ObjectsConfig,
    /// What browsers and HTTP players get on the same ports; nothing while there is a [`relay`](Self::relay).
    pub outputs: OutputsConfig,
}

/// What is different for the streams of one application.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AppConfig {
    /// When their players are woken.
    pub latency: Option<Latency>,
    /// Which of them are recorded.
    pub recorded: Option<RecordedStreams>,
    /// How its clients are paced that come through the tunnel.
    pub tunnel: TunnelPace,
    /// Which codecs may be published; without it any.
    pub codecs: Option<Arc<CodecRules>>,
}

/// How shared objects are kept.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ObjectsConfig {
    /// What they may hold in memory.
    pub limits: ObjectLimits,
    /// The file of persistent ones. Without it there are none: whoever asks for one is told `SharedObject.BadPersistence`.
    pub store: Option<ObjectStore>,
    /// What that file may hold.
    pub stored: StoreLimits,
}
