//! Log lines on standard error, for people or for machines.

use std::env;
use std::fmt;
use std::io::{self, IsTerminal as _};
use std::panic;
use std::sync::Arc;

use tracing::{Event, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, layer};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, registry, reload};

use crate::cli::LogFormat;
use crate::traces::Traces;
use crate::ui;

/// The variable that selects what is logged, as in `ADIT_LOG=adit_server=debug`.
pub(crate) const LEVEL_VARIABLE: &str = "ADIT_LOG";

/// The log, to be changed while it is written.
#[derive(Clone)]
pub(crate) struct Log {
    filter: Arc<dyn Fn(EnvFilter) -> Result<(), reload::Error> + Send + Sync>,
}

impl Log {
    /// From now on writes what `level` asks for, in this format. A level that is none changes nothing: see [`filter`].
    pub(crate) fn change(&self, level: &str, format: LogFormat) {
        ui::talk_in(format);
        let Ok(filter) = filter(level) else { return };
        // It is there as long as the process.
        if let Err(error) = (self.filter)(filter) {
            tracing::error!(%error, "the level of the log stays");
        }
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log").finish_non_exhaustive()
    }
}

/// Starts logging for a command that has its level from a configuration, and spans beside it; call once.
#[cfg_attr(
    not(feature = "otel"),
    expect(unused_variables, reason = "there are no spans")
)]
pub(crate) fn start(level: &str, format: LogFormat, traces: &Traces) -> Log {
    let filter = filter(level).unwrap_or_else(|_| EnvFilter::new(USUAL_LEVEL));
    #[cfg(feature = "otel")]
    if let Some(layer) = traces.layer() {
        return start_over(registry().with(layer), filter, format);
    }
    start_with(filter, format)
}

/// The same for a command that says itself what its user wants to know.
pub(crate) fn start_quiet(format: LogFormat) {
    let asked = env::var_os(LEVEL_VARIABLE).unwrap_or_default();
    let asked = asked.to_string_lossy();
    if asked.trim().is_empty() {
        start_with(EnvFilter::new(QUIET_LEVEL), format);
        return;
    }
    match filter(&asked) {
        Ok(filter) => drop(start_with(filter, format)),
        Err(mistake) => {
            start_with(EnvFilter::new(QUIET_LEVEL), format);
            ui::note(&format!(
                "{LEVEL_VARIABLE} is not understood, so it counts as {QUIET_LEVEL}: {mistake}"
            ));
        }
    }
}

fn start_with(filter: EnvFilter, format: LogFormat) -> Log {
    start_over(registry(), filter, format)
}

/// Starts it over whatever else wants to know of spans.
fn start_over<S>(below: S, filter: EnvFilter, format: LogFormat) -> Log
where
    S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
{
    ui::talk_in(format);
    // Both formats are there, each with the fields of spans in its own way, and one of them writes.
    let pretty = layer()
        .with_writer(|| ui::LogLines)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false)
        .map_event_format(|lines| Only(LogFormat::Pretty, lines));
    let json = layer()
        .json()
        .flatten_event(true)
        .with_writer(|| ui::LogLines)
        .with_target(false)
        .map_event_format(|lines| Only(LogFormat::Json, lines));
    let (filter, handle) = reload::Layer::new(filter);
    below.with(pretty.and_then(json).with_filter(filter)).init();
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |defect| {
        // Whoever parses standard error finds nothing there but objects.
        if ui::is_in_log() {
            tracing::error!(%defect, "defect");
        } else {
            usual(defect);
        }
    }));
    Log {
        filter: Arc::new(move |filter| handle.reload(filter)),
    }
}

/// Writes lines while they are to be in this format.
struct Only<F>(LogFormat, F);

impl<S, N, F> FormatEvent<S, N> for Only<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        if ui::is_in_log() == (self.0 == LogFormat::Json) {
            return self.1.format_event(context, writer, event);
        }
        Ok(())
    }
}

/// What a level, or several, let through.
///
/// # Errors
/// Why it is no filter. The library takes any word for the name of a target, of which there is none then: a level that
/// is misspelt would turn all lines off.
pub(crate) fn filter(text: &str) -> Result<EnvFilter, String> {
    if text.trim().is_empty() {
        return Err("it is empty; off turns the log off".to_owned());
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
    EnvFilter::try_new(text).map_err(|mistake| mistake.to_string())
}

/// What is logged if nobody asks for anything else.
pub(crate) const USUAL_LEVEL: &str = "info";

/// The same where only talk and what needs attention is wanted.
const QUIET_LEVEL: &str = "warn,adit::ui=info";

#[cfg(test)]
mod tests;
