use std::task::{Context, Poll, Waker};

use adit_media::FrameKind;
use adit_media::flv::{Next, Reader};
use bytes::{Bytes, BytesMut};

use super::{End, Feed, Piece};
use crate::control::Way;
use crate::outputs::testing::Stage;

/// What a viewer has received.
struct Viewer {
    feed: Feed,
    received: BytesMut,
    ended: bool,
}

const KEY: &[u8] = b"\x17\x01\x00\x00\x00key";
const INTER: &[u8] = b"\x27\x01\x00\x00\x00inter";
const VIDEO_HEADER: &[u8] = b"\x17\x00\x00\x00\x00config";
const AUDIO_HEADER: &[u8] = b"\xAF\x00\x12\x10";
const AUDIO: &[u8] = b"\xAF\x01sound";

fn watch(stage: &Stage) -> Viewer {
    Viewer {
        feed: stage.feed(Way::HttpFlv),
        received: BytesMut::new(),
        ended: false,
    }
}

impl Viewer {
    /// Takes what there is.
    fn read(&mut self) {
        let mut cx = Context::from_waker(Waker::noop());
        while let Poll::Ready(piece) = self.feed.poll_piece(&mut cx) {
            match piece {
                Some(Piece::Whole(bytes)) => self.received.extend_from_slice(&bytes),
                Some(Piece::Tag(tag)) => {
                    for part in [&tag.head[..], &tag.body, &tag.tail] {
                        self.received.extend_from_slice(part);
                    }
                }
                None => {
                    self.ended = true;
                    return;
                }
            }
        }
    }

    /// The flags of the file header, and time and payload of each tag.
    fn file(&self) -> (u8, Vec<(u32, Bytes)>) {
        let mut reader = Reader::new();
        reader.handle_input(self.received.clone().freeze());
        let mut tags = Vec::new();
        loop {
            match reader.poll().unwrap() {
                Next::Tag(tag) => tags.push((tag.at.ms(), tag.payload)),
                Next::NeedMore => break,
                _ => {}
            }
        }
        (self.received[4], tags)
    }
}

fn check(viewer: &Viewer, flags: u8, tags: &[(u32, &'static [u8])]) {
    let expected: Vec<_> = tags
        .iter()
        .map(|(at, payload)| (*at, Bytes::from_static(payload)))
        .collect();
    assert_eq!(viewer.file(), (flags, expected));
}

#[test]
fn who_comes_late_begins_with_the_headers_and_a_key_frame_at_zero() {
    let mut stage = Stage::new();
    stage.video(0, VIDEO_HEADER);
    stage.audio(0, AUDIO_HEADER);
    stage.video(0, KEY);
    stage.video(40, INTER);
    stage.video(9_000, KEY);
    stage.audio(9_010, AUDIO);
    let mut viewer = watch(&stage);
    viewer.read();
    stage.video(9_040, INTER);
    viewer.read();
    check(
        &viewer,
        5,
        &[
            (0, VIDEO_HEADER),
            (0, AUDIO_HEADER),
            (0, KEY),
            (10, AUDIO),
            (40, INTER),
        ],
    );
    assert!(!viewer.ended);
    drop(stage.publication);
    viewer.read();
    assert!(viewer.ended, "the end of the stream is the end of the file");
}

#[test]
fn the_file_header_says_which_tracks_there_are() {
    for (frames, flags) in [
        (&[(FrameKind::Video, VIDEO_HEADER), (FrameKind::Video, KEY)][..], 1),
        (&[(FrameKind::Audio, AUDIO_HEADER), (FrameKind::Audio, AUDIO)], 4),
        (
            &[
                (FrameKind::Audio, AUDIO_HEADER),
                (FrameKind::Video, VIDEO_HEADER),
                (FrameKind::Video, KEY),
            ],
            5,
        ),
        (
            &[
                (
                    FrameKind::Data,
                    &b"\x02\x00\x0AonMetaData\x08\0\0\0\x01\x00\x0Caudiocodecid\x00\x40\x24\0\0\0\0\0\0\0\0\x09"[..],
                ),
                (FrameKind::Video, VIDEO_HEADER),
                (FrameKind::Video, KEY),
            ],
            5,
        ),
    ] {
        let mut stage = Stage::new();
        let mut viewer = watch(&stage);
        for (kind, payload) in frames {
            viewer.read();
            assert!(viewer.received.is_empty(), "nothing is said before it is known");
            stage.push(0, *kind, *payload);
        }
        viewer.read();
        assert_eq!(viewer.received[4], flags);
    }
}

#[test]
fn a_viewer_that_is_too_slow_goes_on_at_a_key_frame_and_is_given_up_at_the_third_time() {
    let mut stage = Stage::new();
    stage.video(0, VIDEO_HEADER);
    stage.video(0, KEY);
    let mut viewer = watch(&stage);
    viewer.read();
    let before = viewer.file().1.len();
    let mut ms = 0;
    for fall in 1..=3 {
        for count in 0..60 {
            ms += 40;
            stage.video(ms, if count == 50 { KEY } else { INTER });
        }
        viewer.read();
        assert_eq!(viewer.ended, fall == 3);
        if fall == 1 {
            let tags = viewer.file().1;
            let key = 51 * 40;
            assert_eq!(tags[before], (key, Bytes::from_static(VIDEO_HEADER)));
            assert_eq!(tags[before + 1], (key, Bytes::from_static(KEY)));
        }
    }
    assert_eq!(stage.hits("viewer.overflows"), 1);
    let reason = viewer.feed.watcher().reason();
    assert!(reason.starts_with("too slow"), "{reason}");
}

#[test]
fn a_server_that_stops_ends_the_file() {
    let mut stage = Stage::new();
    stage.video(0, KEY);
    let mut viewer = watch(&stage);
    viewer.read();
    assert!(!viewer.ended);
    stage.stop.cancel();
    viewer.read();
    assert!(viewer.ended);
}

#[test]
fn a_viewer_is_a_connection_that_can_be_ended_and_whose_delay_is_measured() {
    let mut stage = Stage::new();
    stage.video(0, VIDEO_HEADER);
    stage.video(0, KEY);
    let mut viewer = watch(&stage);
    viewer.read();
    let delays = || stage.connections.delays().of(Way::HttpFlv).unwrap().count();
    assert_eq!(delays(), 0, "what lay there was not waited for");
    let listed = stage.connections.snapshots();
    let [listed] = listed.as_slice() else {
        panic!("{listed:?}");
    };
    assert_eq!(listed.origin.way, Way::HttpFlv);
    assert_eq!(listed.program.as_deref(), Some("a player"));
    assert_eq!(listed.uses[0].stream, stage.key);
    assert!(stage.connections.kick(listed.id, "enough"));
    viewer.read();
    assert!(viewer.ended);
    assert_eq!(viewer.feed.end(), End::Kicked);
    assert_eq!(viewer.feed.watcher().reason(), "ended from outside: enough");
    drop(viewer);
    assert!(stage.connections.snapshots().is_empty());
}

#[test]
fn one_tag_in_many_is_timed_once_the_viewer_has_caught_up() {
    let mut stage = Stage::new();
    stage.video(0, VIDEO_HEADER);
    stage.video(0, KEY);
    let mut viewer = watch(&stage);
    viewer.read();
    let mut timed = 0;
    for count in 1..=200 {
        stage.video(count * 40, INTER);
        let mut cx = Context::from_waker(Waker::noop());
        while let Poll::Ready(Some(piece)) = viewer.feed.poll_piece(&mut cx) {
            timed += usize::from(matches!(piece, Piece::Tag(tag) if tag.arrival.is_some()));
        }
    }
    assert_eq!(timed, 3);
}
