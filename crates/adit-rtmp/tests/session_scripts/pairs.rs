//! Client and server sessions back to back, in pieces, on a virtual clock.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use adit_amf::amf0::Value;
use adit_rtmp::command::{ClientCommand, Connect, Play, PublishKind, StatusCode};
use adit_rtmp::handshake::ClientScheme;
use adit_rtmp::session::server::Rejection;
use adit_rtmp::session::{
    ClientConfig, ClientEvent, ClientSession, CloseReason, MediaKind, SendError, ServerEvent,
    ServerSession, SessionConfig,
};
use adit_rtmp::{MessageStreamId, Seed, Timestamp};
use bytes::{Buf, Bytes};
use proptest::prelude::*;

use crate::support::*;

const ONE: MessageStreamId = MessageStreamId::new(1);

/// A client and a server on a line that cuts what it carries into pieces.
struct Pair {
    client: ClientSession,
    server: ServerSession,
    now: Instant,
    start: Instant,
    /// Sizes of the pieces, over and over.
    pieces: Vec<usize>,
    next_piece: usize,
    policy: Policy,
    log: Log,
}

#[derive(Default)]
struct Log {
    client: Vec<String>,
    server: Vec<String>,
    requests: VecDeque<ServerEvent>,
    calls: VecDeque<ClientEvent>,
}

impl Pair {
    fn new(pieces: &[usize]) -> Self {
        Self::with_config(pieces, ClientConfig::default())
    }

    fn with_config(pieces: &[usize], config: ClientConfig) -> Self {
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
    fn connected(pieces: &[usize]) -> Self {
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

    fn piece(&mut self) -> usize {
        let piece = self.pieces[self.next_piece % self.pieces.len()];
        self.next_piece += 1;
        piece
    }

    /// Carries everything there is, until both are quiet.
    fn run(&mut self) {
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

    fn poll(&mut self) {
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

    fn decide(&mut self, event: ServerEvent) {
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
    fn run_until(&mut self, ms: u64) {
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
    fn client_log(&mut self) -> Vec<String> {
        let mut log = std::mem::take(&mut self.log.client);
        log.retain(|line| line != "Control(StreamBegin(MessageStreamId(0)))");
        log
    }

    fn server_log(&mut self) -> Vec<String> {
        std::mem::take(&mut self.log.server)
    }
}

fn client_line(event: &ClientEvent) -> String {
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

const SPLITS: [&[usize]; 5] = [&[usize::MAX], &[1], &[7, 1500, 3], &[1460], &[128, 1]];

#[test]
fn a_client_connects_and_publishes_and_the_media_arrives() {
    for pieces in SPLITS {
        let mut pair = Pair::new(pieces);
        pair.client
            .connect(Connect::new("live", "rtmp://host/live"))
            .unwrap();
        pair.run();
        let expected = [
            "handshake DigestFirst Signed",
            "connected to FMS/3,5,7,7009",
        ];
        assert_eq!(pair.client_log(), expected);
        pair.client
            .send_command(
                MessageStreamId::CONNECTION,
                ClientCommand::ReleaseStream(Some("cam".into())),
            )
            .unwrap();
        pair.client
            .send_command(
                MessageStreamId::CONNECTION,
                ClientCommand::FcPublish(Some("cam".into())),
            )
            .unwrap();
        pair.client.create_stream().unwrap();
        pair.run();
        assert_eq!(pair.client_log(), ["Published", "stream 4 1"]);
        pair.client
            .publish(ONE, "cam?token=x", PublishKind::Live)
            .unwrap();
        pair.run();
        let expected = [
            "Control(StreamBegin(MessageStreamId(1)))",
            "1 NetStream.Publish.Start",
        ];
        assert_eq!(pair.client_log(), expected);
        assert_eq!(
            pair.server_log(),
            ["connect live", "publish 1 live:cam live query token=x"]
        );
        let payload = Bytes::from(vec![0x17; 9000]);
        pair.client
            .send_media(
                ONE,
                MediaKind::Video,
                Timestamp::from_ms(u32::MAX),
                &payload,
            )
            .unwrap();
        pair.client
            .send_media(
                ONE,
                MediaKind::Audio,
                Timestamp::from_ms(7),
                &Bytes::from_static(b"a"),
            )
            .unwrap();
        let meta = amf0(&["@setDataFrame".into(), "onMetaData".into()]);
        pair.client
            .send_media(ONE, MediaKind::Data, Timestamp::ZERO, &meta)
            .unwrap();
        pair.client
            .send_command(ONE, ClientCommand::CloseStream)
            .unwrap();
        pair.run();
        let log = pair.server_log();
        assert!(log[0].starts_with("Video 1 @4294967295 1717") && log[0].ends_with("9000 bytes"));
        let rest = [
            r#"Audio 1 @7 "a""#,
            "Data 1 @0 02000a6f6e4d65746144617461",
            "unpublish 1",
        ];
        assert_eq!(log[1..], rest);
        assert_eq!(pair.client_log(), ["1 NetStream.Unpublish.Success"]);
    }
}

#[test]
fn a_client_plays_and_the_media_arrives() {
    for pieces in SPLITS {
        let mut pair = Pair::connected(pieces);
        pair.client.set_buffer_length(ONE, 1000).unwrap();
        pair.client.play(ONE, Play::new("cam")).unwrap();
        pair.run();
        let expected = ["buffer 1 1000", "play 1 live:cam LiveOrRecorded All Reset"];
        assert_eq!(pair.server_log(), expected);
        let expected = [
            "Control(StreamBegin(MessageStreamId(1)))",
            "1 NetStream.Play.Reset",
            "1 NetStream.Play.Start",
            "Data 1 @0 0200117c52746d7053616d706c6541636365737301010101",
        ];
        assert_eq!(pair.client_log(), expected);
        for at in [0, 0xFF_FFFF, u32::MAX] {
            let payload = Bytes::from_static(b"frame");
            let at = Timestamp::from_ms(at);
            pair.server
                .send_media(ONE, MediaKind::Video, at, &payload)
                .unwrap();
        }
        pair.run();
        let expected = [
            r#"Video 1 @0 "frame""#,
            r#"Video 1 @16777215 "frame""#,
            r#"Video 1 @4294967295 "frame""#,
        ];
        assert_eq!(pair.client_log(), expected);
        pair.server.notify_play_unpublished(ONE, "cam").unwrap();
        pair.client
            .send_command(ONE, ClientCommand::DeleteStream(ONE))
            .unwrap();
        pair.run();
        let expected = [
            "Control(StreamEof(MessageStreamId(1)))",
            "1 NetStream.Play.UnpublishNotify",
        ];
        assert_eq!(pair.client_log(), expected);
        assert_eq!(pair.server_log(), ["stop play 1"]);
    }
}

#[test]
fn the_simple_handshake_does_as_well() {
    let mut config = ClientConfig::default();
    config.scheme = ClientScheme::Simple;
    let mut pair = Pair::with_config(&[100], config);
    pair.client
        .connect(Connect::new("live", "rtmp://host/live"))
        .unwrap();
    pair.run();
    assert_eq!(
        pair.client_log(),
        ["handshake Simple Echoed", "connected to FMS/3,5,7,7009"]
    );
}

#[test]
fn connect_may_come_after_the_handshake_too_and_only_once() {
    let mut pair = Pair::new(&[1000]);
    pair.run();
    assert_eq!(pair.client_log(), ["handshake DigestFirst Signed"]);
    assert_eq!(pair.client.create_stream(), Err(SendError::NotConnected));
    let connect = || Connect::new("live", "rtmp://host/live");
    pair.client.connect(connect()).unwrap();
    assert_eq!(pair.client.connect(connect()), Err(SendError::NotConnected));
    pair.run();
    assert_eq!(pair.client_log(), ["connected to FMS/3,5,7,7009"]);
}

#[test]
fn a_client_may_send_everything_without_waiting() {
    let mut pair = Pair::new(&[50]);
    pair.run();
    pair.client
        .connect(Connect::new("live", "rtmp://host/live"))
        .unwrap();
    pair.client.create_stream().unwrap();
    pair.client.publish(ONE, "cam", PublishKind::Live).unwrap();
    pair.client
        .send_media(
            ONE,
            MediaKind::Audio,
            Timestamp::ZERO,
            &Bytes::from_static(b"a"),
        )
        .unwrap();
    pair.run();
    assert_eq!(
        pair.server_log(),
        [
            "connect live",
            "publish 1 live:cam live",
            r#"Audio 1 @0 "a""#
        ]
    );
}

#[test]
fn a_rejected_client_hears_why_and_then_the_end() {
    let mut pair = Pair::new(&[33]);
    pair.policy = Policy::Leave;
    pair.client
        .connect(Connect::new("live", "rtmp://host/live"))
        .unwrap();
    pair.run();
    let Some(ServerEvent::Connect(request)) = pair.log.requests.pop_front() else {
        panic!()
    };
    pair.server
        .reject_connect(request, Rejection::new(StatusCode::ConnectRejected, "no"));
    pair.run();
    let expected = [
        "handshake DigestFirst Signed",
        "rejected NetConnection.Connect.Rejected",
        "Closed { reason: PeerClosed }",
    ];
    assert_eq!(pair.client_log(), expected);
    assert!(pair.client.is_closed() && pair.server.is_closed());
}

#[test]
fn a_refused_stream_is_an_event() {
    let mut pair = Pair::connected(&[1000]);
    for _ in 0..31 {
        pair.client.create_stream().unwrap();
    }
    pair.run();
    assert_eq!(pair.client_log().len(), 31);
    pair.client.create_stream().unwrap();
    pair.run();
    assert_eq!(pair.client_log(), ["no stream 34"]);
}

#[test]
fn calls_go_both_ways() {
    let mut pair = Pair::connected(&[9]);
    let asked = pair
        .client
        .call("add", vec![1.0.into(), 2.0.into()])
        .unwrap();
    pair.run();
    assert_eq!(pair.server_log(), ["call add 1 2"]);
    let Some(ServerEvent::Call(request)) = pair.log.requests.pop_front() else {
        panic!()
    };
    pair.server.reply_call(request, vec![3.0.into()]);
    pair.run();
    assert_eq!(pair.client_log(), [format!("Result {asked} 3")]);

    let asked = pair.server.call("onUser", vec!["x".into()]).unwrap();
    pair.run();
    assert_eq!(pair.client_log(), ["call onUser"]);
    let Some(ClientEvent::Call(request)) = pair.log.calls.pop_front() else {
        panic!()
    };
    pair.client.fail_call(request, "nobody home");
    pair.run();
    let line = format!("Error {asked} {{error, NetConnection.Call.Failed}}");
    assert_eq!(pair.server_log(), [line]);

    let asked = pair.server.call("onUser", vec![]).unwrap();
    pair.run();
    let Some(ClientEvent::Call(request)) = pair.log.calls.pop_front() else {
        panic!()
    };
    pair.client.reply_call(request, vec![Value::Null]);
    pair.run();
    assert_eq!(pair.server_log(), [format!("Result {asked} null")]);
}

#[test]
fn bandwidth_probes_and_pings_by_command_are_answered_by_the_client_itself() {
    let mut pair = Pair::connected(&[64]);
    for name in ["onBWCheck", "_onbwcheck"] {
        pair.server.call(name, vec!["payload".into()]).unwrap();
    }
    pair.server.call("ping", vec![]).unwrap();
    pair.run();
    assert_eq!(
        pair.server_log(),
        ["Result 1 0", "Result 2 1", "call pong "]
    );
}

#[test]
fn shared_objects_go_both_ways() {
    use adit_rtmp::message::MessageKind::{Audio, SharedObjectAmf0, SharedObjectAmf3};
    let mut pair = Pair::connected(&[64]);
    let body = Bytes::from_static(b"body");
    pair.client
        .send_shared_object(SharedObjectAmf0, body.clone())
        .unwrap();
    pair.server
        .send_shared_object(SharedObjectAmf3, body.clone())
        .unwrap();
    assert_eq!(
        pair.client.send_shared_object(Audio, body.clone()),
        Err(SendError::NotOpen)
    );
    assert_eq!(
        pair.server.send_shared_object(Audio, body),
        Err(SendError::NotOpen)
    );
    pair.run();
    assert_eq!(pair.server_log(), [r#"SharedObjectAmf0 "body""#]);
    assert_eq!(pair.client_log(), [r#"so "body""#]);
}

#[test]
fn an_idle_pair_stays_alive_by_pings() {
    let mut pair = Pair::connected(&[usize::MAX]);
    pair.client.play(ONE, Play::new("cam")).unwrap();
    pair.run();
    pair.log = Log::default();
    pair.run_until(3_600_000);
    assert_eq!(pair.server_log(), Vec::<String>::new());
    assert_eq!(pair.client_log(), Vec::<String>::new());
    assert!(pair.server.is_connected() && pair.client.is_connected());
    assert_eq!(pair.server.stats().round_trip, Some(Duration::ZERO));
}

// Q-078
#[test]
fn a_server_that_never_answers_pings_is_not_taken_for_dead() {
    let mut client = ClientSession::new(
        first_instant(),
        ClientConfig::default(),
        &Seed::new([1; 32]),
    );
    let mut server = Server::new();
    client
        .connect(Connect::new("live", "rtmp://host/live"))
        .unwrap();
    let mut carry = |client: &mut ClientSession| {
        let up = client.output().remaining();
        server.feed(client.output().copy_to_bytes(up));
        client.handle_input(server.now, server.take_output());
        while client.poll_event(server.now).unwrap().is_some() {}
        server.now
    };
    let now = (0..4).map(|_| carry(&mut client)).last().unwrap();
    assert!(client.is_connected());
    client.output().clear();
    // An hour of silence: pings go out, nothing comes back.
    for seconds in (0..3600).step_by(20) {
        client.handle_timeout(now + Duration::from_secs(seconds));
        client.output().clear();
        assert_eq!(
            client
                .poll_event(now)
                .unwrap()
                .map(|event| client_line(&event)),
            None
        );
    }
    assert!(client.is_connected());
}

// Q-078
#[test]
fn a_server_that_answered_once_and_falls_silent_is_dead() {
    let mut pair = Pair::connected(&[usize::MAX]);
    pair.client.play(ONE, Play::new("cam")).unwrap();
    pair.run();
    pair.log = Log::default();
    // The client pings and is answered.
    pair.now += Duration::from_secs(20);
    pair.client.handle_timeout(pair.now);
    pair.run();
    pair.now += Duration::from_mins(1);
    pair.client.handle_timeout(pair.now);
    pair.poll();
    assert_eq!(
        pair.client_log(),
        ["error: the peer was silent for too long"]
    );
}

#[test]
fn the_deadlines_of_a_client() {
    let start = first_instant();
    let after = |seconds| start + Duration::from_secs(seconds);
    let mut client = ClientSession::new(start, ClientConfig::default(), &Seed::new([1; 32]));
    assert_eq!(client.poll_timeout(), Some(after(10)));
    client.handle_timeout(after(10));
    assert_eq!(
        client.poll_event(after(10)).unwrap_err().to_string(),
        "the handshake took too long"
    );

    let mut pair = Pair::new(&[usize::MAX]);
    pair.policy = Policy::Leave;
    pair.client
        .connect(Connect::new("live", "rtmp://host/live"))
        .unwrap();
    pair.run();
    assert_eq!(
        pair.client.poll_timeout(),
        Some(pair.start + Duration::from_secs(10))
    );
    pair.client
        .handle_timeout(pair.start + Duration::from_secs(10));
    let error = pair.client.poll_event(pair.now).unwrap_err();
    assert_eq!(error.to_string(), "no connect command was accepted in time");
}

#[test]
fn closing_a_client_drains_it() {
    let mut pair = Pair::connected(&[usize::MAX]);
    pair.client
        .send_command(ONE, ClientCommand::DeleteStream(ONE))
        .unwrap();
    pair.client.close(CloseReason::Ended);
    assert!(!pair.client.is_closed() && !pair.client.wants_input());
    pair.run();
    assert!(pair.client.is_closed());
    assert_eq!(pair.client_log(), ["Closed { reason: Ended }"]);
    assert_eq!(pair.client.create_stream(), Err(SendError::NotConnected));
    pair.server.handle_eof(pair.now);
    pair.poll();
    assert_eq!(pair.server_log(), ["closed: PeerEnded"]);
}

#[test]
fn large_streams_are_acknowledged_in_both_directions() {
    let mut pair = Pair::connected(&[65_536]);
    pair.client.create_stream().unwrap();
    pair.run();
    pair.client.publish(ONE, "cam", PublishKind::Live).unwrap();
    pair.client
        .play(MessageStreamId::new(2), Play::new("cam"))
        .unwrap();
    pair.run();
    let payload = Bytes::from(vec![0; 1_000_000]);
    for at in 0..10 {
        let at = Timestamp::from_ms(at);
        pair.client
            .send_media(ONE, MediaKind::Video, at, &payload)
            .unwrap();
        pair.server
            .send_media(MessageStreamId::new(2), MediaKind::Video, at, &payload)
            .unwrap();
        pair.run();
    }
    for stats in [pair.client.stats(), pair.server.stats()] {
        assert!(stats.acknowledged_bytes > 8_000_000, "{stats:?}");
        assert!(stats.acknowledged_bytes <= stats.sent_bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_pieces_carry_any_media(
        pieces in prop::collection::vec(1_usize..3000, 1..20),
        media in prop::collection::vec((0_u8..3, any::<u32>(), 0_usize..9000), 1..20),
    ) {
        let mut pair = Pair::connected(&pieces);
        pair.client.publish(ONE, "cam", PublishKind::Live).unwrap();
        pair.run();
        pair.log = Log::default();
        let mut expected = Vec::new();
        for (kind, at, len) in media {
            let kind = [MediaKind::Audio, MediaKind::Video, MediaKind::Data][usize::from(kind)];
            let payload: Bytes = match kind {
                MediaKind::Data => amf0(&["handler".into(), "x".repeat(len).into()]),
                _ => vec![7; len].into(),
            };
            pair.client.send_media(ONE, kind, Timestamp::from_ms(at), &payload).unwrap();
            expected.push(format!("{kind:?} 1 @{at} {}", payload_text(&payload)));
        }
        pair.run();
        prop_assert_eq!(pair.server_log(), expected);
    }
}

// Q-087
#[test]
fn captured_nginx_is_a_server_for_our_client() {
    const NGINX_PUBLISH: &[u8] = include_bytes!("../data/nginx-publish.bin");
    let run = |pieces: &[usize]| {
        let now = first_instant();
        let mut client = ClientSession::new(now, ClientConfig::default(), &Seed::new([1; 32]));
        client
            .connect(Connect::new("live", "rtmp://host/live"))
            .unwrap();
        // The handshake first: the other commands need the connect before them.
        client.handle_input(now, Bytes::from_static(&NGINX_PUBLISH[..3073]));
        // nginx answers what ffmpeg asked: numbers 2 and 3 are no calls of ours, 4 is.
        for name in ["releaseStream", "FCPublish"] {
            let command = match name {
                "releaseStream" => ClientCommand::ReleaseStream(Some("pubt".into())),
                _ => ClientCommand::FcPublish(Some("pubt".into())),
            };
            client
                .send_command(MessageStreamId::CONNECTION, command)
                .unwrap();
        }
        client.create_stream().unwrap();
        let mut lines = Vec::new();
        let mut from = 3073_usize;
        for piece in pieces.iter().cycle() {
            let to = from.saturating_add(*piece).min(NGINX_PUBLISH.len());
            client.handle_input(now, Bytes::from_static(&NGINX_PUBLISH[from..to]));
            while let Some(event) = client.poll_event(now).unwrap() {
                lines.push(client_line(&event));
            }
            from = to;
            if from == NGINX_PUBLISH.len() {
                return lines;
            }
        }
        lines
    };
    let lines = run(&[usize::MAX]);
    assert_eq!(
        lines[..3],
        [
            "handshake DigestFirst Wrong",
            "connected to FMS/3,0,1,123",
            "stream 4 1"
        ]
    );
    assert!(
        lines[3..].contains(&"1 NetStream.Publish.Start".into()),
        "{lines:#?}"
    );
    assert_eq!(run(&[1]), lines);
    assert_eq!(run(&[10, 1, 100]), lines);
}
