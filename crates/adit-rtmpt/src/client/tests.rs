mod closing;
mod cost;
mod model;
mod obstacles;
mod opening;
mod pacing;
mod retries;
mod sending;

use std::time::Duration;

use super::*;
use crate::testing;

/// A client on a virtual clock. Requests it gives out lie in `asked` until a test answers them.
pub(super) struct Bench {
    pub(super) tunnel: ClientTunnel,
    pub(super) now: Instant,
    pub(super) asked: Vec<(Lane, Request)>,
    pub(super) received: Vec<u8>,
}

impl Bench {
    /// A client that is about to open.
    pub(super) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(super) fn with(change: impl FnOnce(&mut ClientConfig)) -> Self {
        let mut config = ClientConfig::default();
        change(&mut config);
        let now = testing::start();
        let mut bench = Self {
            tunnel: ClientTunnel::new(now, config),
            now,
            asked: Vec::new(),
            received: Vec::new(),
        };
        bench.drain();
        bench
    }

    /// A client with a session at a server of which nothing is known.
    pub(super) fn opened() -> Self {
        let mut bench = Self::new();
        bench.open(ServerKind::Unknown);
        bench
    }

    /// A client with a session at a server that orders; number 0, a send of one byte, is answered.
    pub(super) fn ordered() -> Self {
        let mut bench = Self::new();
        bench.open(ServerKind::Orders);
        bench.write(b"x");
        bench.expect(Lane::First, "/send/Sid_1/0");
        bench.answer(Lane::First, b"\x01");
        bench
    }

    pub(super) fn open(&mut self, server: ServerKind) {
        self.expect(Lane::First, "/open/1");
        let reply = Reply::new(200, Bytes::from_static(b"Sid_1\n"))
            .with_content(ContentType::Tunnel)
            .with_server(server);
        self.reply(Lane::First, reply);
        assert_eq!(*self.tunnel.state(), ClientState::Open);
    }

    pub(super) fn drain(&mut self) {
        while let Some(bytes) = self.tunnel.poll_received() {
            self.received.extend_from_slice(&bytes);
        }
        while let Some((lane, request)) = self.tunnel.poll_request(self.now) {
            // A lane has one request at a time, unless the new one replaces it.
            let other = self.asked.iter().position(|(busy, _)| *busy == lane);
            if let Some(other) = other {
                assert_eq!(request.connection, Connection::Fresh);
                self.asked.remove(other);
            }
            self.asked.push((lane, request));
        }
        if let Some(due) = self.tunnel.poll_timeout() {
            assert!(due > self.now, "a deadline must lie ahead once drained");
        }
    }

    /// The request under way on a lane.
    #[track_caller]
    pub(super) fn expect(&self, lane: Lane, target: &str) -> Request {
        let found = self.asked.iter().find(|(busy, _)| *busy == lane);
        let (_, request) = found.unwrap_or_else(|| panic!("nothing is asked on {lane:?}"));
        assert_eq!(request.target, target);
        request.clone()
    }

    #[track_caller]
    pub(super) fn expect_quiet(&self, lane: Lane) {
        let found = self.asked.iter().find(|(busy, _)| *busy == lane);
        assert_eq!(found.map(|(_, request)| request.target.as_str()), None);
    }

    /// Answers the request under way with a body of the tunnel's own type.
    #[track_caller]
    pub(super) fn answer(&mut self, lane: Lane, body: &[u8]) {
        let body = Bytes::copy_from_slice(body);
        self.reply(
            lane,
            Reply::new(200, body).with_content(ContentType::Tunnel),
        );
    }

    #[track_caller]
    pub(super) fn status(&mut self, lane: Lane, status: u16) {
        self.reply(lane, Reply::new(status, Bytes::new()));
    }

    #[track_caller]
    pub(super) fn reply(&mut self, lane: Lane, reply: Reply) {
        let place = self.asked.iter().position(|(busy, _)| *busy == lane);
        self.asked
            .remove(place.unwrap_or_else(|| panic!("nothing is asked on {lane:?}")));
        self.tunnel.handle_reply(self.now, lane, reply);
        self.drain();
    }

    #[track_caller]
    pub(super) fn lose(&mut self, lane: Lane) {
        self.break_off(lane, LaneFailure::Lost);
    }

    #[track_caller]
    pub(super) fn break_off(&mut self, lane: Lane, failure: LaneFailure) {
        let place = self.asked.iter().position(|(busy, _)| *busy == lane);
        self.asked
            .remove(place.unwrap_or_else(|| panic!("nothing is asked on {lane:?}")));
        self.tunnel.handle_lane_failed(self.now, lane, failure);
        self.drain();
    }

    pub(super) fn write(&mut self, data: &[u8]) -> usize {
        let written = self.tunnel.write(&mut Bytes::copy_from_slice(data));
        self.drain();
        written
    }

    pub(super) fn close(&mut self) {
        self.tunnel.close(self.now);
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

    #[track_caller]
    pub(super) fn check_error(&self, expected: ClientError) {
        assert_eq!(*self.tunnel.state(), ClientState::Failed(expected));
        assert_eq!(self.tunnel.poll_timeout(), None);
    }

    #[track_caller]
    pub(super) fn check_end(&self, expected: Ending) {
        assert_eq!(*self.tunnel.state(), ClientState::Closed(expected));
        assert_eq!(self.tunnel.poll_timeout(), None);
    }
}
