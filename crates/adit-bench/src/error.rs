//! What can go wrong in a benchmark run, apart from the faults of servers that it counts.

use std::io;

use thiserror::Error;

/// Shorthand for results of this crate.
pub(crate) type Result<T> = std::result::Result<T, Error>;

/// Why a run broke off.
#[derive(Debug, Error)]
pub(crate) enum Error {
    /// The operating system refused something.
    #[error("{doing}: {source}")]
    Io {
        /// What was attempted.
        doing: String,
        source: io::Error,
    },
    /// A server did not start, died or answered in a way that leaves nothing to measure.
    #[error("{server}: {what}{}", log_note(.log))]
    Server {
        server: String,
        what: String,
        /// The end of what the server wrote.
        log: String,
    },
    /// The machine or the options do not allow the run.
    #[error("{0}")]
    Setup(String),
}

fn log_note(log: &str) -> String {
    if log.is_empty() {
        String::new()
    } else {
        format!("; its last words:\n{log}")
    }
}

/// Adds what was being done to an operating system error.
pub(crate) trait Doing<T> {
    /// `doing` says what was attempted, as in "starting nginx".
    fn doing(self, doing: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: Into<io::Error>> Doing<T> for std::result::Result<T, E> {
    fn doing(self, doing: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|source| Error::Io {
            doing: doing(),
            source: source.into(),
        })
    }
}
