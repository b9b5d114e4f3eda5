//! A carrier that is a tunnel session.

use super::CarrierInfo;
use crate::http::{Session, Sessions};
use adit_rtmpt::{CloseReason, Fault, TunnelPace};
use bytes::{Buf, Bytes};
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Instant;

/// The reading and writing end of a tunnel session. Dropping it ends the session.
pub(super) struct TunnelCarrier {
    session: Arc<Session>,
    sessions: Sessions,
}

impl TunnelCarrier {
    pub(super) fn new(session: Arc<Session>, sessions: Sessions) -> Self {
        Self { session, sessions }
    }

    pub(super) fn poll_recv(
        &self,
        cx: &Context<'_>,
        info: &mut CarrierInfo,
    ) -> Poll<io::Result<Option<Bytes>>> {
        self.session
            .poll_received(cx, &mut info.peer)
            .map_err(broken)
    }

    pub(super) fn poll_send<B: Buf + ?Sized>(
        &self,
        cx: &Context<'_>,
        mut out: &mut B,
    ) -> Poll<io::Result<()>> {
        self.session.poll_write(cx, &mut out).map_err(broken)
    }

    pub(super) fn set_pace(&self, pace: TunnelPace) {
        self.session.set_pace(pace);
    }

    pub(super) fn silence(&self) -> Duration {
        self.session.silence()
    }

    pub(super) fn poll_close(&self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        self.session.poll_close(cx).map(Ok)
    }
}

impl Drop for TunnelCarrier {
    fn drop(&mut self) {
        self.session.abandon();
        self.sessions
            .look_after(Instant::now().into_std(), &self.session);
    }
}

fn broken(reason: CloseReason) -> io::Error {
    let kind = match (reason, reason.fault()) {
        (CloseReason::Idle | CloseReason::DrainTimeout, _) => io::ErrorKind::TimedOut,
        (_, Fault::None) => io::ErrorKind::BrokenPipe,
        _ => io::ErrorKind::InvalidData,
    };
    io::Error::new(kind, reason)
}
