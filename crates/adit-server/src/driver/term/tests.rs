use std::time::{Duration, Instant};

use adit_media::{Frame, FrameKind, Timestamp};
use adit_rtmp::command::PlayDuration;
use bytes::Bytes;

use super::{Behind, Term};

fn frame(at: u32) -> Frame {
    let payload = Bytes::from_static(&[0x17, 1, 0, 0, 0]);
    Frame::classify(Timestamp::from_ms(at), FrameKind::Video, payload)
}

fn limited(now: Instant, ms: u32) -> Term {
    Term::new(now, PlayDuration::Limited { ms })
}

#[test]
fn without_a_length_and_without_anything_behind_it_it_goes_on_for_ever() {
    let now = Instant::now();
    for length in [PlayDuration::All, PlayDuration::SingleFrame] {
        let mut term = Term::new(now, length);
        assert!(term.is_endless());
        term.pass(now + Duration::from_hours(10_000));
        term.stopped();
        assert!(!term.is_over());
        term.set_behind(Behind::Something);
        assert!(!term.is_endless() && !term.is_over());
        term.stopped();
        assert!(term.is_over());
    }
}

#[test]
fn its_length_counts_from_the_first_picture_and_as_long_is_waited() {
    let now = Instant::now();
    let later = |ms| now + Duration::from_millis(ms);
    let mut term = limited(now, 500);
    assert_eq!(term.deadline(), Some(later(500)));
    term.pass(later(499));
    assert!(!term.is_over());
    term.started(later(499));
    term.pass(later(998));
    assert!(!term.is_over());
    term.pass(later(999));
    assert!(term.is_over());
    assert_eq!(term.deadline(), None);
    assert_eq!(term.played(later(999)), (Duration::from_millis(999), 0));
}

#[test]
fn a_length_that_no_clock_holds_harms_nobody() {
    let mut term = limited(Instant::now(), u32::MAX);
    term.pass(Instant::now());
    assert!(!term.is_over());
}

#[test]
fn times_are_those_of_the_publisher_or_go_on() {
    let now = Instant::now();
    let mut own = Term::new(now, PlayDuration::All);
    assert_eq!(own.time_of(&frame(7_000)).ms(), 7_000);
    assert_eq!(own.end().ms(), 7_040);

    let at = Timestamp::from_ms(1_000);
    let mut next = Term::new(now, PlayDuration::All).going_on_at(at);
    assert_eq!(next.end().ms(), 1_000);
    assert_eq!(next.time_of(&frame(u32::MAX - 9)).ms(), 1_000);
    assert_eq!(next.time_of(&frame(30)).ms(), 1_040);
    // What the publisher says about itself is told anew and has no time.
    let metadata = Bytes::from_static(b"\x02\0\x0AonMetaData\x08\0\0\0\0\0\0\x09");
    let metadata = Frame::classify(Timestamp::ZERO, FrameKind::Data, metadata);
    assert_eq!(next.time_of(&metadata).ms(), 1_040);
    // Another publisher has another clock.
    next.started(now);
    assert_eq!(next.time_of(&frame(5)).ms(), 1_080);
    assert_eq!(next.time_of(&frame(25)).ms(), 1_100);
    assert_eq!(next.played(now).1, 20);
}
