//! The server's end of a connection: any split of the input gives the same events and the same
//! output, the output is a chunk stream of whole commands, and a silent session ends.

use std::time::{Duration, Instant};

use adit_amf::{Limits, amf0};
use adit_rtmp::{
    Seed, Timestamp,
    chunk::{ChunkReader, Next, Phase},
    command::StatusCode,
    limits::ChunkLimits,
    message::{MediaKind, MessageKind},
    session::{
        CloseReason, ServerEvent, ServerSession, SessionConfig, SessionError, server::Rejection,
    },
};
use bytes::{Buf, Bytes, BytesMut};

use crate::input::{Dice, Input};

/// S0, S1 and S2, or C0, C1 and C2.
const HANDSHAKE: usize = 1 + 2 * 1536;

/// One byte that decides the cuts, one for the behaviour of the server, then the client's bytes.
pub fn server_session(data: &[u8]) {
    let mut input = Input::new(data);
    let dice = Dice::new(input.byte());
    let policy = Policy(input.byte());
    let mut client = BytesMut::new();
    if !policy.has(Policy::HANDSHAKE_IN_INPUT) {
        client.extend_from_slice(&[3]);
        client.resize(HANDSHAKE, 0);
    }
    client.extend_from_slice(input.rest());

    let whole = serve(policy, [&client[..]]);
    let pieces = serve(policy, dice.cut(&client));
    assert_eq!(whole, pieces, "the split matters");

    assert!(
        whole.payload <= client.len(),
        "{} bytes of media out of less input",
        whole.payload
    );
    assert!(whole.events.len() <= 2 * client.len() + 2);
    assert!(whole.written.len() <= HANDSHAKE + 8192 + 64 * client.len());
    check_written(&whole.written);
}

/// What the server decides, bit by bit.
#[derive(Clone, Copy, Debug)]
struct Policy(u8);

impl Policy {
    const REJECT_CONNECT: u8 = 1;
    const REJECT_PUBLISH: u8 = 2;
    const REJECT_PLAY: u8 = 4;
    const FAIL_CALLS: u8 = 8;
    const REDIRECT: u8 = 16;
    const HANDSHAKE_IN_INPUT: u8 = 32;
    const EOF: u8 = 64;
    const CLOSE: u8 = 128;

    const fn has(self, bit: u8) -> bool {
        self.0 & bit != 0
    }
}

/// All that a session gave.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    events: Vec<String>,
    error: Option<SessionError>,
    written: Bytes,
    payload: usize,
}

fn serve<'a>(policy: Policy, pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let now = Instant::now();
    let mut config = SessionConfig::default();
    // Commands that wait for the next second would make the split matter.
    config.limits.commands_per_second = u32::MAX;
    let mut server = Server {
        session: ServerSession::new(now, config, &Seed::new([5; 32])),
        now,
        policy,
        written: BytesMut::new(),
        outcome: Outcome {
            events: Vec::new(),
            error: None,
            written: Bytes::new(),
            payload: 0,
        },
    };
    for piece in pieces {
        server
            .session
            .handle_input(now, Bytes::copy_from_slice(piece));
        server.poll();
    }
    if policy.has(Policy::EOF) {
        server.session.handle_eof(now);
        server.poll();
        assert!(server.session.is_closing());
    }
    if policy.has(Policy::CLOSE) {
        server.session.close(CloseReason::Shutdown);
        server.poll();
        assert!(server.session.is_closing());
    }
    server.fall_silent();
    server.outcome.written = server.written.freeze();
    server.outcome
}

/// A session and who drives it.
#[derive(Debug)]
struct Server {
    session: ServerSession,
    now: Instant,
    policy: Policy,
    written: BytesMut,
    outcome: Outcome,
}

impl Server {
    fn poll(&mut self) {
        loop {
            match self.session.poll_event(self.now) {
                Ok(Some(event)) => {
                    self.outcome.events.push(format!("{event:?}"));
                    self.decide(event);
                }
                Ok(None) => break,
                Err(error) => {
                    let known = *self.outcome.error.get_or_insert(error);
                    assert_eq!(known, error, "an error is repeated");
                    break;
                }
            }
        }
        assert!(
            self.session.wants_input() || self.session.is_closing(),
            "all events were polled and all requests answered"
        );
        let out = self.session.output();
        let len = out.len();
        self.written.extend_from_slice(&out.copy_to_bytes(len));
        assert_eq!(self.session.is_closed(), self.session.is_closing());
    }

    fn decide(&mut self, event: ServerEvent) {
        let (session, policy) = (&mut self.session, self.policy);
        match event {
            ServerEvent::Connect(request) if policy.has(Policy::REJECT_CONNECT) => {
                let mut no = Rejection::new(StatusCode::ConnectRejected, "no such application");
                if policy.has(Policy::REDIRECT) {
                    no = no.redirect("rtmp://elsewhere/live");
                }
                session.reject_connect(request, no);
                assert!(session.is_closing());
            }
            ServerEvent::Connect(request) => {
                session.accept_connect(request);
                assert!(session.is_connected() && session.address().is_some());
            }
            ServerEvent::Publish(request) if policy.has(Policy::REJECT_PUBLISH) => {
                session.reject_publish(request, StatusCode::PublishBadName, "in use");
            }
            ServerEvent::Publish(request) => assert!(session.accept_publish(request)),
            ServerEvent::Play(request) if policy.has(Policy::REJECT_PLAY) => {
                session.reject_play(request, StatusCode::PlayStreamNotFound, "no such stream");
            }
            ServerEvent::Play(request) => {
                let msid = request.msid;
                if session.accept_play(request) {
                    let (kind, at) = (MediaKind::Video, Timestamp::from_ms(0x0100_0000));
                    let frame = Bytes::from_static(&[0x17; 5000]);
                    let tail = session.encode_form(kind, at, &frame);
                    assert_eq!(session.send_media(msid, kind, at, &frame), Ok(()));
                    assert_eq!(
                        session.send_media_form(msid, kind, at, frame.len(), tail),
                        Ok(())
                    );
                }
            }
            ServerEvent::Media { payload, .. } => self.outcome.payload += payload.len(),
            ServerEvent::Call(request) if policy.has(Policy::FAIL_CALLS) => {
                session.fail_call(request, "no such method");
            }
            ServerEvent::Call(request) => {
                let arguments = request.arguments.clone();
                session.reply_call(request, arguments);
            }
            ServerEvent::Closed { .. } => assert!(session.is_closing()),
            _ => {}
        }
    }

    /// A client that says nothing more is given up before long, without spinning.
    fn fall_silent(&mut self) {
        let end = self.now + Duration::from_secs(200);
        while let Some(due) = self.session.poll_timeout() {
            assert!(due >= self.now && due < end, "a silent session goes on");
            self.now = due;
            self.session.handle_timeout(due);
            self.poll();
            let next = self.session.poll_timeout();
            assert!(
                next.is_none_or(|next| next > due),
                "a deadline that passed stays"
            );
        }
        assert!(self.session.is_closed(), "no deadline, but not closed");
    }
}

/// The client can read all of it: the handshake, then a chunk stream, and AMF in its commands.
fn check_written(written: &[u8]) {
    let Some(chunks) = written.get(HANDSHAKE..) else {
        assert!(written.is_empty(), "a part of a handshake");
        return;
    };
    let mut reader = ChunkReader::new(ChunkLimits::default());
    reader.set_phase(Phase::Connected);
    reader.feed(Bytes::copy_from_slice(chunks));
    let now = Instant::now();
    loop {
        match reader.poll(now) {
            Ok(Next::Message(message)) => {
                if matches!(
                    message.kind,
                    MessageKind::CommandAmf0 | MessageKind::DataAmf0
                ) {
                    let values = amf0::decode_all(message.payload, &Limits::default());
                    let named = values.as_ref().is_ok_and(|values| {
                        values.first().is_some_and(|name| name.as_str().is_some())
                    });
                    assert!(named, "{values:?}");
                }
            }
            Ok(next) => {
                assert_eq!(next, Next::NeedMore);
                assert!(!reader.is_inside_message(), "it ends with a whole message");
                return;
            }
            Err(error) => assert_eq!(Some(error), None, "what we write can be read"),
        }
    }
}
