//! Logins of encoders: who a client is.

use std::time::Instant;

use adit_rtmp::command::StatusCode;
use adit_rtmp::session::server::{ConnectRequest, Rejection};
use tracing::info;

use super::SessionDriver;
use crate::access::LoginRefused;

impl SessionDriver {
    /// Finds out who a client is, where that is of interest.
    pub(super) fn log_in(
        &mut self,
        now: Instant,
        request: &ConnectRequest,
    ) -> Result<(), LoginRefused> {
        let to_connect = self.asked_to_connect(&request.address);
        let asked = (&request.address, &*request.connect);
        let user = self.shared.access().log_in(now, &to_connect, asked)?;
        if let Some(user) = &user {
            info!(connection = %self.summary.id(), user, "logged in");
        }
        self.guest.user = user;
        Ok(())
    }

    pub(super) fn ask_for_login(&mut self, request: ConnectRequest, refused: LoginRefused) {
        self.summary.ended(refused.reason);
        let rejection = Rejection::new(StatusCode::ConnectRejected, refused.description);
        self.session.reject_connect(request, rejection);
    }
}
