//! A relay as it is asked for.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use adit_broker::{KeyTooLong, StreamKey};
use adit_client::network::{ConnectorConfig, Discovery, GivenProxy, TlsClient, TlsSetupError};
use adit_client::strategy::Strategy;
use adit_client::{Client, ConnectOptions, Intent};
use adit_net::Network;
use adit_net::client::Connector;
use adit_rtmp::command::DEFAULT_INSTANCE;

use super::reach::{Reach, RelayOrigin};
use super::url::RelayUrl;
use crate::access::Pattern;
use crate::relay::Direction;

/// A relay as it is asked for. Two are equal if whoever asks for the one after the other wants nothing else.
#[derive(Clone, Debug)]
pub struct RelaySpec {
    job: RelayJob,
    url: RelayUrl,
    way: RelayWay,
    reach: Reach,
    client: Client,
}

/// What a relay does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RelayJob {
    /// Publishes streams of this server at another one.
    Push {
        /// Which: their places, as in `live/cam` or `live/room/cam`, in which `*` stands for any text.
        streams: Pattern,
    },
    /// Publishes a stream of another server here.
    Pull {
        /// As this one.
        stream: StreamKey,
        /// When.
        demand: Demand,
    },
}

/// When a stream is pulled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    /// All the time.
    Always,
    /// While somebody plays it.
    WhilePlayed {
        /// How long it goes on after the last player has left.
        idle: Duration,
    },
}

/// How a far server is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayWay {
    /// Which ways are tried.
    pub strategy: Strategy,
    /// Which proxies are used.
    pub proxy: GivenProxy,
    /// Whom it trusts.
    pub trust: RelayTrust,
}

/// Whose certificates are trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum RelayTrust {
    /// Those of the system.
    #[default]
    System,
    /// Those of this PEM file too.
    File(PathBuf),
    /// Those of this text in PEM form too.
    Pem(Arc<str>),
}

impl RelayTrust {
    /// Reads the certificates, so it may wait for a disk.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn client(&self) -> Result<TlsClient, TlsSetupError> {
        match self {
            Self::System => TlsClient::system(),
            Self::File(path) => TlsClient::with_ca_file(path),
            Self::Pem(text) => TlsClient::with_ca_pem(text.as_bytes()),
        }
    }
}

impl Default for RelayWay {
    /// The way that the address names, by the proxies that the system names.
    fn default() -> Self {
        Self {
            strategy: Strategy::Standard,
            proxy: GivenProxy::System,
            trust: RelayTrust::System,
        }
    }
}

/// Why there can be no such relay.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RelayRefused {
    /// It goes where relays of its kind do not go.
    #[error(
        "no relay of the {} goes to {host}, unless server.relay_networks names its network",
        origin.as_str()
    )]
    Host {
        /// The host of the address.
        host: String,
        /// Who asked.
        origin: RelayOrigin,
    },
    /// All streams would go by one name.
    #[error(
        "all the streams of {streams} would go by one name; write {{stream}} where the name of each belongs, or end the address with the application"
    )]
    OneName {
        /// The streams.
        streams: Pattern,
    },
}

impl RelayJob {
    /// The stream at a place such as `live/cam` or `live/room/cam`: the first part is the application, the last one the name, and the name of a
    /// longer one has slashes.
    ///
    /// # Errors
    /// It is none of a stream.
    pub fn pull(place: &str, demand: Demand) -> Result<Self, BadPlace> {
        let parts: Vec<_> = place.splitn(3, '/').collect();
        let (application, instance, name) = match *parts {
            [application, name] => (application, DEFAULT_INSTANCE, name),
            [application, instance, name] => (application, instance, name),
            _ => return Err(BadPlace::NoStream),
        };
        if application.is_empty() || instance.is_empty() || name.is_empty() {
            return Err(BadPlace::NoStream);
        }
        let stream = StreamKey::new("", application, instance, name)?;
        Ok(Self::Pull { stream, demand })
    }

    pub(super) const fn direction(&self) -> Direction {
        match self {
            Self::Push { .. } => Direction::Push,
            Self::Pull { .. } => Direction::Pull,
        }
    }

    /// The streams it is about, as they are written.
    pub(super) fn streams(&self) -> String {
        match self {
            Self::Push { streams } => streams.to_string(),
            Self::Pull { stream, .. } => place(stream),
        }
    }
}

/// Why a text is not the place of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadPlace {
    /// It has no application or no name.
    #[error("write application and name of the stream, as in live/cam or live/room/cam")]
    NoStream,
    /// It is too long.
    #[error(transparent)]
    TooLong(#[from] KeyTooLong),
}

/// Where a stream is, as people write it.
pub(super) fn place(stream: &StreamKey) -> String {
    match stream.instance() {
        DEFAULT_INSTANCE => format!("{}/{}", stream.application(), stream.name()),
        instance => format!("{}/{instance}/{}", stream.application(), stream.name()),
    }
}

impl RelaySpec {
    /// A relay that `origin` asks for, which may also go to `networks` of the operator's own; `tls` is [whom](RelayTrust::client) its way
    /// trusts.
    ///
    /// # Errors
    /// It cannot be, or would go where it may not.
    pub fn new(
        job: RelayJob,
        url: RelayUrl,
        (way, tls): (RelayWay, TlsClient),
        (origin, networks): (RelayOrigin, Vec<Network>),
    ) -> Result<Self, RelayRefused> {
        Self::check(&job, &url, (origin, &networks))?;
        Ok(Self::unchecked(job, url, (way, tls), (origin, networks)))
    }

    /// One that nobody has said yes to.
    pub(super) fn unchecked(
        job: RelayJob,
        url: RelayUrl,
        (way, tls): (RelayWay, TlsClient),
        (origin, networks): (RelayOrigin, Vec<Network>),
    ) -> Self {
        let reach = Reach::new(origin, networks);
        let connector = Connector::new(ConnectorConfig::new(tls));
        let discovery = Discovery::new(way.proxy.clone(), connector.clone());
        let admitted = reach.clone();
        let connector = connector.admitting(move |address| admitted.admits(address));
        Self {
            job,
            url,
            way,
            reach,
            client: Client::with_discovery(connector, discovery),
        }
    }

    /// Whether there can be such a relay, as far as is known before it is tried.
    ///
    /// # Errors
    /// It cannot be, or would go where it may not.
    pub fn check(
        job: &RelayJob,
        url: &RelayUrl,
        (origin, networks): (RelayOrigin, &[Network]),
    ) -> Result<(), RelayRefused> {
        if let RelayJob::Push { streams } = job
            && streams.as_str().contains('*')
            && !url.tells_streams_apart()
        {
            let streams = streams.clone();
            return Err(RelayRefused::OneName { streams });
        }
        let host = url.target().host();
        if Reach::new(origin, networks.to_vec()).admits_host(host) {
            return Ok(());
        }
        let host = host.to_string();
        Err(RelayRefused::Host { host, origin })
    }

    /// What it does.
    pub const fn job(&self) -> &RelayJob {
        &self.job
    }

    /// Where to, or from.
    pub const fn url(&self) -> &RelayUrl {
        &self.url
    }

    pub(super) const fn way(&self) -> &RelayWay {
        &self.way
    }

    pub(super) const fn client(&self) -> &Client {
        &self.client
    }

    /// How its connections are made.
    pub(super) fn options(&self) -> ConnectOptions {
        let options = ConnectOptions::new(Intent::default()).with_strategy(self.way.strategy);
        crate::relay::options_for(self.job.direction(), &options)
    }
}

impl PartialEq for RelaySpec {
    fn eq(&self, other: &Self) -> bool {
        let one = (&self.job, &self.url, &self.way, &self.reach);
        one == (&other.job, &other.url, &other.way, &other.reach)
    }
}

impl Eq for RelaySpec {}

#[cfg(test)]
mod tests {
    use super::*;
    use adit_client::network::InsecureTls;

    #[track_caller]
    fn check(text: &str, expected: Option<[&str; 3]>) {
        let job = RelayJob::pull(text, Demand::Always).ok();
        let found = job.as_ref().map(|job| match job {
            RelayJob::Pull { stream, .. } => {
                [stream.application(), stream.instance(), stream.name()]
            }
            RelayJob::Push { .. } => unreachable!("a pull"),
        });
        assert_eq!(found, expected, "{text}");
        if let Some(job) = job {
            assert_eq!(job.streams(), text);
        }
    }

    #[test]
    fn a_place_names_application_instance_and_stream() {
        check("live/cam", Some(["live", "_definst_", "cam"]));
        check("live/room/cam", Some(["live", "room", "cam"]));
        check("live/room/a/b", Some(["live", "room", "a/b"]));
        for wrong in ["", "live", "live/", "/cam", "live//cam", "live/room/"] {
            check(wrong, None);
        }
        let long = "x".repeat(2000);
        assert!(RelayJob::pull(&format!("live/{long}"), Demand::Always).is_err());
    }

    fn spec(streams: &str, url: &str, origin: RelayOrigin) -> Result<RelaySpec, RelayRefused> {
        let streams = streams.parse().unwrap();
        let way = RelayWay {
            proxy: GivenProxy::None,
            ..RelayWay::default()
        };
        let job = RelayJob::Push { streams };
        let tls = TlsClient::insecure(InsecureTls::accept_any_certificate());
        RelaySpec::new(job, url.parse().unwrap(), (way, tls), (origin, Vec::new()))
    }

    #[test]
    fn relays_are_the_same_if_all_that_is_asked_for_is() {
        let operator = RelayOrigin::Configuration;
        let one = spec("live/*", "rtmp://far/in", operator).unwrap();
        assert_eq!(one, spec("live/*", "rtmp://far/in", operator).unwrap());
        assert_ne!(one, spec("live/a", "rtmp://far/in", operator).unwrap());
        assert_ne!(one, spec("live/*", "rtmp://far:1/in", operator).unwrap());
        assert_ne!(one, spec("live/*", "rtmp://u:p@far/in", operator).unwrap());
    }

    #[test]
    fn what_cannot_be_is_refused_with_a_reason() {
        let refused = spec("live/*", "rtmp://far/in/one", RelayOrigin::Configuration);
        assert!(
            matches!(refused, Err(RelayRefused::OneName { .. })),
            "{refused:?}"
        );
        assert!(spec("live/a", "rtmp://far/in/one", RelayOrigin::Configuration).is_ok());
        let refused = spec("live/*", "rtmp://10.0.0.1/in", RelayOrigin::Api);
        assert!(
            matches!(refused, Err(RelayRefused::Host { .. })),
            "{refused:?}"
        );
        let refused = spec(
            "live/*",
            "rtmp://169.254.169.254/in",
            RelayOrigin::Configuration,
        );
        let words = refused.unwrap_err().to_string();
        assert!(
            words.contains("169.254.169.254") && words.contains("server.relay_networks"),
            "{words}"
        );
    }
}
