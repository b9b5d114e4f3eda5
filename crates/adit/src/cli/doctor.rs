//! The flags of `adit doctor`.

use std::net::SocketAddr;

use clap::Args;

use super::{Address, Installation, nearby_address};

/// The flags of `adit doctor`.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Public address of the server, as in `rtmp://live.example.com/live`: whether its certificate is for that name, and every way
    /// there is tried, from this machine
    #[arg(long, value_name = "URL")]
    pub(crate) public: Option<Address>,

    /// Web server by whose time the clock is checked, as in `http://example.com`
    #[arg(long, value_name = "URL")]
    pub(crate) clock: Option<String>,

    /// Print one JSON object in place of the table
    #[arg(long)]
    pub(crate) json: bool,

    /// Address of the API, where the server was started with `--api`
    /// [default: `api.listen` of the configuration]
    #[arg(long, value_name = "ADDR:PORT", value_parser = nearby_address)]
    pub(crate) api: Option<SocketAddr>,

    #[command(flatten)]
    pub(crate) installation: Installation,
}
