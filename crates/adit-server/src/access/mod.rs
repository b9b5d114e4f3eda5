//! Who may do what: the one place that decides, for every transport and every output.
//!
//! A [`Request`] says what somebody wants to do, where, and what he shows for it. [`Access::authorize`] looks for the first [`Rule`] that
//! is about it; the rule says what is needed. Nothing else in the server decides: logins of encoders find out who somebody is, and
//! applications may refuse what was allowed here.
//!
//! Secrets are looked up by their hash or compared in constant time, and whoever tries one after the other is not listened to for a
//! while.

mod callbacks;
mod config;
mod counters;
mod denial;
mod file;
mod issue;
mod keys;
mod login;
mod pattern;
mod proof;
mod request;
mod signature;
mod sitting;
mod throttle;
mod token;

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Instant, SystemTime};

use adit_broker::StreamKey;

pub(crate) use self::callbacks::Ticket;
pub use self::callbacks::{BadCallbackUrl, CallbackUrl, Callbacks, Secret};
use self::callbacks::{Ends, HooksByApplication};
pub use self::config::{AccessConfig, Means, Need, Rule, local_networks};
pub use self::counters::AccessSnapshot;
use self::counters::Counters;
pub use self::denial::Denial;
use self::denial::Denied;
pub use self::issue::{SignError, TokenClaims, TokenSigner};
use self::keys::Grant;
pub use self::keys::{KeysError, StreamKeys};
pub(crate) use self::login::LoginRefused;
pub use self::pattern::{Pattern, PatternTooLong};
use self::proof::Shown;
pub use self::request::{Action, Credentials, Place, Reached, Request, Visitor};
pub use self::signature::{SecretTooShort, Signing};
use self::sitting::Sitting;
pub(crate) use self::throttle::sharer;
use self::throttle::{Counted, Throttle, Whence};
pub use self::token::{TokenKeyError, Tokens};
use crate::application::{Decision, Refusal};
use crate::login::{EncoderUsers, Logins};

/// Decides who may do what. Clones decide alike, also after [`apply`](Self::apply), and are cheap.
#[derive(Clone, Debug)]
pub struct Access {
    policy: Arc<RwLock<Arc<Policy>>>,
    history: Arc<History>,
}

/// The rules, as they are now.
#[derive(Debug)]
struct Policy {
    config: AccessConfig,
    /// The challenges of encoders that log in; none where there are no users.
    logins: Option<Mutex<Logins>>,
    /// Who else decides, where there is anybody.
    hooks: HooksByApplication,
}

impl Policy {
    fn new(config: AccessConfig, history: &Arc<History>) -> Arc<Self> {
        let logins = config.login.clone().map(Logins::new).map(Mutex::new);
        let hooks = HooksByApplication::start(&config, history);
        Arc::new(Self {
            config,
            logins,
            hooks,
        })
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
    ends: Ends,
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
    /// To be kept for as long as it goes on; to drop it tells the callback that it is over.
    pub(crate) ticket: Option<Ticket>,
}

impl Access {
    /// Decides by these rules.
    pub(crate) fn new(config: AccessConfig) -> Self {
        let history = Arc::default();
        Self {
            policy: Arc::new(RwLock::new(Policy::new(config, &history))),
            history,
        }
    }

    /// Decides by these rules from here on. What is known of guesses, and what was counted, stays; so does what was granted.
    pub fn apply(&self, config: AccessConfig) {
        let policy = Policy::new(config, &self.history);
        *self.policy.write().unwrap_or_else(PoisonError::into_inner) = policy;
    }

    fn policy(&self) -> Arc<Policy> {
        Arc::clone(&self.policy.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether somebody may do what he asks for, and how: decided at once, unless a callback has to be asked.
    pub fn authorize(&self, request: &Request) -> Decision<Granted> {
        let policy = self.policy();
        let sitting = Sitting::about(&request.credentials);
        let hooks = policy.hooks.of(&request.place.application);
        match (self.decide(&policy, &sitting, request), hooks) {
            (Ok(granted), Some(hooks)) => hooks.ask(request, granted),
            (decided, _) => Decision::now(decided),
        }
    }

    /// Ready when callbacks were told of all that is over.
    pub(crate) async fn drained(&self) {
        self.history.ends.drained().await;
    }

    /// Whether a text is a stream key, which no log and no list may show.
    pub(crate) fn is_secret(&self, name: &str) -> bool {
        self.policy().config.keys.grant(name).is_some()
    }

    /// The key of a stream as others may see it: the name that somebody plays may be a secret of somebody else's.
    pub(crate) fn shown(&self, key: StreamKey) -> StreamKey {
        if !self.is_secret(key.name()) {
            return key;
        }
        let (vhost, application, instance) = (key.vhost(), key.application(), key.instance());
        StreamKey::new(vhost, application, instance, HIDDEN).unwrap_or(key)
    }

    /// Whether a name that is refused may be a key with a mistake in it.
    pub(crate) fn may_be_secret(&self, request: &Request) -> bool {
        self.policy().name_may_be_key(request)
    }

    /// Whether so much that is wrong came from there that nothing that can be guessed is looked at for a while.
    fn is_blocked(&self, now: Instant, visitor: &Visitor) -> bool {
        let whence = Whence::of(visitor);
        let is_blocked = self.history.throttle.is_blocked(now, whence);
        if is_blocked {
            self.history.counters.guesser_refused();
        }
        is_blocked
    }

    /// What was counted.
    pub fn snapshot(&self) -> AccessSnapshot {
        self.history.counters.snapshot()
    }

    pub(crate) fn limits(&self) -> [(&'static str, u64); 6] {
        self.history.counters.limits()
    }

    fn decide(
        &self,
        policy: &Policy,
        sitting: &Sitting<'_>,
        request: &Request,
    ) -> Result<Granted, Refusal> {
        let decided = self.met(policy, sitting, request, &policy.need(request));
        let decided = decided.and_then(|granted| {
            if let Some((need, by_other_name)) = policy.need_of_file(request) {
                self.met(policy, sitting, &by_other_name, &need)?;
            }
            policy.with_public_name(request, granted)
        });
        decided.map_err(|denied| {
            if request.action != Action::List {
                self.history.counters.refused();
            }
            denied.refusal(request.action)
        })
    }

    /// Whether what is needed is there.
    fn met(
        &self,
        policy: &Policy,
        sitting: &Sitting<'_>,
        request: &Request,
        need: &Need,
    ) -> Result<Granted, Denied> {
        match need {
            // Nobody wants to know who it is.
            Need::Nothing if request.action == Action::List => Ok(Granted::default()),
            Need::Nothing => Ok(match policy.examine(sitting, request, |_| true) {
                Shown::Right(_, granted) => granted,
                _ => Granted::default(),
            }),
            Need::Refused => Err(Denied::new(Denial::Forbidden, "a rule refuses it")),
            Need::Nobody { said_by } => Err(denial::nobody(request.action, said_by)),
            Need::Proof { by, users } => self.proven(policy, sitting, request, (by, users)),
        }
    }

    /// What is shown has to prove that this one may.
    fn proven(
        &self,
        policy: &Policy,
        sitting: &Sitting<'_>,
        request: &Request,
        (by, users): (&[Means], &[String]),
    ) -> Result<Granted, Denied> {
        let is_taken = |means| by.is_empty() || by.contains(&means);
        let guesses_by_name = policy.name_may_be_key(request);
        let mut guessed = Means::ALL.into_iter().filter(|it| it.can_be_guessed());
        let is_guess = guessed.any(|means| is_taken(means) && policy.is_shown(means, request));
        let is_blocked =
            (is_guess || guesses_by_name) && self.is_blocked(sitting.now, &request.visitor);
        // What nobody guesses is looked at all the same.
        let counts = |means: Means| is_taken(means) && !(is_blocked && means.can_be_guessed());
        let reason = match policy.examine(sitting, request, counts) {
            Shown::Right(means, granted) if is_one_of(means, &granted, users) => {
                return Ok(granted);
            }
            _ if is_blocked => {
                let reason = "too many wrong keys came from this address";
                return Err(Denied::new(Denial::TooManyGuesses, reason));
            }
            Shown::Right(..) => "this user may not",
            Shown::NeedsName => return Err(needs_name()),
            Shown::Expired(what) => {
                return Err(Denied::new(Denial::Expired, format!("{what} has expired")));
            }
            Shown::Wrong(reason) => reason,
            Shown::Nothing => {
                if guesses_by_name && let Some(name) = &request.place.stream {
                    self.note_wrong(sitting.now, &request.visitor, name);
                }
                return Err(Denied::new(Denial::Missing, "no key, token or login came"));
            }
        };
        if is_guess {
            let guess = request.credentials.fingerprint();
            self.note_wrong(sitting.now, &request.visitor, &guess);
        }
        Err(Denied::new(Denial::Wrong, reason))
    }

    fn note_wrong(&self, now: Instant, visitor: &Visitor, what: &str) {
        let whence = Whence::of(visitor);
        match self.history.throttle.note_wrong(now, whence, what) {
            Counted::Yes => {}
            Counted::Blocked => {
                tracing::warn!(from = %whence, "too many wrong keys came from this address; it is not listened to for a minute");
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
        if found.is_none() && request.action == Action::List {
            // Whoever decides about playing is not asked about each line of a list.
            let hooks = self.hooks.of(&place.application);
            if hooks.is_some_and(|hooks| hooks.decides(Action::Play)) {
                return Need::Refused;
            }
            return by(Action::Play).unwrap_or(Need::Nothing);
        }
        found.unwrap_or_else(usual)
    }
}

impl Policy {
    fn name_may_be_key(&self, request: &Request) -> bool {
        !self.config.keys.is_empty()
            && request.action.is_of_publishers()
            && request.credentials.key().is_none()
    }

    /// No stream is ever published under a name that is a key.
    fn with_public_name(&self, request: &Request, granted: Granted) -> Result<Granted, Denied> {
        match self.key_of_name(request) {
            Some(_) if granted.stream.is_none() => Err(needs_name()),
            _ => Ok(granted),
        }
    }

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
    users.is_empty()
        || (means.is_personal() && granted.who.as_ref().is_some_and(|who| users.contains(who)))
}

fn needs_name() -> Denied {
    let words = "this key is for any stream or for another application: write it behind a name, as in NAME?key=KEY";
    Denied::new(Denial::Wrong, "a key stands where a name belongs").with_words(words)
}

/// Stands for what no log may show.
pub(crate) const HIDDEN: &str = "***";

#[cfg(test)]
mod tests;
