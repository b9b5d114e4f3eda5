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
    start_with(format, USUAL_FILTER);
}

/// The same for a command that says itself what its user wants to know.
pub(crate) fn start_quiet(format: LogFormat) {
    start_with(format, QUIET_FILTER);
}

fn start_with(format: LogFormat, usual: &str) {
    let asked = env::var(FILTER_VARIABLE).unwrap_or_else(|_| usual.to_owned());
    let (filter, mistake) = match EnvFilter::try_new(&asked) {
        Ok(filter) => (filter, None),
        Err(mistake) => (EnvFilter::new(usual), Some(mistake)),
    };
    let lines = fmt()
        .with_env_filter(filter)
        .with_writer(|| ui::LogLines)
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

/// The same where only talk and what needs attention is wanted.
const QUIET_FILTER: &str = "warn,adit::ui=info";
