//! What an application answers, now or later, and how it says no.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use adit_amf::Text;
use adit_amf::amf0::Value;
use adit_rtmp::command::StatusCode;

use crate::access::Denial;

/// The answer to a request, known now or later.
///
/// A connection that waits for an answer to `connect` or `publish` does nothing else meanwhile; one that waits for `play` or a call goes on. An
/// answer that does not come in [`ServerLimits::decision`](crate::ServerLimits::decision) is a refusal. A client that leaves drops the
/// future; one that has said more before, which is kept for later, is heard out first.
#[must_use = "the client waits for the answer"]
pub struct Decision<T>(Answer<T>);

enum Answer<T> {
    Now(Result<T, Refusal>),
    Later(Later<T>),
}

/// An answer to come.
pub(crate) type Later<T> = Pin<Box<dyn Future<Output = Result<T, Refusal>> + Send>>;

impl<T> Decision<T> {
    /// The answer is known. Costs nothing.
    pub const fn now(answer: Result<T, Refusal>) -> Self {
        Self(Answer::Now(answer))
    }

    /// Yes.
    pub const fn allow(how: T) -> Self {
        Self::now(Ok(how))
    }

    /// No, and why.
    pub const fn refuse(refusal: Refusal) -> Self {
        Self::now(Err(refusal))
    }

    /// The answer will come: whoever asked for it polls this.
    pub fn later(answer: impl Future<Output = Result<T, Refusal>> + Send + 'static) -> Self {
        Self(Answer::Later(Box::pin(answer)))
    }

    /// The answer, or what it will come from.
    pub(crate) fn settled(self) -> Result<Result<T, Refusal>, Later<T>> {
        match self.0 {
            Answer::Now(answer) => Ok(answer),
            Answer::Later(later) => Err(later),
        }
    }
}

impl<T> From<Result<T, Refusal>> for Decision<T> {
    fn from(answer: Result<T, Refusal>) -> Self {
        Self::now(answer)
    }
}

impl<T: fmt::Debug> fmt::Debug for Decision<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Answer::Now(answer) => f.debug_tuple("Now").field(answer).finish(),
            Answer::Later(_) => f.write_str("Later"),
        }
    }
}

/// Why a request is refused.
///
/// The description is read by people: it says what is wrong and what to do. The code is the usual one of the request unless another is
/// given: `NetConnection.Connect.Rejected`, `NetStream.Publish.BadName`, `NetStream.Play.Failed`, `NetConnection.Call.Failed`.
#[derive(Clone, PartialEq)]
#[must_use = "the client waits for the answer"]
pub struct Refusal {
    pub(crate) code: Option<StatusCode>,
    pub(crate) description: Text,
    pub(crate) redirect: Option<Text>,
    pub(crate) information: Option<Box<Value>>,
    /// Why access was denied, and what the log says of it.
    pub(crate) denied: Option<(Denial, Box<str>)>,
}

impl Refusal {
    /// A refusal with the usual code.
    pub fn new(description: impl Into<Text>) -> Self {
        Self {
            code: None,
            description: description.into(),
            redirect: None,
            information: None,
            denied: None,
        }
    }

    /// The same with another code.
    pub fn with_code(mut self, code: StatusCode) -> Self {
        self.code = Some(code);
        self
    }

    /// The same with the address to connect to instead; of use in the answer to `connect` only.
    pub fn with_redirect(mut self, url: impl Into<Text>) -> Self {
        self.redirect = Some(url.into());
        self
    }

    /// The same with something for the program of the client, which finds it as `application` in the information object of the refused
    /// `connect`.
    pub fn with_information(mut self, information: impl Into<Value>) -> Self {
        self.information = Some(Box::new(information.into()));
        self
    }

    /// Why access was denied, if that is what happened.
    pub fn denial(&self) -> Option<Denial> {
        self.denied.as_ref().map(|(denial, _)| *denial)
    }

    /// What the client is told.
    pub fn description(&self) -> &str {
        self.description.as_str()
    }

    /// Access was denied, for a reason that is the operator's business.
    pub(crate) fn denied(mut self, denial: Denial, reason: String) -> Self {
        self.denied = Some((denial, reason.into()));
        self
    }

    /// What the log says: the reason behind what the client is told.
    pub(crate) fn logged(&self) -> &str {
        match &self.denied {
            Some((_, reason)) => reason,
            None => self.description.as_str(),
        }
    }

    /// The application did not answer in time.
    pub(crate) fn too_late() -> Self {
        Self::new("the application did not decide in time; try again later")
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The description may repeat a challenge or a user name; the code says enough.
        f.debug_struct("Refusal")
            .field("code", &self.code)
            .finish_non_exhaustive()
    }
}
