use adit_media::fmp4::Unsupported;
use adit_media::pattern::Pattern;
use adit_media::{Frame, FrameKind, Timestamp};
use bytes::Bytes;

use super::{Lengths, Made, Segmenter};
use crate::limits::outputs::{HLS_BYTES, OPENING_FRAMES, PART_BYTES, SEGMENT_BYTES};
use crate::outputs::hls::bound::Bound;
use crate::outputs::hls::playlist::target_seconds;
use crate::outputs::hls::window::{Segment, Window};

const LENGTHS: Lengths = Lengths {
    part: 350,
    segment: 2_000,
};

/// The built-in clip with a key frame each second, so many seconds of it.
fn clip(seconds: u32) -> Vec<Frame> {
    let pattern = Pattern::new("pattern:320x180@30,200k,key=1".parse().unwrap());
    let within = |frame: &Frame| frame.at().ms() < seconds * 1000;
    pattern.take_while(within).collect()
}

fn only(kind: FrameKind, frames: &[Frame]) -> Vec<Frame> {
    let frames = frames.iter().filter(|frame| frame.kind() == kind);
    frames.cloned().collect()
}

fn later(frames: &[Frame], ms: u32) -> Vec<Frame> {
    let frames = frames.iter();
    frames
        .map(|frame| frame.clone().with_timestamp(frame.at().wrapping_add(ms)))
        .collect()
}

fn new_segmenter() -> Segmenter {
    Segmenter::new(LENGTHS, Bound::new(LENGTHS, None), "r".into())
}

/// A window that keeps all that is made of `frames`.
fn package(frames: &[Frame]) -> Window {
    package_by(new_segmenter(), frames)
}

fn package_by(mut segmenter: Segmenter, frames: &[Frame]) -> Window {
    let mut made = Vec::new();
    for frame in frames {
        segmenter.push(frame, &mut made);
    }
    segmenter.finish(&mut made);
    keep(made)
}

fn keep(made: Vec<Made>) -> Window {
    let mut window = Window::new("r".to_owned(), 1000);
    for made in made {
        window.apply(made);
    }
    window.end();
    window
}

fn segments(window: &Window) -> Vec<&Segment> {
    window.listed().0.collect()
}

fn lengths(window: &Window) -> Vec<i64> {
    segments(window)
        .iter()
        .map(|segment| segment.milliseconds())
        .collect()
}

/// Codecs of each segment, and whether it is the continuation of the one before.
fn tracks(window: &Window) -> Vec<(String, bool)> {
    let mut tracks: Vec<(String, bool)> = segments(window)
        .iter()
        .map(|segment| (segment.init.codecs.clone(), segment.discontinuity))
        .collect();
    tracks.dedup_by(|next, before| next.0 == before.0 && !next.1);
    tracks
}

/// Bytes of samples in all fragments.
fn payload(window: &Window) -> usize {
    let parts = segments(window)
        .into_iter()
        .flat_map(|segment| &segment.parts);
    parts
        .flat_map(|part| part.fragment.pieces().iter().skip(1))
        .map(Bytes::len)
        .sum()
}

fn coded(frames: &[Frame]) -> usize {
    // Both headers of the clip's codecs in front of coded media: five bytes of H.264, two of AAC.
    let coded = frames.iter().filter(|frame| frame.flags().is_coded());
    coded
        .map(|frame| {
            frame.payload().len()
                - if frame.kind() == FrameKind::Video {
                    5
                } else {
                    2
                }
        })
        .sum()
}

#[test]
fn segments_begin_with_key_frames_and_parts_are_as_long_as_they_should_be() {
    let frames = clip(9);
    let window = package(&frames);
    let segments = segments(&window);
    assert!(segments.iter().skip(2).all(|segment| segment.independent()));
    assert!(segments[0].independent(), "the first one too");
    let last = segments.len() - 1;
    for segment in &segments {
        let lengths: Vec<i64> = segment.parts.iter().map(|part| part.milliseconds).collect();
        let (end, others) = lengths.split_last().unwrap();
        assert!(
            others.iter().all(|it| (298..=350).contains(it)),
            "{lengths:?}"
        );
        assert!(*end <= 350, "{lengths:?}");
    }
    let whole = lengths(&window);
    assert!(
        (500..1_000).contains(&whole[0]),
        "there is one soon: {whole:?}"
    );
    assert!(
        whole[2..last].iter().all(|it| (1_990..=2_010).contains(it)),
        "{whole:?}"
    );
    assert!(
        (8_950..=9_050).contains(&whole.iter().sum::<i64>()),
        "{whole:?}"
    );
    assert_eq!(
        payload(&window),
        coded(&frames),
        "nothing is lost and nothing comes twice"
    );
    assert_eq!(tracks(&window).len(), 1);
}

#[test]
fn a_key_frame_that_is_a_little_early_still_begins_a_segment() {
    let mut frames = clip(12);
    for frame in &mut frames {
        if frame.flags().is_key_frame() && !frame.flags().is_sequence_header() {
            let early = frame.at().ms().saturating_sub(20);
            *frame = frame.clone().with_timestamp(Timestamp::from_ms(early));
        }
    }
    let window = package(&frames);
    let whole = lengths(&window);
    assert!(whole.iter().all(|length| *length < 2_200), "{whole:?}");
}

#[test]
fn sound_alone_and_pictures_alone_are_packaged_too() {
    let frames = clip(9);
    for (kind, codec) in [(FrameKind::Audio, "mp4a.40.2"), (FrameKind::Video, "avc1.")] {
        let frames = only(kind, &frames);
        let window = package(&frames);
        let init = window.init().unwrap();
        assert!(
            init.codecs.starts_with(codec) && !init.codecs.contains(','),
            "{}",
            init.codecs
        );
        assert_eq!(payload(&window), coded(&frames));
        let whole = lengths(&window);
        assert!(whole.iter().all(|length| *length <= 2_400), "{whole:?}");
        assert!(
            (8_900..=9_100).contains(&whole.iter().sum::<i64>()),
            "{whole:?}"
        );
        let mut parts = segments(&window)
            .into_iter()
            .flat_map(|segment| &segment.parts);
        assert!(parts.all(|part| part.milliseconds <= 350));
    }
}

#[test]
fn another_configuration_is_another_beginning() {
    let frames = clip(6);
    let other = Pattern::new("pattern:640x360@30,200k,key=1".parse().unwrap());
    let other: Vec<Frame> = other.take_while(|frame| frame.at().ms() < 4_000).collect();
    let all = [frames.clone(), later(&other, 6_000)].concat();
    let window = package(&all);
    let breaks: Vec<_> = segments(&window)
        .iter()
        .filter(|segment| segment.discontinuity)
        .map(|segment| (segment.init.size, segment.independent()))
        .collect();
    assert_eq!(breaks, [(Some((640, 360)), true)]);
    assert_eq!(payload(&window), coded(&all));
    // The same once more is none.
    let again = [frames.clone(), later(&frames, 6_000)].concat();
    assert_eq!(tracks(&package(&again)).len(), 1);
}

#[test]
fn a_clock_that_jumps_and_frames_that_are_left_out_are_breaks() {
    let frames = clip(4);
    for jump in [60_000, 3_000_000_000] {
        let all = [frames.clone(), later(&frames, jump)].concat();
        let window = package(&all);
        assert_eq!(tracks(&window).len(), 2, "{jump}");
        assert!(
            (7_800..=8_200).contains(&lengths(&window).iter().sum::<i64>()),
            "{jump}"
        );
    }
    let mut segmenter = new_segmenter();
    let mut made = Vec::new();
    for frame in &frames {
        segmenter.push(frame, &mut made);
    }
    segmenter.gap(&mut made);
    for frame in later(&frames, 8_000) {
        segmenter.push(&frame, &mut made);
    }
    segmenter.finish(&mut made);
    assert_eq!(tracks(&keep(made)).len(), 2);
}

#[test]
fn a_track_that_falls_silent_is_given_up_and_taken_up_again() {
    let frames = clip(30);
    for silent in [FrameKind::Video, FrameKind::Audio] {
        let frames: Vec<Frame> = frames
            .iter()
            .filter(|frame| frame.kind() != silent || !(6_000..20_000).contains(&frame.at().ms()))
            .cloned()
            .collect();
        let window = package(&frames);
        let tracks: Vec<usize> = tracks(&window)
            .iter()
            .map(|(codecs, _)| codecs.split(',').count())
            .collect();
        assert_eq!(tracks, [2, 1, 2], "{silent:?}");
        let whole = lengths(&window);
        assert!(
            whole.iter().all(|length| *length < 8_000),
            "{silent:?} {whole:?}"
        );
    }
}

#[test]
fn a_stream_that_never_has_a_key_frame_is_heard_and_not_seen() {
    let frames: Vec<Frame> = clip(20)
        .into_iter()
        .filter(|frame| frame.flags().is_sequence_header() || !frame.flags().is_key_frame())
        .collect();
    let window = package(&frames);
    assert_eq!(window.init().unwrap().codecs, "mp4a.40.2");
}

/// All that a playlist says of the lengths of its segments holds.
fn assert_within_target(window: &Window) {
    let target = target_seconds(window, LENGTHS);
    let whole = lengths(window);
    let rounded = |length: i64| (length + 500) / 1000;
    assert!(
        whole.iter().all(|length| rounded(*length) <= target),
        "{target}: {whole:?}"
    );
}

/// The clip with a key frame each so many seconds.
fn with_keys(seconds: u32, each: u32) -> Vec<Frame> {
    let options = format!("pattern:320x180@30,200k,key={each}");
    let pattern = Pattern::new(options.parse().unwrap());
    let within = |frame: &Frame| frame.at().ms() < seconds * 1000;
    pattern.take_while(within).collect()
}

#[test]
fn segments_without_key_frames_are_no_longer_than_announced() {
    let mut key = false;
    let frames: Vec<Frame> = clip(60)
        .into_iter()
        .filter(|frame| {
            let is_key = frame.flags().is_key_frame() && frame.flags().is_coded();
            !is_key || !std::mem::replace(&mut key, true)
        })
        .collect();
    let window = package(&frames);
    assert_eq!(window.targets.segment, Some(2));
    assert_within_target(&window);
    assert!(lengths(&window).len() >= 24, "{:?}", lengths(&window));
    assert_eq!(payload(&window), coded(&frames));
}

#[test]
fn the_target_has_room_for_key_frames_that_are_known_and_is_kept_where_they_are_not() {
    for (each, known, target) in [
        (1, None, 2),
        (3, None, 2),
        (10, None, 2),
        (3, Some(3_000), 3),
        (10, Some(10_000), 10),
        (20, Some(20_000), 12),
    ] {
        let frames = with_keys(60, each);
        let segmenter = Segmenter::new(LENGTHS, Bound::new(LENGTHS, known), "r".into());
        let window = package_by(segmenter, &frames);
        assert_eq!(window.targets.segment, Some(target), "{each} {known:?}");
        assert_within_target(&window);
        assert_eq!(payload(&window), coded(&frames));
        // A player can begin with each key frame, or with each second one.
        let independent = segments(&window)
            .iter()
            .filter(|it| it.independent())
            .count();
        assert!(
            independent >= (60 / each.max(2)) as usize - 1,
            "{each} {known:?}: {independent}"
        );
        if i64::from(each) <= target {
            let others = segments(&window).len() - independent;
            assert!(others <= 1, "{each} {known:?}: {others}");
        }
    }
}

#[test]
fn key_frames_that_come_further_apart_later_change_nothing_of_what_was_announced() {
    let all = [with_keys(10, 1), later(&with_keys(40, 8), 10_000)].concat();
    let window = package(&all);
    assert_eq!(window.targets.segment, Some(2));
    assert_within_target(&window);
    // Two pieces of the same length are better than a long and a short one.
    let whole = lengths(&window);
    assert!(
        whole[10..whole.len() - 1].iter().all(|it| *it > 1_900),
        "{whole:?}"
    );
}

#[test]
fn slow_pictures_are_announced_where_they_are_slow_from_the_beginning() {
    let slow = |each: u32| -> Vec<Frame> {
        let pictures = only(FrameKind::Video, &clip(60)).into_iter();
        let keys = pictures
            .filter(|frame| frame.flags().is_key_frame() || frame.flags().is_sequence_header());
        (0_u32..)
            .zip(keys)
            .take(12)
            .map(|(index, frame)| {
                frame.with_timestamp(Timestamp::from_ms(index.saturating_sub(1) * each))
            })
            .collect()
    };
    let window = package(&slow(5_000));
    assert_eq!(window.targets.segment, Some(5));
    assert_within_target(&window);
    // And where they get slow later the playlist says less than they last, and never more than it announced.
    let all = [clip(8), later(&slow(5_000), 8_000)].concat();
    let all = only(FrameKind::Video, &all);
    let window = package(&all);
    assert_eq!(window.targets.segment, Some(2));
    assert_within_target(&window);
    assert_eq!(payload(&window), coded(&all));
}

#[test]
fn sound_that_goes_on_without_pictures_ends_segments_in_time() {
    let frames: Vec<Frame> = clip(20)
        .into_iter()
        .filter(|frame| {
            frame.kind() == FrameKind::Audio || frame.at().ms() < 6_000 || frame.at().ms() >= 10_000
        })
        .collect();
    let window = package(&frames);
    assert_within_target(&window);
    assert_eq!(payload(&window), coded(&frames));
}

#[test]
fn what_hls_does_not_carry_is_left_out() {
    let mut frames = only(FrameKind::Audio, &clip(3));
    let picture = Bytes::from_static(b"\x22sorenson");
    frames.extend((0..90).map(|count| {
        let at = Timestamp::from_ms(count * 33);
        Frame::classify(at, FrameKind::Video, picture.clone())
    }));
    frames.sort_by_key(|frame| frame.at().ms());
    assert_eq!(package(&frames).init().unwrap().codecs, "mp4a.40.2");
    let unknown: Vec<Frame> = only(FrameKind::Video, &frames);
    assert!(package(&unknown).init().is_none());
}

/// The clip with sound of AC-3, one message each 32 ms, of these bytes.
fn with_ac3(seconds: u32, body: &[u8]) -> Vec<Frame> {
    let mut frames = only(FrameKind::Video, &clip(seconds));
    let payload = Bytes::from([b"\x91ac-3", body].concat());
    let messages = (0..seconds * 1000 / 32).map(|number| {
        let at = Timestamp::from_ms(number * 32);
        Frame::classify(at, FrameKind::Audio, payload.clone())
    });
    frames.extend(messages);
    frames.sort_by_key(|frame| frame.at().ms());
    frames
}

/// A frame of 5.1 at 384 kbit/s.
fn ac3_frame() -> Vec<u8> {
    let mut frame = b"\x0b\x77\x1e\x8b\x1c\x40\xeb\xf8".to_vec();
    frame.resize(1536, 0);
    frame
}

#[test]
fn sound_that_its_own_frames_describe_is_packaged() {
    let window = package(&with_ac3(6, &ac3_frame()));
    let init = &segments(&window)[0].init;
    assert!(init.codecs.ends_with(",ac-3"), "{}", init.codecs);
    assert_eq!(tracks(&window).len(), 1);
}

#[test]
fn sound_that_cannot_be_read_leaves_the_picture_alone_and_says_why() {
    let mut reserved = ac3_frame();
    reserved[4] |= 0xC0;
    for body in [&b"\x0b\x77"[..], b"not a frame at all", &reserved] {
        let mut segmenter = new_segmenter();
        let mut made = Vec::new();
        for frame in with_ac3(6, body) {
            segmenter.push(&frame, &mut made);
        }
        segmenter.finish(&mut made);
        let why = Unsupported::Configuration;
        assert_eq!(segmenter.left_out(), [(FrameKind::Audio, why)]);
        segmenter.begin_again();
        assert_eq!(segmenter.left_out(), [], "it is told of the next one too");
        let window = keep(made);
        let init = &segments(&window)[0].init;
        assert!(init.codecs.starts_with("avc1.") && !init.codecs.contains(','));
        let pictures = coded(&only(FrameKind::Video, &clip(6)));
        assert_eq!((tracks(&window).len(), payload(&window)), (1, pictures));
    }
}

#[test]
fn segments_and_parts_end_when_they_are_heavy() {
    // A megabyte a picture, and no key frame but the first.
    let mut first = true;
    let mut frames: Vec<Frame> = only(FrameKind::Video, &clip(3))
        .into_iter()
        .filter(|frame| {
            !frame.flags().is_key_frame()
                || frame.flags().is_sequence_header()
                || std::mem::take(&mut first)
        })
        .collect();
    for frame in frames.iter_mut().filter(|frame| frame.flags().is_coded()) {
        let payload = [frame.payload(), &vec![0; 1 << 20][..]].concat();
        *frame = Frame::classify(frame.at(), FrameKind::Video, payload.into());
    }
    let window = package(&frames);
    for segment in segments(&window) {
        let bytes: usize = segment.parts.iter().map(|part| part.fragment.len()).sum();
        assert!(bytes <= SEGMENT_BYTES + PART_BYTES + (2 << 20), "{bytes}");
        for part in &segment.parts {
            assert!(
                part.fragment.len() <= PART_BYTES + (2 << 20),
                "{}",
                part.fragment.len()
            );
        }
    }
}

/// So many coded frames like the first one of a kind in the clip, all stamped 0 and with so many bytes more.
fn still(kind: FrameKind, count: usize, bytes: usize) -> Vec<Frame> {
    let clip = clip(1);
    let first = clip
        .iter()
        .find(|frame| frame.kind() == kind && frame.flags().is_coded())
        .unwrap();
    let payload = Bytes::from([first.payload(), &vec![0; bytes][..]].concat());
    vec![Frame::classify(Timestamp::ZERO, kind, payload); count]
}

#[test]
fn what_is_held_is_bounded_where_the_clock_stands_still() {
    let headers = |kind: Option<FrameKind>| {
        let headers = clip(1).into_iter();
        let headers = headers.filter(|frame| frame.flags().is_sequence_header());
        headers
            .filter(|frame| kind.is_none_or(|kind| frame.kind() == kind))
            .collect::<Vec<_>>()
    };
    let (video, audio) = (FrameKind::Video, FrameKind::Audio);
    let mixed = [still(video, 1, 10_000), still(audio, 1, 10_000)].concat();
    let cases = [
        (
            "pictures",
            [headers(Some(video)), still(video, 1_500, 1 << 16)].concat(),
        ),
        (
            "both",
            [headers(None), vec![mixed; 4_000].concat()].concat(),
        ),
        (
            "sound",
            [headers(Some(audio)), still(audio, 1_500, 1 << 16)].concat(),
        ),
        (
            "sound behind a picture",
            [
                headers(None),
                still(video, 1, 0),
                still(audio, 1_500, 1 << 16),
            ]
            .concat(),
        ),
        (
            "sound before any picture",
            [headers(None), still(audio, 1_500, 1 << 16)].concat(),
        ),
        (
            "next to nothing",
            [headers(Some(video)), still(video, 200_000, 0)].concat(),
        ),
    ];
    for (name, frames) in cases {
        let mut segmenter = new_segmenter();
        let mut window = Window::new("r".to_owned(), 7);
        for frame in &frames {
            let mut made = Vec::new();
            segmenter.push(frame, &mut made);
            for made in made {
                window.apply(made);
            }
            let held = segmenter.open_bytes();
            assert!(held < PART_BYTES + (1 << 17), "{name}: {held}");
            let kept = window.bytes();
            assert!(kept < HLS_BYTES + PART_BYTES + (1 << 17), "{name}: {kept}");
        }
        assert!(window.is_ready(), "{name}: segments end");
    }
}

#[test]
fn the_beginning_of_a_stream_is_not_waited_for_beyond_its_limits() {
    let mut segmenter = new_segmenter();
    let mut made = Vec::new();
    for frame in still(FrameKind::Audio, OPENING_FRAMES - 1, 0) {
        segmenter.push(&frame, &mut made);
    }
    assert!(segmenter.opening.is_some());
    segmenter.push(&still(FrameKind::Audio, 1, 0)[0], &mut made);
    assert!(segmenter.opening.is_none());
    let mut segmenter = new_segmenter();
    for frame in still(FrameKind::Video, 4, PART_BYTES / 4 - 4_000) {
        assert!(segmenter.opening.is_some());
        segmenter.push(&frame, &mut made);
    }
    segmenter.push(&still(FrameKind::Video, 1, 16_000)[0], &mut made);
    assert!(segmenter.opening.is_none());
}

#[test]
fn parts_are_not_too_long_where_pictures_last_now_longer_and_now_shorter() {
    let pictures = only(FrameKind::Video, &clip(6));
    // 33, 100, 33, 100, …
    let uneven: Vec<Frame> = (0_u32..)
        .zip(pictures)
        .map(|(index, frame)| {
            let ms = index.saturating_sub(1) * 67 + index % 2 * 33;
            frame.with_timestamp(Timestamp::from_ms(ms))
        })
        .collect();
    let window = package(&uneven);
    let segments = segments(&window);
    let parts = segments.iter().flat_map(|segment| &segment.parts);
    let lengths: Vec<i64> = parts.map(|part| part.milliseconds).collect();
    assert!(lengths.len() > 20, "{lengths:?}");
    assert!(lengths.iter().all(|length| *length <= 350), "{lengths:?}");
}

#[test]
fn parts_are_as_long_as_announced_at_every_usual_rate() {
    let pictures = |rate: &u32| {
        let clip = format!("pattern:320x180@{rate},200k,key=1");
        let clip = Pattern::new(clip.parse().unwrap());
        let frames: Vec<Frame> = clip.take_while(|frame| frame.at().ms() < 12_000).collect();
        (only(FrameKind::Video, &frames), format!("{rate}"))
    };
    let mut streams: Vec<_> = [2, 10, 24, 25, 30, 50, 60].iter().map(pictures).collect();
    streams.push((clip(12), "with sound".to_owned()));
    streams.push((only(FrameKind::Audio, &clip(12)), "sound".to_owned()));
    let dolby = only(FrameKind::Audio, &with_ac3(12, &ac3_frame()));
    streams.push((dolby, "ac-3".to_owned()));
    for (frames, what) in streams {
        let window = package(&frames);
        let target = window.targets.part.unwrap();
        for segment in segments(&window) {
            let parts = segment.parts.iter().map(|part| part.milliseconds);
            let parts: Vec<i64> = parts.collect();
            let (last, others) = parts.split_last().unwrap();
            let whole = (target * 85).div_euclid(100)..=target;
            assert!(
                others.iter().all(|it| whole.contains(it)),
                "{what}: {parts:?}"
            );
            assert!(*last <= target, "{what}: {parts:?} of {target}");
        }
    }
}

#[test]
fn a_clock_that_goes_back_by_seconds_is_a_break_and_not_a_pause() {
    let frames = clip(8);
    // It begins again with the key frame at three seconds, and goes to eight once more.
    let again = frames.iter().filter(|frame| frame.at().ms() >= 3_000);
    let all: Vec<Frame> = frames.iter().chain(again).cloned().collect();
    let window = package(&all);
    assert_eq!(tracks(&window).len(), 2);
    let sum: i64 = lengths(&window).iter().sum();
    assert!((12_800..=13_200).contains(&sum), "{sum}");
    assert!(window.longest_part() <= 400, "{}", window.longest_part());
}

#[test]
fn a_stream_that_is_published_again_goes_on_with_a_break_whatever_its_clock_and_tracks_are() {
    let frames = clip(4);
    for (again, codecs) in [
        (clip(4), 2),
        (later(&clip(4), 4_000), 2),
        (only(FrameKind::Audio, &clip(4)), 1),
        (only(FrameKind::Video, &later(&clip(4), 3_000_000_000)), 1),
    ] {
        let mut segmenter = new_segmenter();
        let mut made = Vec::new();
        for frame in &frames {
            segmenter.push(frame, &mut made);
        }
        segmenter.finish(&mut made);
        segmenter.begin_again();
        for frame in &again {
            segmenter.push(frame, &mut made);
        }
        segmenter.finish(&mut made);
        let window = keep(made);
        let tracks: Vec<_> = tracks(&window)
            .iter()
            .map(|(names, broken)| (names.split(',').count(), *broken))
            .collect();
        assert_eq!(tracks, [(2, false), (codecs, true)]);
        assert_eq!(payload(&window), coded(&frames) + coded(&again));
        let sum: i64 = lengths(&window).iter().sum();
        assert!((7_800..=8_200).contains(&sum), "{sum}");
    }
}
