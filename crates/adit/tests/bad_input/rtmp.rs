//! Chunks, control messages, AMF and commands.

use adit_testkit::attack::{command, connect_command, message, property, string};

use crate::siege::{From, Siege, Then, create_stream};

/// Chunks, whole or not.
#[tokio::test]
async fn chunks_that_promise_or_contradict() {
    let mut siege = Siege::begin().await;
    let rows = vec![
        (
            "a message that needs no header, on no history",
            From::TheHandshake,
            vec![0xc3, 1, 2, 3],
            Then::Close,
        ),
        (
            "a header without a message stream, on no history",
            From::TheHandshake,
            vec![0x83, 0, 0, 1, 1],
            Then::Close,
        ),
        (
            "64 KiB and a byte before connect",
            From::TheHandshake,
            promise(3, 20, 65_537),
            Then::Close,
        ),
        (
            "16 MiB of video before connect",
            From::TheHandshake,
            promise(3, 9, 0x00ff_ffff),
            Then::Close,
        ),
        (
            "16 MiB of video",
            From::Connect,
            promise(6, 9, 0x00ff_ffff),
            Then::Close,
        ),
        (
            "16 MiB of a command",
            From::Connect,
            promise(6, 20, 0x00ff_ffff),
            Then::Close,
        ),
        (
            "a Terabyte promised on every chunk stream before connect",
            From::TheHandshake,
            everywhere(0x00ff_ffff),
            Then::Close,
        ),
        (
            "a Terabyte promised on every chunk stream",
            From::Connect,
            everywhere(0x00ff_ffff),
            Then::Close,
        ),
        (
            "10 MiB promised on every chunk stream",
            From::Connect,
            everywhere(10 << 20),
            Then::Close,
        ),
        (
            "128 bytes promised on every chunk stream",
            From::Connect,
            everywhere(129),
            Then::Close,
        ),
        (
            "messages of no bytes on every chunk stream",
            From::Connect,
            everywhere(0),
            Then::Close,
        ),
        (
            "another length in the middle of a message",
            From::Connect,
            [promise(6, 9, 1000), promise(6, 9, 999)].concat(),
            Then::Close,
        ),
        (
            "three messages of unknown type",
            From::Connect,
            unknown_types(3),
            Then::Close,
        ),
        (
            "two messages of unknown type",
            From::Connect,
            unknown_types(2),
            Then::GoOn,
        ),
        (
            "a message of no bytes",
            From::Connect,
            message(6, 9, 1, &[]),
            Then::GoOn,
        ),
        (
            "media for a stream that was not created",
            From::Connect,
            message(6, 9, 9, &[0x17, 1, 0, 0, 0, 1]),
            Then::GoOn,
        ),
    ];
    siege.check_all(rows).await;
}

#[tokio::test]
async fn control_messages_of_every_wrong_kind() {
    let mut siege = Siege::begin().await;
    let control = |kind, body: &[u8]| message(2, kind, 0, body);
    let rows = [
        ("chunk size 0", control(1, &[0; 4]), Then::Close),
        (
            "chunk size with the top bit",
            control(1, &[0x80, 0, 0, 1]),
            Then::Close,
        ),
        ("chunk size of 3 bytes", control(1, &[0; 3]), Then::Close),
        (
            "the largest chunk size",
            control(1, &[0x7f, 0xff, 0xff, 0xff]),
            Then::GoOn,
        ),
        (
            "the largest chunk size and a large message",
            [
                control(1, &[0x7f, 0xff, 0xff, 0xff]),
                promise(6, 9, 11 << 20),
            ]
            .concat(),
            Then::Close,
        ),
        ("abort of nothing", control(2, &[0, 0, 0, 9]), Then::GoOn),
        (
            "abort of its own chunk stream",
            control(2, &[0, 0, 0, 2]),
            Then::GoOn,
        ),
        (
            "abort of a chunk stream that cannot be",
            control(2, &[0xff; 4]),
            Then::GoOn,
        ),
        ("abort of 1 byte", control(2, &[0]), Then::Close),
        (
            "an acknowledgement of bytes never sent",
            control(3, &[0xff; 4]),
            Then::GoOn,
        ),
        ("a window of 0", control(5, &[0; 4]), Then::GoOn),
        ("a window of 1", control(5, &[0, 0, 0, 1]), Then::GoOn),
        (
            "a window of 1, a thousand times",
            control(5, &[0, 0, 0, 1]).repeat(1000),
            Then::GoOn,
        ),
        ("the largest window", control(5, &[0xff; 4]), Then::GoOn),
        ("a bandwidth of 0", control(6, &[0, 0, 0, 0, 0]), Then::GoOn),
        (
            "a bandwidth of an unknown kind",
            control(6, &[0, 0, 0, 1, 9]),
            Then::Close,
        ),
        ("user control of 1 byte", control(4, &[0]), Then::GoOn),
        (
            "user control without its number",
            control(4, &[0, 6]),
            Then::GoOn,
        ),
        (
            "user control of an unknown kind",
            control(4, &[0x7f, 0xff, 1, 2, 3, 4]),
            Then::GoOn,
        ),
        (
            "user control of 65 bytes",
            control(4, &[0; 65]),
            Then::Close,
        ),
        (
            "a thousand pings",
            control(4, &[0, 6, 0, 0, 0, 1]).repeat(1000),
            Then::GoOn,
        ),
        (
            "a ping answered that was never sent",
            control(4, &[0, 7, 1, 2, 3, 4]),
            Then::GoOn,
        ),
    ];
    let rows = rows
        .into_iter()
        .map(|(name, bytes, then)| (name, From::Connect, bytes, then));
    siege.check_all(rows.collect()).await;
}

#[tokio::test]
async fn amf_that_is_deep_long_or_cut() {
    let mut siege = Siege::begin().await;
    let connect =
        |value: &[u8]| message(3, 20, 0, &[command("connect", 1), value.to_vec()].concat());
    let call = |value: &[u8]| {
        message(
            3,
            20,
            0,
            &[command("anything", 9), vec![5], value.to_vec()].concat(),
        )
    };
    let array: Vec<u8> = [0x0a, 0, 0, 0, 1].to_vec();
    let object: Vec<u8> = [3, 0, 1, b'a'].to_vec();
    let rows = vec![
        (
            "12,000 arrays in each other in connect",
            From::TheHandshake,
            connect(&array.repeat(12_000)),
            Then::Close,
        ),
        (
            "16,000 objects in each other in connect",
            From::TheHandshake,
            connect(&object.repeat(16_000)),
            Then::Close,
        ),
        (
            "200,000 arrays in each other in a call",
            From::Connect,
            call(&array.repeat(200_000)),
            Then::Fail,
        ),
        (
            "260,000 objects in each other in a call",
            From::Connect,
            call(&object.repeat(260_000)),
            Then::Fail,
        ),
        (
            "an array that says it has 4 billion elements",
            From::Connect,
            call(&[0x0a, 0xff, 0xff, 0xff, 0xff]),
            Then::Fail,
        ),
        (
            "a long string that says it has 4 GiB",
            From::Connect,
            call(&[0x0c, 0xff, 0xff, 0xff, 0xff, b'a']),
            Then::Fail,
        ),
        (
            "an object without an end",
            From::Connect,
            call(&property("a", &[5])[..3]),
            Then::Fail,
        ),
        (
            "a reference to nothing",
            From::Connect,
            call(&[7, 0xff, 0xff]),
            Then::Fail,
        ),
        (
            "a marker that does not exist",
            From::Connect,
            call(&[0x7e]),
            Then::Fail,
        ),
        (
            "AMF3 with a reference to nothing",
            From::Connect,
            call(&[0x11, 0x0a, 0xfe]),
            Then::Fail,
        ),
        (
            "a command without a name",
            From::Connect,
            message(3, 20, 0, &[]),
            Then::GoOn,
        ),
        (
            "a command whose name is a number",
            From::Connect,
            message(3, 20, 0, &[0, 0, 0, 0, 0, 0, 0, 0, 0]),
            Then::GoOn,
        ),
        (
            "deep data",
            From::Connect,
            message(
                4,
                18,
                0,
                &[string("onMetaData"), array.repeat(10_000)].concat(),
            ),
            Then::GoOn,
        ),
        (
            "data that is cut",
            From::Connect,
            message(4, 18, 0, &[2, 0, 99, b'a']),
            Then::GoOn,
        ),
        (
            "a name of 60 KB",
            From::Connect,
            message(3, 20, 0, &command(&"n".repeat(60_000), 4)),
            Then::Fail,
        ),
    ];
    siege.check_all(rows).await;
}

#[tokio::test]
async fn connect_cut_at_any_byte_ends_with_the_connection() {
    let mut siege = Siege::begin().await;
    let whole = message(3, 20, 0, &connect_command());
    for length in (1..whole.len()).step_by(7) {
        let mut attacker = siege.attacker(From::TheHandshake).await;
        attacker.write(&whole[..length]).await;
        attacker.finish_writing().await;
        let ending = attacker.ending(std::time::Duration::from_secs(3)).await;
        assert!(
            ending.closed,
            "connect cut at byte {length}: {} bytes came",
            ending.received.len()
        );
    }
    siege.assert_calm("connect that was cut").await;
}

#[tokio::test]
async fn commands_too_many_too_early_and_too_strange() {
    let mut siege = Siege::begin().await;
    let null = |name: &str, rest: &[u8]| {
        message(
            3,
            20,
            0,
            &[command(name, 5), vec![5], rest.to_vec()].concat(),
        )
    };
    let play = |msid, name: &str| {
        message(
            8,
            20,
            msid,
            &[command("play", 0), vec![5], string(name)].concat(),
        )
    };
    let publish = |msid, name: &str| {
        message(
            8,
            20,
            msid,
            &[command("publish", 0), vec![5], string(name), string("live")].concat(),
        )
    };
    let rows = vec![
        (
            "publish before connect",
            From::TheHandshake,
            publish(1, "a"),
            Then::Close,
        ),
        (
            "createStream before connect",
            From::TheHandshake,
            message(3, 20, 0, &create_stream()),
            Then::Close,
        ),
        (
            "media before connect",
            From::TheHandshake,
            message(6, 9, 1, &[0x17, 1, 0, 0, 0]),
            Then::Close,
        ),
        (
            "connect twice",
            From::Connect,
            message(3, 20, 0, &connect_command()),
            Then::Fail,
        ),
        (
            "publish on a stream that was not created",
            From::Connect,
            publish(9, "a"),
            Then::GoOn,
        ),
        (
            "play on a stream that was not created",
            From::Connect,
            play(9, "a"),
            Then::GoOn,
        ),
        (
            "the stream of the honest client",
            From::Connect,
            [null("createStream", &[]), publish(1, "honest")].concat(),
            Then::GoOn,
        ),
        (
            "a stream name of 1 KB",
            From::Connect,
            [null("createStream", &[]), publish(1, &"n".repeat(1000))].concat(),
            Then::GoOn,
        ),
        (
            "a stream name that climbs",
            From::Connect,
            [null("createStream", &[]), publish(1, "../../etc/passwd")].concat(),
            Then::GoOn,
        ),
        (
            "play whose name is a number",
            From::Connect,
            [
                null("createStream", &[]),
                message(
                    8,
                    20,
                    1,
                    &[command("play", 0), vec![5, 0, 0, 0, 0, 0, 0, 0, 0, 0]].concat(),
                ),
            ]
            .concat(),
            Then::GoOn,
        ),
        (
            "play without a name",
            From::Connect,
            [
                null("createStream", &[]),
                message(8, 20, 1, &command("play", 0)),
            ]
            .concat(),
            Then::GoOn,
        ),
        (
            "a call that nobody knows",
            From::Connect,
            null("formatDisk", &[]),
            Then::Fail,
        ),
        (
            "a stream deleted that was never created",
            From::Connect,
            null("deleteStream", &[0, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0]),
            Then::Fail,
        ),
    ];
    siege.check_all(rows).await;
}

/// Values of every type of AMF0, and some that are no sensible number.
const VALUES: [&[u8]; 17] = [
    &[0, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0],
    &[0, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0],
    &[0, 0xbf, 0xf0, 0, 0, 0, 0, 0, 0],
    &[0, 0x7f, 0xef, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    &[1, 1],
    &[2, 0, 0],
    &[2, 0, 2, b'.', b'.'],
    &[3, 0, 0, 9],
    &[5],
    &[6],
    &[8, 0, 0, 0, 0, 0, 0, 9],
    &[10, 0, 0, 0, 0],
    &[11, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0, 0, 0],
    &[12, 0, 0, 0, 0],
    &[13],
    &[15, 0, 0, 0, 0],
    &[0x11, 1],
];

#[tokio::test]
async fn every_argument_of_every_command_as_every_type_of_value() {
    let mut siege = Siege::begin().await;
    let usual: [&[u8]; 5] = [
        &[5],
        &[2, 0, 1, b'x'],
        &[0, 0, 0, 0, 0, 0, 0, 0, 0],
        &[0, 0, 0, 0, 0, 0, 0, 0, 0],
        &[1, 1],
    ];
    let commands = [
        "play",
        "play2",
        "publish",
        "pause",
        "pauseRaw",
        "seek",
        "receiveAudio",
        "receiveVideo",
        "closeStream",
        "releaseStream",
        "FCPublish",
        "FCUnpublish",
        "FCSubscribe",
        "getStreamLength",
        "checkBandwidth",
        "onStatus",
        "_result",
        "_error",
        "somethingElse",
    ];
    let rows = commands.map(|name| {
        let mut bytes = message(3, 20, 0, &create_stream());
        for place in 0..usual.len() {
            for value in VALUES {
                let mut arguments = usual;
                arguments[place] = value;
                let body = [command(name, 0), arguments.concat()].concat();
                bytes.extend(message(8, 20, 1, &body));
            }
        }
        (name, From::Connect, bytes, Then::GoOn)
    });
    siege.check_all(rows.into()).await;
}

#[tokio::test]
async fn floods_of_commands_and_chunks_stay_bounded() {
    let mut siege = Siege::begin().await;
    let floods: [(&str, Vec<u8>); 5] = [
        (
            "50,000 streams",
            message(3, 20, 0, &create_stream()).repeat(50_000),
        ),
        (
            "50,000 calls",
            message(3, 20, 0, &[command("nothing", 5), vec![5]].concat()).repeat(50_000),
        ),
        (
            "chunks of one byte",
            [
                message(2, 1, 0, &[0, 0, 0, 1]),
                one_byte_chunks(6, 9, 400_000),
            ]
            .concat(),
        ),
        ("aggregates in aggregates", aggregates().repeat(2000)),
        (
            "100,000 pings",
            message(2, 4, 0, &[0, 6, 0, 0, 0, 1]).repeat(100_000),
        ),
    ];
    for (name, bytes) in floods {
        let mut attacker = siege.attacker(From::Connect).await;
        // The server may slow it down or end it; what it may not do is grow or let others feel it.
        let flood = tokio::spawn(async move {
            let written =
                tokio::time::timeout(std::time::Duration::from_secs(5), attacker.write(&bytes))
                    .await;
            (attacker, written.is_ok())
        });
        for _ in 0..5 {
            siege.assert_calm(name).await;
        }
        drop(flood.await.unwrap());
        siege.assert_calm(name).await;
    }
}

/// The first chunk of a message of `length` bytes that never comes whole.
fn promise(csid: u8, kind: u8, length: u32) -> Vec<u8> {
    let length = length.to_be_bytes();
    let mut bytes = vec![
        csid, 0, 0, 0, length[1], length[2], length[3], kind, 1, 0, 0, 0,
    ];
    bytes.resize(12 + 128, 0x44);
    bytes
}

/// The first chunk of a message of `length` bytes on each of the 65,536 chunk streams of the 3-byte form.
fn everywhere(length: u32) -> Vec<u8> {
    let size = length.to_be_bytes();
    let body = usize::try_from(length).unwrap().min(128);
    let mut bytes = Vec::new();
    for csid in 0..=u16::MAX {
        let [low, high] = csid.to_le_bytes();
        bytes.extend_from_slice(&[
            1, low, high, 0, 0, 0, size[1], size[2], size[3], 9, 1, 0, 0, 0,
        ]);
        bytes.resize(bytes.len() + body, 0x44);
    }
    bytes
}

fn unknown_types(count: usize) -> Vec<u8> {
    message(6, 99, 0, &[1, 2, 3]).repeat(count)
}

/// One message in chunks of one byte; the chunk size must be 1 by then.
fn one_byte_chunks(csid: u8, kind: u8, length: usize) -> Vec<u8> {
    let size = u32::try_from(length).unwrap().to_be_bytes();
    let mut bytes = vec![
        csid, 0, 0, 0, size[1], size[2], size[3], kind, 1, 0, 0, 0, 0x17,
    ];
    for _ in 1..length {
        bytes.extend_from_slice(&[0xc0 | csid, 0x17]);
    }
    bytes
}

/// Aggregate messages, each with an aggregate inside.
fn aggregates() -> Vec<u8> {
    let tag = |kind: u8, body: &[u8]| {
        let size = u32::try_from(body.len()).unwrap().to_be_bytes();
        let back = u32::try_from(body.len() + 11).unwrap().to_be_bytes();
        [
            &[kind, size[1], size[2], size[3], 0, 0, 0, 0, 0, 0, 0],
            body,
            &back,
        ]
        .concat()
    };
    let mut body = tag(9, &[0x17, 1, 0, 0, 0]);
    for _ in 0..40 {
        body = tag(22, &body);
    }
    message(6, 22, 1, &body)
}
