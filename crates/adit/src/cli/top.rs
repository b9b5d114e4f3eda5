//! The flags of `adit top`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::{Installation, span};

/// The flags of `adit top`.
#[derive(Debug, Args)]
pub(crate) struct Top {
    /// Address of the API, as in `http://127.0.0.1:9350`
    /// [default: `api.listen` of the configuration]
    #[arg(long, value_name = "URL")]
    pub(crate) api: Option<String>,

    /// File with the token of the API
    /// [default: `api.token` of the configuration, else api-token in the state directory]
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,

    /// Print one table, with the rates of one interval, and end
    #[arg(long)]
    pub(crate) once: bool,

    /// How often it is looked
    #[arg(long, value_name = "TIME", value_parser = span::parse, default_value = "1s")]
    pub(crate) interval: Duration,

    #[command(flatten)]
    pub(crate) installation: Installation,
}
