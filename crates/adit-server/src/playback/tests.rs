//! Playlists, seeks and pauses of real files, with a clock that is moved by hand.

use std::fs;
use std::future::poll_fn;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, mpsc};
use std::task::Poll;
use std::time::{Duration, Instant};

use adit_media::flv::{FileTracks, encode_frame, encode_header};
use adit_media::vod::Recording;
use adit_media::{Frame, FrameKind, Timestamp};
use adit_rtmp::command::{Location, NamePrefix, PlayDuration};
use bytes::{Bytes, BytesMut};
use tempfile::TempDir;

use super::watched::{Interest, Watched};
use super::{DataMessages, Files, Item, OpenError, Playback, Played, Precision, Wanted};
use crate::MediaRoot;
use crate::limits::playback::{FILES_PER_ADDRESS, READERS, READERS_PER_ADDRESS};

fn frame(kind: FrameKind, at: u32, payload: impl Into<Bytes>) -> Frame {
    Frame::classify(Timestamp::from_ms(at), kind, payload.into())
}

/// A picture; `name` tells files apart.
fn picture(at: u32, is_key: bool, name: &str) -> Frame {
    let first = if is_key { 0x17 } else { 0x27 };
    let payload = [&[first, 1, 0, 0, 0][..], name.as_bytes()].concat();
    frame(FrameKind::Video, at, payload)
}

/// A file of `pictures` pictures, 100 ms each with a key frame each half second, from `begin` on.
fn clip(name: &str, begin: u32, pictures: u32) -> Vec<Frame> {
    let header = frame(FrameKind::Video, begin, &b"\x17\0\0\0\0h"[..]);
    let pictures = (0..pictures).map(|n| picture(begin + n * 100, n % 5 == 0, name));
    std::iter::once(header).chain(pictures).collect()
}

/// A directory with files of application `vod`.
struct Disk {
    directory: TempDir,
    files: Files,
}

impl Disk {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let files = Files::new(MediaRoot::open(directory.path()).unwrap());
        fs::create_dir(directory.path().join("vod")).unwrap();
        Self { directory, files }
    }

    fn with(self, name: &str, frames: &[Frame]) -> Self {
        let mut out = BytesMut::new();
        encode_header(FileTracks::AudioVideo, &mut out);
        for frame in frames {
            encode_frame(frame, &mut out).unwrap();
        }
        self.with_bytes(&format!("{name}.flv"), &out)
    }

    fn with_bytes(self, name: &str, bytes: &[u8]) -> Self {
        fs::write(self.directory.path().join("vod").join(name), bytes).unwrap();
        self
    }

    async fn open(&self, item: Item) -> Result<Playback, OpenError> {
        Playback::begin(&self.files, item, Precision::Frame).await
    }

    async fn play(&self, item: Item) -> Viewer {
        let mut playback = self.open(item).await.unwrap();
        playback.set_buffer(Duration::from_hours(10));
        let now = Instant::now();
        Viewer {
            playback,
            now,
            start: now,
        }
    }
}

fn wanted(name: &str) -> Wanted {
    let location = Location {
        application: "vod".into(),
        instance: "_definst_".into(),
        name: name.into(),
    };
    Wanted {
        host: "".into(),
        location,
        prefix: None,
    }
}

fn item(name: &str) -> Item {
    Item {
        wanted: wanted(name),
        from_ms: 0,
        length: PlayDuration::All,
        data: DataMessages::InTime,
    }
}

fn part(name: &str, from_ms: u32, ms: u32) -> Item {
    Item {
        from_ms,
        length: PlayDuration::Limited { ms },
        ..item(name)
    }
}

/// Who plays, with a clock of his own.
struct Viewer {
    playback: Playback,
    now: Instant,
    start: Instant,
}

impl Viewer {
    /// What comes next; `None` when nothing comes before a command or a later time.
    async fn next(&mut self) -> Option<Played> {
        let now = self.now;
        let playback = &mut self.playback;
        poll_fn(|cx| match playback.poll_next(cx, now) {
            Poll::Ready(played) => Poll::Ready(Some(played)),
            Poll::Pending if playback.is_waiting_for_a_file() => Poll::Pending,
            Poll::Pending => Poll::Ready(None),
        })
        .await
    }

    /// All that comes now, a word each.
    async fn all(&mut self) -> String {
        let mut words = Vec::new();
        while let Some(played) = self.next().await {
            words.extend(word(&played));
        }
        words.join(" ")
    }

    /// Lets time pass up to the next deadline, and tells when that is.
    fn wait(&mut self) -> u128 {
        self.now = self.playback.next_deadline().expect("a deadline");
        (self.now - self.start).as_millis()
    }

    fn seek(&mut self, ms: u32) {
        self.playback.seek(Timestamp::from_ms(ms));
    }

    fn resume(&mut self, ms: u32) {
        self.playback.resume(Timestamp::from_ms(ms));
    }
}

/// A played frame is its name and time; metadata and headers are left out.
fn word(played: &Played) -> Option<String> {
    Some(match played {
        Played::Frame(frame) if frame.flags().is_metadata() => return None,
        Played::Frame(frame) if frame.flags().is_sequence_header() => return None,
        Played::Frame(frame) => {
            let at = frame.at().ms();
            match (frame.kind(), frame.payload().as_ref()) {
                (FrameKind::Video, [0x57, command]) => format!("[{command}]{at}"),
                (FrameKind::Video, payload) => {
                    format!("{}{at}", String::from_utf8_lossy(&payload[5..]))
                }
                (FrameKind::Audio, _) => format!("audio{at}"),
                (FrameKind::Data, _) => format!("data{at}"),
            }
        }
        Played::BufferFull => "full".into(),
        Played::NextBuffer => "more".into(),
        Played::Switched { name } => format!("switched:{name}"),
        Played::Missing { name, error } => format!("missing:{name}:{error}"),
        Played::Broken { name, why } => format!("broken:{name}:{why}"),
        Played::Sought(at) => format!("sought:{}", at.ms()),
        Played::NotSought(why) => format!("not-sought:{why}"),
        Played::Transited { name } => format!("transited:{name}"),
        Played::NotTransited { name, why } => format!("not-transited:{name}:{why}"),
        Played::Complete { duration, .. } => format!("complete:{}", duration.as_millis()),
    })
}

/// The pictures of a clip from one time of the stream to before another.
fn pictures(name: &str, from: u32, to: u32) -> String {
    let words: Vec<_> = (from..to)
        .step_by(100)
        .map(|at| format!("{name}{at}"))
        .collect();
    words.join(" ")
}

#[tokio::test]
async fn a_recording_is_played_from_its_beginning_to_its_end() {
    let disk = Disk::new().with("a", &clip("a", 0, 20));
    let mut viewer = disk.play(item("a")).await;
    let expected = format!("{} complete:2000", pictures("a", 0, 2000));
    assert_eq!(viewer.all().await, expected);
    assert_eq!(viewer.all().await, "");
}

#[tokio::test]
async fn every_message_of_a_file_comes_as_it_is_there() {
    let mut frames = clip("a", 700, 30);
    frames.insert(5, frame(FrameKind::Audio, 1010, &b"\xAF\x01x"[..]));
    frames.insert(9, frame(FrameKind::Data, 1300, &b"\x02\0\x02hi"[..]));
    let disk = Disk::new().with("a", &frames);
    let mut viewer = disk.play(item("a")).await;
    let mut played = Vec::new();
    while let Some(next) = viewer.next().await {
        if let Played::Frame(frame) = next {
            played.push(frame);
        }
    }
    assert!(played[0].flags().is_metadata());
    assert_eq!(played[1..], frames[..]);
}

#[tokio::test]
async fn a_range_begins_at_the_key_frame_before_it_and_its_time_at_0() {
    let disk = Disk::new().with("a", &clip("a", 0, 40));
    let mut viewer = disk.play(part("a", 1200, 500)).await;
    let expected = format!("{} complete:700", pictures("a", 0, 700));
    assert_eq!(viewer.all().await, expected);
}

#[tokio::test]
async fn a_single_frame_is_one_frame() {
    let disk = Disk::new().with("a", &clip("a", 0, 40));
    let one = Item {
        from_ms: 1700,
        length: PlayDuration::SingleFrame,
        ..item("a")
    };
    let mut viewer = disk.play(one).await;
    assert_eq!(viewer.all().await, "a0 complete:40");
}

#[tokio::test]
async fn a_playlist_is_played_without_gaps_and_time_goes_on() {
    let disk = Disk::new()
        .with("a", &clip("a", 0, 10))
        .with("b", &clip("b", 50_000, 10))
        .with("c", &clip("c", 0, 40));
    let mut viewer = disk.play(item("a")).await;
    viewer.playback.append(item("b")).unwrap();
    viewer.playback.append(item("nothing")).unwrap();
    viewer.playback.append(part("c", 1000, 300)).unwrap();
    let expected = format!(
        "{} switched:b {} missing:nothing:there is no recording of that name switched:c {} complete:2300",
        pictures("a", 0, 1000),
        pictures("b", 1000, 2000),
        pictures("c", 2000, 2300),
    );
    assert_eq!(viewer.all().await, expected);
    // What is added after the end is played then.
    viewer.playback.append(part("a", 0, 200)).unwrap();
    let expected = format!("switched:a {} complete:2500", pictures("a", 2300, 2500));
    assert_eq!(viewer.all().await, expected);
}

#[tokio::test]
async fn a_later_item_begins_where_it_was_asked_to_and_the_way_there_takes_no_time() {
    let disk = Disk::new()
        .with("a", &clip("a", 0, 10))
        .with("b", &clip("b", 0, 40));
    let mut viewer = disk.play(item("a")).await;
    viewer.playback.append(part("b", 1250, 500)).unwrap();
    viewer.playback.append(part("a", 500, 200)).unwrap();
    let a = pictures("a", 0, 1000);
    let b = "switched:b [0]1000 b1000 b1000 b1000 [1]1000 b1050 b1150 b1250 b1350 b1450";
    let end = "switched:a a1500 a1600 complete:1700";
    assert_eq!(viewer.all().await, format!("{a} {b} {end}"));
    // The way there leaves at once, and a seek finds the times that were told.
    viewer.playback.set_buffer(Duration::from_millis(100));
    viewer.seek(1100);
    let expected = "sought:1100 [0]1000 b1000 b1000 b1000 b1050 [1]1100 b1150 b1250 full";
    assert_eq!(viewer.all().await, expected);
    // Who can begin only at key frames gets all from there on.
    viewer.playback.set_buffer(Duration::from_hours(10));
    let mut viewer = disk.play(item("a")).await;
    viewer.playback.precision = Precision::KeyFrame;
    viewer.playback.append(part("b", 1250, 500)).unwrap();
    let b = format!("switched:b {} complete:1750", pictures("b", 1000, 1800));
    assert_eq!(viewer.all().await, format!("{a} {b}"));
}

#[tokio::test]
async fn a_single_picture_on_a_playlist_is_one_that_can_be_shown() {
    let disk = Disk::new().with("a", &clip("a", 0, 20));
    let mut viewer = disk.play(item("a")).await;
    let one = Item {
        from_ms: 1700,
        length: PlayDuration::SingleFrame,
        ..item("a")
    };
    viewer.playback.append(one).unwrap();
    let all = pictures("a", 0, 2000);
    assert_eq!(
        viewer.all().await,
        format!("{all} switched:a a2000 complete:2100")
    );
}

#[tokio::test]
async fn an_item_that_begins_before_its_file_begins_with_it() {
    let disk = Disk::new()
        .with("a", &clip("a", 0, 10))
        .with("b", &clip("b", 50_000, 10));
    let mut viewer = disk.play(item("a")).await;
    viewer.playback.append(part("b", 20_000, 30_300)).unwrap();
    let expected = format!(
        "{} switched:b {} complete:1300",
        pictures("a", 0, 1000),
        pictures("b", 1000, 1300)
    );
    assert_eq!(viewer.all().await, expected);
}

#[tokio::test]
async fn as_much_leaves_as_the_player_buffers_and_then_it_goes_in_real_time() {
    let disk = Disk::new().with("a", &clip("a", 0, 20));
    let mut viewer = disk.play(item("a")).await;
    viewer.playback.set_buffer(Duration::from_millis(400));
    assert_eq!(viewer.all().await, "a0 a100 a200 a300 a400 full");
    assert_eq!(viewer.wait(), 200);
    assert_eq!(viewer.all().await, "more a500 a600");
    assert_eq!(viewer.wait(), 400);
    assert_eq!(viewer.all().await, "a700 a800");
}

#[tokio::test]
async fn a_pause_stops_everything_and_then_it_goes_on_where_it_was() {
    let disk = Disk::new().with("a", &clip("a", 0, 20));
    let mut viewer = disk.play(item("a")).await;
    viewer.playback.set_buffer(Duration::from_millis(200));
    assert_eq!(viewer.all().await, "a0 a100 a200 full");
    viewer.playback.pause();
    viewer.now += Duration::from_secs(30);
    assert_eq!(viewer.all().await, "");
    assert_eq!(viewer.playback.next_deadline(), None);
    viewer.resume(200);
    assert_eq!(viewer.all().await, "a300 a400 a500 full");
    // Some do not know where they are.
    viewer.playback.pause();
    viewer.resume(0);
    assert_eq!(viewer.all().await, "a600 a700 a800 full");
}

#[tokio::test]
async fn a_player_that_threw_its_buffer_away_gets_what_is_behind_its_place_again() {
    let disk = Disk::new().with("a", &clip("a", 0, 20));
    let mut viewer = disk.play(item("a")).await;
    let all = format!("{} complete:2000", pictures("a", 0, 2000));
    assert_eq!(viewer.all().await, all);
    viewer.playback.pause();
    viewer.resume(750);
    let rest = format!("{} complete:2000", pictures("a", 800, 2000));
    assert_eq!(viewer.all().await, rest);
}

#[tokio::test]
async fn a_seek_leads_to_the_key_frame_and_exact_players_to_the_picture() {
    let disk = Disk::new().with("a", &clip("a", 0, 20));
    let mut viewer = disk.play(item("a")).await;
    viewer.playback.set_buffer(Duration::from_millis(200));
    assert_eq!(viewer.all().await, "a0 a100 a200 full");
    viewer.seek(1250);
    let on_the_way = "sought:1250 [0]1000 a1000 a1100 a1200 [1]1250";
    let expected = format!("{on_the_way} a1300 a1400 a1500 full");
    assert_eq!(viewer.all().await, expected);
    viewer.playback.precision = Precision::KeyFrame;
    viewer.seek(720);
    assert_eq!(viewer.all().await, "sought:500 a500 a600 a700 full");
    viewer.seek(0);
    assert_eq!(viewer.all().await, "sought:0 a0 a100 a200 full");
}

#[tokio::test]
async fn a_seek_beyond_the_end_changes_nothing() {
    let disk = Disk::new().with("a", &clip("a", 0, 20));
    let mut viewer = disk.play(item("a")).await;
    viewer.playback.set_buffer(Duration::from_millis(200));
    assert_eq!(viewer.all().await, "a0 a100 a200 full");
    viewer.seek(2001);
    assert_eq!(viewer.all().await, "not-sought:the stream ends at 2 s");
    for far in [u32::MAX / 4, u32::MAX / 2 + 2, u32::MAX] {
        viewer.seek(far);
        assert_eq!(viewer.all().await, "not-sought:the stream ends at 2 s");
    }
    viewer.wait();
    assert_eq!(viewer.all().await, "more a300");
    viewer.seek(2000);
    assert!(viewer.all().await.starts_with("sought:2000 [0]1500"));
}

#[tokio::test]
async fn a_seek_in_a_file_that_was_lost_is_told_to_be_impossible() {
    let disk = Disk::new().with("a", &clip("a", 0, 20));
    let mut viewer = disk.play(item("a")).await;
    viewer.playback.set_buffer(Duration::from_millis(200));
    assert_eq!(viewer.all().await, "a0 a100 a200 full");
    viewer.playback.lose_file().await;
    viewer.seek(1000);
    let lost = "not-sought:the recording cannot be read because of a defect of the server";
    assert_eq!(viewer.all().await, format!("{lost} complete:300"));
}

#[tokio::test]
async fn the_next_item_is_played_where_a_place_before_it_cannot_be_read() {
    let disk = Disk::new()
        .with("a", &clip("a", 0, 20))
        .with("b", &clip("b", 0, 2));
    let mut viewer = disk.play(item("a")).await;
    viewer.playback.append(item("b")).unwrap();
    viewer.playback.set_buffer(Duration::from_millis(700));
    assert!(viewer.all().await.ends_with("a700 full"));
    // The next item is open by then.
    viewer.playback.lose_file().await;
    viewer.resume(550);
    let lost = "not-sought:the recording cannot be read because of a defect of the server";
    let expected = format!("{lost} switched:b b550 b650 complete:750");
    assert_eq!(viewer.all().await, expected);
}

#[tokio::test]
async fn a_seek_before_the_first_frame_waits_for_it() {
    let disk = Disk::new().with("a", &clip("a", 0, 20));
    let mut viewer = disk.play(item("a")).await;
    viewer.seek(1500);
    let expected = format!("sought:1500 {} complete:500", pictures("a", 1500, 2000));
    assert_eq!(viewer.all().await, expected);
}

#[tokio::test]
async fn after_the_end_one_can_go_back_also_to_an_earlier_item() {
    let disk = Disk::new()
        .with("a", &clip("a", 0, 10))
        .with("b", &clip("b", 0, 10));
    let mut viewer = disk.play(item("a")).await;
    viewer.playback.append(item("b")).unwrap();
    let b = format!("switched:b {} complete:2000", pictures("b", 1000, 2000));
    let all = format!("{} {b}", pictures("a", 0, 1000));
    assert_eq!(viewer.all().await, all);
    viewer.seek(1500);
    let end = format!("{} complete:2000", pictures("b", 1500, 2000));
    assert_eq!(viewer.all().await, format!("sought:1500 {end}"));
    viewer.seek(500);
    let from_a = format!("sought:500 {} {b}", pictures("a", 500, 1000));
    assert_eq!(viewer.all().await, from_a);
}

#[tokio::test]
async fn a_seek_while_paused_shows_one_picture() {
    let disk = Disk::new().with("a", &clip("a", 0, 20));
    let mut viewer = disk.play(item("a")).await;
    viewer.playback.set_buffer(Duration::from_millis(200));
    assert_eq!(viewer.all().await, "a0 a100 a200 full");
    viewer.playback.pause();
    viewer.seek(1500);
    assert_eq!(viewer.all().await, "sought:1500 a1500");
    viewer.resume(1500);
    assert_eq!(viewer.all().await, "a1600 a1700 a1800 full");
}

#[tokio::test]
async fn a_seek_while_paused_lets_nothing_play_where_there_is_no_picture() {
    let sound = |at| frame(FrameKind::Audio, at, &b"\xAF\x01x"[..]);
    let sounds: Vec<_> = (0..50).map(|n| sound(n * 100)).collect();
    let tail = (0..50).map(|n| sound(500 + n * 100));
    let with_tail: Vec<_> = clip("a", 0, 5).into_iter().chain(tail).collect();
    let disk = Disk::new().with("sound", &sounds).with("tail", &with_tail);
    let mut viewer = disk.play(item("sound")).await;
    viewer.playback.pause();
    viewer.seek(1500);
    assert_eq!(viewer.all().await, "sought:1500 audio1500");
    viewer.seek(4900);
    assert_eq!(viewer.all().await, "sought:4900 audio4900");
    // Where pictures have ended it is the sound of a second.
    let mut viewer = disk.play(item("tail")).await;
    viewer.playback.pause();
    viewer.seek(1500);
    let all = viewer.all().await;
    assert!(all.ends_with("audio2300 audio2400 audio2500"), "{all}");
    // After the end there is nothing to stop at.
    viewer.seek(5400);
    let all = viewer.all().await;
    assert!(all.contains(" audio5400 "), "{all}");
    assert!(all.ends_with(" complete:5500"), "{all}");
    assert_eq!(viewer.all().await, "");
}

#[tokio::test]
async fn a_switch_is_made_at_the_next_key_frame_of_the_other_recording() {
    let disk = Disk::new()
        .with("low", &clip("low", 0, 20))
        .with("high", &clip("high", 0, 20));
    let mut viewer = disk.play(item("low")).await;
    viewer.playback.set_buffer(Duration::from_millis(200));
    assert_eq!(viewer.all().await, "low0 low100 low200 full");
    viewer.playback.switch(item("high"));
    viewer.playback.set_buffer(Duration::from_hours(1));
    let expected = format!(
        "more low300 low400 transited:high {} complete:2000",
        pictures("high", 500, 2000)
    );
    assert_eq!(viewer.all().await, expected);
    assert_eq!(viewer.playback.name(), "high");
}

#[tokio::test]
async fn of_all_headers_on_the_way_to_the_place_of_a_switch_the_last_one_is_sent() {
    let mut high = Vec::new();
    for picture in clip("high", 0, 20) {
        let at = picture.at().ms();
        let header = frame(FrameKind::Video, at, &b"\x17\0\0\0\0h"[..]);
        high.extend((0..20).map(|_| header.clone()));
        high.push(picture);
    }
    let disk = Disk::new()
        .with("low", &clip("low", 0, 20))
        .with("high", &high);
    let mut viewer = disk.play(item("low")).await;
    viewer.playback.switch(item("high"));
    let mut headers = 0;
    let mut transited = false;
    while let Some(played) = viewer.next().await {
        match played {
            Played::Transited { .. } => transited = true,
            Played::Frame(frame) if transited && frame.flags().is_sequence_header() => headers += 1,
            Played::Frame(frame) if transited && frame.flags().is_coded() => break,
            _ => {}
        }
    }
    assert_eq!((transited, headers), (true, 1));
}

#[tokio::test]
async fn who_goes_on_elsewhere_hears_that_nothing_comes_of_a_switch() {
    let disk = Disk::new()
        .with("a", &clip("a", 0, 20))
        .with("b", &clip("b", 0, 20));
    let mut viewer = disk.play(item("a")).await;
    viewer.all().await;
    viewer.playback.pause();
    viewer.playback.switch(item("b"));
    viewer.resume(1200);
    let all = viewer.all().await;
    let not = "not-transited:b:the player went elsewhere";
    assert!(all.starts_with(not), "{all}");
    assert!(all.contains("a1300 a1400"), "{all}");
}

#[tokio::test]
async fn the_end_of_what_was_switched_to_after_the_end_is_told_too() {
    let disk = Disk::new()
        .with("low", &clip("low", 0, 10))
        .with("high", &clip("high", 0, 20));
    let mut viewer = disk.play(item("low")).await;
    let all = format!("{} complete:1000", pictures("low", 0, 1000));
    assert_eq!(viewer.all().await, all);
    viewer.playback.switch(item("high"));
    let more = pictures("high", 1000, 2000);
    let expected = format!("transited:high {more} complete:2000");
    assert_eq!(viewer.all().await, expected);
}

#[tokio::test]
async fn a_switch_that_is_not_possible_leaves_the_player_where_it_is() {
    let disk = Disk::new()
        .with("low", &clip("low", 0, 20))
        .with("short", &clip("short", 0, 3));
    let mut viewer = disk.play(item("low")).await;
    viewer.playback.set_buffer(Duration::from_millis(200));
    assert_eq!(viewer.all().await, "low0 low100 low200 full");
    viewer.playback.switch(item("nothing"));
    let none = "not-transited:nothing:there is no recording of that name";
    assert_eq!(viewer.all().await, none);
    viewer.playback.switch(item("short"));
    let none = "not-transited:short:it has no key frame from here on";
    assert_eq!(viewer.all().await, none);
    viewer.playback.set_buffer(Duration::from_hours(1));
    let rest = format!("more {} complete:2000", pictures("low", 300, 2000));
    assert_eq!(viewer.all().await, rest);
}

#[tokio::test]
async fn what_is_to_come_can_be_swapped_for_something_else() {
    let disk = Disk::new()
        .with("a", &clip("a", 0, 2))
        .with("b", &clip("b", 0, 2));
    let mut viewer = disk.play(item("a")).await;
    viewer.playback.append(item("c")).unwrap();
    assert!(viewer.playback.swap("c", &item("b")));
    assert!(!viewer.playback.swap("c", &item("b")));
    let expected = "a0 a100 switched:b b200 b300 complete:400";
    assert_eq!(viewer.all().await, expected);
}

#[tokio::test]
async fn a_switch_right_after_the_beginning_is_made_once_the_item_has_begun() {
    let disk = Disk::new()
        .with("low", &clip("low", 0, 20))
        .with("high", &clip("high", 0, 20));
    let mut viewer = disk.play(item("low")).await;
    viewer.playback.switch(item("nothing"));
    viewer.playback.switch(item("high"));
    let instead = "not-transited:nothing:another switch took its place";
    let low = pictures("low", 0, 500);
    let high = pictures("high", 500, 2000);
    let expected = format!("{instead} {low} transited:high {high} complete:2000");
    assert_eq!(viewer.all().await, expected);
}

#[tokio::test]
async fn a_switch_right_after_a_seek_is_made_where_it_leads() {
    let disk = Disk::new()
        .with("low", &clip("low", 0, 30))
        .with("high", &clip("high", 0, 30));
    let mut viewer = disk.play(item("low")).await;
    viewer.playback.precision = Precision::KeyFrame;
    viewer.playback.set_buffer(Duration::from_millis(200));
    assert_eq!(viewer.all().await, "low0 low100 low200 full");
    viewer.playback.set_buffer(Duration::from_hours(1));
    viewer.seek(1700);
    viewer.playback.switch(item("high"));
    let (low, high) = (pictures("low", 1500, 2000), pictures("high", 2000, 3000));
    let expected = format!("sought:1500 {low} transited:high {high} complete:3000");
    assert_eq!(viewer.all().await, expected);
    // After the end the file is opened again to go back.
    viewer.seek(500);
    viewer.playback.switch(item("low"));
    let (high, low) = (pictures("high", 500, 1000), pictures("low", 1000, 3000));
    let expected = format!("sought:500 {high} transited:low {low} complete:3000");
    assert_eq!(viewer.all().await, expected);
    // Who goes elsewhere while a switch waits is told that nothing comes of it.
    viewer.seek(500);
    viewer.playback.switch(item("high"));
    viewer.seek(2500);
    let not = "not-transited:high:the player went elsewhere";
    let expected = format!(
        "{not} sought:2500 {} complete:3000",
        pictures("low", 2500, 3000)
    );
    assert_eq!(viewer.all().await, expected);
}

#[tokio::test]
async fn who_waits_for_what_is_missing_is_told() {
    let disk = Disk::new().with("a", &clip("a", 0, 20));
    let mut viewer = disk.play(item("a")).await;
    viewer.playback.append(item("nothing")).unwrap();
    viewer.playback.lose_file().await;
    viewer.playback.switch(item("a"));
    viewer.seek(500);
    let defect = "the recording cannot be read because of a defect of the server";
    let missing = "missing:nothing:there is no recording of that name";
    let expected = format!("not-sought:{defect} not-transited:a:{defect} {missing} complete:0");
    assert_eq!(viewer.all().await, expected);
}

#[tokio::test]
async fn data_messages_come_at_once_if_the_playlist_says_so() {
    let mut frames = clip("a", 0, 4);
    frames.insert(3, frame(FrameKind::Data, 150, &b"\x02\0\x02hi"[..]));
    frames.push(frame(FrameKind::Data, 390, &b"\x02\0\x02ho"[..]));
    let disk = Disk::new().with("a", &frames);
    let mut viewer = disk.play(item("a")).await;
    let in_time = "a0 a100 data150 a200 a300 data390 complete:400";
    assert_eq!(viewer.all().await, in_time);
    let at_once = Item {
        data: DataMessages::AtOnce,
        ..item("a")
    };
    let mut viewer = disk.play(at_once).await;
    let at_once = "data0 data0 a0 a100 a200 a300 complete:400";
    assert_eq!(viewer.all().await, at_once);
}

#[tokio::test]
async fn what_cannot_be_played_is_told_in_words() {
    let odd: Vec<_> = (0..3506)
        .step_by(2)
        .map(|at| picture(at, true, "odd"))
        .collect();
    let disk = Disk::new()
        .with("a", &clip("a", 0, 20))
        .with("silent", &[])
        .with("odd", &odd)
        .with_bytes("text.flv", b"not a video at all")
        .with_bytes("nothing.flv", b"")
        .with_bytes("torn.mp4", b"\0\0\0\x18ftypisom\0\0\0\0isommp42");
    fs::create_dir(disk.directory.path().join("vod/folder.flv")).unwrap();
    let check = async |item: Item, expected: &str| {
        let Err(error) = disk.open(item).await else {
            panic!("{expected}")
        };
        assert_eq!(error.to_string(), expected);
    };
    let none = "there is no recording of that name";
    check(item("b"), none).await;
    check(item("folder"), none).await;
    check(item("a/b"), none).await;
    let hidden = format!("{none}: a part of the name of the stream begins with a dot");
    check(item("../vod/a"), &hidden).await;
    let colon = format!(
        "{none}: the name of the stream has the character ':', which no name of a file may have"
    );
    check(item("c:a"), &colon).await;
    let text = "this is neither FLV nor MP4: it begins with \"not a vi\"";
    check(item("text"), text).await;
    check(item("nothing"), "the file is empty").await;
    check(
        item("silent"),
        "the recording has neither sound nor pictures",
    )
    .await;
    check(part("a", 2001, 100), "the recording ends at 2 s").await;
    check(part("a", u32::MAX, 100), "the recording ends at 2 s").await;
    check(part("odd", 5000, 100), "the recording ends at 3.506 s").await;
    let mut nameless = item("vod");
    nameless.wanted.location.application = "".into();
    let missing =
        format!("{none}: one name is missing: that of the application, or that of the stream");
    check(nameless, &missing).await;
    let mut torn = item("torn");
    torn.wanted.prefix = Some(NamePrefix::Mp4);
    let unfinished = "the MP4 file has no moov box, as if it was not finished";
    check(torn, unfinished).await;
}

#[tokio::test]
async fn a_torn_file_is_played_as_far_as_it_is() {
    let disk = Disk::new().with("a", &clip("a", 0, 20));
    let path = disk.directory.path().join("vod/a.flv");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 10]).unwrap();
    let mut viewer = disk.play(item("a")).await;
    let expected = format!("{} complete:1900", pictures("a", 0, 1900));
    assert_eq!(viewer.all().await, expected);
}

#[tokio::test]
async fn a_file_that_is_not_whole_is_told_of_once_and_not_while_it_is_recorded() {
    let disk = Disk::new().with("a", &clip("a", 0, 2));
    let path = disk.directory.path().join("vod/a.flv");
    let bytes = fs::read(&path).unwrap();
    disk.play(item("a")).await.all().await;
    assert_eq!(disk.files.doubtful(), 0);
    fs::write(&path, &bytes[..bytes.len() - 10]).unwrap();
    let mark = path.with_file_name(".a.flv.open");
    fs::write(&mark, "").unwrap();
    assert!(crate::recording::is_marked(&path));
    disk.play(item("a")).await.all().await;
    assert_eq!(disk.files.doubtful(), 0);
    fs::remove_file(&mark).unwrap();
    for _ in 0..2 {
        disk.play(item("a")).await.all().await;
        assert_eq!(disk.files.doubtful(), 1);
    }
    fs::write(path.with_file_name("text.flv"), "not a video").unwrap();
    for name in ["text", "text", "nothing"] {
        assert!(disk.open(item(name)).await.is_err());
    }
    assert_eq!(disk.files.doubtful(), 2);
}

#[tokio::test]
async fn so_many_files_are_open_and_one_more_is_not() {
    let mut disk = Disk::new().with("a", &clip("a", 0, 2));
    let root = MediaRoot::open(disk.directory.path()).unwrap();
    disk.files = Files::with_handles(root, 3);
    let mut open = Vec::new();
    for _ in 0..3 {
        open.push(disk.open(item("a")).await.unwrap());
    }
    let Err(error) = disk.open(item("a")).await else {
        panic!("one more")
    };
    assert!(error.to_string().starts_with("this server plays as many "));
    assert_eq!(Files::limits(Some(&disk.files))[0], ("playback.files", 1));
    open.pop();
    disk.open(item("a")).await.unwrap();
}

fn address(last: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, last])
}

#[tokio::test]
async fn an_address_has_so_many_files_open_and_not_one_more() {
    let disk = Disk::new().with("a", &clip("a", 0, 1));
    let one = disk.files.shared_by(address(1));
    let mut open = Vec::new();
    for _ in 0..FILES_PER_ADDRESS {
        open.push(one.open(wanted("a"), DataMessages::InTime).await.unwrap());
    }
    let again = disk.files.shared_by(address(1));
    let refused = again.open(wanted("a"), DataMessages::InTime).await;
    assert!(matches!(refused, Err(OpenError::Busy)));
    let counted = Files::limits(Some(&disk.files));
    assert!(counted.contains(&("playback.share", 1)), "{counted:?}");
    // Others are served, and so is whoever is on this machine.
    let local = IpAddr::from([127, 0, 0, 1]);
    for other in [address(2), local] {
        let other = disk.files.shared_by(other);
        assert!(other.open(wanted("a"), DataMessages::InTime).await.is_ok());
    }
    open.pop();
    assert!(again.open(wanted("a"), DataMessages::InTime).await.is_ok());
    // What nobody uses is forgotten.
    drop((one, again, open));
    assert_eq!(disk.files.addresses(), 0);
}

#[tokio::test]
async fn who_reads_slowly_leaves_readers_to_others() {
    let disk = Disk::new();
    let (one, other) = (
        disk.files.shared_by(address(1)),
        disk.files.shared_by(address(2)),
    );
    let (go, wait) = mpsc::channel::<()>();
    let wait = Arc::new(Mutex::new(wait));
    let slow: Vec<_> = (0..READERS)
        .map(|_| {
            let wait = Arc::clone(&wait);
            tokio::spawn(one.run(move || wait.lock().unwrap().recv().is_err()))
        })
        .collect();
    // As many as may read do, and the others wait.
    let running = || READERS - disk.files.readers_left();
    while running() < READERS_PER_ADDRESS {
        tokio::task::yield_now().await;
    }
    assert_eq!(other.run(|| 7).await.unwrap(), 7);
    assert_eq!(running(), READERS_PER_ADDRESS);
    drop(go);
    for slow in slow {
        slow.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_file_is_not_walked_through_for_somebody_who_has_left() {
    let disk = Disk::new().with("a", &clip("a", 0, 20));
    let file = disk.directory.path().join("vod/a.flv");
    let interest = Interest::default();
    let watched = || {
        let file = fs::File::open(&file).unwrap();
        Watched::new(file, Arc::downgrade(&interest))
    };
    let (stays, leaves) = (watched(), watched());
    assert!(Recording::open(stays).is_ok());
    drop(interest);
    let error = Recording::open(leaves).unwrap_err();
    assert!(error.to_string().contains("nobody waits"), "{error}");
    // One that plays goes on.
    let mut viewer = disk.play(item("a")).await;
    let all = viewer.all().await;
    assert!(all.ends_with("complete:2000"), "{all}");
}

#[tokio::test]
async fn the_length_of_a_recording_is_told() {
    let disk = Disk::new().with("a", &clip("a", 0, 20));
    let length = disk.files.length(wanted("a")).await.unwrap();
    assert_eq!(length, Duration::from_secs(2));
}

#[tokio::test]
async fn as_much_is_read_ahead_as_allowed_and_not_more() {
    use crate::limits::playback::{READ_AHEAD_BYTES, READ_AHEAD_FRAMES};
    let read_ahead = async |frames: &[Frame]| {
        let disk = Disk::new().with("a", frames);
        let mut viewer = disk.play(item("a")).await;
        viewer.playback.set_buffer(Duration::ZERO);
        viewer.all().await;
        // Whatever was begun comes to its end.
        for _ in 0..3 {
            viewer.playback.settle_reader().await;
        }
        viewer.playback.read_ahead()
    };
    let large = "x".repeat(10_000);
    let (_, bytes) = read_ahead(&clip(&large, 0, 500)).await;
    let allowed = READ_AHEAD_BYTES / 2..READ_AHEAD_BYTES + 20_000;
    assert!(allowed.contains(&bytes), "{bytes}");
    let (frames, _) = read_ahead(&clip("a", 0, 10_000)).await;
    let allowed = READ_AHEAD_FRAMES / 2..=READ_AHEAD_FRAMES;
    assert!(allowed.contains(&frames), "{frames}");
}
