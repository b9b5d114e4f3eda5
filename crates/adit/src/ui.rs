//! The only place that prints: data on standard output, talk on standard error.

use std::error::Error;
use std::io::{self, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::cli::LogFormat;
use crate::connect::secrets;

/// Talk is written as log lines.
static IN_LOG: AtomicBool = AtomicBool::new(false);

/// A line on the terminal changes in place, and has to go before anything else is written.
static STATUS: AtomicBool = AtomicBool::new(false);

/// From now on talk is written as log lines, because machines read standard error, or no more.
pub(crate) fn talk_in(format: LogFormat) {
    IN_LOG.store(format == LogFormat::Json, Ordering::Relaxed);
}

/// Whether it is.
pub(crate) fn is_in_log() -> bool {
    IN_LOG.load(Ordering::Relaxed)
}

/// The line on a terminal that says how it goes, in place of the one before.
pub(crate) fn status(text: &str) {
    let mut err = io::stderr().lock();
    STATUS.store(true, Ordering::Relaxed);
    // There is nobody to tell where standard error is closed.
    drop(write!(err, "\r{text}\x1b[K").and_then(|()| err.flush()));
}

/// Removes the line that says how it goes.
pub(crate) fn clear_status() {
    clear_status_from(&mut io::stderr().lock());
}

fn clear_status_from(err: &mut impl io::Write) {
    if STATUS.swap(false, Ordering::Relaxed) {
        drop(write!(err, "\r\x1b[K").and_then(|()| err.flush()));
    }
}

/// How it goes, as a line of its own.
pub(crate) fn figures(text: &str) {
    if is_in_log() {
        tracing::info!("{text}");
    } else {
        drop(writeln!(io::stderr(), "{text}"));
    }
}

/// One line of data for the caller, flushed, since scripts wait for it.
pub(crate) fn line(text: &str) {
    // A closed standard output is no reason to stop serving.
    if let Err(error) = print(text) {
        tracing::debug!(%error, "standard output is not taken");
    }
}

/// Lines of data that were the purpose of the command.
///
/// # Errors
/// When they cannot be written. That the reader has seen enough is no error.
pub(crate) fn print(text: &str) -> io::Result<()> {
    match data(text) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome,
    }
}

/// One of many lines of data, by a command that goes on.
///
/// # Errors
/// When it cannot be written, or nobody reads any more.
pub(crate) fn data(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    clear_status();
    writeln!(out, "{text}").and_then(|()| out.flush())
}

/// Something for a terminal that shows nothing else.
pub(crate) fn screen(text: &str) {
    let mut out = io::stdout().lock();
    // There is nobody to tell where the terminal is gone.
    drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}

/// Something that happened while a command runs for long, as a line of the log with its time.
pub(crate) fn event(text: &str) {
    tracing::info!("{text}");
}

/// Something the person should know, and the server goes on.
pub(crate) fn note(text: &str) {
    talk(Kind::Note, text);
}

/// Something for whoever sits at the keyboard, and for no log.
pub(crate) fn aside(text: &str) {
    if !is_in_log() {
        note(text);
    }
}

/// Several lines that belong together, before the error that they are about.
pub(crate) fn block(text: &str) {
    let text = secrets::without(text);
    if is_in_log() {
        tracing::error!("{text}");
        return;
    }
    let mut out = io::stderr().lock();
    clear_status_from(&mut out);
    // There is nobody to tell where standard error is closed.
    drop(writeln!(out, "{text}"));
}

/// What to do about the line before.
pub(crate) fn hint(text: &str) {
    talk(Kind::Hint, text);
}

/// Why the command ends, with every cause below it.
pub(crate) fn error(failure: &dyn Error) {
    let mut text = failure.to_string();
    let mut cause = failure.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    talk(Kind::Error, &text);
}

#[derive(Clone, Copy)]
enum Kind {
    Note,
    Hint,
    Error,
}

fn talk(kind: Kind, text: &str) {
    let text = secrets::without(text);
    if is_in_log() {
        match kind {
            Kind::Note | Kind::Hint => tracing::info!("{text}"),
            Kind::Error => tracing::error!("{text}"),
        }
        return;
    }
    let kind = match kind {
        Kind::Note => "note",
        Kind::Hint => "hint",
        Kind::Error => "error",
    };
    let mut out = io::stderr().lock();
    clear_status_from(&mut out);
    if writeln!(out, "{kind}: {text}").is_err() {
        tracing::debug!("standard error is closed");
    }
}

/// Standard error for log lines: what is secret does not pass.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LogLines;

impl io::Write for LogLines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let mut out = io::stderr().lock();
        clear_status_from(&mut out);
        // Nobody may be reading the log any more. The subscriber would complain of that on standard error, and panic.
        drop(out.write_all(secrets::without(&text).as_bytes()));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
