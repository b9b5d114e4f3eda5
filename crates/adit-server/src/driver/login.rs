//! Logins: who may publish.

use std::sync::PoisonError;
use std::time::Instant;

use adit_rtmp::command::StatusCode;
use adit_rtmp::session::server::{ConnectRequest, Rejection};
use tracing::info;

use super::SessionDriver;
use crate::application::Refusal;
use crate::login::{Random, Verdict};

/// What is known of who a client is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Login {
    /// Publishing takes no more than the application asks for, or the client has logged in.
    #[default]
    Enough,
    /// The client has not said who it is, and does not need to unless it publishes.
    Anonymous,
}

impl Login {
    /// Why this client may not publish.
    pub(super) fn refusal(self) -> Option<Refusal> {
        (self == Self::Anonymous).then(|| {
            Refusal::new(
                "publishing here takes a login: give the encoder user and password, or write them into the address, \
                 rtmp://user:password@host/application",
            )
        })
    }
}

/// What a client is told that has to say more about itself, and what of it stands in the log.
pub(super) struct LoginRefused {
    description: String,
    reason: &'static str,
}

impl SessionDriver {
    /// Finds out who a client is, where that is of interest.
    pub(super) fn log_in(
        &mut self,
        now: Instant,
        request: &ConnectRequest,
    ) -> Result<(), LoginRefused> {
        let Some(logins) = &self.shared.logins else {
            return Ok(());
        };
        let mut random = Random::default();
        if getrandom::fill(&mut random).is_err() {
            return Err(LoginRefused {
                description: "the system has no random bytes for a login; try again later"
                    .to_owned(),
                reason: "no random bytes",
            });
        }
        let peer = self.carrier.info().peer.ip();
        let asked = (&request.address, &*request.connect);
        let verdict = logins
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .decide(now, peer, asked, random);
        match verdict {
            Verdict::Known(user) => {
                info!(connection = %self.summary.id(), user, "logged in");
                Ok(())
            }
            Verdict::Anonymous => {
                self.guest.login = Login::Anonymous;
                Ok(())
            }
            Verdict::Refused {
                description,
                reason,
            } => Err(LoginRefused {
                description,
                reason,
            }),
        }
    }

    pub(super) fn ask_for_login(&mut self, request: ConnectRequest, refused: LoginRefused) {
        self.summary.ended(refused.reason);
        let rejection = Rejection::new(StatusCode::ConnectRejected, refused.description);
        self.session.reject_connect(request, rejection);
    }
}
