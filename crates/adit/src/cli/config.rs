//! The flags of `adit config`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Serve;

/// The flags of `adit config`.
#[derive(Debug, Args)]
pub(crate) struct Config {
    #[command(subcommand)]
    pub(crate) command: ConfigCommand,
}

/// What to do with the configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Tell every mistake in a file and in the environment; without one, exit with 0
    Check(Check),
    /// Print the configuration as `adit serve` with the same flags would have it, and where each value comes from
    Print(Box<Serve>),
    /// Print the JSON schema of the file, for editors
    Schema,
    /// Tell what a key means, what it takes, and how else it can be set
    Explain(Explain),
    /// Print docs/configuration.md
    #[command(hide = true)]
    Reference,
}

/// The flags of `adit config check`.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// The file [default: adit.toml in `$CONFIGURATION_DIRECTORY`, if there is one]
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

/// The flags of `adit config explain`.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The key or section, as in limits.conn.total
    #[arg(value_name = "KEY")]
    pub(crate) key: String,
}
