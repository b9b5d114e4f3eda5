//! The same bytes in any pieces mean the same; and a stop at any byte is a clean end.

use adit_amf::amf0::Value;
use proptest::prelude::*;

use crate::support::*;

/// A session that uses about everything, control messages and chunk sizes among it.
fn long_script() -> Vec<u8> {
    let meta = Value::EcmaArray([("width", 640.0)].into_iter().collect());
    Script::with_handshake()
        .chunk_size(4096)
        .connect("live/room?token=x")
        .control(&adit_rtmp::message::ControlMessage::WindowAckSize(
            2_500_000,
        ))
        .call(0, "releaseStream", 2.0, ["cam".into()])
        .call(0, "FCPublish", 3.0, ["cam".into()])
        .call(0, "createStream", 4.0, [])
        .publish(1, "cam")
        .data(1, 0, ["@setDataFrame".into(), "onMetaData".into(), meta])
        .message(9, 1, 4, 0, vec![0x17; 5000])
        .message(8, 1, 4, 0, vec![0xAF; 300])
        .chunk_size(100)
        .message(9, 1, 6, 0xFF_FFFF, vec![0x27; 350])
        .message(8, 1, 4, 0xFFFF_FFFF, &b"a"[..])
        .user_control(adit_rtmp::message::UserControl::PingRequest(5))
        .call(0, "createStream", 5.0, [])
        .play(2, "other")
        .call(2, "pause", 0.0, [true.into(), 5.0.into()])
        .call(0, "method", 6.0, [object([("a", 1.0.into())])])
        .call(1, "seek", 7.0, ["wrong".into()])
        .message(20, 0, 3, 0, &b"\x02\0\x01x\0\x40\x10\0\0\0\0\0\0\xFF"[..])
        .call(0, "FCUnpublish", 8.0, ["cam".into()])
        .call(0, "deleteStream", 9.0, [1.0.into()])
        .bytes()
        .to_vec()
}

/// Events and output of a script in these pieces, an end of input behind them.
fn run(script: &[u8], cuts: &[usize]) -> (Vec<String>, Vec<u8>) {
    let mut server = Server::new();
    let (mut events, mut output) = (Vec::new(), Vec::new());
    let mut from = 0;
    for to in cuts.iter().copied().chain([script.len()]) {
        events.extend(server.feed(script[from..to].to_vec()));
        output.extend(server.take_output());
        from = to;
    }
    events.extend(server.eof());
    output.extend(server.take_output());
    (events, output)
}

#[test]
fn byte_by_byte_means_the_same_as_all_at_once() {
    let script = long_script();
    let whole = run(&script, &[]);
    assert_eq!(whole.0.len(), 12, "{:#?}", whole.0);
    let cuts: Vec<_> = (1..script.len()).collect();
    assert_eq!(run(&script, &cuts), whole);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_pieces_mean_the_same(mut cuts in prop::collection::vec(0_usize..9000, 0..40)) {
        let script = long_script();
        cuts.retain(|cut| *cut < script.len());
        cuts.sort_unstable();
        prop_assert_eq!(run(&script, &cuts), run(&script, &[]));
    }

    #[test]
    fn garbage_after_the_handshake_ends_in_an_error_or_nothing(garbage: Vec<u8>) {
        let mut server = Server::new();
        server.feed(Script::with_handshake().raw(garbage).bytes());
        server.eof();
        prop_assert!(server.session.is_closing());
    }

    #[test]
    fn garbage_in_place_of_a_command_never_ends_the_connection(garbage: Vec<u8>, amf3: bool) {
        let mut server = Server::connected();
        let kind = if amf3 { 17 } else { 20 };
        server.feed(Script::new().message(kind, 1, 3, 0, garbage).bytes());
        prop_assert_eq!(server.error, None);
    }

    #[test]
    fn a_known_command_with_any_arguments_never_ends_the_connection(
        name in prop::sample::select(&NAMES[..]),
        values in prop::collection::vec(any_value(), 0..6),
        transaction in prop::num::f64::ANY,
        msid in 0_u32..4,
    ) {
        let mut server = Server::connected();
        let head = [Value::from(name), transaction.into()];
        let values: Vec<_> = head.into_iter().chain(values).collect();
        server.feed(Script::new().command(msid, values).bytes());
        prop_assert_eq!(server.error, None);
    }

    #[test]
    fn any_data_message_of_a_publisher_never_ends_the_connection(
        body: Vec<u8>,
        kind in prop::sample::select(&[15_u8, 18, 22, 8, 9][..]),
    ) {
        let mut server = Server::connected();
        server.feed(Script::new().publish(1, "cam").message(kind, 1, 4, 0, body).bytes());
        prop_assert_eq!(server.error, None);
    }
}

const NAMES: [&str; 24] = [
    "connect",
    "createStream",
    "initStream",
    "releaseStream",
    "FCPublish",
    "FCUnpublish",
    "FCSubscribe",
    "FCUnsubscribe",
    "publish",
    "play",
    "play2",
    "pause",
    "pauseRaw",
    "seek",
    "receiveAudio",
    "receiveVideo",
    "closeStream",
    "deleteStream",
    "getStreamLength",
    "_checkbw",
    "onStatus",
    "_result",
    "_error",
    "method",
];

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        Just(Value::Undefined),
        Just(Value::Unsupported),
        any::<bool>().prop_map(Value::from),
        prop::num::f64::ANY.prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(Value::Date {
            ms: f64::NAN,
            timezone: -1
        }),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-zA-Z]{0,6}", inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

#[test]
fn a_stop_at_any_byte_of_handshake_and_connect_is_a_clean_end() {
    let script = Script::with_handshake().connect("live").bytes();
    for len in 0..=script.len() {
        let mut server = Server::new();
        let mut events = server.feed(script.slice(..len));
        events.extend(server.eof());
        let expected: &[&str] = match len {
            0..3073 => &["error: peer closed the connection in the handshake"],
            _ if len < script.len() => &["closed: PeerEnded"],
            _ => &["connect live", "closed: PeerEnded"],
        };
        assert_eq!(events.len(), expected.len(), "{len}: {events:?}");
        for (event, expected) in events.iter().zip(expected) {
            assert!(event.starts_with(expected), "{len}: {event}");
        }
        assert!(server.session.is_closing());
    }
}

#[test]
fn a_silence_at_any_byte_of_handshake_and_connect_ends_by_a_deadline() {
    let script = Script::with_handshake().connect("live").bytes();
    for len in (0..script.len())
        .step_by(7)
        .chain([1, 1536, 1537, 1538, 3072, 3073, 3074])
    {
        let mut server = Server::new();
        server.feed(script.slice(..len));
        let expected = match len {
            0..3073 => "error: the handshake took too long",
            _ => "error: no connect command was accepted in time",
        };
        assert_eq!(server.run_until(10_000), [expected], "{len}");
    }
}

#[test]
fn other_protocols_are_named() {
    let check = |input: &'static [u8], expected: &str| {
        let mut server = Server::new();
        assert_eq!(server.feed(input), [format!("error: {expected}")]);
        assert!(server.session.is_closed());
    };
    check(
        b"GET / HTTP/1.1\r\n",
        "peer speaks a text protocol (first byte 0x47), not rtmp",
    );
    check(
        b"\x16\x03\x01",
        "peer speaks tls where plain rtmp is expected",
    );
    check(
        b"\x06",
        "peer asks for rtmpe (version 6), which is not supported",
    );
}
