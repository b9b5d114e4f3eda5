//! A carrier that is a tunnel session.

use super::CarrierInfo;
use bytes::{Buf, Bytes};
use std::io;
use std::task::{Context, Poll};

pub(super) struct TunnelCarrier {}

impl TunnelCarrier {
    pub(super) fn poll_recv(
        &mut self,
        _: &mut Context<'_>,
        _: &mut CarrierInfo,
    ) -> Poll<io::Result<Option<Bytes>>> {
        Poll::Pending
    }

    pub(super) fn poll_send<B: Buf + ?Sized>(
        &mut self,
        _: &mut Context<'_>,
        _: &mut B,
    ) -> Poll<io::Result<()>> {
        Poll::Pending
    }

    pub(super) fn poll_close(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}
