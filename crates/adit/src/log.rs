//! Log lines on standard error, for people or for machines.

use std::env;
use std::io::{self, IsTerminal as _};
use std::panic;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
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
    let asked = env::var_os(FILTER_VARIABLE).unwrap_or_default();
    let (filter, mistake) = match asked_for(&asked.to_string_lossy()) {
        Ok(Some(filter)) => (filter, None),
        Ok(None) => (EnvFilter::new(usual), None),
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
        ui::note(&format!(
            "{FILTER_VARIABLE} is not understood, so it counts as {usual}: {mistake}"
        ));
    }
}

/// What the variable asks for, if anything.
///
/// # Errors
/// Why it is no filter. The library takes any word for the name of a target, of which there is none then: a level that
/// is misspelt would turn all lines off.
fn asked_for(text: &str) -> Result<Option<EnvFilter>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    // Inside brackets, commas separate the fields of a span.
    let words = text
        .split(',')
        .map(str::trim)
        .filter(|_| !text.contains('['));
    for word in words.filter(|word| !word.is_empty()) {
        let target = word.split('=').next().unwrap_or_default();
        let is_target = word.contains('=') || target.starts_with("adit") || target.contains("::");
        if !is_target && word.parse::<LevelFilter>().is_err() {
            return Err(format!(
                "{word:?} is none of the levels off, error, warn, info, debug and trace, nor does it say TARGET=LEVEL"
            ));
        }
    }
    EnvFilter::try_new(text)
        .map(Some)
        .map_err(|mistake| mistake.to_string())
}

/// What is logged if nobody asks for anything else.
const USUAL_FILTER: &str = "info";

/// The same where only talk and what needs attention is wanted.
const QUIET_FILTER: &str = "warn,adit::ui=info";

#[cfg(test)]
mod tests;
