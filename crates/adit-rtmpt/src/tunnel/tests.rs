mod calls;
mod captures;
mod duplicates;
mod end;
mod hold;
mod model;
mod order;
mod pace;

use std::time::Duration;

use super::*;
use crate::limits;
use crate::request::Sequence;
use crate::state::{CloseReason, Fault};
use crate::testing;

/// A tunnel on a virtual clock. It drains after each step, as a driver does.
pub(super) struct Bench {
    pub(super) tunnel: ServerTunnel,
    pub(super) now: Instant,
    requests: u64,
    received: Vec<u8>,
    replies: Vec<(RequestId, Vec<u8>)>,
}

impl Bench {
    /// A tunnel that answers sends at once, as most rules are about.
    pub(super) fn new() -> Self {
        Self::with(|config| config.reply.send_grace = Duration::ZERO)
    }

    pub(super) fn with(change: impl FnOnce(&mut TunnelConfig)) -> Self {
        let mut config = TunnelConfig::default();
        change(&mut config);
        let now = testing::start();
        let tunnel = ServerTunnel::new(now, config);
        Self {
            tunnel,
            now,
            requests: 0,
            received: Vec::new(),
            replies: Vec::new(),
        }
    }

    /// A tunnel that has seen as many bytes each way as an RTMP handshake has; numbers 0 and 1 are answered.
    pub(super) fn proven() -> Self {
        let mut bench = Self::new();
        bench.write(&[9; 3073]);
        bench.send(0, &[3; 1537]);
        bench.send(1, &[4; 1536]);
        assert!(bench.tunnel.is_proven());
        bench.received.clear();
        bench.replies.clear();
        bench
    }

    pub(super) fn send(&mut self, number: u64, body: &[u8]) -> RequestId {
        let body = Bytes::copy_from_slice(body);
        self.request(Request::Send {
            sequence: Sequence::new(number),
            body,
        })
    }

    pub(super) fn idle(&mut self, number: u64) -> RequestId {
        self.request(Request::Idle {
            sequence: Sequence::new(number),
        })
    }

    pub(super) fn close(&mut self, number: impl Into<Option<u64>>) -> RequestId {
        self.request(Request::Close {
            sequence: number.into().map(Sequence::new),
        })
    }

    pub(super) fn request(&mut self, request: Request) -> RequestId {
        self.requests += 1;
        let id = RequestId::new(self.requests);
        self.tunnel.handle_request(self.now, id, request);
        self.drain();
        id
    }

    pub(super) fn write(&mut self, data: &[u8]) -> usize {
        let written = self
            .tunnel
            .write(self.now, &mut Bytes::copy_from_slice(data));
        self.drain();
        written
    }

    pub(super) fn server_close(&mut self) {
        self.tunnel.close(self.now);
        self.drain();
    }

    pub(super) fn disconnect(&mut self, id: RequestId) {
        self.tunnel.handle_disconnect(self.now, id);
        self.drain();
    }

    pub(super) fn pipelined(&mut self, id: RequestId) {
        self.tunnel.handle_pipelined(self.now, id);
        self.drain();
    }

    /// Lets time pass from deadline to deadline.
    pub(super) fn wait(&mut self, ms: u64) {
        let end = self.now + Duration::from_millis(ms);
        while let Some(due) = self.tunnel.poll_timeout().filter(|due| *due <= end) {
            self.now = due;
            self.tunnel.handle_timeout(due);
            self.drain();
        }
        self.now = end;
    }

    pub(super) fn drain(&mut self) {
        while let Some(bytes) = self.tunnel.poll_received(self.now) {
            self.received.extend_from_slice(&bytes);
        }
        self.drain_replies();
    }

    pub(super) fn drain_replies(&mut self) {
        while let Some((id, reply)) = self.tunnel.poll_reply(self.now) {
            let superseded = reply == Reply::Superseded;
            let body: Vec<u8> = reply.into_body().into_segments().flatten().collect();
            assert_eq!(body.is_empty(), superseded);
            self.replies.push((id, body));
        }
        if let Some(due) = self.tunnel.poll_timeout() {
            assert!(
                due > self.now,
                "a deadline must lie ahead once everything is drained"
            );
        }
    }

    /// All bytes for the RTMP side since the last call.
    pub(super) fn received(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.received)
    }

    /// The reply to a request, once; `None` while it waits.
    pub(super) fn reply(&mut self, id: RequestId) -> Option<Vec<u8>> {
        let place = self.replies.iter().position(|(waiter, _)| *waiter == id)?;
        let (_, body) = self.replies.remove(place);
        let again = self.replies.iter().any(|(waiter, _)| *waiter == id);
        assert!(!again, "a request must have one reply");
        Some(body)
    }

    #[track_caller]
    pub(super) fn check(&mut self, id: RequestId, expected: impl Into<Option<&'static [u8]>>) {
        let expected = expected.into().map(<[u8]>::to_vec);
        assert_eq!(self.reply(id), expected);
    }

    pub(super) fn reason(&self) -> Option<CloseReason> {
        match self.tunnel.state() {
            State::Closed(reason) => Some(reason),
            _ => None,
        }
    }
}

/// The poll byte that asks for no pause, alone: an empty reply.
pub(super) const EMPTY: &[u8] = b"\x01";
/// The body that ends a session.
pub(super) const END: &[u8] = b"\x00";
