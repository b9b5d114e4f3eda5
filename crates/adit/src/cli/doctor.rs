//! The flags of `adit doctor`.

use clap::Args;

use super::{Address, Installation};

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

    #[command(flatten)]
    pub(crate) installation: Installation,
}
