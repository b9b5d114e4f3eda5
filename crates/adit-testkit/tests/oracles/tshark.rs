//! What both our sessions send, looked at by tshark's dissector of RTMP.

use std::{fs, net::Ipv4Addr, path::Path, process::Command, time::Duration, time::Instant};

use adit_amf::amf0::{Object, Value};
use adit_amf::amf3;
use adit_rtmp::command::{Connect, ObjectEncoding, Play, PublishKind, Status, StatusCode};
use adit_rtmp::message::UserControl;
use adit_rtmp::session::{
    ClientConfig, ClientSession, MediaKind, ServerEvent, ServerSession, SessionConfig,
};
use adit_rtmp::shared_object::{Event, Persistence, SharedObjectMessage};
use adit_rtmp::{MessageStreamId, Seed, Timestamp};
use adit_testkit::Bytes;
use adit_testkit::peers::{Peer, Peers};
use adit_testkit::process::Process;
use bytes::Buf as _;

#[test]
fn tshark_finds_nothing_malformed_in_a_connection_of_amf0() {
    let kinds = [1, 4, 5, 6, 8, 9, 18, 19, 20];
    check(ObjectEncoding::Amf0, &kinds);
}

#[test]
fn tshark_finds_nothing_malformed_in_a_connection_of_amf3() {
    let kinds = [1, 4, 5, 6, 8, 9, 15, 16, 17, 18, 20];
    check(ObjectEncoding::Amf3, &kinds);
}

/// A publisher and a player on one connection that says everything, and all types seen in it.
fn check(encoding: ObjectEncoding, kinds: &[u8]) {
    let Some(peers) = Peers::with(&[Peer::Tshark]) else {
        return;
    };
    let mut talk = Talk::connected(encoding);
    publish_and_play(&mut talk);
    share_and_call(&mut talk);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("talk.pcap");
    fs::write(&file, talk.capture()).unwrap();

    let dissected = |filter: &str, fields: &[&str]| tshark(peers, &file, filter, fields);
    assert_eq!(dissected("_ws.malformed", &["frame.number"]), "");
    assert_eq!(
        dissected("_ws.expert.severity >= warning", &["_ws.expert.message"]),
        ""
    );
    let seen = dissected("rtmpt", &["rtmpt.header.typeid"]);
    for kind in kinds {
        let id = format!("0x{kind:02x}");
        let has = seen.split([',', '\n']).any(|seen| seen.trim() == id);
        assert!(
            has,
            "no message of type {kind} among those dissected:\n{seen}"
        );
    }
    // It looked inside: names and values of every kind of message are read, not only passed over.
    let strings = dissected("rtmpt", &["amf.string"]);
    for name in [
        "NetStream.Play.Start",
        "onMetaData",
        "echo",
        "onChat",
        "@setDataFrame",
    ] {
        assert!(
            strings.contains(name),
            "{name} is not among the strings:\n{strings}"
        );
    }
}

fn tshark(peers: Peers, file: &Path, filter: &str, fields: &[&str]) -> String {
    let mut command = Command::new(peers.path(Peer::Tshark));
    command.args(["-n", "-r"]).arg(file).args(["-Y", filter]);
    command.args(["-d", "tcp.port==1935,rtmpt", "-T", "fields"]);
    for field in fields {
        command.args(["-e", field]);
    }
    let said = Process::run("tshark", &mut command, Duration::from_mins(1));
    said.trim().to_owned()
}

fn publish_and_play(talk: &mut Talk) {
    let (one, two) = (MessageStreamId::new(1), MessageStreamId::new(2));
    for _ in [one, two] {
        talk.client.create_stream().unwrap();
        talk.run();
    }
    talk.client.publish(one, "cam", PublishKind::Live).unwrap();
    talk.client.play(two, Play::new("cam")).unwrap();
    talk.client.set_buffer_length(two, 1000).unwrap();
    talk.run();
    let members = Object::new().with("width", 640.0).with("stereo", true);
    // tshark 4.0 does not skip the names of an AMF3 array [AMF3 3.11], and reads them as values.
    let members = match talk.client.object_encoding() {
        ObjectEncoding::Amf0 => Value::EcmaArray(members),
        ObjectEncoding::Amf3 => Value::Object(members),
    };
    let metadata = ["@setDataFrame".into(), "onMetaData".into(), members];
    let chat = Object::new().with("from", "bob").with("n", 3.0);
    let chat = [
        "onChat".into(),
        chat.into(),
        Value::StrictArray(vec![1.0.into()]),
    ];
    for values in [&metadata[..], &chat] {
        talk.client.send_data(one, Timestamp::ZERO, values).unwrap();
    }
    // One frame in one chunk, one in many, and one beyond 2^24 ms.
    for (at, len) in [(0, 100), (40, 20_000), (16_777_300, 5_000)] {
        let at = Timestamp::from_ms(at);
        let payload = Bytes::from(vec![0x17; len]);
        let (audio, video) = (MediaKind::Audio, MediaKind::Video);
        talk.client.send_media(one, video, at, &payload).unwrap();
        talk.server.send_media(two, audio, at, &payload).unwrap();
        talk.run();
    }
    let dry = UserControl::StreamDry(two);
    talk.server.send_user_control(dry).unwrap();
    talk.server.send_data(two, Timestamp::ZERO, &chat).unwrap();
    talk.server.notify_play_unpublished(two, "cam").unwrap();
    let status = Status::new(StatusCode::PlayStop, "over");
    talk.server.send_status(two, status).unwrap();
    talk.run();
}

fn share_and_call(talk: &mut Talk) {
    let kind = talk.client.object_encoding().shared_object_kind();
    let mut message = SharedObjectMessage::new("room", Persistence::Temporary);
    let slot = Object::new().with("x", 1.5);
    message.events = vec![Event::Use, Event::request_change("slot", Value::from(slot))];
    for body in message.encode(kind).unwrap() {
        talk.client.send_shared_object(kind, body).unwrap();
    }
    let handler = Event::Message {
        handler: "say".into(),
        arguments: vec!["hello".into()],
    };
    let success = Event::Success { key: "slot".into() };
    let answer = message.reply(1, vec![Event::UseSuccess, Event::Clear, success, handler]);
    for body in answer.encode(kind).unwrap() {
        talk.server.send_shared_object(kind, body).unwrap();
    }
    let object = Object::new().with("name", "alice").with("age", 30.0);
    let date = Value::Date {
        ms: 1.7e12,
        timezone: 0,
    };
    let mut values = vec![7.0.into(), "text".into(), object.into(), date];
    if talk.client.object_encoding() == ObjectEncoding::Amf3 {
        let bytes = Bytes::from_static(b"bytes");
        values.push(Value::Avm(amf3::Value::ByteArray(bytes)));
    }
    talk.client.call("echo", values.clone()).unwrap();
    talk.server.call("onUser", values).unwrap();
    talk.run();
}

/// Two sessions, and what each said to the other.
struct Talk {
    client: ClientSession,
    server: ServerSession,
    now: Instant,
    said: Vec<(Side, Bytes)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Client,
    Server,
}

impl Talk {
    fn connected(encoding: ObjectEncoding) -> Self {
        let now = Instant::now();
        let mut talk = Self {
            client: ClientSession::new(now, ClientConfig::default(), &Seed::new([1; 32])),
            server: ServerSession::new(now, SessionConfig::default(), &Seed::new([2; 32])),
            now,
            said: Vec::new(),
        };
        let mut connect = Connect::new("live", "rtmp://localhost/live");
        connect.object_encoding = encoding;
        talk.client.connect(connect).unwrap();
        talk.run();
        talk
    }

    /// Carries everything there is; the server grants and answers what it is asked.
    fn run(&mut self) {
        loop {
            while let Some(event) = self.server.poll_event(self.now).unwrap() {
                match event {
                    ServerEvent::Connect(request) => self.server.accept_connect(request),
                    ServerEvent::Publish(request) => assert!(self.server.accept_publish(request)),
                    ServerEvent::Play(request) => assert!(self.server.accept_play(request)),
                    ServerEvent::Call(request) => {
                        let values = request.arguments.clone();
                        self.server.reply_call(request, values);
                    }
                    _ => {}
                }
            }
            while self.client.poll_event(self.now).unwrap().is_some() {}
            let (up, down) = (self.client.output().len(), self.server.output().len());
            if up > 0 {
                let bytes = self.client.output().copy_to_bytes(up);
                self.said.push((Side::Client, bytes.clone()));
                self.server.handle_input(self.now, bytes);
            }
            if down > 0 {
                let bytes = self.server.output().copy_to_bytes(down);
                self.said.push((Side::Server, bytes.clone()));
                self.client.handle_input(self.now, bytes);
            }
            if up == 0 && down == 0 {
                return;
            }
        }
    }

    /// The talk as packets of one TCP connection in a pcap file.
    fn capture(&self) -> Vec<u8> {
        // Magic number, version 2.4, zone, accuracy, longest packet, link type 101: bare IP.
        let mut file = [0xA1B2_C3D4_u32, 0x0002_0004, 0, 0, 65_535, 101]
            .map(u32::to_be_bytes)
            .concat();
        let (mut client, mut server) = (1_000_u32, 5_000_u32);
        let mut at = 0_u32;
        let mut packet = |side, flags, own: u32, other: u32, payload: &[u8]| {
            let packet = ip_packet(side, flags, own, other, payload);
            let len = u32::try_from(packet.len()).unwrap();
            at += 1;
            for number in [1_700_000_000, at, len, len] {
                file.extend(number.to_be_bytes());
            }
            file.extend(packet);
        };
        packet(Side::Client, SYN, client, 0, b"");
        client += 1;
        packet(Side::Server, SYN | ACK, server, client, b"");
        server += 1;
        packet(Side::Client, ACK, client, server, b"");
        for (side, bytes) in &self.said {
            for part in bytes.chunks(1_400) {
                let (own, other) = match side {
                    Side::Client => (&mut client, server),
                    Side::Server => (&mut server, client),
                };
                packet(*side, ACK, *own, other, part);
                *own += u32::try_from(part.len()).unwrap();
            }
        }
        file
    }
}

const SYN: u8 = 0x02;
const ACK: u8 = 0x10;

/// An IP packet with a TCP segment in it; tshark does not ask for their checksums.
fn ip_packet(from: Side, flags: u8, sequence: u32, acknowledged: u32, payload: &[u8]) -> Vec<u8> {
    let client = (Ipv4Addr::LOCALHOST, 40_000_u16);
    let server = (Ipv4Addr::new(127, 0, 0, 2), 1_935_u16);
    let (source, target) = if from == Side::Client {
        (client, server)
    } else {
        (server, client)
    };
    let length = u16::try_from(40 + payload.len()).unwrap().to_be_bytes();
    let mut packet = vec![0x45, 0, length[0], length[1], 0, 0, 0x40, 0, 64, 6, 0, 0];
    packet.extend(source.0.octets());
    packet.extend(target.0.octets());
    packet.extend(source.1.to_be_bytes());
    packet.extend(target.1.to_be_bytes());
    packet.extend(sequence.to_be_bytes());
    packet.extend(acknowledged.to_be_bytes());
    packet.extend([0x50, flags, 0xFF, 0xFF, 0, 0, 0, 0]);
    packet.extend(payload);
    packet
}
