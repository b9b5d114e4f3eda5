use std::collections::VecDeque;

use adit_media::{Frame, FrameKind, Timestamp};
use bytes::Bytes;

use super::{Cut, Extent, Lead, Map, Rest, When};

fn ms(ms: u32) -> Timestamp {
    Timestamp::from_ms(ms)
}

fn frame(kind: FrameKind, at: u32, payload: &'static [u8]) -> Frame {
    Frame::classify(ms(at), kind, Bytes::from_static(payload))
}

/// `k`, `v` pictures, `a` sound, `d` data, `h` a header, at these milliseconds.
fn read(text: &str) -> Frame {
    let at = text[1..].parse().unwrap();
    match &text[..1] {
        "k" => frame(FrameKind::Video, at, b"\x17\x01\0\0\0k"),
        "v" => frame(FrameKind::Video, at, b"\x27\x01\0\0\0v"),
        "x" => frame(FrameKind::Video, at, b"\x91hvc1\0\0\0k"),
        "h" => frame(FrameKind::Video, at, b"\x17\x00\0\0\0h"),
        "a" => frame(FrameKind::Audio, at, b"\xAF\x01a"),
        "d" => frame(FrameKind::Data, at, b"\x02\0\x01d"),
        "m" => frame(FrameKind::Data, at, b"\x02\0\x0aonMetaData\x05"),
        other => panic!("{other}"),
    }
}

fn shown(frame: &Frame, when: When) -> String {
    let letter = match (frame.kind(), frame.payload().as_ref()) {
        (FrameKind::Video, [0x57, command]) => format!("[{command}]"),
        (FrameKind::Video, payload) if payload[0] == 0x91 => "x".into(),
        (FrameKind::Video, payload) => (payload[5] as char).to_string(),
        (FrameKind::Audio, _) => "a".into(),
        (FrameKind::Data, _) if frame.flags().is_metadata() => "m".into(),
        (FrameKind::Data, _) => "d".into(),
    };
    let mark = if when == When::AtOnce { "!" } else { "" };
    format!("{letter}{}{mark}", frame.at().ms())
}

/// What becomes of `frames`; those that leave without waiting have a `!`.
fn check(mut cut: Cut, frames: &str, expected: &str) {
    let mut out = VecDeque::new();
    let mut is_over = false;
    for text in frames.split(' ') {
        if cut.feed(read(text), &mut out) == Rest::Over {
            is_over = true;
            break;
        }
    }
    if !is_over {
        cut.finish(&mut out);
    }
    let mut lines: Vec<_> = out
        .iter()
        .map(|timed| shown(&timed.frame, timed.when))
        .collect();
    if is_over {
        lines.push("|".into());
    }
    assert_eq!(lines.join(" "), expected);
}

const PLAIN: Map = Map {
    origin: Timestamp::ZERO,
    base: Timestamp::ZERO,
};

#[test]
fn a_whole_recording_is_played_as_it_is() {
    let cut = Cut::new(PLAIN, Extent::Whole, Lead::None);
    check(cut, "m0 h0 k0 a0 v40 d41", "m0! h0! k0 a0 v40 d41");
}

#[test]
fn a_range_ends_before_its_end_and_begins_at_the_base() {
    let map = Map {
        origin: ms(2000),
        base: ms(500),
    };
    let cut = Cut::new(map, Extent::Before(ms(2080)), Lead::None);
    let played = "m0! h500! k500 a499 v540 |".replace("a499", "a500");
    check(cut, "m0 h2000 k2000 a1999 v2040 v2080 a2081", &played);
}

#[test]
fn one_frame_is_one_frame() {
    let cut = |kind| Cut::new(PLAIN, Extent::One(kind), Lead::None);
    check(cut(FrameKind::Video), "m0 h0 a0 k0 v40", "m0! h0! k0! |");
    check(cut(FrameKind::Audio), "m0 a0 a23", "m0! a0! |");
}

#[test]
fn a_player_that_goes_on_gets_what_is_later_than_where_it_was() {
    let cut = Cut::new(PLAIN, Extent::Whole, Lead::Until(ms(40)));
    check(cut, "h0 k0 a20 v40 a41 v80", "h0! a41 v80");
}

#[test]
fn pictures_before_the_place_looked_for_are_marked() {
    let exact = |target| Cut::new(PLAIN, Extent::Whole, Lead::Exact(ms(target)));
    check(
        exact(80),
        "m0 h0 k0 a10 v40 a60 v80 a83 v120",
        "m0! h0! [0]0! k0! v40! [1]80! v80 a83 v120",
    );
    // Sound that is late enough does not wait for the picture.
    check(exact(50), "k0 a55 v60", "[0]0! k0! a55 [1]50! v60");
    // The file may end before.
    check(exact(90), "k0 v40", "[0]0! k0! v40! [1]90!");
    // At a key frame there is nothing before.
    check(exact(40), "h40 k40 a30 v80", "h40! k40 a30 v80");
    // Of sound alone what is early is left out.
    check(exact(50), "a20 a40 a60", "a60");
}

#[test]
fn enhanced_codecs_are_played_from_the_key_frame() {
    let cut = Cut::new(PLAIN, Extent::Whole, Lead::Exact(ms(80)));
    check(cut, "x0 a20 v40", "x0 a20 v40");
}

#[test]
fn where_the_stream_has_no_time_for_the_way_it_takes_none() {
    let map = Map {
        origin: ms(80),
        base: ms(500),
    };
    let exact = || Cut::new(map, Extent::Whole, Lead::Exact(ms(80)));
    check(
        exact(),
        "h0 k0 a10 v40 v80 a83 v120",
        "h500! [0]500! k500! v500! [1]500! v500 a503 v540",
    );
    check(exact(), "x0 a20 v40 v80 a83", "x500! v500! v500 a503");
    check(exact(), "x80 a83 v120", "x500 a503 v540");
}

#[test]
fn a_switch_begins_at_the_next_key_frame() {
    let cut = |at, kind| Cut::new(PLAIN, Extent::Whole, Lead::KeyFrameAfter(ms(at), kind));
    let video = cut(40, FrameKind::Video);
    check(video, "h0 k0 v40 a70 k80 a81 v120", "h0! k80 a81 v120");
    check(cut(0, FrameKind::Video), "k0 v40 k80 v120", "k80 v120");
    check(cut(40, FrameKind::Audio), "a0 a40 a41", "a41");
}

#[test]
fn data_that_was_told_at_once_is_not_told_again() {
    let mut cut = Cut::new(PLAIN, Extent::Whole, Lead::None);
    cut.told_until = Some(ms(50));
    check(cut, "k0 d10 d50 d51", "k0 d51");
}

#[test]
fn times_go_both_ways_and_never_before_the_origin() {
    let map = Map {
        origin: ms(3000),
        base: ms(10_000),
    };
    let check = |file: u32, stream: u32| {
        assert_eq!(map.to_stream(ms(file)), ms(stream));
        assert_eq!(map.to_file(ms(stream)), ms(file));
    };
    check(3000, 10_000);
    check(4000, 11_000);
    assert_eq!(map.to_stream(ms(2000)), ms(10_000));
    assert_eq!(map.to_file(ms(9000)), ms(3000));
}
