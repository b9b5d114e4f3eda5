//! Connections that agreed on AMF3: what goes over them whole, and what a peer of AMF0 gets.

use std::{sync::Arc, time::Instant};

use adit_amf::amf0::{Object, Value};
use adit_amf::amf3::{self, Array, Dictionary, ExternalClass, ObjectVector, Traits, Vector};
use adit_rtmp::command::{Connect, ObjectEncoding, Play, PublishKind};
use adit_rtmp::message::MessageKind;
use adit_rtmp::session::{
    ClientConfig, ClientEvent, ClientSession, MediaKind, ServerEvent, ServerSession, SessionConfig,
};
use adit_rtmp::shared_object::{Event, Limits, Persistence, SharedObjectMessage};
use adit_rtmp::{MessageStreamId, Seed, Timestamp};
use bytes::{Buf, Bytes};

use crate::support::*;

const ONE: MessageStreamId = MessageStreamId::new(1);

/// A connected client and server, and what each was told since the last look.
struct Line {
    client: ClientSession,
    server: ServerSession,
    now: Instant,
    at_client: Vec<ClientEvent>,
    at_server: Vec<ServerEvent>,
}

impl Line {
    fn new(encoding: ObjectEncoding) -> Self {
        let now = first_instant();
        let mut line = Self {
            client: ClientSession::new(now, ClientConfig::default(), &Seed::new([1; 32])),
            server: ServerSession::new(now, SessionConfig::default(), &Seed::new([2; 32])),
            now,
            at_client: Vec::new(),
            at_server: Vec::new(),
        };
        let mut connect = Connect::new("live", "rtmp://host/live");
        connect.object_encoding = encoding;
        line.client.connect(connect).unwrap();
        line.run();
        line.client.create_stream().unwrap();
        line.run();
        line.at_client.clear();
        line.at_server.clear();
        line
    }

    /// Carries everything there is; requests of RTMP itself are granted.
    fn run(&mut self) {
        loop {
            while let Some(event) = self.server.poll_event(self.now).unwrap() {
                match event {
                    ServerEvent::Connect(request) => self.server.accept_connect(request),
                    ServerEvent::Publish(request) => assert!(self.server.accept_publish(request)),
                    ServerEvent::Play(request) => assert!(self.server.accept_play(request)),
                    other => self.at_server.push(other),
                }
            }
            while let Some(event) = self.client.poll_event(self.now).unwrap() {
                self.at_client.push(event);
            }
            let (up, down) = (self.client.output().len(), self.server.output().len());
            if up == 0 && down == 0 {
                return;
            }
            let bytes = self.client.output().copy_to_bytes(up);
            self.server.handle_input(self.now, bytes);
            let bytes = self.server.output().copy_to_bytes(down);
            self.client.handle_input(self.now, bytes);
        }
    }

    /// Calls the server with these values, which answers with what it got; gives what came back.
    fn echoed(&mut self, values: Vec<Value>) -> Vec<Value> {
        self.client.call("echo", values).unwrap();
        self.run();
        let Some(ServerEvent::Call(request)) = self.at_server.pop() else {
            panic!("{:?}", self.at_server)
        };
        let values = request.arguments.clone();
        self.server.reply_call(request, values);
        self.run();
        let Some(ClientEvent::Response(response)) = self.at_client.pop() else {
            panic!("{:?}", self.at_client)
        };
        response.values
    }
}

/// Everything AMF3 has: a graph with references, a cycle, and every container.
fn graph() -> Vec<Value> {
    let traits = Arc::new(Traits {
        class: "chat.User".into(),
        dynamic: true,
        sealed: vec!["name".into(), "friend".into()],
    });
    // 0 is alice, 1 is bob; they are each other's friends.
    let bob = amf3::Object::of(
        Arc::clone(&traits),
        vec!["bob".into(), amf3::Value::Reference(0)],
    );
    let alice = amf3::Object::of(traits, vec!["alice".into(), bob.into()])
        .with("age", 30)
        .with("height", 1.5)
        .with("self", amf3::Value::Reference(0));
    let dictionary = Dictionary {
        weak_keys: true,
        entries: vec![
            (amf3::Value::Reference(0), "by object".into()),
            ("1".into(), amf3::Value::Undefined),
        ],
    };
    let vector = ObjectVector {
        class: "chat.User".into(),
        fixed: true,
        items: vec![amf3::Value::Reference(1), amf3::Value::Null],
    };
    let external = |class, inner: amf3::Value| amf3::Value::External {
        class,
        value: Box::new(inner),
    };
    let rest = Array {
        associative: vec![("dictionary".into(), amf3::Value::Dictionary(dictionary))],
        dense: vec![
            amf3::Value::Date(1_700_000_000_000.0),
            Bytes::from_static(b"\0\x01\xFF bytes").into(),
            amf3::Value::VectorInt(Vector {
                fixed: false,
                items: vec![i32::MIN, -1, i32::MAX],
            }),
            amf3::Value::VectorUint(Vector {
                fixed: true,
                items: vec![0, u32::MAX],
            }),
            amf3::Value::VectorDouble(Vector {
                fixed: false,
                items: vec![0.1, f64::INFINITY],
            }),
            amf3::Value::VectorObject(Box::new(vector)),
            external(
                ExternalClass::ArrayCollection,
                Array::from(vec![amf3::Value::Reference(0), 2.into()]).into(),
            ),
            external(
                ExternalClass::ObjectProxy,
                amf3::Object::new().with("x", true).into(),
            ),
            amf3::Value::Xml("<a/>".into()),
            amf3::Value::XmlDocument("<b/>".into()),
            amf3::Value::Undefined,
            "alice".into(),
        ],
    };
    vec![
        7.0.into(),
        Value::Avm(alice.into()),
        "plain".into(),
        Value::Avm(rest.into()),
        Value::Avm(amf3::Value::Reference(1)),
        Value::Null,
    ]
}

//
#[test]
fn amf3_is_agreed_on_only_when_both_ends_say_so() {
    for encoding in [ObjectEncoding::Amf0, ObjectEncoding::Amf3] {
        let line = Line::new(encoding);
        assert_eq!(line.client.object_encoding(), encoding);
        assert_eq!(line.server.object_encoding(), encoding);
    }
    let (amf0, amf3) = (ObjectEncoding::Amf0, ObjectEncoding::Amf3);
    assert_eq!(amf3.agreed(amf0), amf0);
    assert_eq!(amf0.agreed(amf3), amf0);
}

#[test]
fn a_graph_survives_from_client_to_server_and_back() {
    let mut line = Line::new(ObjectEncoding::Amf3);
    assert_eq!(line.echoed(graph()), graph());
    // And the other way round.
    line.server.call("echo", graph()).unwrap();
    line.run();
    let Some(ClientEvent::Call(request)) = line.at_client.pop() else {
        panic!()
    };
    assert_eq!(request.arguments, graph());
    let values = request.arguments.clone();
    line.client.reply_call(request, values);
    line.run();
    let Some(ServerEvent::Response(response)) = line.at_server.pop() else {
        panic!()
    };
    assert_eq!(response.values, graph());
}

#[test]
fn calls_travel_in_the_type_and_format_of_the_connection() {
    let plain = || Object::new().with("x", 1.0);
    let avm = || Value::Avm(amf3::Object::new().with("x", 1).into());
    for (encoding, kind, sent) in [
        (ObjectEncoding::Amf0, 20, Value::from(plain())),
        (ObjectEncoding::Amf3, 17, avm()),
    ] {
        // An application may hand over either.
        for given in [plain().into(), avm()] {
            let mut line = Line::new(encoding);
            assert_eq!(line.echoed(vec![given]), std::slice::from_ref(&sent));
        }
        let wish = encoding.number().into();
        let properties = object([("app", "live".into()), ("objectEncoding", wish)]);
        let connect = ["connect".into(), 1.0.into(), properties];
        let mut server = Server::new();
        server.feed(Script::with_handshake().command(0, connect).bytes());
        server.replies();
        server.session.call("go", vec![plain().into()]).unwrap();
        let messages = server.reply_messages();
        assert_eq!(messages.last().unwrap().kind.id(), kind);
    }
}

#[test]
fn what_amf0_cannot_say_still_arrives_on_a_connection_of_amf0() {
    let mut line = Line::new(ObjectEncoding::Amf0);
    assert_eq!(line.echoed(graph()), graph());
    let bytes = Value::Avm(Bytes::from_static(b"abc").into());
    assert_eq!(line.echoed(vec![bytes.clone()]), [bytes]);
}

//
#[test]
fn every_form_of_type_17_in_the_wild_is_read() {
    let avm = b"\x11\x0A\x0B\x01\x03x\x04\x01\x01";
    let amf0_head = amf0(&["echo".into(), 4.0.into(), Value::Null]);
    let mixed = [amf0_head.as_ref(), avm].concat();
    let amf0_only = amf0(&[
        "echo".into(),
        4.0.into(),
        Value::Null,
        Object::new().with("x", 1.0).into(),
    ]);
    // The name, an integer, null, the object; and with the transaction as a double.
    let integer = b"\x06\x09echo\x04\x04\x01\x0A\x0B\x01\x03x\x04\x01\x01".to_vec();
    let double = b"\x06\x09echo\x05\x40\x10\0\0\0\0\0\0\x01\x0A\x0B\x01\x03x\x04\x01\x01".to_vec();
    // The name and the rest, each after its own marker.
    let marked = b"\x11\x06\x09echo\x11\x04\x04\x11\x01\x11\x0A\x0B\x01\x03x\x04\x01\x01".to_vec();
    for body in [mixed, amf0_only.to_vec(), integer, double, marked] {
        for selector in [&b""[..], b"\0", b"\x03"] {
            let mut server = Server::connected().leaving();
            let body = [selector, &body].concat();
            let events = server.feed(Script::new().message(17, 0, 3, 0, body.clone()).bytes());
            assert_eq!(events.len(), 1, "{body:02x?}");
            let ServerEvent::Call(request) = server.request() else {
                panic!("{body:02x?}")
            };
            assert_eq!(request.name, "echo");
            let plain = adit_amf::convert::prefer_amf0(&request.arguments).into_owned();
            assert_eq!(plain, [Object::new().with("x", 1.0).into()]);
            server.session.reply_call(request, vec![true.into()]);
            assert_eq!(server.replies(), ["3/0 _result 4 null true"], "{body:02x?}");
        }
    }
}

#[test]
fn data_of_an_amf3_publisher_reaches_the_server_and_players_of_both_kinds() {
    let mut line = Line::new(ObjectEncoding::Amf3);
    line.client.publish(ONE, "cam", PublishKind::Live).unwrap();
    line.run();
    let chat = || amf3::Object::new().with("text", "hi").with("n", 3);
    let bytes = || Value::Avm(Bytes::from_static(b"abc").into());
    let metadata = vec![
        "@setDataFrame".into(),
        "onMetaData".into(),
        Object::new().with("width", 640.0).into(),
    ];
    let sent = [
        vec!["onChat".into(), "bob".into(), Value::Avm(chat().into())],
        vec!["onBlob".into(), bytes()],
        metadata,
    ];
    for values in &sent {
        line.client
            .send_data(ONE, Timestamp::from_ms(40), values)
            .unwrap();
    }
    line.run();
    let plain = Object::new().with("text", "hi").with("n", 3.0);
    let expected = [
        amf0(&["onChat".into(), "bob".into(), plain.into()]),
        amf0(&["onBlob".into(), bytes()]),
        amf0(&[
            "onMetaData".into(),
            Object::new().with("width", 640.0).into(),
        ]),
    ];
    let payloads: Vec<_> = line
        .at_server
        .iter()
        .map(|event| match event {
            ServerEvent::Media {
                kind: MediaKind::Data,
                timestamp,
                payload,
                ..
            } if timestamp.ms() == 40 => payload.clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(payloads, expected);

    // What the server hands on is the same for players of both kinds.
    for encoding in [ObjectEncoding::Amf0, ObjectEncoding::Amf3] {
        let mut line = Line::new(encoding);
        line.client.play(ONE, Play::new("cam")).unwrap();
        line.run();
        line.at_client.clear();
        for payload in &expected {
            line.server
                .send_media(ONE, MediaKind::Data, Timestamp::ZERO, payload)
                .unwrap();
        }
        // And so is what it says itself, of whatever format.
        let own = ["onChat".into(), "bob".into(), Value::Avm(chat().into())];
        line.server.send_data(ONE, Timestamp::ZERO, &own).unwrap();
        line.run();
        let payloads: Vec<_> = line
            .at_client
            .iter()
            .map(|event| match event {
                ClientEvent::Media { payload, .. } => payload.clone(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(payloads[..3], expected);
        assert_eq!(payloads[3..], expected[..1]);
    }
}

#[test]
fn shared_objects_carry_the_graph_in_either_type() {
    for encoding in [ObjectEncoding::Amf0, ObjectEncoding::Amf3] {
        let mut line = Line::new(encoding);
        let kind = encoding.shared_object_kind();
        let mut message = SharedObjectMessage::new("room", Persistence::Temporary);
        message.events = vec![
            Event::request_change("alice", graph().swap_remove(1)),
            Event::Message {
                handler: "all".into(),
                arguments: graph(),
            },
        ];
        for body in message.encode(kind).unwrap() {
            line.client.send_shared_object(kind, body).unwrap();
        }
        line.run();
        let Some(ServerEvent::SharedObject { kind, payload, .. }) = line.at_server.pop() else {
            panic!()
        };
        assert_eq!(kind, encoding.shared_object_kind());
        let read = SharedObjectMessage::decode(kind, &payload, &Limits::default()).unwrap();
        let Event::Message { arguments, .. } = &read.events[1] else {
            panic!()
        };
        assert_eq!(*arguments, graph());
        // Alice can be said in AMF0: as objects of a class, with numbers for integers.
        let Event::RequestChange { value, .. } = &read.events[0] else {
            panic!()
        };
        assert_eq!(
            matches!(value, Value::Avm(_)),
            encoding == ObjectEncoding::Amf3
        );
        // Both members end up with the same, whatever their type.
        let back = read.encode(MessageKind::SharedObjectAmf3).unwrap();
        let again = SharedObjectMessage::decode(
            MessageKind::SharedObjectAmf3,
            &back[0],
            &Limits::default(),
        );
        let forth = again
            .unwrap()
            .encode(MessageKind::SharedObjectAmf0)
            .unwrap();
        let plain = message.encode(MessageKind::SharedObjectAmf0).unwrap();
        assert_eq!(forth, plain);
    }
}
