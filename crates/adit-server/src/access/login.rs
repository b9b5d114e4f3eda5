//! Logins of encoders, as a way to find out who somebody is.

use std::net::IpAddr;
use std::sync::PoisonError;
use std::time::Instant;

use adit_rtmp::command::{Address, Connect};

use super::Access;
use crate::login::{Random, Verdict};

/// What a client is told that has to say more about itself, and what of it stands in the log.
#[derive(Debug)]
pub(crate) struct LoginRefused {
    pub(crate) description: String,
    pub(crate) reason: &'static str,
}

impl Access {
    /// The user who connects, if it is one and has shown it.
    ///
    /// # Errors
    /// The client has to answer, or answered wrongly.
    pub(crate) fn log_in(
        &self,
        now: Instant,
        peer: IpAddr,
        asked: (&Address, &Connect),
    ) -> Result<Option<String>, LoginRefused> {
        let policy = self.policy();
        let Some(logins) = &policy.logins else {
            return Ok(None);
        };
        let query = asked.0.query();
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
                Err(LoginRefused {
                    description,
                    reason,
                })
            }
        }
    }
}
