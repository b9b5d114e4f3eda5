//! `[apps.NAME]`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::access::Who;
use super::callbacks::AppCallbacks;
use super::codecs::Codecs;
use super::relays::Relay;
use super::tunnel::AppTunnel;
use super::units::Place;
use crate::cli::{AppKind, Latency};

/// An application: what clients find that connect to `rtmp://HOST/NAME`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct App {
    /// What the application does.
    pub(crate) kind: AppKind,
    /// Who may publish to it, and have recorded what they publish. Without it as `access.publish` says.
    pub(crate) publish: Option<Who>,
    /// Who may play its streams. Without it as `access.play` says.
    pub(crate) play: Option<Who>,
    /// File with stream keys of this application, beside those of `access.keys`: lines of a key and the stream that it is for, as in `KEY studio`
    /// or with the instance `KEY room/studio`, with `*` for any text.
    pub(crate) keys: Option<Place>,
    /// Programs that are asked about this application in place of those of `[access.callbacks]`, each for itself.
    pub(crate) callbacks: AppCallbacks,
    /// Which codecs may be published to it.
    pub(crate) codecs: Codecs,
    /// How its clients are paced that come through the tunnel.
    pub(crate) tunnel: AppTunnel,
    /// When players of its streams are woken. Without it as `server.latency` says.
    pub(crate) latency: Option<Latency>,
    /// Which of its streams are recorded. Without it as `recording.all` says.
    pub(crate) recording: Option<AppRecording>,
    /// Streams that go to other servers, or come from them. `docs/relays.md` tells the whole of it.
    pub(crate) relays: Vec<Relay>,
}

/// Which streams of an application are recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum AppRecording {
    /// Every stream
    All,
    /// Those whose publisher asks for it
    OnRequest,
}
