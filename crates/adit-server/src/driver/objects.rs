//! Shared objects in the turns of a driver.

use std::task::{Context, Poll};
use std::time::Instant;

use adit_rtmp::MessageStreamId;
use adit_rtmp::command::StatusCode;
use adit_rtmp::message::MessageKind;
use bytes::Bytes;
use tracing::debug;

use super::{Phase, SessionDriver, Step};
use crate::objects::Filled;

impl SessionDriver {
    /// A message about a shared object has come.
    pub(super) fn shared_object(&mut self, kind: MessageKind, body: &Bytes) {
        let refusal = if self.shared.relay.is_some() {
            "a relay passes on streams, not shared objects".to_owned()
        } else if let Err(error) = self.guest.objects.take_in(kind, body) {
            debug!(connection = self.summary.id().get(), fault = ?error.fault(), %error, "shared object message refused");
            format!("the shared object message cannot be carried out: {error}")
        } else {
            return;
        };
        // Which object it is about may be what cannot be read.
        let connection = MessageStreamId::CONNECTION;
        self.tell(connection, StatusCode::CallFailed, &refusal);
    }

    /// Works off the message that came last; nothing else is done for the peer before.
    pub(super) fn work_off_objects(&mut self, cx: &mut Context<'_>, now: Instant) -> Poll<()> {
        let patience = self.shared.settings.limits.decision;
        let polled = self
            .guest
            .work_off_objects(cx, now, patience, &mut self.session);
        if let Some((object, reason)) = self.guest.objects.take_refusal() {
            self.summary.refused_object(&object, &reason);
        }
        polled
    }

    /// Sends what members of shared objects are told.
    pub(super) fn fill_objects(&mut self, cx: &Context<'_>) -> Step {
        if self.phase != Phase::Running {
            return Step::Idle;
        }
        match self.guest.objects.fill(cx, &mut self.session) {
            Filled::All => Step::Idle,
            Filled::Full => Step::Full,
            Filled::More => Step::More,
        }
    }
}
