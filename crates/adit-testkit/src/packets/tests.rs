use bytes::Bytes;

use super::{Allowance, Discards, Kind, Match, Packet, Role, is_suffix_from_key_frame};

fn video(at_ms: u32, body: &[u8]) -> Packet {
    Packet {
        kind: Kind::Video,
        at_ms,
        body: Bytes::copy_from_slice(body),
    }
}

fn audio(at_ms: u32, body: &[u8]) -> Packet {
    Packet {
        kind: Kind::Audio,
        at_ms,
        body: Bytes::copy_from_slice(body),
    }
}

/// Two groups of pictures with sound between.
fn stream() -> Vec<Packet> {
    vec![
        video(0, &[0x17, 0, 0, 0, 0, 1]),
        audio(0, &[0xaf, 0, 0x12]),
        video(0, &[0x17, 1, 0, 0, 0, 2]),
        audio(5, &[0xaf, 1, 3]),
        video(40, &[0x27, 1, 0, 0, 0, 4]),
        video(1000, &[0x17, 1, 0, 0, 0, 5]),
        audio(1005, &[0xaf, 1, 6]),
        video(1040, &[0x17, 2, 0, 0, 0]),
    ]
}

fn joined(from: usize) -> Vec<Packet> {
    let all = stream();
    all[..2].iter().chain(&all[from..]).cloned().collect()
}

#[test]
fn the_whole_stream_and_a_late_join_at_a_key_frame_match() {
    let check = |received: &[Packet], expected| {
        assert_eq!(
            is_suffix_from_key_frame(&stream(), received, Allowance::NONE),
            Ok(expected)
        );
    };
    check(
        &stream(),
        Match {
            packets: 5,
            joined_at_ms: 0,
            kept_back: 0,
        },
    );
    check(
        &joined(5),
        Match {
            packets: 2,
            joined_at_ms: 1000,
            kept_back: 0,
        },
    );
}

#[test]
fn every_kind_of_damage_is_found() {
    let check = |what: &str, damage: fn(&mut Vec<Packet>), expected: &str| {
        let mut received = joined(2);
        damage(&mut received);
        let message =
            is_suffix_from_key_frame(&stream(), &received, Allowance::NONE).expect_err(what);
        assert!(message.contains(expected), "{what}: {message}");
    };
    check(
        "lost in the middle",
        |packets| drop(packets.remove(3)),
        "packet 1 differs",
    );
    check(
        "lost at the end",
        |packets| drop(packets.remove(6)),
        "packet 4 differs",
    );
    check(
        "doubled",
        |packets| packets.insert(3, packets[3].clone()),
        "packet 2 differs",
    );
    check("swapped", |packets| packets.swap(3, 4), "packet 1 differs");
    check("late", |packets| packets[4].at_ms += 1, "packet 2 differs");
    check(
        "other bytes",
        |packets| packets[5] = video(1000, &[0x17, 1, 0, 0, 0, 9]),
        "packet 3 differs",
    );
    check(
        "no key frame first",
        |packets| drop(packets.drain(2..4)),
        "no key frame",
    );
    check(
        "moved as a whole",
        |packets| packets.iter_mut().for_each(|p| p.at_ms += 7),
        "sent at 0 ms",
    );
    check(
        "no sequence header",
        |packets| drop(packets.remove(0)),
        "configuration",
    );
    check("nothing", |packets| packets.truncate(2), "no coded packet");
}

#[test]
fn the_end_must_be_reached_too() {
    let mut received = joined(2);
    received.truncate(received.len() - 2);
    assert!(is_suffix_from_key_frame(&stream(), &received, Allowance::NONE).is_err());
}

#[test]
fn tiny_messages_may_be_missing_only_where_the_peer_is_known_to_drop_them() {
    let mut sent = stream();
    sent.insert(5, audio(900, &[0x2f]));
    let tiny = Allowance {
        discards: Discards::TinyMessages,
        ..Allowance::NONE
    };
    assert!(is_suffix_from_key_frame(&sent, &joined(2), Allowance::NONE).is_err());
    assert!(is_suffix_from_key_frame(&sent, &joined(2), tiny).is_ok());
}

#[test]
fn packets_may_be_missing_at_the_end_only_where_the_publisher_is_known_to_keep_them() {
    let check = |missing: usize, kept_back: usize, expected: Option<usize>| {
        let allowance = Allowance {
            kept_back,
            ..Allowance::NONE
        };
        let mut received = joined(2);
        received.truncate(received.len() - 1 - missing);
        let outcome = is_suffix_from_key_frame(&stream(), &received, allowance);
        assert_eq!(
            outcome.ok().map(|matched| matched.kept_back),
            expected,
            "{missing} of {kept_back}"
        );
    };
    check(0, 2, Some(0));
    check(2, 2, Some(2));
    check(3, 2, None);
    check(1, 0, None);
}

#[test]
fn roles_are_read_from_the_codec_header() {
    let check = |packet: Packet, expected| assert_eq!(packet.role(), expected, "{packet:?}");
    check(video(0, &[0x17, 0]), Role::Configuration);
    check(video(0, &[0x17, 1]), Role::Key);
    check(video(0, &[0x27, 1]), Role::Coded);
    check(video(0, &[0x17, 2]), Role::End);
    check(video(0, &[0x12, 2]), Role::Key);
    check(video(0, b"\x90hvc1"), Role::Configuration);
    check(video(0, b"\x91hvc1"), Role::Key);
    check(video(0, b"\xa3hvc1"), Role::Coded);
    check(video(0, b"\xd4hvc1"), Role::Configuration);
    check(video(0, b"\x92av01"), Role::End);
    check(audio(0, &[0xaf, 0]), Role::Configuration);
    check(audio(0, &[0xaf, 1]), Role::Key);
    check(audio(0, &[0x2f, 0]), Role::Key);
    check(audio(0, b"\x90Opus"), Role::Configuration);
    check(audio(0, b"\x94Opus"), Role::Configuration);
    check(audio(0, b"\x91Opus"), Role::Key);
    check(audio(0, b"\x92Opus"), Role::End);
}
