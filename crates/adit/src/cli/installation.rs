//! The flags of the commands that are about a server of this machine.

use std::path::PathBuf;

use clap::Args;

/// Where the configuration is of the server that a command is about.
#[derive(Debug, Args)]
pub(crate) struct Installation {
    /// Configuration of the server; `ADIT_…` variables go before it, as for `adit serve`
    /// [default: adit.toml in `$CONFIGURATION_DIRECTORY`, else in /etc/adit, if there is one]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// State directory of the server, where that was started with `--state-dir`
    #[arg(long, value_name = "DIR")]
    pub(crate) state_dir: Option<PathBuf>,
}
