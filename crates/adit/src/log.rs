//! Log lines on standard error, for people or for machines.

use std::env;
use std::io::{self, IsTerminal as _};
use std::panic;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

use crate::cli::LogFormat;
use crate::ui;

/// The variable that selects what is logged, as in `ADIT_LOG=adit_server=debug`.
const FILTER_VARIABLE: &str = "ADIT_LOG";

/// Starts logging; call once.
pub(crate) fn start(format: LogFormat) {
    let asked = env::var(FILTER_VARIABLE).unwrap_or_else(|_| USUAL_FILTER.to_owned());
    let (filter, mistake) = match EnvFilter::try_new(&asked) {
        Ok(filter) => (filter, None),
        Err(mistake) => (EnvFilter::new(USUAL_FILTER), Some(mistake)),
    };
    let lines = fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_target(false);
    match format {
        LogFormat::Pretty => lines.with_ansi(io::stderr().is_terminal()).init(),
        LogFormat::Json => {
            lines.json().flatten_event(true).init();
            // Whoever parses standard error finds nothing there but objects.
            ui::talk_in_log();
            panic::set_hook(Box::new(|defect| tracing::error!(%defect, "defect")));
        }
    }
    if let Some(mistake) = mistake {
        ui::note(&format!("{FILTER_VARIABLE} is not understood: {mistake}"));
    }
}

/// What is logged if nobody asks for anything else.
const USUAL_FILTER: &str = "info";
