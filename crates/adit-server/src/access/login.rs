//! Logins of encoders, as a way to find out who somebody is.

use std::sync::PoisonError;
use std::time::Instant;

use adit_rtmp::command::{Address, Connect};

use super::{Access, Action, Policy, Request, Rule};
use crate::login::{ASKED, Random, Verdict};

/// What a client is told that has to say more about itself, and what of it stands in the log.
#[derive(Debug)]
pub(crate) struct LoginRefused {
    pub(crate) description: String,
    pub(crate) reason: &'static str,
}

impl Access {
    /// The user who connects, if it is one and has shown it. `request` is the one to connect.
    ///
    /// # Errors
    /// The client has to answer, or answered wrongly.
    pub(crate) fn log_in(
        &self,
        now: Instant,
        request: &Request,
        asked: (&Address, &Connect),
    ) -> Result<Option<String>, LoginRefused> {
        let policy = self.policy();
        let Some(logins) = &policy.logins else {
            return Ok(None);
        };
        let (peer, query) = (request.visitor.peer, asked.0.query());
        if query.value("authmod").is_none() && !policy.wants_login(request) {
            return Ok(None);
        }
        if query.value("user").is_some() && self.is_blocked(now, peer) {
            return Err(LoginRefused {
                description: "too many wrong logins came from your address; try again in a minute"
                    .to_owned(),
                reason: "too many wrong logins came from its address",
            });
        }
        let mut random = Random::default();
        if getrandom::fill(&mut random).is_err() {
            return Err(LoginRefused {
                description: "the system has no random bytes for a login; try again later"
                    .to_owned(),
                reason: "no random bytes",
            });
        }
        let verdict = logins
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .decide(now, peer, asked, random);
        match verdict {
            Verdict::Known(user) => Ok(Some(user)),
            Verdict::Anonymous => Ok(None),
            Verdict::Refused {
                description,
                reason,
                is_wrong,
            } => {
                if is_wrong {
                    self.note_wrong(now, peer, query.as_str());
                }
                let reason = match reason {
                    ASKED if policy.takes_keys() => ASKED_WITH_KEYS,
                    reason => reason,
                };
                Err(LoginRefused {
                    description,
                    reason,
                })
            }
        }
    }
}

impl Policy {
    /// Whether an encoder is to say who it is. It is asked when it connects, and names its stream, with a key perhaps, only later: what
    /// it shows behind the application says that it has something else, which is looked at when it publishes.
    fn wants_login(&self, request: &Request) -> bool {
        !self.something_is_shown(request) && self.may_take_login(request)
    }

    /// Whether there are streams in this application that a login lets publish.
    fn may_take_login(&self, request: &Request) -> bool {
        let (place, visitor) = (&request.place, &request.visitor);
        let mut rules = self.config.rules.iter();
        let about = |rule: &&Rule| rule.is_about_some_stream(Action::Publish, place, visitor);
        let decides =
            rules.find(|rule| about(rule) && (rule.need.takes_login() || rule.stream.is_any()));
        decides.is_none_or(|rule| rule.need.takes_login())
    }

    fn takes_keys(&self) -> bool {
        let config = &self.config;
        !(config.keys.is_empty() && config.tokens.is_empty() && config.signing.is_empty())
    }
}

/// What stands in the log of an encoder that was asked for a user, where something else may be shown in place of one.
const ASKED_WITH_KEYS: &str = "asked for a user; a key or a token in place of one stands behind the application, as in rtmp://HOST/APP?key=KEY";
