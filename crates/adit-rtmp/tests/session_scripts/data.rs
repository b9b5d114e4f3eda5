//! Data messages and aggregates of publishers.

use adit_amf::amf0::Value;
use bytes::Bytes;

use crate::support::*;

/// Publishes on message stream 1 and sends messages; gives the events after the publish.
fn published(script: impl FnOnce(Script) -> Script) -> (Vec<String>, Server) {
    let mut server = Server::connected();
    server.feed(Script::new().publish(1, "cam").bytes());
    server.replies();
    let events = server.feed(script(Script::new()).bytes());
    (events, server)
}

fn check(kind: u8, payload: impl Into<Bytes>, expected: &[&str]) {
    let (events, server) = published(|script| script.message(kind, 1, 4, 7, payload));
    assert_eq!(events, expected);
    assert_eq!(
        server.session.stats().dropped.data,
        u64::from(expected.is_empty())
    );
}

fn hex(body: &[u8]) -> String {
    format!("Data 1 @7 {}", payload_text(body))
}

#[test]
fn set_data_frame_is_taken_off() {
    let meta = Value::EcmaArray([("width", 640.0)].into_iter().collect());
    let whole = amf0(&["@setDataFrame".into(), "onMetaData".into(), meta.clone()]);
    let stripped = amf0(&["onMetaData".into(), meta]);
    check(18, whole, &[&hex(&stripped)]);
    // Sent directly, it passes as it is.
    check(18, stripped.clone(), &[&hex(&stripped)]);
    // Any handler, any values; also none.
    let text = amf0(&["onTextData".into(), 1.0.into(), Value::Null]);
    check(18, text.clone(), &[&hex(&text)]);
    let alone = amf0(&["@setDataFrame".into(), "x".into()]);
    check(18, alone, &[&hex(&amf0(&["x".into()]))]);
}

#[test]
fn clear_data_frame_is_an_event_of_its_own() {
    check(
        18,
        amf0(&["@clearDataFrame".into(), "onMetaData".into()]),
        &["clear 1 onMetaData"],
    );
    check(18, amf0(&["@clearDataFrame".into()]), &[]);
    check(18, amf0(&["@clearDataFrame".into(), 1.0.into()]), &[]);
}

// Q-074
#[test]
fn data_without_a_handler_is_dropped() {
    // The time code track of ffmpeg.
    check(18, &b"\0\x01\x02\x03"[..], &[]);
    check(18, &b""[..], &[]);
    check(18, &b"\x02"[..], &[]);
    check(18, &b"\x02\0\x05onMe"[..], &[]);
    check(18, amf0(&[1.0.into()]), &[]);
    check(18, amf0(&["@setDataFrame".into()]), &[]);
    check(18, amf0(&["@setDataFrame".into(), 1.0.into()]), &[]);
    check(15, &b"\0"[..], &[]);
}

#[test]
fn what_follows_the_handler_is_not_decoded() {
    let strange = b"\x02\0\x01x\xFF\xFF\xFF";
    check(18, &strange[..], &[&hex(strange)]);
    // OBS with a second audio track for Twitch: audio inside a data message.
    let blob = [
        amf0(&["@setDataFrame".into(), "x".into()]).as_ref(),
        &[0xAF; 30],
    ]
    .concat();
    check(18, blob.clone(), &[&hex(&blob[16..])]);
}

// Q-075
#[test]
fn data_in_amf3_reaches_players_as_amf0() {
    // "@setDataFrame" and "onMetaData" in AMF0, then an AMF3 object {width: 640, codec: "x"}.
    let avm = b"\x11\x0A\x0B\x01\x0Bwidth\x04\x85\x00\x0Bcodec\x06\x03x\x01";
    let head = amf0(&["@setDataFrame".into(), "onMetaData".into()]);
    let plain = amf0(&[
        "onMetaData".into(),
        object([("width", 640.0.into()), ("codec", "x".into())]),
    ]);
    let body = [head.as_ref(), avm].concat();
    check(18, body.clone(), &[&hex(&plain)]);
    check(15, body.clone(), &[&hex(&plain)]);
    check(15, [&[0], body.as_slice()].concat(), &[&hex(&plain)]);
    // Names in AMF3 too, the second one by reference to nothing yet.
    let names = b"\0\x11\x06\x1B@setDataFrame\x11\x06\x15onMetaData";
    check(15, [names.as_slice(), avm].concat(), &[&hex(&plain)]);
    check(
        15,
        b"\0\x11\x06\x1F@clearDataFrame\x11\x06\x15onMetaData".to_vec(),
        &["clear 1 onMetaData"],
    );
}

// Q-075
#[test]
fn data_in_amf3_that_has_no_form_in_amf0_stays_as_it_is() {
    // A byte array.
    let body = b"\x02\0\x01x\x11\x0C\x07abc";
    check(18, &body[..], &[&hex(body)]);
    // Broken.
    let body = b"\x02\0\x01x\x11\xFF";
    check(18, &body[..], &[&hex(body)]);
}

#[test]
fn an_aggregate_is_taken_apart_and_keeps_its_distances() {
    let item = |kind: u8, at: u32, body: &[u8]| {
        let [extra, t2, t1, t0] = at.to_be_bytes();
        let len = u8::try_from(body.len()).unwrap();
        let head = [kind, 0, 0, len, t2, t1, t0, extra, 0, 0, 0];
        let back = u32::from(len) + 11;
        [head.as_slice(), body, &back.to_be_bytes()].concat()
    };
    let meta = amf0(&["@setDataFrame".into(), "x".into()]);
    let body = [
        item(8, 100, b"a"),
        item(9, 140, b"v"),
        item(18, 160, &meta),
        item(9, 50, b"w"),
    ];
    let (events, _) = published(|script| script.message(22, 1, 4, 1000, body.concat()));
    let expected = [
        r#"Audio 1 @1000 "a""#,
        r#"Video 1 @1040 "v""#,
        "Data 1 @1060 02000178",
        r#"Video 1 @950 "w""#,
    ];
    assert_eq!(events, expected);

    // The rest of a broken one is dropped, the connection goes on.
    let nested = [item(8, 0, b"a"), item(22, 1, b"x"), item(8, 2, b"lost")].concat();
    let (events, server) =
        published(|script| script.message(22, 1, 4, 0, nested).audio(1, 9, b"next"));
    assert_eq!(events, [r#"Audio 1 @0 "a""#, r#"Audio 1 @9 "next""#]);
    assert_eq!(server.session.stats().dropped.aggregates, 1);

    // One too many: 4096 pass.
    let many: Vec<_> = (0..4097).flat_map(|at| item(8, at, b"")).collect();
    let (events, server) = published(|script| script.chunk_size(65_536).message(22, 1, 4, 0, many));
    assert_eq!(events.len(), 4096);
    assert_eq!(server.session.limit_hits().aggregate_items, 1);
}

// Q-063
#[test]
fn data_on_message_stream_0_belongs_to_the_only_publisher() {
    let (events, mut server) =
        published(|script| script.data(0, 7, ["@setDataFrame".into(), "x".into()]));
    assert_eq!(events, ["Data 1 @7 02000178"]);
    // Two publishers: nobody can tell.
    let script = Script::new()
        .call(0, "createStream", 3.0, [])
        .publish(2, "b")
        .data(0, 8, ["x".into()])
        .data(2, 9, ["x".into()]);
    assert_eq!(
        server.feed(script.bytes()),
        ["publish 2 live:b live", "Data 2 @9 02000178"]
    );
}

#[test]
fn empty_audio_and_video_pass() {
    let (events, _) = published(|script| script.audio(1, 1, b"").video(1, 2, b""));
    assert_eq!(events, [r#"Audio 1 @1 """#, r#"Video 1 @2 """#]);
}
