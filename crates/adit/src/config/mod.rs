//! The configuration of `adit serve`: a TOML file, `ADIT_…` variables of the environment, and flags, in this order.
//!
//! Each section is a struct of its own, in a file of its name. The doc comment of a field is what people read about its key:
//! `adit config explain`, `adit config schema` and `docs/configuration.md` are made of it, by way of the JSON schema ([`keys`]).
//! A new key needs nothing but its field, and whoever uses it: `serve/plan.rs` makes the settings of the server of all this. A flag
//! for it stands in [`flags`], what takes effect only at the next start in [`keys`], keys that need each other in [`together`].

pub(crate) mod access;
#[cfg(feature = "acme")]
mod acme;
pub(crate) mod api;
mod apps;
mod callbacks;
mod codecs;
mod commands;
mod difference;
mod encoders;
mod file;
mod flags;
mod http;
mod keys;
mod layers;
mod limits;
mod log;
mod mistake;
mod objects;
mod opentelemetry;
mod path;
mod print;
mod recording;
mod reference;
mod relays;
mod server;
mod share;
mod tls;
mod together;
mod tree;
mod tunnel;
mod unit;
mod units;
mod variables;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use self::apps::{App, AppRecording};
pub(crate) use self::callbacks::{AppCallbacks, Callbacks};
pub(crate) use self::commands::run;
pub(crate) use self::difference::Difference;
pub(crate) use self::encoders::Encoders;
pub(crate) use self::flags::api as api_flag;
pub(crate) use self::layers::{Effective, Sources, load};
pub(crate) use self::mistake::Mistakes;
pub(crate) use self::opentelemetry::OpenTelemetry;
pub(crate) use self::path::KeyPath;
pub(crate) use self::units::{AppHook, Hook, HookChoice, Secret};

/// The whole configuration; the default is what `adit serve` does without a file.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Where the server listens, what it keeps, and whom it takes its clients' addresses from.
    pub(crate) server: server::Server,
    /// The certificate for RTMPS and RTMPTS.
    pub(crate) tls: tls::Tls,
    /// The log on standard error.
    pub(crate) log: log::Log,
    /// Logins of encoders.
    pub(crate) encoders: Encoders,
    /// Who may publish and play.
    pub(crate) access: access::Access,
    /// Recordings of live streams.
    pub(crate) recording: recording::Recording,
    /// What browsers and HTTP players get.
    pub(crate) http: http::Http,
    /// How live streams become HLS.
    pub(crate) hls: http::Hls,
    /// Shared objects.
    pub(crate) objects: objects::Objects,
    /// What peers can make the server hold, do or wait for.
    pub(crate) limits: limits::Limits,
    /// The HTTP API, with metrics and health, on a port of its own.
    pub(crate) api: api::Api,
    /// Applications by name.
    pub(crate) apps: BTreeMap<String, App>,
}
