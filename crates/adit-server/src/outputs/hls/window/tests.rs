use std::sync::Arc;
use std::time::{Duration, SystemTime};

use adit_media::fmp4::{Run, Sample, fragment};
use adit_media::{FrameFlags, FrameKind};
use bytes::Bytes;

use super::{Found, Init, Part, Window};
use crate::limits::outputs::{HLS_BYTES, SPARE_SEGMENTS};
use crate::outputs::hls::segmenter::Made;

pub(in crate::outputs::hls) fn init(id: u32) -> Made {
    Made::Init(Arc::new(Init {
        run: "r".into(),
        id,
        bytes: Bytes::from_static(b"init"),
        codecs: "avc1.64001f,mp4a.40.2".to_owned(),
        size: Some((1280, 720)),
        step: Some(33),
    }))
}

pub(in crate::outputs::hls) fn part(milliseconds: i64, bytes: usize) -> Made {
    let run = Run {
        track: 1,
        kind: FrameKind::Video,
        decode_time: 0,
        samples: vec![Sample {
            payload: vec![0; bytes].into(),
            duration: 1,
            composition: 0,
            flags: FrameFlags::KEY_FRAME,
        }],
    };
    Made::Part(Part {
        fragment: Arc::new(fragment(1, &[run]).unwrap()),
        milliseconds,
        independent: true,
        ended: None,
    })
}

/// A window with so many whole segments of two parts.
pub(in crate::outputs::hls) fn window(segments: usize) -> Window {
    let mut window = Window::new("r".to_owned(), 3);
    window.apply(init(0));
    window.apply(Made::PartTarget(1_000));
    for _ in 0..segments {
        window.apply(part(1_000, 10));
        window.apply(part(1_000, 10));
        window.apply(Made::EndOfSegment);
    }
    window
}

fn kind(found: &Found) -> &'static str {
    match found {
        Found::Here(pieces) if pieces.len() == 1 => "part",
        Found::Here(_) => "segment",
        Found::Init(_) => "init",
        Found::Soon { .. } => "soon",
        Found::Missing => "missing",
    }
}

#[test]
fn files_are_found_under_the_one_name_they_have() {
    let mut window = window(2);
    window.apply(part(1_000, 10));
    for (name, expected) in [
        ("r-0.mp4", "init"),
        ("r-1.mp4", "missing"),
        ("r-0.m4s", "segment"),
        ("r-1.m4s", "segment"),
        ("r-2.m4s", "missing"),
        ("r-1.1.m4s", "part"),
        ("r-1.2.m4s", "missing"),
        ("r-2.0.m4s", "part"),
        ("r-2.1.m4s", "soon"),
        ("r-2.2.m4s", "missing"),
        ("r-3.0.m4s", "missing"),
        ("q-0.m4s", "missing"),
        ("r-00.m4s", "missing"),
        ("r-+0.m4s", "missing"),
        ("r-0.m4s.m4s", "missing"),
        ("r-99999999999999999999999.m4s", "missing"),
        ("r-.m4s", "missing"),
        ("-0.m4s", "missing"),
        ("", "missing"),
    ] {
        assert_eq!(kind(&window.find(name)), expected, "{name}");
    }
    window.end();
    assert_eq!(
        kind(&window.find("r-2.1.m4s")),
        "missing",
        "nothing comes any more"
    );
    assert_eq!(
        kind(&window.find("r-2.m4s")),
        "part",
        "what there is of it is all of it"
    );
}

#[test]
fn a_playlist_is_waited_for_until_it_has_what_is_wanted() {
    let mut window = window(2);
    window.apply(part(1_000, 10));
    for (segment, part, there) in [
        (0, None, true),
        (1, None, true),
        (1, Some(1), true),
        // Behind the last part of a segment is the first one of the next.
        (1, Some(2), true),
        (2, Some(0), true),
        (2, Some(1), false),
        (2, None, false),
        (3, Some(0), false),
        (3, None, false),
    ] {
        assert_eq!(window.has(segment, part), there, "{segment} {part:?}");
    }
    window.apply(Made::EndOfSegment);
    assert!(window.has(2, None));
    assert!(
        !window.has(2, Some(1)),
        "there is no first part of the next"
    );
    window.end();
    assert!(
        window.has(9, Some(9)),
        "nobody waits for what will not come"
    );
}

#[test]
fn a_few_segments_more_than_are_listed_are_kept_and_then_forgotten() {
    let window = window(20);
    let listed: Vec<u64> = window.listed().0.map(|segment| segment.number).collect();
    assert_eq!(listed, [17, 18, 19]);
    let kept = (0..20).filter(|number| kind(&window.find(&format!("r-{number}.m4s"))) == "segment");
    // For as long as a list with what was being made, and a segment: five.
    assert_eq!(kept.count(), 3 + 5);
}

#[test]
fn what_left_the_list_is_there_for_its_own_time_and_that_of_the_longest_list_with_it() {
    let mut window = Window::new("r".to_owned(), 3);
    window.apply(init(0));
    let mut now = 0;
    // Of each: the longest list with it, when it left the list, when it was forgotten.
    let mut seen: Vec<(i64, Option<i64>, Option<i64>)> = Vec::new();
    let lengths = [500, 4_000, 1_000, 2_000, 9_000, 300, 2_000, 2_000];
    let lengths: Vec<i64> = lengths.into_iter().cycle().take(64).collect();
    for (newest, length) in (0_u64..).zip(&lengths) {
        seen.push((0, None, None));
        for made in [part(*length, 10), Made::EndOfSegment] {
            if matches!(made, Made::Part(_)) {
                now += length;
            }
            window.apply(made);
            let listed = window.listed().0;
            let list = listed.clone().map(super::Segment::milliseconds).sum();
            for (number, seen) in (0..=newest).zip(&mut seen) {
                let is_there = window.segments.iter().any(|it| it.number == number);
                if listed.clone().any(|it| it.number == number) {
                    seen.0 = seen.0.max(list);
                } else {
                    seen.1.get_or_insert(now);
                }
                if !is_there {
                    seen.2.get_or_insert(now);
                }
            }
        }
    }
    let mut forgotten = 0;
    for ((list, left, gone), length) in seen.into_iter().zip(lengths) {
        let (Some(left), Some(gone)) = (left, gone) else {
            continue;
        };
        forgotten += 1;
        assert!(
            gone - left >= length + list,
            "{left} {gone}: {length} {list}"
        );
        assert!(gone - left < length + list + 12_000, "{left} {gone}");
    }
    assert!(forgotten > 32, "{forgotten}");
}

#[test]
fn as_many_segments_are_kept_for_slow_players_as_may_be() {
    let mut window = Window::new("r".to_owned(), 3);
    window.apply(init(0));
    let mut most = 0;
    for length in [60_000; 3].into_iter().chain([1; 200]) {
        window.apply(part(length, 10));
        window.apply(Made::EndOfSegment);
        most = most.max(window.segments.len());
    }
    assert_eq!(most, 3 + SPARE_SEGMENTS);
}

#[test]
fn a_stream_holds_as_many_bytes_as_it_may_and_not_more() {
    let piece = HLS_BYTES / 4;
    let mut window = Window::new("r".to_owned(), 100);
    window.apply(init(0));
    for _ in 0..10 {
        window.apply(part(1_000, piece));
        window.apply(Made::EndOfSegment);
    }
    assert_eq!(
        window.listed().0.count(),
        3,
        "with their heads four are too much"
    );
    assert!(window.bytes <= HLS_BYTES);
}

#[test]
fn it_does_so_while_a_segment_is_being_made() {
    let mut window = window(1);
    for _ in 0..3 {
        window.apply(part(1_000, HLS_BYTES / 4));
        window.apply(Made::EndOfSegment);
    }
    window.apply(part(1_000, HLS_BYTES / 4));
    window.apply(part(1_000, HLS_BYTES / 4));
    assert!(window.bytes <= HLS_BYTES, "{}", window.bytes);
}

#[test]
fn breaks_that_are_gone_are_still_counted() {
    let mut window = Window::new("r".to_owned(), 3);
    for id in 0..10 {
        window.apply(init(id));
        window.apply(part(2_000, 10));
        window.apply(Made::EndOfSegment);
    }
    let (listed, before) = window.listed();
    let breaks: Vec<bool> = listed.map(|segment| segment.discontinuity).collect();
    assert_eq!(
        (breaks, before),
        (vec![true; 3], 6),
        "the first one was no break"
    );
}

/// A part that ends so many milliseconds after 1970.
fn dated(milliseconds: i64, ended: u64) -> Made {
    let Made::Part(mut part) = part(milliseconds, 10) else {
        panic!("a part")
    };
    part.ended = Some(SystemTime::UNIX_EPOCH + Duration::from_millis(ended));
    Made::Part(part)
}

#[test]
fn dates_begin_with_an_arrival_and_go_with_durations_until_the_next_break() {
    let mut window = Window::new("r".to_owned(), 9);
    window.apply(init(0));
    // The second one is late, which its media are not.
    for (lasts, ended) in [(1_000, 101_000), (2_000, 103_700), (2_000, 105_000)] {
        window.apply(dated(lasts, ended));
        window.apply(Made::EndOfSegment);
    }
    window.apply(part(500, 10));
    window.apply(Made::EndOfSegment);
    window.apply(init(1));
    window.apply(dated(2_000, 202_000));
    window.apply(Made::EndOfSegment);
    window.apply(init(2));
    window.apply(part(500, 10));
    let dates: Vec<_> = window
        .listed()
        .0
        .map(|segment| segment.date)
        .map(|date| date.map(|date| date.duration_since(SystemTime::UNIX_EPOCH).unwrap()))
        .map(|since| since.map(|since| since.as_millis()))
        .collect();
    let expected = [100_000, 101_000, 103_000, 105_000, 200_000].map(Some);
    assert_eq!(dates[..5], expected);
    assert_eq!(dates[5], None, "nobody knows when it arrived");
}
