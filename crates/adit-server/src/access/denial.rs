//! Why somebody may not, as he is told and as the operator reads it.

use adit_rtmp::command::StatusCode;

use super::request::Action;
use crate::application::Refusal;

/// Why access was denied, for outputs that have answers of their own to say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Denial {
    /// Nobody may, or nobody from there. HTTP: 403.
    Forbidden,
    /// It takes a key, a token, a login or a signed address, and none came. HTTP: 401.
    Missing,
    /// What came proves nothing. HTTP: 401.
    Wrong,
    /// What came was right once. HTTP: 401.
    Expired,
    /// From that address came so many wrong ones that nothing is looked at for a while. HTTP: 429.
    TooManyGuesses,
    /// Whoever decides could not be asked. HTTP: 503.
    Undecided,
}

/// A request that is denied.
#[derive(Debug)]
pub(super) struct Denied {
    pub(super) denial: Denial,
    /// For the log.
    pub(super) reason: String,
    /// What to say in place of the usual words.
    pub(super) words: Option<String>,
}

impl Denied {
    pub(super) fn new(denial: Denial, reason: impl Into<String>) -> Self {
        Self {
            denial,
            reason: reason.into(),
            words: None,
        }
    }

    pub(super) fn with_words(mut self, words: impl Into<String>) -> Self {
        self.words = Some(words.into());
        self
    }

    /// What the client is told: enough for who is right to put it right, and the same for whatever is wrong.
    pub(super) fn refusal(self, action: Action) -> Refusal {
        let words = self.words.unwrap_or_else(|| words(self.denial, action));
        let refusal = Refusal::new(words).denied(self.denial, self.reason);
        if action.is_of_publishers() {
            refusal.with_code(StatusCode::PublishDenied)
        } else {
            refusal
        }
    }
}

/// Nobody may, which has nothing to do with who asks or from where.
pub(super) fn nobody(action: Action, said_by: &str) -> Denied {
    let does = match action {
        Action::Connect => "connect to this application",
        Action::Publish => "publish to this application",
        Action::Record => "have anything recorded in this application",
        Action::Play | Action::List => "play anything of this application",
    };
    let words = format!("nobody may {does}: {said_by}");
    Denied::new(Denial::Forbidden, words.clone()).with_words(words)
}

fn words(denial: Denial, action: Action) -> String {
    let (doing, proof) = match action {
        Action::Connect => ("connecting here", "a token or a signed address"),
        Action::Publish => (
            "publishing here",
            "a stream key (as the name of the stream, or behind it as NAME?key=KEY), a token, or a login (rtmp://user:password@host/application)",
        ),
        Action::Record => ("recording here", "a stream key, a token or a login"),
        Action::Play | Action::List => ("playing this", "a token or a signed address"),
    };
    match denial {
        Denial::Forbidden => format!("{doing} is not allowed from where you are"),
        Denial::Missing => {
            format!("{doing} takes {proof}; whoever runs the server gives it out")
        }
        Denial::Wrong => format!(
            "{doing} takes {proof}; what came with this request does not do: it is wrong, or for something else"
        ),
        Denial::Expired => "what came with this request has expired; ask for a new one".to_owned(),
        Denial::TooManyGuesses => {
            "too many wrong keys came from your address; try again in a minute".to_owned()
        }
        Denial::Undecided => {
            "whoever decides about this could not be asked; try again later".to_owned()
        }
    }
}
