//! Logins of encoders, as a way to find out who somebody is.

use std::sync::PoisonError;
use std::time::Instant;

use adit_rtmp::command::{Address, Connect};

use super::config::{Means, Need};
use super::{Access, Action, Policy, Request};
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
        if query.value("user").is_some() && self.is_blocked(now, &request.visitor) {
            return Err(LoginRefused {
                description: "too many wrong logins came from your address; try again in a minute"
                    .to_owned(),
                reason: "too many wrong logins came from its address",
            });
        }
        let mut random = Random::default();
        if getrandom::getrandom(&mut random).is_err() {
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
                    self.note_wrong(now, &request.visitor, query.as_str());
                }
                let reason = match reason {
                    ASKED if policy.takes_others(request) => ASKED_WITH_KEYS,
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
    /// it shows behind the application says that it has something else, which is looked at in its time.
    fn wants_login(&self, request: &Request) -> bool {
        let is_shown = |needs: &[Need]| {
            let mut shown = Means::ALL.into_iter();
            shown.any(|means| self.is_shown(means, request) && takes(needs, means))
        };
        let mut reasons = self.reasons_for_login(request);
        reasons.any(|needs| !is_shown(&needs))
    }

    /// Whether something else would do as well as a login.
    fn takes_others(&self, request: &Request) -> bool {
        let others = |needs: &[Need]| {
            let mut others = Means::ALL.into_iter().filter(|one| *one != Means::Login);
            others.any(|means| self.is_known(means) && takes(needs, means))
        };
        let mut reasons = self.reasons_for_login(request);
        reasons.all(|needs| others(&needs))
    }

    /// What may be needed here that takes a login, for each action that may.
    fn reasons_for_login(&self, request: &Request) -> impl Iterator<Item = Vec<Need>> {
        let publish = self.needs_of_streams(Action::Publish, request);
        let mut record = self.needs_of_streams(Action::Record, request);
        // Whoever publishes has shown enough to be recorded.
        record.retain(|record| !publish.iter().all(|publish| record.follows_from(publish)));
        let reasons = [vec![self.need(request)], publish, record];
        let reasons = reasons.into_iter();
        reasons.filter(|needs| takes(needs, Means::Login))
    }

    /// What may be needed for streams of this application, whatever their names.
    fn needs_of_streams(&self, action: Action, request: &Request) -> Vec<Need> {
        let (place, visitor) = (&request.place, &request.visitor);
        let mut needs = Vec::new();
        for rule in &self.config.rules {
            if rule.is_about_some_stream(action, place, visitor) {
                needs.push(rule.need.clone());
                if rule.stream.is_any() {
                    return needs;
                }
            }
        }
        // There are users.
        needs.push(Need::proof());
        needs
    }
}

fn takes(needs: &[Need], means: Means) -> bool {
    needs.iter().any(|need| need.takes(means))
}

/// What stands in the log of an encoder that was asked for a user, where something else may be shown in place of one.
const ASKED_WITH_KEYS: &str = "asked for a user; a key or a token in place of one stands behind the application, as in rtmp://HOST/APP?key=KEY";

#[cfg(test)]
mod tests;
