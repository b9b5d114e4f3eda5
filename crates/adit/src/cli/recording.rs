//! Flags of `adit serve` for what lies on a disk: recordings, and files to play.

use std::path::PathBuf;

use adit_server::SyncInterval;
use clap::Args;

use super::span;

/// The flags of `adit serve` that say what is recorded and played from files.
#[derive(Debug, Args)]
pub(crate) struct Recording {
    /// Directory of recordings and files to play: `rtmp://HOST/APP/NAME` is APP/NAME.flv, .mp4 or .f4v in it
    #[arg(long, value_name = "DIR")]
    pub(crate) media: Option<PathBuf>,

    /// Record every stream that is published, not only those whose publisher asks for it
    #[arg(long)]
    pub(crate) record: bool,

    /// What a loss of power may cost of a recording; `off` leaves it to the operating system
    /// [default: 5s]
    #[arg(long, value_name = "TIME", value_parser = record_sync)]
    pub(crate) record_sync: Option<SyncInterval>,
}

/// How often recordings are made lasting.
pub(crate) fn record_sync(text: &str) -> Result<SyncInterval, String> {
    match text {
        "off" => Ok(SyncInterval::Never),
        _ => span::parse(text).map(SyncInterval::Every),
    }
}
