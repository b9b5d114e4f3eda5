//! Why a command ends without having done what it was asked to, and the exit code for it.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use adit_client::connection::StreamError;
use adit_client::media::flv::FlvError;
use adit_client::network::TlsSetupError;
pub(crate) use adit_client::network::in_words;
use adit_client::plan::{AttemptReport, Cause, CertificateFault, Obstacle, Report};
use adit_client::{AddressError, ConnectError};
use adit_server::api::ApiClientError;
use thiserror::Error;

use crate::amf::Unreadable;
use crate::cli::AddressMistake;
use crate::config::Mistakes;
use crate::input::InputError;
use crate::serve::ServeError;
use crate::ui;

/// Why a command ends. Nothing in it is secret.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    /// The server could not start or go on.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The configuration has mistakes.
    #[error(transparent)]
    Configuration(Mistakes),
    /// The address of the stream is wrong.
    #[error(transparent)]
    Address(#[from] AddressMistake),
    /// Flags that do not go together, or a value no command takes.
    #[error("{text}")]
    Usage {
        /// What is wrong.
        text: String,
    },
    /// What was typed is no value.
    #[error("{what} is {error}")]
    Json {
        /// What it is, for people.
        what: String,
        /// What is wrong.
        error: Unreadable,
        /// Whether it looks like a word without its quotes.
        is_word: bool,
    },
    /// What a shared object was asked for is not confirmed in time.
    #[error("the server has not confirmed within {}: {}", humantime::format_duration(*waited), slots.join(", "))]
    NotConfirmed {
        /// How long it was waited for.
        waited: Duration,
        /// The slots.
        slots: Vec<String>,
    },
    /// Lines on standard input that say nothing.
    #[error("{lines} lines of standard input were not understood")]
    Lines {
        /// How many.
        lines: u64,
    },
    /// The stream key cannot be read.
    #[error("the stream key cannot be read from {}: {}", path.display(), in_words(why))]
    Key {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        why: io::Error,
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
    #[error("{name}: {why}")]
    Input {
        /// The input.
        name: String,
        /// What is wrong.
        why: InputError,
    },
    /// What was played or is told cannot be written.
    #[error("{}: {}", path.display(), in_words(why))]
    Output {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        why: io::Error,
    },
    /// There is a file of that name already.
    #[error("{} exists already", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Recordings that were looked at are damaged or no recordings.
    #[error("not whole: {bad} of {looked_at}")]
    NotWhole {
        /// How many of them.
        bad: usize,
        /// How many there were.
        looked_at: usize,
    },
    /// Files to look at are no FLV, and nothing else is looked at.
    #[error("no FLV files: {others} of {looked_at}")]
    NoFlv {
        /// How many of them.
        others: usize,
        /// How many there were.
        looked_at: usize,
    },
    /// The stream has not started.
    #[error("the stream has not started within {}", humantime::format_duration(*waited))]
    NotStarted {
        /// How long it was waited for.
        waited: Duration,
    },
    /// The stream was there, broke, and is not published any more.
    #[error("the stream has not come back within {}", humantime::format_duration(*waited))]
    NotBack {
        /// How long it was waited for.
        waited: Duration,
    },
    /// The end of a stream was not taken.
    #[error("the server has not taken the end of the stream within {} s", waited.as_secs())]
    NotTaken {
        /// How long it was waited for.
        waited: Duration,
    },
    /// The API of a server does not tell what it was asked for.
    #[error(transparent)]
    Api(#[from] ApiClientError),
    /// The token of an API cannot be read.
    #[error("the token of the API cannot be read from {}: {}", path.display(), in_words(why))]
    TokenFile {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        why: io::Error,
    },
    /// An installation is not as it should be.
    #[error("not well: {wrong} wrong")]
    Unwell {
        /// How much is wrong.
        wrong: usize,
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

/// How widely a way was looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Search {
    /// Every way was tried.
    Everywhere,
    /// The address names a port, all transports were tried on it.
    OnePort,
    /// The address names a port, and another strategy has left ways out.
    OneWayOnOnePort,
    /// Another strategy has left ways out.
    SomeWays,
}

impl Failure {
    /// Standard output is not taken.
    pub(crate) fn stdout(why: io::Error) -> Self {
        Self::Output {
            path: Path::new("standard output").to_owned(),
            why,
        }
    }

    /// Says why, and what to do about it; gives the exit code.
    pub(crate) fn tell(&self, search: Search) -> ExitCode {
        // These two have said what there is to say.
        if !matches!(self, Self::Interrupted | Self::NoWay) {
            if let Self::Configuration(mistakes) = self {
                ui::block(&mistakes.shown());
            }
            ui::error(self);
            self.tell_attempts();
            if let Some(remedy) = self.remedy(search) {
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
            Self::Address(_) | Self::Usage { .. } | Self::Json { .. } | Self::Configuration(_) => {
                USAGE
            }
            Self::Connect(ConnectError::Unreachable { .. }) | Self::NoWay => UNREACHABLE,
            Self::Interrupted => INTERRUPTED,
            _ => FAILED,
        }
    }

    /// Whether the command line is wrong.
    pub(crate) fn is_usage(&self) -> bool {
        self.code() == USAGE
    }

    /// What stands in the way to the server, if that is the reason.
    pub(super) fn obstacle(&self) -> Option<Obstacle> {
        match self {
            Self::Connect(ConnectError::Unreachable { report, .. }) => {
                Some(report.verdict().obstacle())
            }
            _ => None,
        }
    }

    fn remedy(&self, search: Search) -> Option<String> {
        let remedy = match self {
            Self::Serve(error) => return error.remedy(),
            Self::Address(AddressMistake::NoStream) => {
                "write it as in rtmp://host/app/key, or give the key by --key-file or ADIT_STREAM_KEY"
            }
            Self::Address(AddressMistake::TwoStreams) => {
                "leave one of them out; an application of several parts ends with // as in rtmp://host/app/instance//"
            }
            Self::Address(AddressMistake::NoApplication) => {
                "write it as in rtmp://host/app or rtmp://host/app/instance"
            }
            Self::Json { is_word: true, .. } => {
                "a text has its quotes inside those of the shell: '\"text\"'"
            }
            Self::Exists { .. } => "--force overwrites it",
            Self::Api(error) => remedy_of_api(error)?,
            Self::TokenFile { .. } => {
                "only the user of the server and root may read it; --token-file FILE names another"
            }
            Self::Input { why, .. } => remedy_of_input(why)?,
            Self::Connect(ConnectError::Unreachable { report, .. }) if is_untrusted(report) => {
                "--ca-file FILE trusts the certificate in it; --insecure accepts any, and whoever sits on the way can read everything"
            }
            Self::Connect(ConnectError::Unreachable { report, .. })
                if report.verdict().obstacle() == Obstacle::ProxyLogin =>
            {
                "user and password for a proxy go into its address: --proxy http://user:password@host:port"
            }
            Self::Connect(ConnectError::Unreachable { .. }) => wider(search)?,
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

/// How to get an answer of an API.
fn remedy_of_api(error: &ApiClientError) -> Option<&'static str> {
    Some(match error {
        ApiClientError::Unreachable(_) => {
            "is the server running, and does it have an API there? api.listen in its configuration, or adit serve --api 127.0.0.1:9350"
        }
        ApiClientError::Unauthorized => {
            "--token-file FILE names the right one: api-token in the state directory of the server"
        }
        ApiClientError::Other => "--api URL names the API, not a port of publishers and players",
        _ => return None,
    })
}

/// What makes an input of another kind, or a damaged one, of use.
fn remedy_of_input(why: &InputError) -> Option<&'static str> {
    Some(match why {
        InputError::Other(_) => {
            "ffmpeg makes FLV of it: ffmpeg -i INPUT -c copy -f flv - | adit publish - URL (without -c copy if it holds other \
             codecs than H.264 and AAC)"
        }
        InputError::Flv(FlvError::Damaged { .. }) => "adit verify FILE tells what is wrong with it",
        InputError::Flv(FlvError::NotFlv { .. }) => {
            "ffmpeg makes FLV of nearly anything: ffmpeg -re -i INPUT -f flv - | adit publish - URL"
        }
        _ => return None,
    })
}

/// How to look for a way more widely.
fn wider(search: Search) -> Option<&'static str> {
    Some(match search {
        Search::Everywhere => return None,
        Search::OnePort => {
            "the port in the URL confines the search to it; without a port all of them are tried"
        }
        Search::OneWayOnOnePort => {
            "adit probe URL tries every way on the port of the URL, and --strategy reach connects by whichever works; \
             without a port in the URL they try all of them"
        }
        Search::SomeWays => {
            "adit probe URL tries every way; --strategy reach connects by whichever works"
        }
    })
}

/// Whether somebody answers whose certificate nobody here trusts.
fn is_untrusted(report: &Report) -> bool {
    let untrusted = Cause::Certificate(CertificateFault::Untrusted);
    let mut failures = report.attempts().iter().filter_map(AttemptReport::failure);
    failures.any(|failure| *failure.cause() == untrusted)
}

/// Something failed.
const FAILED: u8 = 1;
/// The command line is wrong.
pub(crate) const USAGE: u8 = 2;
/// No way leads to the server.
const UNREACHABLE: u8 = 3;
/// Interrupted, as shells count it.
pub(super) const INTERRUPTED: u8 = 130;
