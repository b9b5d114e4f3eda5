//! Who may do what: the one place that decides, for every transport and every output.
//!
//! A [`Request`] says what somebody wants to do, where, and what he shows for it. [`Access::authorize`] looks for the first [`Rule`] that
//! is about it; the rule says what is needed. Nothing else in the server decides: logins of encoders find out who somebody is, and
//! applications may refuse what was allowed here.
//!
//! Secrets are looked up by their hash or compared in constant time, and whoever tries one after the other is not listened to for a
//! while.

mod config;
mod counters;
mod denial;
mod keys;
mod login;
mod pattern;
mod proof;
mod request;
mod signature;
mod throttle;
mod token;

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::{Instant, SystemTime};

pub use self::config::{AccessConfig, Means, Need, Rule, local_networks};
pub use self::counters::AccessSnapshot;
use self::counters::Counters;
pub use self::denial::Denial;
use self::denial::Denied;
use self::keys::Grant;
pub use self::keys::{KeysError, StreamKeys};
pub(crate) use self::login::LoginRefused;
pub use self::pattern::{Pattern, PatternTooLong};
use self::proof::Shown;
pub use self::request::{Action, Credentials, Place, Reached, Request, Visitor};
pub use self::signature::{SecretTooShort, Signing};
use self::throttle::{Counted, Throttle};
pub use self::token::{TokenKeyError, Tokens};
use crate::application::{Decision, Refusal};
use crate::login::{EncoderUsers, Logins};

/// Decides who may do what. Clones decide alike, and are cheap.
#[derive(Clone, Debug)]
pub struct Access {
    policy: Arc<Policy>,
    history: Arc<History>,
}

/// The rules, as they are now.
#[derive(Debug)]
struct Policy {
    config: AccessConfig,
    /// The challenges of encoders that log in; none where there are no users.
    logins: Option<Mutex<Logins>>,
}

impl Policy {
    fn new(config: AccessConfig) -> Arc<Self> {
        let logins = config.login.clone().map(Logins::new).map(Mutex::new);
        Arc::new(Self { config, logins })
    }

    fn users(&self) -> Option<&EncoderUsers> {
        self.config.login.as_ref().map(|login| &login.users)
    }
}

/// What goes on when rules change.
#[derive(Debug, Default)]
struct History {
    throttle: Throttle,
    counters: Counters,
}

/// How somebody may do what he asked for.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Granted {
    /// The public name of the stream, where that is not the one asked for: the name was a key, or a callback gave another.
    pub stream: Option<String>,
    /// When the right to begin ends. What has begun goes on.
    pub until: Option<SystemTime>,
    /// Who it is, as far as it is known: a user, the subject of a token, what a key is for. No secret.
    pub who: Option<String>,
}

impl Access {
    /// Decides by these rules.
    pub(crate) fn new(config: AccessConfig) -> Self {
        Self {
            policy: Policy::new(config),
            history: Arc::default(),
        }
    }

    /// The same place with other rules: what is known of guesses, and what was counted, stays.
    #[must_use]
    pub fn with_rules(&self, config: AccessConfig) -> Self {
        Self {
            policy: Policy::new(config),
            history: Arc::clone(&self.history),
        }
    }

    /// Whether somebody may do what he asks for, and how. To ask costs no more than it has to: nothing where no rule needs a proof.
    pub fn authorize(&self, request: &Request) -> Decision<Granted> {
        let now = (Instant::now(), SystemTime::now());
        Decision::now(self.decide(now, request))
    }

    /// Whether a text is a stream key, which no log and no list may show.
    pub(crate) fn is_secret(&self, name: &str) -> bool {
        self.policy.config.keys.grant(name).is_some()
    }

    /// Whether a name that is refused may be a key with a mistake in it.
    pub(crate) fn may_be_secret(&self, request: &Request) -> bool {
        !self.policy.config.keys.is_empty()
            && request.action.is_of_publishers()
            && request.credentials.key().is_none()
    }

    /// Whether so much that is wrong came from there that nothing is looked at for a while.
    fn is_blocked(&self, now: Instant, peer: IpAddr) -> bool {
        let is_blocked = self.history.throttle.is_blocked(now, peer);
        if is_blocked {
            self.history.counters.guesser_refused();
        }
        is_blocked
    }

    /// What was counted.
    pub fn snapshot(&self) -> AccessSnapshot {
        self.history.counters.snapshot()
    }

    pub(crate) fn limits(&self) -> [(&'static str, u64); 2] {
        self.history.counters.limits()
    }

    fn decide(&self, now: (Instant, SystemTime), request: &Request) -> Result<Granted, Refusal> {
        let decided = match self.policy.need(request) {
            Need::Nothing => Ok(match self.policy.examine(now.1, request, &[]) {
                Shown::Right(_, granted) => granted,
                _ => Granted::default(),
            }),
            Need::Refused => Err(Denied::new(Denial::Forbidden, "a rule refuses it")),
            Need::Proof { by, users } => self.proven(now, request, &by, &users),
        };
        let decided = decided.and_then(|granted| self.with_public_name(request, granted));
        decided.map_err(|denied| {
            self.history.counters.refused();
            denied.refusal(request.action)
        })
    }

    /// What is shown has to prove that this one may.
    fn proven(
        &self,
        (now, time): (Instant, SystemTime),
        request: &Request,
        by: &[Means],
        users: &[String],
    ) -> Result<Granted, Denied> {
        let peer = request.visitor.peer;
        let guesses_by_name = self.may_be_secret(request);
        let is_guess = self.policy.something_is_shown(request) || guesses_by_name;
        if is_guess && self.is_blocked(now, peer) {
            let reason = "too many wrong keys came from this address";
            return Err(Denied::new(Denial::TooManyGuesses, reason));
        }
        let reason = match self.policy.examine(time, request, by) {
            Shown::Right(means, granted) if is_one_of(means, &granted, users) => {
                return Ok(granted);
            }
            Shown::Right(..) => "this user may not",
            Shown::NeedsName => return Err(needs_name()),
            Shown::Expired(what) => {
                return Err(Denied::new(Denial::Expired, format!("{what} has expired")));
            }
            Shown::Wrong(reason) => reason,
            Shown::Nothing => {
                if guesses_by_name && let Some(name) = &request.place.stream {
                    self.note_wrong(now, peer, name);
                }
                return Err(Denied::new(Denial::Missing, "no key, token or login came"));
            }
        };
        self.note_wrong(now, peer, &request.credentials.fingerprint());
        Err(Denied::new(Denial::Wrong, reason))
    }

    /// No stream is ever published under a name that is a key.
    fn with_public_name(&self, request: &Request, granted: Granted) -> Result<Granted, Denied> {
        match self.policy.key_of_name(request) {
            Some(_) if granted.stream.is_none() => Err(needs_name()),
            _ => Ok(granted),
        }
    }

    fn note_wrong(&self, now: Instant, peer: IpAddr, what: &str) {
        match self.history.throttle.note_wrong(now, peer, what) {
            Counted::Yes => {}
            Counted::Blocked => {
                tracing::warn!(%peer, "too many wrong keys came from this address; it is not listened to for a minute");
            }
            Counted::NoRoom => self.history.counters.unremembered(),
        }
    }
}

impl Policy {
    /// What the first rule that is about a request wants.
    fn need(&self, request: &Request) -> Need {
        let place = self.public_place(request);
        let by = |action| {
            let mut rules = self.config.rules.iter();
            let about = rules.find(|rule| rule.is_about(action, &place, &request.visitor));
            about.map(|rule| rule.need.clone())
        };
        let usual = || {
            let takes_login = self.users().is_some() && request.action.is_of_publishers();
            if takes_login {
                Need::proof()
            } else {
                Need::Nothing
            }
        };
        let found = by(request.action);
        let found = found.or_else(|| (request.action == Action::List).then(|| by(Action::Play))?);
        found.unwrap_or_else(usual)
    }
}

impl Policy {
    /// Where it is to be done, by the name that others see where a key stands in its place.
    fn public_place<'a>(&self, request: &'a Request) -> Cow<'a, Place> {
        let grant = self.key_of_name(request);
        let public = grant.filter(|grant| grant.covers_application(&request.place));
        match public.and_then(Grant::only_stream) {
            Some(name) => Cow::Owned(request.place.clone().stream(name)),
            None => Cow::Borrowed(&request.place),
        }
    }
}

/// Whether a proof is that of one of these users, where there are any.
fn is_one_of(means: Means, granted: &Granted, users: &[String]) -> bool {
    let is_personal = matches!(means, Means::Login | Means::Token);
    users.is_empty() || (is_personal && granted.who.as_ref().is_some_and(|who| users.contains(who)))
}

fn needs_name() -> Denied {
    let words = "this key is for any stream or for another application: write it behind a name, as in NAME?key=KEY";
    Denied::new(Denial::Wrong, "a key stands where a name belongs").with_words(words)
}

#[cfg(test)]
mod tests;
