//! `[[apps.NAME.relays]]`

use std::time::Duration;

use adit_server::relays::{Demand, RelayJob, RelayTrust, RelayWay};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::units::{Glob, Place, ProxyChoice, RelayAddress, Span};
use crate::cli::Strategy;

/// A relay: streams of the application that are published at another server too, or come from one.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Relay {
    /// Whether streams go or come.
    pub(crate) direction: Direction,
    /// Which: names of streams of the application, in which `*` stands for any text, or with the instance, as in `room/cam`. To pull it is one
    /// name.
    pub(crate) stream: Glob,
    /// The other server: `rtmp://`, `rtmps://`, `rtmpt://` or `rtmpts://`, with the stream key, and a user and a password if it asks for them.
    /// `{app}`, `{instance}` and `{stream}` are the names that a stream has here; what the address leaves out is as it is here.
    pub(crate) url: RelayAddress,
    /// Pull only while somebody plays.
    #[serde(default)]
    pub(crate) on_demand: bool,
    /// How long it goes on after the last player has left.
    #[serde(default = "usual_idle")]
    #[schemars(extend("x-range" = ["1s", "24h"]))]
    pub(crate) idle: Span,
    /// Which ways to the other server are tried.
    #[serde(default)]
    pub(crate) strategy: Strategy,
    /// The proxy to go through: `none`, `system` (environment and system settings), the URL of a proxy (http, https, socks4a, socks5), or `pac+`
    /// and the URL of a PAC script.
    #[serde(default)]
    pub(crate) proxy: ProxyChoice,
    /// PEM file of certificates to trust beside those of the system.
    #[serde(default)]
    pub(crate) ca_file: Option<Place>,
}

/// Whether streams go or come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Direction {
    /// Streams that are published here are published there too
    Push,
    /// A stream that is published there is published here too
    Pull,
}

fn usual_idle() -> Span {
    Span(Duration::from_secs(10))
}

impl Relay {
    /// What it does with streams of an application.
    ///
    /// # Errors
    /// What is wrong with the stream.
    pub(crate) fn job(&self, application: &str) -> Result<RelayJob, String> {
        let place = format!("{application}/{}", self.stream);
        match self.direction {
            Direction::Push => {
                let streams = place.parse();
                let streams = streams
                    .map_err(|error: adit_server::access::PatternTooLong| error.to_string())?;
                Ok(RelayJob::Push { streams })
            }
            Direction::Pull if place.contains('*') => {
                Err("a relay that pulls is about one stream".to_owned())
            }
            Direction::Pull => {
                let demand = if self.on_demand {
                    Demand::WhilePlayed { idle: self.idle.0 }
                } else {
                    Demand::Always
                };
                RelayJob::pull(&place, demand).map_err(|error| error.to_string())
            }
        }
    }

    /// How the other server is reached.
    pub(crate) fn way(&self) -> RelayWay {
        RelayWay {
            strategy: self.strategy.into(),
            proxy: self.proxy.given().clone(),
            trust: match &self.ca_file {
                Some(path) => RelayTrust::File(path.0.clone()),
                None => RelayTrust::System,
            },
        }
    }
}
