//! How connections end, and why streams and calls fail.

use std::time::Duration;

use adit_amf::amf0::Value;
use adit_rtmp::command::{Status, StatusCode};
use adit_rtmp::session::SendError;
use adit_rtmp::shared_object;

use crate::limits;
use crate::link::{Lost, LostCause};
use crate::plan::PeerText;

/// Why a connection has ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Ended {
    /// We have closed it.
    #[error("closed")]
    Closed,
    /// The server has closed it.
    #[error("the server closed the connection")]
    ByServer,
    /// It broke on the way.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// The server breaks the rules of RTMP, or is silent.
    #[error("the server does not follow RTMP: {0}")]
    Protocol(String),
}

impl Ended {
    pub(super) fn of(lost: &Lost) -> Self {
        match &lost.cause {
            LostCause::Io(error) => Self::Broken(plain(error)),
            LostCause::Session(error) => Self::Protocol(error.to_string()),
            LostCause::Stuck => {
                let seconds = limits::WRITE_STALL.as_secs();
                Self::Broken(format!("the server has taken nothing for {seconds} s"))
            }
            LostCause::Ended => Self::ByServer,
        }
    }
}

/// The error without the system's number for it.
fn plain(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::ConnectionReset => "the other side reset it".to_owned(),
        std::io::ErrorKind::BrokenPipe => "the other side has closed it".to_owned(),
        std::io::ErrorKind::TimedOut => "the other side does not answer any more".to_owned(),
        _ => error.to_string(),
    }
}

/// Why something asked of a connection or stream was not done.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StreamError {
    /// The server refuses.
    #[error("the server refuses: {}", words(.0))]
    Refused(Status),
    /// The server gives no message stream, and no reason.
    #[error("the server gives no message stream")]
    NoStream,
    /// A call failed.
    #[error("the call failed{}", .0.iter().find_map(code).map(|code| format!(": {code}")).unwrap_or_default())]
    CallFailed(Vec<Value>),
    /// The server does not answer.
    #[error("the server has not answered within {} s", after.as_secs_f64())]
    Silent {
        /// How long.
        after: Duration,
    },
    /// The connection is over.
    #[error("{0}")]
    Ended(Ended),
    /// It cannot be sent.
    #[error(transparent)]
    Send(#[from] SendError),
    /// This connection uses the shared object already.
    #[error("this connection uses the shared object already")]
    ObjectInUse,
    /// The server puts more into the shared object than is kept here.
    #[error("the shared object is larger than {} slots or {} MiB", limits::OBJECT_SLOTS, limits::OBJECT_BYTES >> 20)]
    ObjectTooLarge,
    /// What the server tells of shared objects cannot be read.
    #[error("the server tells of shared objects what cannot be read: {0}")]
    ObjectMessage(shared_object::DecodeError),
    /// What is asked of a shared object cannot be expressed.
    #[error(transparent)]
    ObjectEdit(#[from] shared_object::EncodeError),
}

impl StreamError {
    /// What the server has said with its refusal, if that was an information object.
    pub fn status(&self) -> Option<Status> {
        match self {
            Self::Refused(status) => Some(status.clone()),
            Self::CallFailed(values) => values.iter().find_map(Status::from_value),
            _ => None,
        }
    }

    /// Whether the server itself has said no.
    pub fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::Refused(_) | Self::NoStream | Self::CallFailed(_)
        )
    }
}

/// The server's words, fit for a terminal: printable and bounded.
fn words(status: &Status) -> PeerText {
    PeerText::new(&all_words(status))
}

fn all_words(status: &Status) -> String {
    if status.description().is_empty() {
        match status.code().and_then(of_objects) {
            Some(words) => format!("{words} ({})", status.code_text()),
            None => status.code_text().to_string(),
        }
    } else {
        format!("{} ({})", status.description(), status.code_text())
    }
}

/// What the codes mean that come alone: about shared objects a server says nothing more.
const fn of_objects(code: StatusCode) -> Option<&'static str> {
    Some(match code {
        StatusCode::SharedObjectCreationFailed => {
            "the shared object cannot be made: its name may be empty or odd, or there are too many; \
             the server's log has the reason"
        }
        StatusCode::SharedObjectNoReadAccess => {
            "the application has no shared object of this name for this client, or does not let it \
             read it"
        }
        StatusCode::SharedObjectNoWriteAccess => {
            "this client may look at the shared object, but not change it"
        }
        StatusCode::SharedObjectBadPersistence => {
            "the shared object is in use with the other persistence, or the server keeps no \
             persistent ones"
        }
        _ => return None,
    })
}

fn code(value: &Value) -> Option<PeerText> {
    Status::from_value(value).map(|status| words(&status))
}
