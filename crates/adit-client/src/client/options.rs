//! What a connection is for, and how it is made.

use std::fmt;

use adit_amf::amf0::{Object, Value};
use adit_net::client::TunnelClientConfig;
use adit_rtmp::command::{Connect, EnhancedCapabilities, ObjectEncoding};
use adit_rtmp::session::ClientConfig;

use crate::address::Target;
use crate::auth::append_query;
use crate::plan::Policy;
use crate::secret::Secret;
use crate::strategy::{ProxyType, Strategy};

/// What a connection is for. Servers of old decide by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Intent {
    /// To play, or to call.
    #[default]
    Play,
    /// To publish: the connection presents itself as an encoder.
    Publish,
}

/// How a connection is made. Make it with [`new`](Self::new) and change fields.
///
/// ```
/// use std::time::Duration;
///
/// use adit_client::plan::Policy;
/// use adit_client::strategy::{ProxyType, Strategy};
/// use adit_client::{ConnectOptions, Intent};
///
/// let mut options = ConnectOptions::new(Intent::Publish).with_strategy(Strategy::Reach);
/// options.proxy_type = ProxyType::ConnectOnly;
/// options.policy = Policy::sequential().with_deadline(Duration::from_secs(30));
/// // How often the server is asked to say what it has received, see `ConnectionStats`.
/// options.session.window = 256 * 1024;
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct ConnectOptions {
    /// What the connection is for.
    pub intent: Intent,
    /// How far to go for a way. Default [`Strategy::Standard`].
    pub strategy: Strategy,
    /// How proxies and TLS are used. Default [`ProxyType::Best`].
    pub proxy_type: ProxyType,
    /// How attempts follow each other. Default [`Policy::staggered`].
    pub policy: Policy,
    /// The RTMP session.
    pub session: ClientConfig,
    /// The tunnel, where there is one.
    pub tunnel: TunnelClientConfig,
    /// What the connection calls itself (`flashVer`); what its intent suggests if empty.
    pub agent: String,
    /// Which AMF is asked for. Servers that know only AMF0 answer with that; see [`ConnectReply`](adit_rtmp::command::ConnectReply).
    /// Default AMF0.
    pub object_encoding: ObjectEncoding,
    /// What the application is told besides, as `NetConnection.connect` gives it after the address. Default nothing.
    pub arguments: Vec<Value>,
    /// What the server is told besides among the properties of `connect`, in the names of the program's own. Default nothing.
    pub properties: Object,
}

impl ConnectOptions {
    /// The defaults.
    pub fn new(intent: Intent) -> Self {
        Self {
            intent,
            strategy: Strategy::default(),
            proxy_type: ProxyType::default(),
            policy: Policy::default(),
            session: ClientConfig::default(),
            tunnel: TunnelClientConfig::default(),
            agent: String::new(),
            object_encoding: ObjectEncoding::Amf0,
            arguments: Vec::new(),
            properties: Object::new(),
        }
    }

    /// The same with another strategy.
    #[must_use]
    pub fn with_strategy(mut self, strategy: Strategy) -> Self {
        self.strategy = strategy;
        self
    }

    /// The `connect` for a target, with what a login adds.
    pub(super) fn connect_command(&self, target: &Target, login: Option<&Secret>) -> Connect {
        let (mut app, mut tc_url) = (target.app_argument(), target.tc_url());
        if let Some(query) = login {
            app = append_query(&app, query);
            tc_url = append_query(&tc_url, query);
        }
        let mut connect = Connect::new(app, tc_url);
        let agent = match self.intent {
            _ if !self.agent.is_empty() => self.agent.as_str(),
            Intent::Publish => ENCODER,
            Intent::Play => PLAYER,
        };
        connect.client.flash_version = Some(agent.into());
        match self.intent {
            Intent::Publish => connect.client.kind = Some("nonprivate".into()),
            Intent::Play => {
                connect.client.proxied = Some(false);
                connect.codecs.capabilities = Some(PLAYER_CAPABILITIES);
                connect.codecs.audio = Some(ALL_AUDIO);
                connect.codecs.video = Some(ALL_VIDEO);
            }
        }
        connect.object_encoding = self.object_encoding;
        connect.arguments.clone_from(&self.arguments);
        connect.other.clone_from(&self.properties);
        connect.enhanced = EnhancedCapabilities::forwarding();
        connect
    }
}

/// Without arguments and properties, which may hold secrets.
impl fmt::Debug for ConnectOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectOptions")
            .field("intent", &self.intent)
            .field("strategy", &self.strategy)
            .field("proxy_type", &self.proxy_type)
            .field("policy", &self.policy)
            .field("object_encoding", &self.object_encoding)
            .finish_non_exhaustive()
    }
}

/// Ingest servers know encoders by this beginning.
const ENCODER: &str = "FMLE/3.0 (compatible; Adit)";
/// The version of a player that servers of old expect.
const PLAYER: &str = "LNX 9,0,124,2";
/// What Flash Player sends as `capabilities`.
const PLAYER_CAPABILITIES: u32 = 239;
/// Every bit of `audioCodecs` that means a codec.
const ALL_AUDIO: u32 = 0xFFF;
/// Every bit of `videoCodecs` that means a codec.
const ALL_VIDEO: u32 = 0xFF;
