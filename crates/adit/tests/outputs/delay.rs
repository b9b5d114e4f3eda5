//! How far behind live a player by HLS is, measured against what a viewer by HTTP-FLV has at the same moment.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Instant;

use adit_client::media::flv::{Next, Reader, TagKind};
use adit_client::media::{Frame, FrameKind};
use adit_testkit::peers::say;
use adit_testkit::server::AditServer;
use bytes::Bytes;

use crate::hls::{addresses, media};
use crate::support::{ADIT, PATIENCE, get, publish, wait_until_live};

/// The pictures of a stream as they arrive by HTTP-FLV: when, and what a decoder gets of each.
#[derive(Clone, Default)]
struct Live(Arc<Mutex<Vec<(Instant, Bytes)>>>);

/// What stands before the picture in a message of H.264.
const HEADER: usize = 5;

impl Live {
    fn watch(server: SocketAddr) -> Self {
        let live = Self::default();
        let mut stream = TcpStream::connect(server).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // A body without chunks, until the connection ends.
        stream
            .write_all(b"GET /live/cam.flv HTTP/1.0\r\nHost: a\r\n\r\n")
            .unwrap();
        let seen = live.clone();
        thread::spawn(move || seen.read(stream));
        live
    }

    fn read(&self, mut stream: TcpStream) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        let mut reader = Reader::new();
        let mut part = vec![0; 64 * 1024];
        while let Ok(count @ 1..) = stream.read(&mut part) {
            reader.handle_input(Bytes::copy_from_slice(&part[..count]));
            while let Next::Tag(tag) = next_tag(&mut reader) {
                let frame = Frame::classify(tag.at, FrameKind::Video, tag.payload.clone());
                if tag.kind == TagKind::Frame(FrameKind::Video) && frame.flags().is_coded() {
                    let picture = tag.payload.slice(HEADER..);
                    self.0.lock().unwrap().push((Instant::now(), picture));
                }
            }
        }
    }

    /// When the first and the last picture of a part of a segment were live.
    fn times(&self, media: &[u8]) -> (Instant, Instant) {
        let seen = self.0.lock().unwrap();
        let is_in = |picture: &Bytes| {
            media
                .windows(picture.len())
                .any(|bytes| bytes == picture.as_ref())
        };
        let mut inside = seen.iter().filter(|(_, picture)| is_in(picture));
        let first = inside.next().expect("a picture of it was seen").0;
        (first, inside.last().map_or(first, |(at, _)| *at))
    }
}

/// The next tag; what else there is, such as the head of the file, is passed over.
fn next_tag(reader: &mut Reader) -> Next {
    loop {
        let next = reader.poll().unwrap();
        if matches!(next, Next::Tag(_) | Next::NeedMore) {
            return next;
        }
    }
}

/// A number of seconds in an attribute.
fn attribute(text: &str, name: &str) -> f64 {
    let value = text.split(name).nth(1).unwrap();
    let end = value.find([',', '\n']).unwrap_or(value.len());
    value[..end].parse().unwrap()
}

#[test]
fn a_player_with_low_latency_is_less_than_two_seconds_behind() {
    let server = AditServer::start(ADIT);
    let address = server.address();
    let _publisher = publish(&server, "cam", 60);
    wait_until_live(address, "cam");
    let live = Live::watch(address);
    let (_, mut text) = media(address, "");
    let hold_back = attribute(&text, "PART-HOLD-BACK=");
    let mut parts = Vec::new();
    for _ in 0..20 {
        let hint = addresses(&text, "#EXT-X-PRELOAD-HINT").next().unwrap();
        let part = get(address, &format!("/live/cam/{hint}"));
        assert_eq!(part.status, 200, "{hint}");
        parts.push((Instant::now(), part.body));
        let numbers = hint.trim_end_matches(".m4s").rsplit('-').next().unwrap();
        let (segment, index) = numbers.split_once('.').unwrap();
        text = media(address, &format!("?_HLS_msn={segment}&_HLS_part={index}")).1;
    }
    let mut edge: Option<Instant> = None;
    let (mut edges, mut players) = (Vec::new(), Vec::new());
    // The first ones may be older than our own view of what is live.
    for (arrived, part) in &parts[3..] {
        // A player that comes the moment before this part begins that much before the edge that it knows.
        if let Some(edge) = edge {
            players.push(arrived.duration_since(edge).as_secs_f64() + hold_back);
        }
        let (_, last) = live.times(part);
        edges.push(arrived.duration_since(last).as_secs_f64());
        edge = Some(last);
    }
    let (edge, worst) = (worst(&mut edges), worst(&mut players));
    say(&format!(
        "low-latency HLS: a part is there {edge} after its last picture, a player is behind by {worst}"
    ));
    assert!(worst.worst < 2.0, "{worst}");
    server.assert_sound();
}

#[test]
fn a_player_without_it_is_three_segments_behind() {
    let server = AditServer::start(ADIT);
    let address = server.address();
    let _publisher = publish(&server, "cam", 90);
    wait_until_live(address, "cam");
    let live = Live::watch(address);
    let (playlist, _) = media(address, "");
    let mut begins = Vec::new();
    // The first segment is shorter than the others.
    for newest in playlist.media_sequence + 5..playlist.media_sequence + 10 {
        let (playlist, text) = media(address, &format!("?_HLS_msn={newest}"));
        let listed = Instant::now();
        assert!(playlist.segments.len() >= 3, "{text}");
        // Where players begin: with the third segment before the end.
        let third = &playlist.segments[playlist.segments.len() - 3];
        let segment = get(address, &format!("/live/cam/{}", third.uri));
        let target = u32::try_from(playlist.target_duration).unwrap();
        begins.push((listed, segment.body, f64::from(target)));
    }
    let mut behind: Vec<f64> = begins
        .iter()
        .map(|(listed, segment, target)| {
            let (first, _) = live.times(segment);
            listed.duration_since(first).as_secs_f64() / target
        })
        .collect();
    let behind = worst(&mut behind);
    say(&format!(
        "plain HLS: a player is behind by {behind}, in segments"
    ));
    // In the moment in which the newest one is listed, and what this machine takes for it.
    assert!(behind.median < 3.2 && behind.worst < 3.5, "{behind}");
    server.assert_sound();
}

struct Figures {
    median: f64,
    worst: f64,
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.2} (at worst {:.2})", self.median, self.worst)
    }
}

fn worst(figures: &mut [f64]) -> Figures {
    figures.sort_by(f64::total_cmp);
    Figures {
        median: figures[figures.len() / 2],
        worst: figures[figures.len() - 1],
    }
}
