//! Playlists, seeks and pauses of real files, with a clock that is moved by hand.

mod items;
mod limits;
mod seeks;
mod switches;
mod trouble;

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
        Played::Transits { .. } => return None,
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
