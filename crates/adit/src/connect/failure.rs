//! Why a command ends without having done what it was asked to, and the exit code for it.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use adit_client::connection::StreamError;
use adit_client::network::TlsSetupError;
use adit_client::{AddressError, ConnectError};
use thiserror::Error;

use crate::cli::AddressMistake;
use crate::serve::ServeError;
use crate::ui;

/// Why a command ends. Nothing in it is secret.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    /// The server could not start or go on.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The address of the stream is wrong.
    #[error(transparent)]
    Address(#[from] AddressMistake),
    /// Flags that do not go together, or a value no command takes.
    #[error("{text}")]
    Usage {
        /// What is wrong.
        text: String,
    },
    /// The stream key cannot be read.
    #[error("the stream key cannot be read from {}: {source}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// Certificates to trust cannot be had.
    #[error(transparent)]
    Trust(#[from] TlsSetupError),
    /// No connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The server refuses the stream, or the connection has ended.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// What is to be published cannot be read.
    #[error("{name}: {text}")]
    Input {
        /// The input.
        name: String,
        /// What is wrong.
        text: String,
    },
    /// What was played cannot be written.
    #[error("{}: {source}", path.display())]
    Output {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// There is a file of that name already.
    #[error("{} exists already", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The stream has not started.
    #[error("the stream has not started within {}", humantime::format_duration(*waited))]
    NotStarted {
        /// How long it was waited for.
        waited: Duration,
    },
    /// Ended by the person at the keyboard or by the system, in good order.
    #[error("interrupted")]
    Interrupted,
    /// Tried everything, and has said so.
    #[error("no way leads to the server")]
    NoWay,
    /// The operating system refused threads, signals or the like.
    #[error("the operating system refused what the command needs: {0}")]
    System(#[from] io::Error),
}

impl From<AddressError> for Failure {
    fn from(error: AddressError) -> Self {
        Self::Address(error.into())
    }
}

impl Failure {
    /// Says why, and what to do about it; gives the exit code.
    pub(crate) fn tell(&self) -> ExitCode {
        // These two have said what there is to say.
        if !matches!(self, Self::Interrupted | Self::NoWay) {
            ui::error(self);
            self.tell_attempts();
            if let Some(remedy) = self.remedy() {
                ui::hint(&remedy);
            }
        }
        ExitCode::from(self.code())
    }

    /// One line for each attempt that was made, when none was good.
    fn tell_attempts(&self) {
        let Self::Connect(ConnectError::Unreachable { report, settings }) = self else {
            return;
        };
        for attempt in report.attempts() {
            if let Some(failure) = attempt.failure() {
                ui::note(&format!("{}: {failure}", attempt.rung()));
            }
        }
        if let Some(settings) = settings {
            ui::note(&format!("proxy settings were left aside: {settings}"));
        }
    }

    fn code(&self) -> u8 {
        match self {
            Self::Address(_) | Self::Usage { .. } => USAGE,
            Self::Connect(ConnectError::Unreachable { .. }) | Self::NoWay => UNREACHABLE,
            Self::Interrupted => INTERRUPTED,
            _ => FAILED,
        }
    }

    fn remedy(&self) -> Option<String> {
        let remedy = match self {
            Self::Serve(error) => return error.remedy(),
            Self::Address(AddressMistake::NoStream) => {
                "write it as in rtmp://host/app/key, or give the key by --key-file or ADIT_STREAM_KEY"
            }
            Self::Exists { .. } => "--force overwrites it",
            Self::Connect(ConnectError::Unreachable { .. }) => {
                "adit probe URL tries every way; --strategy reach connects by whichever works"
            }
            Self::Connect(ConnectError::Login(_)) => {
                "user and password go before the host: rtmp://user:password@host/app/key"
            }
            Self::Connect(ConnectError::Proxies(_)) => {
                "--proxy none goes without a proxy, --proxy URL through a given one"
            }
            _ => return None,
        };
        Some(remedy.to_owned())
    }
}

/// Something failed.
const FAILED: u8 = 1;
/// The command line is wrong.
pub(crate) const USAGE: u8 = 2;
/// No way leads to the server.
const UNREACHABLE: u8 = 3;
/// Interrupted, as shells count it.
pub(super) const INTERRUPTED: u8 = 130;
