//! The Adit server as a library: admission of connections, one driver task for each, and the live streams they share.
//!
//! [`Server::new`] takes bound ports, [`Server::run`] serves them until it is told to stop. Every port answers RTMP, RTMPT, RTMPS and
//! RTMPTS; what a connection speaks is found from its first bytes (`adit-net`), and from there on a session driver never asks again.

pub mod access;
#[cfg(feature = "acme")]
mod acme;
pub mod api;
pub mod application;
mod assets;
mod bandwidth;
mod codecs;
mod config;
pub mod control;
mod driver;
mod fanout;
mod limits;
mod login;
mod media_root;
mod memory;
mod metrics;
mod mirror;
mod objects;
mod outputs;
mod playback;
mod recording;
pub mod relay;
pub mod relays;
mod secret_file;
mod server;
mod settings;
mod spans;
mod stats;

pub use adit_broker::Latency;
pub use adit_net::http::{Asker, Elsewhere, Link, LinkFuture};
pub use adit_net::{
    BindError, FileWatch, Listener, Network, PollByte, Ports, TlsError, Transport, TunnelPace, tls,
};
pub use adit_rtmp::ChunkSize;

#[cfg(feature = "acme")]
pub use crate::acme::{AcmeConfig, AcmeError, AcmeProof, keep_certificate};
pub use crate::codecs::{AudioCodec, CodecRules, VideoCodec};
pub use crate::config::{AppConfig, ObjectsConfig, ServerConfig};
pub use crate::limits::{RelayLimits, ServerLimits, StoreLimits};
pub use crate::login::{EncoderLogin, EncoderUsers, LoginMethod, UsersError};
pub use crate::media_root::{BadName, MediaFormat, MediaRoot, NamePart};
pub use crate::memory::{MemoryLimits, Shortage, Usage};
pub use crate::mirror::{Predecessor, Question, Visitors};
pub use crate::objects::{
    ObjectError, ObjectLock, ObjectNews, ObjectStore, Objects, Persistence, SharedObject,
    StoreError, ValueError, Watch,
};
pub use crate::outputs::{HlsConfig, Offered, Origins, OutputsConfig};
pub use crate::recording::{
    Flush, RecordedGap, RecordedStreams, RecordingConfig, RecordingSnapshot, Reserve,
    RunningRecording, SidecarCheck, SidecarProblem, SyncInterval, check_sidecar,
};
pub use crate::secret_file::make_secret_file;
pub use crate::server::{ConnectionId, Server};
pub use crate::spans::{Post, PostError, SPANS, TraceContext};
pub use crate::stats::{ServerStats, StatsSnapshot};
