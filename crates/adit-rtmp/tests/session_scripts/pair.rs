//! A client and a server session back to back, in pieces, on a virtual clock.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use adit_rtmp::Seed;
use adit_rtmp::command::Connect;
use adit_rtmp::session::{
    ClientConfig, ClientEvent, ClientSession, ServerEvent, ServerSession, SessionConfig,
};
use bytes::Buf as _;

use crate::support::*;

/// A client and a server on a line that cuts what it carries into pieces.
pub(crate) struct Pair {
    pub(crate) client: ClientSession,
    pub(crate) server: ServerSession,
    pub(crate) now: Instant,
    pub(crate) start: Instant,
    /// Sizes of the pieces, over and over.
    pub(crate) pieces: Vec<usize>,
    pub(crate) next_piece: usize,
    pub(crate) policy: Policy,
    pub(crate) log: Log,
}

#[derive(Default)]
pub(crate) struct Log {
    pub(crate) client: Vec<String>,
    pub(crate) server: Vec<String>,
    pub(crate) requests: VecDeque<ServerEvent>,
    pub(crate) calls: VecDeque<ClientEvent>,
}

impl Pair {
    pub(crate) fn new(pieces: &[usize]) -> Self {
        Self::with_config(pieces, ClientConfig::default())
    }

    pub(crate) fn with_config(pieces: &[usize], config: ClientConfig) -> Self {
        let now = first_instant();
        Self {
            client: ClientSession::new(now, config, &Seed::new([1; 32])),
            server: ServerSession::new(now, SessionConfig::default(), &Seed::new([2; 32])),
            now,
            start: now,
            pieces: pieces.to_vec(),
            next_piece: 0,
            policy: Policy::Accept,
            log: Log::default(),
        }
    }

    /// Connected to `live`, with message stream 1.
    pub(crate) fn connected(pieces: &[usize]) -> Self {
        let mut pair = Self::new(pieces);
        pair.client
            .connect(Connect::new("live", "rtmp://host/live"))
            .unwrap();
        pair.run();
        pair.client.create_stream().unwrap();
        pair.run();
        pair.log = Log::default();
        pair
    }

    pub(crate) fn piece(&mut self) -> usize {
        let piece = self.pieces[self.next_piece % self.pieces.len()];
        self.next_piece += 1;
        piece
    }

    /// Carries everything there is, until both are quiet.
    pub(crate) fn run(&mut self) {
        loop {
            self.poll();
            let up = self.client.output().len();
            if up > 0 {
                let piece = self.piece().min(up);
                let bytes = self.client.output().copy_to_bytes(piece);
                self.server.handle_input(self.now, bytes);
            }
            self.poll();
            let down = self.server.output().len();
            if down > 0 {
                let piece = self.piece().min(down);
                let bytes = self.server.output().copy_to_bytes(piece);
                self.client.handle_input(self.now, bytes);
            }
            if up == 0 && down == 0 {
                return;
            }
        }
    }

    pub(crate) fn poll(&mut self) {
        loop {
            match self.server.poll_event(self.now) {
                Ok(Some(event)) => {
                    self.log.server.push(event_line(&event));
                    self.decide(event);
                }
                Ok(None) => break,
                Err(error) => {
                    self.log.server.push(format!("error: {error}"));
                    break;
                }
            }
        }
        loop {
            match self.client.poll_event(self.now) {
                Ok(Some(event)) => {
                    self.log.client.push(client_line(&event));
                    if let ClientEvent::Call(_) = event {
                        self.log.calls.push_back(event);
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    self.log.client.push(format!("error: {error}"));
                    break;
                }
            }
        }
    }

    pub(crate) fn decide(&mut self, event: ServerEvent) {
        match (self.policy, event) {
            (Policy::Accept, ServerEvent::Connect(request)) => self.server.accept_connect(request),
            (Policy::Accept, ServerEvent::Publish(request)) => {
                assert!(self.server.accept_publish(request));
            }
            (Policy::Accept, ServerEvent::Play(request)) => {
                assert!(self.server.accept_play(request));
            }
            (
                _,
                event @ (ServerEvent::Connect(_) | ServerEvent::Call(_) | ServerEvent::Publish(_)),
            ) => {
                self.log.requests.push_back(event);
            }
            _ => {}
        }
    }

    /// Lets time pass, timer by timer, and carries what they cause.
    pub(crate) fn run_until(&mut self, ms: u64) {
        let end = self.start + Duration::from_millis(ms);
        loop {
            let deadlines = [self.client.poll_timeout(), self.server.poll_timeout()];
            let Some(at) = deadlines
                .into_iter()
                .flatten()
                .min()
                .filter(|at| *at <= end)
            else {
                break;
            };
            self.now = self.now.max(at);
            self.client.handle_timeout(self.now);
            self.server.handle_timeout(self.now);
            self.run();
        }
        self.now = end;
    }

    /// What the client saw, without the stream 0 that every connection begins.
    pub(crate) fn client_log(&mut self) -> Vec<String> {
        let mut log = std::mem::take(&mut self.log.client);
        log.retain(|line| line != "Control(StreamBegin(MessageStreamId(0)))");
        log
    }

    pub(crate) fn server_log(&mut self) -> Vec<String> {
        std::mem::take(&mut self.log.server)
    }
}

pub(crate) fn client_line(event: &ClientEvent) -> String {
    match event {
        ClientEvent::HandshakeDone { scheme, proof } => {
            format!("handshake {:?} {:?}", scheme.unwrap(), proof.unwrap())
        }
        ClientEvent::Connected(reply) => {
            let version = reply.server_version.as_deref().unwrap_or("?");
            format!("connected to {version}")
        }
        ClientEvent::Rejected { status } => {
            format!("rejected {}", status.as_ref().unwrap().code_text())
        }
        ClientEvent::StreamCreated { transaction, msid } => format!("stream {transaction} {msid}"),
        ClientEvent::StreamRefused { transaction, .. } => format!("no stream {transaction}"),
        ClientEvent::Status { msid, status } => format!("{msid} {}", status.code_text()),
        ClientEvent::FcStatus { notice, .. } => format!("{notice:?}"),
        ClientEvent::Media {
            msid,
            kind,
            timestamp,
            payload,
        } => {
            format!(
                "{kind:?} {msid} @{} {}",
                timestamp.ms(),
                payload_text(payload)
            )
        }
        ClientEvent::Response(response) => {
            let values: Vec<_> = response.values.iter().map(value_text).collect();
            format!(
                "{:?} {} {}",
                response.outcome,
                response.transaction,
                values.join(" ")
            )
        }
        ClientEvent::Call(request) => format!("call {}", request.name),
        ClientEvent::SharedObject { payload, .. } => format!("so {}", payload_text(payload)),
        other => format!("{other:?}"),
    }
}

pub(crate) const SPLITS: [&[usize]; 5] = [&[usize::MAX], &[1], &[7, 1500, 3], &[1460], &[128, 1]];
