//! The flags of `adit sign`.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::{Address, Installation, span};

/// The flags of `adit sign`.
#[derive(Debug, Args)]
pub(crate) struct Sign {
    /// Address of a stream: `rtmp://host/app/name`, or rtmpt, rtmps, rtmpts; to play also `http://host/app/name.flv`,
    /// `https://host/app/name/index.m3u8` and `ws://host/app/name.flv`
    #[arg(value_name = "URL")]
    pub(crate) url: Address,

    /// How long it is good for
    #[arg(long, value_name = "TIME", value_parser = span::parse, default_value = "1h")]
    pub(crate) expires: Duration,

    /// Let play, as without this flag
    #[arg(long, conflicts_with = "publish")]
    pub(crate) play: bool,

    /// Let publish
    #[arg(long)]
    pub(crate) publish: bool,

    /// Only from this address
    #[arg(long, value_name = "ADDR", conflicts_with = "token")]
    pub(crate) ip: Option<IpAddr>,

    /// A JSON web token in place of a signature: by `access.tokens.secret`, or by --private-key
    #[arg(long)]
    pub(crate) token: bool,

    /// Whose the token is
    #[arg(long, value_name = "NAME", requires = "token")]
    pub(crate) subject: Option<String>,

    /// PEM file of the private key that signs tokens; the server has the public one
    #[arg(long, value_name = "FILE", requires = "token")]
    pub(crate) private_key: Option<PathBuf>,

    /// File whose first line is the secret, `-` for standard input
    /// [default: `access.signing_secrets` or `access.tokens.secret` of the configuration]
    #[arg(long, value_name = "FILE", conflicts_with = "private_key")]
    pub(crate) secret_file: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) installation: Installation,
}
