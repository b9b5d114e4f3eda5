//! What a local client is told when the far side says no.

use adit_client::ConnectError;
use adit_client::connection::StreamError;
use adit_rtmp::command::{Status, StatusCode};

use super::far::Far;
use super::news::Direction;
use super::retry::Cause;

/// A local request that is refused because of the far side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: StatusCode,
    pub(crate) description: String,
}

/// Why the far side does not have the stream.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) cause: Cause,
    /// What the far side said, if it did.
    code: Option<StatusCode>,
    /// For people.
    pub(crate) reason: String,
}

impl Failure {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self {
            cause: Cause::Failure,
            code: None,
            reason: reason.into(),
        }
    }

    /// The far side said no on a stream.
    pub(super) fn refused(status: &Status) -> Self {
        let words = match status.description() {
            words if words.is_empty() => status.code_text(),
            words => words,
        };
        Self {
            cause: Cause::Refusal,
            code: status.code(),
            reason: format!("the server refuses: {words}"),
        }
    }

    /// What it sends may not be published here.
    pub(super) fn unwanted(reason: impl Into<String>) -> Self {
        Self {
            cause: Cause::Unwanted,
            ..Self::new(reason)
        }
    }

    /// The same without what `far` keeps secret.
    pub(crate) fn hiding(mut self, far: &Far) -> Self {
        self.reason = far.without_secrets(&self.reason);
        self
    }

    /// The words for a local client.
    pub(super) fn refusal(&self, direction: Direction) -> Refusal {
        // Encoders understand these codes; what the far side says beyond them may be anything.
        let usual = match direction {
            Direction::Push => StatusCode::PublishBadName,
            Direction::Pull => StatusCode::PlayFailed,
        };
        let known = [
            StatusCode::PublishBadName,
            StatusCode::PublishDenied,
            StatusCode::PlayStreamNotFound,
            StatusCode::PlayFailed,
        ];
        Refusal {
            code: self
                .code
                .filter(|code| known.contains(code))
                .unwrap_or(usual),
            description: self.reason.clone(),
        }
    }
}

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Self {
        let cause = if error.is_passing() {
            Cause::Failure
        } else {
            Cause::Refusal
        };
        Self {
            cause,
            code: None,
            reason: error.to_string(),
        }
    }
}

impl From<StreamError> for Failure {
    fn from(error: StreamError) -> Self {
        match &error {
            StreamError::Refused(status) => Self::refused(status),
            _ if error.is_refusal() => Self {
                cause: Cause::Refusal,
                code: None,
                reason: error.to_string(),
            },
            _ => Self::new(error.to_string()),
        }
    }
}
