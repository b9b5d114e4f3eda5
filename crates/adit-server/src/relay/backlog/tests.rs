use std::sync::Arc;
use std::time::{Duration, Instant};

use adit_broker::SharedFrame;
use adit_media::{Frame, FrameKind, Timestamp};
use bytes::Bytes;

use super::{Backlog, BufferLimits, Skipped};
use crate::limits::relay::{HEADER_BYTES, HEADER_FRAMES, SILENCE_BYTES, SILENCE_DURATION};

/// Messages by label: `M` metadata, `V` video header, `S` audio header, `K` key frame, `I` inter frame, `A` audio, `D` data. A
/// number behind it is its time, else times count up.
fn frame(label: &str, at: u32, bytes: usize) -> Frame {
    let (kind, head): (_, &[u8]) = match label {
        "M" => (FrameKind::Data, b"\x02\x00\x0AonMetaData"),
        "V" => (FrameKind::Video, b"\x17\x00\x00\x00\x00"),
        "S" => (FrameKind::Audio, b"\xAF\x00"),
        "K" => (FrameKind::Video, b"\x17\x01\x00\x00\x00"),
        "I" => (FrameKind::Video, b"\x27\x01\x00\x00\x00"),
        "A" => (FrameKind::Audio, b"\xAF\x01"),
        "D" => (FrameKind::Data, b"\x02\x00\x06onText"),
        _ => panic!("no such label: {label}"),
    };
    let mut payload = head.to_vec();
    // Media without a body is nothing to begin with.
    payload.resize(bytes.max(head.len() + 1), 0);
    Frame::classify(Timestamp::from_ms(at), kind, Bytes::from(payload))
}

fn label(frame: &Frame) -> String {
    let flags = frame.flags();
    let letter = match frame.kind() {
        FrameKind::Data if flags.is_metadata() => "M",
        FrameKind::Data => "D",
        FrameKind::Video if flags.is_sequence_header() => "V",
        FrameKind::Video if flags.is_key_frame() => "K",
        FrameKind::Video => "I",
        FrameKind::Audio if flags.is_sequence_header() => "S",
        FrameKind::Audio => "A",
    };
    format!("{letter}{}", frame.at().ms())
}

struct Bench {
    backlog: Backlog,
    start: Instant,
    at: u32,
    /// Bytes that had left, for so long, and frames that were acknowledged before.
    left: u64,
    since: Duration,
    acknowledged: u64,
}

impl Bench {
    fn new() -> Self {
        Self::with(BufferLimits::default())
    }

    fn with(limits: BufferLimits) -> Self {
        Self {
            backlog: Backlog::new(limits),
            start: Instant::now() + SILENCE_DURATION,
            at: 0,
            left: 0,
            since: Duration::ZERO,
            acknowledged: 0,
        }
    }

    /// Of a far side that never acknowledges.
    fn silent() -> Self {
        let mut bench = Self::new();
        bench.left = SILENCE_BYTES + 1;
        bench.since = SILENCE_DURATION;
        bench
    }

    fn now(&self) -> Instant {
        self.start + Duration::from_millis(self.at.into())
    }

    /// Pushes what the labels say, a second of media each.
    fn push(&mut self, labels: &str) -> &mut Self {
        for label in labels.split_whitespace() {
            self.push_bytes(label, 0);
        }
        self
    }

    fn push_bytes(&mut self, label: &str, bytes: usize) {
        let shared = Arc::new(SharedFrame::new(frame(label, self.at, bytes)));
        self.backlog.push(self.now(), shared);
        self.at += 1000;
    }

    /// Sends up to `count` frames.
    fn send(&mut self, count: usize) -> String {
        let mut sent = Vec::new();
        let now = self.now();
        for since in [self.since, Duration::ZERO] {
            self.backlog.note_progress(
                now.checked_sub(since).unwrap(),
                self.left,
                self.acknowledged,
            );
        }
        for _ in 0..count {
            let Some(frame) = self.backlog.next() else {
                break;
            };
            sent.push(label(&frame));
            let now = self.now();
            self.backlog.note_sent(now);
        }
        sent.join(" ")
    }

    /// So many frames of the connection are acknowledged.
    fn acknowledge(&mut self, frames: u64) {
        let now = self.now();
        self.acknowledged = frames;
        self.backlog.note_progress(now, self.left, frames);
    }

    /// The connection breaks.
    fn rewind(&mut self) -> u64 {
        let now = self.now();
        self.acknowledged = 0;
        self.backlog.rewind(now);
        self.backlog.repeated()
    }

    fn skipped(&mut self) -> (u64, u64) {
        let Skipped {
            frames, lasting, ..
        } = self.backlog.take_skipped();
        (frames, lasting.as_secs())
    }
}

const ALL: usize = usize::MAX;

#[test]
fn everything_goes_through_untouched_and_in_order() {
    let mut bench = Bench::new();
    bench.push("M V S A I K A D I");
    assert_eq!(
        bench.send(ALL),
        "M0 V1000 S2000 A3000 I4000 K5000 A6000 D7000 I8000"
    );
    assert_eq!(bench.skipped(), (0, 0));
    assert_eq!(bench.backlog.waiting(), 0);
}

#[test]
fn after_a_break_it_begins_at_the_key_frame_before_it_with_the_headers() {
    let mut bench = Bench::silent();
    bench.push("M V S K I K I A");
    bench.send(ALL);
    bench.push("I K I");
    assert_eq!(bench.rewind(), 3);
    assert_eq!(
        bench.send(ALL),
        "M0 V5000 S5000 K5000 I6000 A7000 I8000 K9000 I10000"
    );
    assert_eq!(bench.skipped(), (0, 0));
}

#[test]
fn headers_that_changed_are_told_as_they_were_at_the_beginning() {
    let mut bench = Bench::silent();
    bench.push("V K I V K I S");
    bench.send(ALL);
    bench.rewind();
    assert_eq!(bench.send(ALL), "V4000 K4000 I5000 S6000");
}

#[test]
fn a_stream_of_sound_goes_on_with_the_last_frame_sent() {
    let mut bench = Bench::silent();
    bench.push("S A A A");
    bench.send(ALL);
    bench.push("A A");
    assert_eq!(bench.rewind(), 1);
    assert_eq!(bench.send(ALL), "S3000 A3000 A4000 A5000");
}

#[test]
fn a_stream_of_data_goes_on_too() {
    let mut bench = Bench::silent();
    bench.push("D D");
    bench.send(ALL);
    bench.push("D");
    bench.rewind();
    assert_eq!(bench.send(ALL), "D1000 D2000");
}

#[test]
fn without_a_key_frame_it_waits_for_one_and_counts_what_it_left_out() {
    let mut bench = Bench::new();
    bench.push("V");
    bench.send(ALL);
    bench.push("I I");
    bench.rewind();
    assert_eq!(bench.send(ALL), "");
    bench.push("S I A");
    assert_eq!(bench.send(ALL), "");
    bench.push("K I");
    assert_eq!(bench.send(ALL), "V6000 S6000 K6000 I7000");
    assert_eq!(bench.skipped().0, 4);
}

#[test]
fn a_connection_that_takes_over_gets_nothing_twice() {
    let mut bench = Bench::new();
    bench.push("V K I");
    bench.send(ALL);
    bench.push("K I");
    assert!(bench.backlog.next_is_beginning());
    bench.backlog.note_delivered();
    assert_eq!(bench.rewind(), 0);
    assert_eq!(bench.send(ALL), "V3000 K3000 I4000");
    assert_eq!(bench.skipped(), (0, 0));
}

#[test]
fn a_connection_that_takes_over_between_key_frames_loses_nothing() {
    let mut bench = Bench::new();
    bench.push("V K I K I");
    bench.send(ALL);
    bench.push("I");
    bench.backlog.note_delivered();
    assert_eq!(bench.rewind(), 2);
    assert_eq!(bench.send(ALL), "V3000 K3000 I4000 I5000");
    assert_eq!(bench.skipped(), (0, 0));
}

/// A stream is sent, of which so many frames are acknowledged, and then its connection breaks: what is sent on the next one.
#[track_caller]
fn check_resumption(stream: &str, acknowledged: u64, expected: &str) {
    let mut bench = Bench::new();
    bench.push(stream);
    bench.send(ALL);
    bench.acknowledge(acknowledged);
    bench.rewind();
    assert_eq!(bench.send(ALL), expected);
    assert_eq!(bench.skipped(), (0, 0));
}

#[test]
fn after_a_break_it_begins_at_the_key_frame_before_the_first_frame_not_acknowledged() {
    let stream = "V K I I K I K I";
    check_resumption(stream, 0, "V1000 K1000 I2000 I3000 K4000 I5000 K6000 I7000");
    check_resumption(stream, 3, "V1000 K1000 I2000 I3000 K4000 I5000 K6000 I7000");
    check_resumption(stream, 4, "V4000 K4000 I5000 K6000 I7000");
    check_resumption(stream, 5, "V4000 K4000 I5000 K6000 I7000");
    check_resumption(stream, 8, "V6000 K6000 I7000");
    check_resumption("S A A A", 2, "S2000 A2000 A3000");
}

#[test]
fn acknowledgements_count_what_goes_before_a_new_beginning_too() {
    let mut bench = Bench::new();
    bench.push("M V K I K I");
    bench.send(ALL);
    bench.acknowledge(4);
    bench.rewind();
    assert_eq!(bench.send(ALL), "M0 V4000 K4000 I5000");
    bench.push("K I");
    bench.send(ALL);
    // Metadata, header, key frame: its picture may be lost.
    bench.acknowledge(3);
    assert_eq!(bench.backlog.undelivered(), 3);
    bench.acknowledge(4);
    assert_eq!(bench.backlog.undelivered(), 2);
    bench.rewind();
    assert_eq!(bench.send(ALL), "M0 V6000 K6000 I7000");
}

#[test]
fn a_far_side_that_never_acknowledges_gets_the_newest_group_again() {
    let check = |left: u64, since: Duration, expected: &str| {
        let mut bench = Bench::new();
        bench.push("K I K");
        (bench.left, bench.since) = (left, since);
        bench.send(ALL);
        bench.rewind();
        assert_eq!(bench.send(ALL), expected);
    };
    let short = SILENCE_DURATION.saturating_sub(Duration::from_millis(1));
    check(SILENCE_BYTES, SILENCE_DURATION, "K0 I1000 K2000");
    check(SILENCE_BYTES + 1, short, "K0 I1000 K2000");
    check(SILENCE_BYTES + 1, SILENCE_DURATION, "K2000");
}

#[test]
fn a_far_side_whose_acknowledgements_do_not_advance_gets_the_newest_group_again() {
    let mut bench = Bench::new();
    bench.push("V K I K I");
    bench.send(ALL);
    // The number of the first window, again and again.
    bench.acknowledge(2);
    for _ in 0..20 {
        bench.left += SILENCE_BYTES / 8;
        bench.push("K I");
        bench.send(ALL);
        bench.acknowledge(2);
    }
    assert_eq!(bench.rewind(), 2);
}

#[test]
fn a_far_side_that_acknowledges_late_loses_nothing() {
    let mut bench = Bench::new();
    bench.push("K I K I K I");
    bench.left = 2 * SILENCE_BYTES;
    bench.send(ALL);
    bench.acknowledge(3);
    bench.left += SILENCE_BYTES;
    bench.since = SILENCE_DURATION;
    bench.push("K");
    bench.send(ALL);
    assert_eq!(bench.rewind(), 5);
    let told = bench.backlog.take_skipped();
    assert_eq!((told.frames, told.unsure), (0, 0));
}

#[test]
fn what_was_let_go_without_an_acknowledgement_may_be_lost() {
    let check = |acknowledged: u64, waited: u32, unsure: u64| {
        let mut bench = Bench::silent();
        bench.push("V K I K I K");
        bench.send(ALL);
        bench.acknowledge(acknowledged);
        bench.at += waited * 1000;
        bench.rewind();
        assert_eq!(bench.backlog.take_skipped().unsure, unsure);
        assert_eq!(bench.backlog.missing(), 1);
    };
    check(0, 0, 4);
    check(3, 0, 2);
    check(0, 30, 4);
    check(0, 31, 0);
}

#[test]
fn what_a_goodbye_ends_is_not_lost() {
    let mut bench = Bench::silent();
    bench.push("K I K I");
    bench.send(ALL);
    bench.backlog.note_delivered();
    assert_eq!(bench.backlog.missing(), 0);
}

#[test]
fn the_rest_of_a_group_that_was_sent_and_cannot_be_begun_with_may_be_lost() {
    let mut bench = Bench::with(limits(300, usize::MAX, 100));
    for label in ["K", "I", "I"] {
        bench.push_bytes(label, 100);
        bench.send(ALL);
    }
    bench.push_bytes("K", 100);
    bench.rewind();
    assert_eq!(bench.backlog.take_skipped().unsure, 3);
    assert_eq!(bench.send(ALL), "K3000");
}

#[test]
fn what_a_long_break_leaves_out_is_not_told_as_sent_again() {
    let mut bench = Bench::with(limits(u64::MAX, 5, 100));
    bench.push("K I I K");
    bench.send(ALL);
    assert_eq!(bench.rewind(), 4);
    bench.push("I I");
    assert_eq!(bench.backlog.repeated(), 1);
    assert_eq!(bench.skipped().0, 3);
    bench.push("K I I");
    assert_eq!(bench.backlog.repeated(), 0);
    assert_eq!(bench.skipped().0, 3);
}

#[test]
fn what_is_not_acknowledged_is_kept_for_a_while_only() {
    let check = |seconds: u32, expected: &str| {
        let mut bench = Bench::with(limits(u64::MAX, usize::MAX, 5));
        bench.push("K I");
        bench.send(ALL);
        bench.at += (seconds - 1) * 1000;
        bench.push("K");
        bench.send(ALL);
        bench.rewind();
        assert_eq!(bench.send(ALL).split(' ').count(), expected.len());
    };
    check(5, "KIK");
    check(6, "K");
}

#[test]
fn frames_that_are_sent_again_are_not_too_late_for_it() {
    let mut bench = Bench::with(limits(u64::MAX, usize::MAX, 5));
    bench.push("K I I");
    bench.send(ALL);
    bench.rewind();
    bench.push("I I I I I I");
    assert_eq!(bench.skipped(), (0, 0));
    bench.push("K");
    assert_eq!(bench.skipped().0, 9);
    assert_eq!(bench.send(ALL), "K9000");
}

#[test]
fn a_stream_whose_pictures_have_stopped_goes_on_with_sound() {
    let mut bench = Bench::silent();
    bench.push("V S K A A A A A A A A A");
    bench.send(ALL);
    bench.rewind();
    assert_eq!(bench.send(1), "V2000");
    bench.send(ALL);
    // The last picture was 10 s ago then.
    bench.push("A");
    assert_eq!(bench.send(ALL), "A12000");
    bench.push("A");
    bench.send(ALL);
    bench.rewind();
    assert_eq!(bench.send(ALL), "V13000 S13000 A13000");
    bench.push("K");
    bench.send(ALL);
    bench.rewind();
    assert_eq!(bench.send(ALL), "V14000 S14000 K14000");
}

fn limits(bytes: u64, frames: usize, seconds: u64) -> BufferLimits {
    BufferLimits {
        bytes,
        frames,
        duration: Duration::from_secs(seconds),
    }
}

#[test]
fn past_the_duration_the_oldest_group_is_lost() {
    let mut bench = Bench::with(limits(u64::MAX, usize::MAX, 5));
    bench.push("V K I K I I");
    // The oldest not sent is as old as may be.
    assert_eq!(bench.skipped(), (0, 0));
    // First the header goes, which is told again; then a key frame and an inter frame, which are not.
    bench.push("I I");
    assert_eq!(bench.skipped(), (2, 3));
    assert_eq!(bench.send(ALL), "V3000 K3000 I4000 I5000 I6000 I7000");
}

#[test]
fn past_the_bytes_what_was_sent_goes_first() {
    let mut bench = Bench::with(limits(300, usize::MAX, 100));
    bench.push_bytes("K", 100);
    bench.push_bytes("I", 100);
    bench.send(ALL);
    bench.push_bytes("I", 100);
    assert_eq!(bench.backlog.held_bytes(), 300);
    bench.push_bytes("K", 100);
    assert_eq!(bench.backlog.held_bytes(), 200);
    assert_eq!(bench.skipped(), (0, 0));
    assert_eq!(bench.send(ALL), "I2000 K3000");
}

#[test]
fn past_the_frames_the_oldest_group_is_lost() {
    let mut bench = Bench::with(limits(u64::MAX, 4, 100));
    bench.push("K I K I");
    assert_eq!(bench.skipped(), (0, 0));
    bench.push("I");
    assert_eq!(bench.skipped(), (2, 2));
    assert_eq!(bench.send(ALL), "K2000 I3000 I4000");
}

#[test]
fn one_frame_is_never_too_much() {
    let mut bench = Bench::with(limits(10, usize::MAX, 100));
    bench.push_bytes("K", 100);
    assert_eq!(bench.send(ALL), "K0");
}

#[test]
fn an_endless_break_is_bounded() {
    let mut bench = Bench::with(limits(10_000, 1000, 100_000));
    for _ in 0..1000 {
        bench.push_bytes("K", 100);
        for _ in 0..30 {
            bench.push_bytes("I", 100);
            assert!(bench.backlog.held_bytes() <= 10_000);
        }
    }
    bench.rewind();
    assert!(bench.send(1).starts_with('K'));
}

#[test]
fn a_group_longer_than_the_limits_is_lost_up_to_the_next_key_frame() {
    let mut bench = Bench::with(limits(u64::MAX, 3, 100));
    bench.push("K I I I I I");
    assert_eq!(bench.send(ALL), "");
    bench.push("K");
    assert_eq!(bench.send(ALL), "K6000");
    assert_eq!(bench.skipped().0, 6);
}

#[test]
fn headers_are_kept_up_to_their_limits() {
    let check = |bytes: usize, expected: &str| {
        let mut bench = Bench::new();
        bench.push_bytes("V", bytes);
        bench.push("K");
        bench.send(ALL);
        bench.rewind();
        assert_eq!(bench.send(ALL), expected);
    };
    check(HEADER_BYTES, "V1000 K1000");
    check(HEADER_BYTES + 1, "K1000");
}

#[test]
fn as_many_headers_are_kept_as_allowed() {
    let mut bench = Bench::new();
    for track in 0..=u8::try_from(HEADER_FRAMES).unwrap() {
        let payload = [0x96, 0x00, b'a', b'v', b'0', b'1', track, 0];
        let header = Frame::classify(
            Timestamp::ZERO,
            FrameKind::Video,
            Bytes::copy_from_slice(&payload),
        );
        assert!(header.flags().is_sequence_header());
        let now = bench.now();
        bench.backlog.push(now, Arc::new(SharedFrame::new(header)));
    }
    bench.push("K");
    bench.send(ALL);
    bench.rewind();
    let told = bench.send(ALL);
    assert_eq!(told.split(' ').count(), HEADER_FRAMES + 1);
}
