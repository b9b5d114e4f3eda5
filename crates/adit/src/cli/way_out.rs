//! The flags that every command has which goes to a server.

use std::path::PathBuf;
use std::time::Duration;

use adit_client::network::GivenProxy;
use adit_client::{Secret, strategy};
use clap::{Args, ValueEnum};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{LogFormat, span};

/// How a server is reached.
#[derive(Debug, Args)]
#[command(next_help_heading = "The way out")]
pub(crate) struct WayOut {
    /// Which ways to the server are tried
    /// [default: standard; probe and tunnel: reach]
    #[arg(long, value_enum)]
    pub(crate) strategy: Option<Strategy>,

    /// Proxy to go through: `none`, `system` (environment and system settings), the URL of a proxy (http, https, socks4a, socks5), or
    /// `pac+` and the URL of a PAC script
    #[arg(long, value_name = "PROXY", default_value = "system")]
    pub(crate) proxy: GivenProxy,

    /// How proxies and TLS are used, in the words of Flash's NetConnection.proxyType
    #[arg(long, value_enum, default_value_t = ProxyType::Best)]
    pub(crate) proxy_type: ProxyType,

    /// PEM file of certificates to trust beside those of the system
    #[arg(long, value_name = "FILE", conflicts_with = "insecure")]
    pub(crate) ca_file: Option<PathBuf>,

    /// Accept any certificate: whoever sits on the way can read and change everything
    #[arg(long)]
    pub(crate) insecure: bool,

    /// Try the ways one after the other, not overlapping
    #[arg(long)]
    pub(crate) sequential: bool,

    /// How long the search for a way may take [default: 9s; one after the other 60s]
    #[arg(long, value_name = "TIME", value_parser = span::parse)]
    pub(crate) timeout: Option<Duration>,

    /// How log lines are written to standard error; `ADIT_LOG=debug` in the environment asks for more of them
    #[arg(long, value_enum, default_value_t = LogFormat::Pretty)]
    pub(crate) log: LogFormat,
}

/// Where the stream key comes from, if not with the URL. With a key the URL is that of the server: `rtmp://host/app`.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct Key {
    /// Stream key, apart from the URL, which then ends with the application (`//` ends one of several parts). Arguments, a key in the URL
    /// as well, are hidden from other users of this machine as soon as the command runs, not a moment earlier: with --key-file, or
    /// `ADIT_STREAM_KEY` in the environment for a URL without a key, they never see it
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<Secret>,

    /// File whose first line is the stream key, `-` for standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
}

/// Which ways are tried.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Strategy {
    /// The one the URL names; for rtmp:// without a port also RTMPT on port 80
    #[default]
    Standard,
    /// RTMP on ports 1935, 443 and 80, no tunnel
    Classic,
    /// Every way that could work, directly and through each proxy
    Reach,
}

impl From<Strategy> for strategy::Strategy {
    fn from(strategy: Strategy) -> Self {
        match strategy {
            Strategy::Standard => Self::Standard,
            Strategy::Classic => Self::Classic,
            Strategy::Reach => Self::Reach,
        }
    }
}

/// How proxies are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProxyType {
    /// No proxy but for HTTP requests; rtmps:// is the tunnel in HTTPS
    None,
    /// The same as none
    Http,
    /// Directly, then by CONNECT; rtmps:// is native TLS
    Connect,
    /// By CONNECT and no other way, tunnels too; rtmps:// is native TLS
    ConnectOnly,
    /// Whatever carries best
    Best,
}

impl From<ProxyType> for strategy::ProxyType {
    fn from(kind: ProxyType) -> Self {
        match kind {
            ProxyType::None => Self::None,
            ProxyType::Http => Self::Http,
            ProxyType::Connect => Self::Connect,
            ProxyType::ConnectOnly => Self::ConnectOnly,
            ProxyType::Best => Self::Best,
        }
    }
}
