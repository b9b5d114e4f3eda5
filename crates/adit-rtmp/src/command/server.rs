//! Commands that servers send.

use std::fmt;

use adit_amf::{Text, amf0::Value};

use super::{Invocation, Status, TransactionId, shown};

/// The answer to a call, in either direction [RTMP 7.2.1.2].
///
/// [`Debug`](fmt::Debug) shows no texts, which may be secrets.
#[derive(Clone, PartialEq)]
pub struct Response {
    /// Success or not.
    pub outcome: Outcome,
    /// Which call it answers.
    pub transaction: TransactionId,
    /// The command object; null but in the answer to `connect`.
    pub object: Value,
    /// The values returned, mostly one.
    pub values: Vec<Value>,
}

/// Whether a call succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// `_result`
    Result,
    /// `_error`
    Error,
}

impl Response {
    /// A `_result` with null for a command object.
    pub const fn result(transaction: TransactionId, values: Vec<Value>) -> Self {
        Self {
            outcome: Outcome::Result,
            transaction,
            object: Value::Null,
            values,
        }
    }

    /// An `_error` with its reason.
    pub fn error(transaction: TransactionId, status: Status) -> Self {
        let values = vec![status.into()];
        Self {
            outcome: Outcome::Error,
            transaction,
            object: Value::Null,
            values,
        }
    }

    /// The information object among the values, if there is one.
    pub fn status(&self) -> Option<Status> {
        self.values.iter().find_map(Status::from_value)
    }

    /// The command for the wire.
    pub fn into_invocation(self) -> Invocation {
        let name = match self.outcome {
            Outcome::Result => "_result",
            Outcome::Error => "_error",
        };
        Invocation {
            name: Text::from_static(name),
            transaction: self.transaction,
            object: self.object,
            arguments: self.values,
        }
    }

    pub(super) fn from_invocation(invocation: Invocation) -> Self {
        let outcome = if invocation.name == "_result" {
            Outcome::Result
        } else {
            Outcome::Error
        };
        Self {
            outcome,
            transaction: invocation.transaction,
            object: invocation.object,
            values: invocation.arguments,
        }
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("outcome", &self.outcome)
            .field("transaction", &self.transaction)
            .field("values", &shown::Values(&self.values))
            .finish_non_exhaustive()
    }
}

/// A command from a server, with its arguments understood.
///
/// Servers are many and write strangely, so nothing here is an error: what does not have the
/// expected form is a [`Call`](Self::Call), unchanged.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ServerCommand {
    /// The answer to a call of the client.
    Response(Response),
    /// `onStatus`: news of a stream or of the connection [RTMP 7.2.2].
    Status(Status),
    /// `onFCPublish`, `onFCUnpublish`, `onFCSubscribe`, `onFCUnsubscribe`.
    FcStatus(FcNotice, Option<Status>),
    /// `onBWDone` or `_onbwdone` without results: the line is not measured now. With what was found
    /// it is a [`Call`](Self::Call).
    BandwidthDone,
    /// `onBWCheck` or `_onbwcheck`: answer at once, with any value, to be measured.
    BandwidthCheck,
    /// `ping`: answer with `pong`.
    Ping,
    /// `close`: the server goes.
    Close,
    /// Anything else: a method of the client.
    Call(Invocation),
}

/// Which of the commands of the old encoders' dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FcNotice {
    /// `onFCPublish`
    Published,
    /// `onFCUnpublish`
    Unpublished,
    /// `onFCSubscribe`
    Subscribed,
    /// `onFCUnsubscribe`: librtmp closes the connection when it sees it.
    Unsubscribed,
}

impl FcNotice {
    const ALL: [Self; 4] = [
        Self::Published,
        Self::Unpublished,
        Self::Subscribed,
        Self::Unsubscribed,
    ];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Published => "onFCPublish",
            Self::Unpublished => "onFCUnpublish",
            Self::Subscribed => "onFCSubscribe",
            Self::Unsubscribed => "onFCUnsubscribe",
        }
    }
}

impl ServerCommand {
    /// Gives the arguments of a command their meaning.
    pub fn parse(invocation: Invocation) -> Self {
        let fc = FcNotice::ALL
            .into_iter()
            .find(|notice| invocation.name == notice.as_str());
        let status = || {
            let object = std::iter::once(&invocation.object);
            invocation
                .arguments
                .iter()
                .chain(object)
                .find_map(Status::from_value)
        };
        if let Some(notice) = fc {
            return Self::FcStatus(notice, status());
        }
        match invocation.name.as_str() {
            "_result" | "_error" => Self::Response(Response::from_invocation(invocation)),
            "onStatus" => match status() {
                Some(status) => Self::Status(status),
                None => Self::Call(invocation),
            },
            // With its four results it is for whoever asked.
            "onBWDone" | "_onbwdone" if invocation.arguments.len() < 4 => Self::BandwidthDone,
            "onBWCheck" | "_onbwcheck" => Self::BandwidthCheck,
            "ping" => Self::Ping,
            "close" => Self::Close,
            _ => Self::Call(invocation),
        }
    }

    /// The command for the wire; `transaction` is ignored where the command has its own.
    pub fn into_invocation(self, transaction: TransactionId) -> Invocation {
        let bare = |name| Invocation::new(Text::from_static(name), transaction);
        match self {
            Self::Response(response) => response.into_invocation(),
            Self::Status(status) => bare("onStatus").argument(status),
            Self::FcStatus(notice, Some(status)) => bare(notice.as_str()).argument(status),
            Self::FcStatus(notice, None) => bare(notice.as_str()),
            Self::BandwidthDone => bare("onBWDone"),
            Self::BandwidthCheck => bare("onBWCheck"),
            Self::Ping => bare("ping"),
            Self::Close => bare("close"),
            Self::Call(invocation) => Invocation {
                transaction,
                ..invocation
            },
        }
    }
}
