//! HLS and low-latency HLS.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use adit_testkit::clip::{AudioCodec, Clip, VideoCodec};
use adit_testkit::peers::{Peer, Peers, QUIET};
use adit_testkit::process::Process;
use adit_testkit::server::{AditServer, Transport, json};
use m3u8_rs::MediaPlaylist;
use serde_json::Value;

use crate::support::{ADIT, PATIENCE, ask, get, publish, publish_as, wait_for, wait_until_live};

fn read(text: &str) -> MediaPlaylist {
    m3u8_rs::parse_media_playlist_res(text.as_bytes())
        .unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The playlist of segments, once there is one.
pub(crate) fn media(server: SocketAddr, query: &str) -> (MediaPlaylist, String) {
    let answer = wait_for(server, &format!("/live/cam/media.m3u8{query}"));
    let text = answer.text().to_owned();
    (read(&text), text)
}

/// The same when nobody has published it again for a while.
fn ended(server: SocketAddr) -> (MediaPlaylist, String) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (playlist, text) = media(server, "");
        if playlist.end_list {
            return (playlist, text);
        }
        assert!(Instant::now() < deadline, "{text}");
        sleep(Duration::from_millis(50));
    }
}

/// The addresses in the tags `tag` of a playlist.
pub(crate) fn addresses<'a>(text: &'a str, tag: &'a str) -> impl Iterator<Item = &'a str> {
    text.lines()
        .filter(move |line| line.starts_with(tag))
        .filter_map(|line| line.split("URI=\"").nth(1)?.split('"').next())
}

#[test]
fn a_viewer_may_wait_for_a_stream_that_is_not_live_yet() {
    let server = AditServer::start(ADIT);
    let address = server.address();
    let began = Instant::now();
    assert_eq!(get(address, "/live/cam/index.m3u8?wait=1").status, 404);
    assert!(began.elapsed() >= Duration::from_secs(1));
    let viewer = std::thread::spawn(move || get(address, "/live/cam/index.m3u8?wait=30"));
    let _publisher = publish(&server, "cam", 60);
    let index = viewer.join().unwrap();
    assert_eq!(index.status, 200);
    m3u8_rs::parse_master_playlist_res(&index.body).unwrap();
}

#[test]
fn playlists_are_as_players_and_caches_want_them() {
    let server = AditServer::start(ADIT);
    let address = server.address();
    let _publisher = publish(&server, "cam", 60);
    wait_until_live(address, "cam");
    let began = Instant::now();
    let index = wait_for(address, "/live/cam/index.m3u8?token=a%20b");
    assert!(
        began.elapsed() < Duration::from_secs(4),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(
        index.field("content-type"),
        Some("application/vnd.apple.mpegurl")
    );
    assert_eq!(index.field("access-control-allow-origin"), Some("*"));
    assert_eq!(index.field("cache-control"), Some("no-cache"));
    let master = m3u8_rs::parse_master_playlist_res(&index.body).unwrap();
    let variant = &master.variants[0];
    let codecs = variant.codecs.as_deref().unwrap();
    assert!(
        codecs.starts_with("avc1.") && codecs.ends_with(",mp4a.40.2"),
        "{codecs}"
    );
    assert_eq!(variant.resolution.unwrap().width, 320);
    assert_eq!(variant.frame_rate, Some(30.0));
    assert_eq!(variant.uri, "media.m3u8?token=a%20b");
    let (playlist, text) = media(address, "?token=a%20b");
    assert!(
        !playlist.end_list && playlist.target_duration >= 2,
        "{text}"
    );
    let uri = playlist.segments[0].uri.clone();
    assert!(uri.ends_with("?token=a%20b"), "{uri}");
    let file = uri.split('?').next().unwrap();
    let segment = get(address, &format!("/live/cam/{file}"));
    assert_eq!(
        (segment.status, segment.field("content-type")),
        (200, Some("video/mp4"))
    );
    assert_eq!(
        segment.field("cache-control"),
        Some("public, max-age=60, immutable")
    );
    let length: usize = segment.field("content-length").unwrap().parse().unwrap();
    assert_eq!(length, segment.body.len());
    let private = get(address, &format!("/live/cam/{uri}"));
    assert_eq!(private.field("cache-control"), Some("private, max-age=60"));
    assert_eq!(private.body, segment.body);
    let part = ask(
        address,
        "GET",
        &format!("/live/cam/{file}"),
        "Range: bytes=4-7\r\n",
    );
    assert_eq!((part.status, part.body.as_slice()), (206, &b"moof"[..]));
    assert_eq!(
        part.field("content-range").unwrap(),
        format!("bytes 4-7/{length}")
    );
    let head = ask(address, "HEAD", &format!("/live/cam/{file}"), "");
    assert_eq!((head.status, head.body.len()), (200, 0));
    let beyond = ask(
        address,
        "GET",
        &format!("/live/cam/{file}"),
        "Range: bytes=99999999-\r\n",
    );
    assert_eq!(beyond.status, 416);
    let known = format!("?_HLS_msn={}&_HLS_part=0", playlist.media_sequence);
    for (query, status) in [
        ("?_HLS_msn=x", 400),
        ("?_HLS_part=1", 400),
        ("?_HLS_msn=99999999999", 400),
        ("?_HLS_msn=-1", 400),
        (&known, 200),
    ] {
        let answer = get(address, &format!("/live/cam/media.m3u8{query}"));
        assert_eq!(answer.status, status, "{query}");
    }
    let (playlist, text) = media(address, "");
    let next = playlist.media_sequence + u64::try_from(playlist.segments.len()).unwrap() + 1;
    let path = format!("/live/cam/media.m3u8?_HLS_msn={next}&_HLS_part=999999");
    assert_eq!(get(address, &path).status, 400, "{path}: {text}");
    server.assert_sound();
}

#[test]
fn ffmpeg_plays_it_and_the_end_is_told() {
    let Some(peers) = Peers::for_test() else {
        return;
    };
    let server = AditServer::start(ADIT);
    let address = server.address();
    let mut publisher = publish(&server, "cam", 9);
    wait_until_live(address, "cam");
    wait_for(address, "/live/cam/index.m3u8");
    let folder = tempfile::tempdir().unwrap();
    let players: Vec<Process> = [Peer::Ffmpeg5, Peer::Ffmpeg9]
        .into_iter()
        .map(|peer| {
            let mut command = peers.ffmpeg(peer);
            command.args(QUIET).args(["-live_start_index", "0", "-i"]);
            command.arg(format!("http://{address}/live/cam/index.m3u8"));
            command.args(["-c", "copy", "-f", "mp4"]);
            command.arg(folder.path().join(format!("{peer}.mp4")));
            Process::start("ffmpeg playing hls", &mut command)
        })
        .collect();
    publisher.wait(PATIENCE);
    for (mut player, peer) in players.into_iter().zip([Peer::Ffmpeg5, Peer::Ffmpeg9]) {
        assert!(player.wait(PATIENCE).success(), "{player}");
        let file = folder.path().join(format!("{peer}.mp4"));
        let ffprobe = peers.path(Peer::Ffmpeg5).with_file_name("ffprobe");
        let mut command = Command::new(ffprobe);
        command.args(["-v", "error", "-count_packets", "-show_entries"]);
        command
            .args(["stream=codec_name,nb_read_packets", "-of", "csv=p=0"])
            .arg(&file);
        let told = String::from_utf8(command.output().unwrap().stdout).unwrap();
        let packets = |codec: &str| -> usize {
            let line = told.lines().find_map(|line| line.strip_prefix(codec));
            line.unwrap().trim_matches(',').parse().unwrap()
        };
        assert!((220..=275).contains(&packets("h264")), "{peer}: {told}");
        assert!((340..=430).contains(&packets("aac")), "{peer}: {told}");
    }
    let (playlist, text) = ended(address);
    let total: f32 = playlist
        .segments
        .iter()
        .map(|segment| segment.duration)
        .sum();
    assert!((6.5..9.5).contains(&total), "{text}");
    server.assert_sound();
}

/// When the last sample of a part is due on the publisher's clock, read by ffprobe.
fn end_of(folder: &Path, init: &[u8], part: &[u8]) -> Option<f64> {
    let file = folder.join("part.mp4");
    std::fs::write(&file, [init, part].concat()).unwrap();
    let mut command = Command::new("ffprobe");
    command.args([
        "-v",
        "error",
        "-select_streams",
        "v",
        "-show_entries",
        "packet=pts_time,duration_time",
    ]);
    let output = command
        .args(["-of", "csv=p=0"])
        .arg(&file)
        .output()
        .unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    let ends = told.lines().filter_map(|line| {
        let mut numbers = line
            .split(',')
            .filter_map(|number| number.parse::<f64>().ok());
        Some(numbers.next()? + numbers.next()?)
    });
    ends.reduce(f64::max)
}

#[test]
fn parts_are_there_a_moment_after_they_were_sent() {
    if Peers::for_test().is_none() {
        return;
    }
    let server = AditServer::start(ADIT);
    let address = server.address();
    let _publisher = publish(&server, "cam", 600);
    wait_until_live(address, "cam");
    let folder = tempfile::tempdir().unwrap();
    // A series that is late may be the machine's fault, four are not.
    let mut late = Vec::new();
    while late.len() < 4 {
        let [jitter, answer] = lateness(address, folder.path());
        if jitter < 0.9 && answer < 2.0 {
            server.assert_sound();
            return;
        }
        late.push((jitter, answer));
    }
    panic!("seconds of jitter, and until an answer about what is there already: {late:?}");
}

/// By how many seconds parts come sooner and later, and the longest that a playlist took with a part that is there already.
fn lateness(address: SocketAddr, folder: &Path) -> [f64; 2] {
    let (_, text) = media(address, "");
    let init = addresses(&text, "#EXT-X-MAP").next().unwrap();
    let init = get(address, &format!("/live/cam/{init}")).body;
    // The hint is asked for before there is such a part, and answered as soon as there is.
    let next = |text: &str| {
        addresses(text, "#EXT-X-PRELOAD-HINT")
            .next()
            .map(str::to_owned)
    };
    let mut hint = next(&text).unwrap();
    let mut arrivals = Vec::new();
    let mut longest = Duration::ZERO;
    for _ in 0..20 {
        let part = get(address, &format!("/live/cam/{hint}"));
        let arrived = Instant::now();
        assert_eq!(part.status, 200, "{hint}");
        arrivals.push((arrived, end_of(folder, &init, &part.body).unwrap()));
        let numbers = hint.trim_end_matches(".m4s").rsplit('-').next().unwrap();
        let (segment, index) = numbers.split_once('.').unwrap();
        let query = format!("?_HLS_msn={segment}&_HLS_part={index}");
        let asked = Instant::now();
        let (_, text) = media(address, &query);
        longest = longest.max(asked.elapsed());
        assert!(text.contains(&format!("{hint}\"")), "{hint} in {text}");
        hint = next(&text).unwrap();
    }
    // Media time against real time: the part that came soonest after its last picture is taken for immediate but for its own
    // length, and no other one may be later than that by much.
    let lag = |(at, end): &(Instant, f64)| at.duration_since(arrivals[0].0).as_secs_f64() - end;
    let soonest = arrivals.iter().map(lag).fold(f64::MAX, f64::min);
    let latest = arrivals.iter().map(lag).fold(f64::MIN, f64::max);
    [latest - soonest, longest.as_secs_f64()]
}

#[test]
fn sound_alone_is_played_too() {
    let Some(peers) = Peers::for_test() else {
        return;
    };
    let server = AditServer::start(ADIT);
    let address = server.address();
    let mut command = peers.ffmpeg(Peer::Ffmpeg9);
    command.args(QUIET).args([
        "-re",
        "-f",
        "lavfi",
        "-i",
        "sine=frequency=440:sample_rate=44100",
    ]);
    command.args(["-t", "12", "-c:a", "aac", "-f", "flv"]);
    command.arg(server.url(Transport::Rtmp, "live/cam"));
    let _publisher = Process::start("ffmpeg publishing", &mut command);
    wait_until_live(address, "cam");
    let index = wait_for(address, "/live/cam/index.m3u8");
    assert!(
        index.text().contains("CODECS=\"mp4a.40.2\""),
        "{}",
        index.text()
    );
    assert!(!index.text().contains("RESOLUTION"));
    let (first, _) = media(address, "");
    let third = first.media_sequence + 2;
    let (playlist, text) = media(address, &format!("?_HLS_msn={third}"));
    assert!(playlist.segments.len() >= 3, "{text}");
    assert!(text.contains("#EXT-X-INDEPENDENT-SEGMENTS"), "{text}");
    server.assert_sound();
}

#[test]
fn dolby_sound_is_heard_with_all_its_channels() {
    let Some(peers) = Peers::for_test() else {
        return;
    };
    for (codec, name, told) in [
        (AudioCodec::Ac3, "ac-3", "ac3,48000,6"),
        (AudioCodec::Eac3, "ec-3", "eac3,48000,6"),
    ] {
        let server = AditServer::start(ADIT);
        let address = server.address();
        let folder = tempfile::tempdir().unwrap();
        let clip = Clip::new(Some(VideoCodec::H264), Some(codec), 12).make(peers, folder.path());
        let mut command = peers.ffmpeg(Peer::Ffmpeg9);
        command.args(QUIET).args(["-re", "-i"]).arg(&clip);
        command.args(["-c", "copy", "-f", "flv"]);
        command.arg(server.url(Transport::Rtmp, "live/cam"));
        let mut publisher = Process::start("ffmpeg publishing", &mut command);
        wait_until_live(address, "cam");
        let index = wait_for(address, "/live/cam/index.m3u8");
        let codecs = format!(",{name}\"");
        assert!(index.text().contains(&codecs), "{}", index.text());
        publisher.wait(PATIENCE);
        let (playlist, text) = ended(address);
        let announced: f32 = playlist.segments.iter().map(|it| it.duration).sum();
        let url = format!("http://{address}/live/cam/index.m3u8");
        // Whatever it does not like of a sample is said, and there is nothing of the kind.
        let mut command = peers.ffmpeg(Peer::Ffmpeg9);
        command.args([
            "-nostdin",
            "-v",
            "error",
            "-live_start_index",
            "0",
            "-i",
            &url,
        ]);
        let heard = folder.path().join("heard.wav");
        command
            .arg("-vn")
            .arg(&heard)
            .args(["-an", "-f", "null", "-"]);
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.is_empty(), "{said}");
        let entries = "stream=codec_name,sample_rate,channels";
        let probed = probe(&["-select_streams", "a", "-show_entries", entries, &url]);
        let probed = probed.lines().find(|line| !line.is_empty());
        let probed = probed.map(|line| line.trim_end_matches(','));
        assert_eq!(probed, Some(told), "{text}");
        // There is as much to hear as is announced: each frame lasts for 32 ms.
        let length = ["-show_entries", "format=duration", heard.to_str().unwrap()];
        let length: f32 = probe(&length).trim().parse().unwrap();
        assert!(
            (length - announced).abs() < 0.15,
            "{length} s of {announced} s"
        );
        assert!(!server.log().contains("no sound by HLS"));
        server.assert_sound();
    }
}

/// What ffprobe says, as values with commas between them.
fn probe(arguments: &[&str]) -> String {
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-of", "csv=p=0"]);
    let output = command.args(arguments).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn sound_that_does_not_say_what_it_is_leaves_the_picture_and_a_warning() {
    let Some(peers) = Peers::for_test() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let clip = Clip::new(Some(VideoCodec::H264), Some(AudioCodec::Ac3), 12);
    let clip = clip.make(peers, folder.path());
    // A rate that is reserved, in each frame.
    let mut bytes = std::fs::read(&clip).unwrap();
    let frames: Vec<usize> = (0..bytes.len() - 12)
        .filter(|at| bytes[*at..].starts_with(b"\x91ac-3\x0b\x77"))
        .collect();
    assert!(frames.len() > 100, "{}", frames.len());
    for at in frames {
        bytes[at + 9] |= 0xC0;
    }
    std::fs::write(&clip, bytes).unwrap();
    let server = AditServer::start(ADIT);
    let address = server.address();
    let _publisher = publish_as(&server, "cam", 12, clip.to_str().unwrap());
    wait_until_live(address, "cam");
    let index = wait_for(address, "/live/cam/index.m3u8");
    assert!(!index.text().contains("ac-3"), "{}", index.text());
    assert!(index.text().contains("CODECS=\"avc1."), "{}", index.text());
    let (playlist, _) = media(address, "");
    let segment = &playlist.segments[0].uri;
    assert_eq!(get(address, &format!("/live/cam/{segment}")).status, 200);
    let log = server.log();
    assert!(log.contains("no sound by HLS: the configuration of the codec cannot be read"));
    assert_eq!(log.matches("no sound by HLS").count(), 1, "once is enough");
    server.assert_sound();
}

#[test]
fn a_stream_that_comes_again_is_another_one() {
    let server = AditServer::start(ADIT);
    let address = server.address();
    let mut publisher = publish_as(&server, "cam", 3, "pattern:320x180@30,200k,key=1");
    wait_until_live(address, "cam");
    wait_for(address, "/live/cam/index.m3u8");
    publisher.wait(PATIENCE);
    let (first, _) = ended(address);
    let _publisher = publish_as(&server, "cam", 30, "pattern:640x360@30,200k,key=1");
    wait_until_live(address, "cam");
    let index = wait_for(address, "/live/cam/index.m3u8");
    assert!(
        index.text().contains("RESOLUTION=640x360"),
        "{}",
        index.text()
    );
    let (second, text) = media(address, "");
    assert!(!second.end_list, "{text}");
    assert_ne!(
        first.segments[0].uri, second.segments[0].uri,
        "no cache confuses the two"
    );
    let beyond = first.media_sequence + u64::try_from(first.segments.len()).unwrap();
    assert!(second.media_sequence >= beyond, "{text}");
    server.assert_sound();
}

#[test]
fn a_publisher_that_comes_back_at_once_goes_on_where_it_was() {
    let server = AditServer::start(ADIT);
    let address = server.address();
    let mut publisher = publish(&server, "cam", 4);
    wait_until_live(address, "cam");
    let (first, _) = media(address, "");
    publisher.wait(PATIENCE);
    let _publisher = publish(&server, "cam", 40);
    let deadline = Instant::now() + PATIENCE;
    let mut last = first.media_sequence;
    loop {
        let (now, text) = media(address, "");
        assert!(
            now.media_sequence >= last && !now.end_list,
            "{last}: {text}"
        );
        last = now.media_sequence;
        assert_eq!(now.target_duration, first.target_duration, "{text}");
        if now.segments.iter().any(|segment| segment.discontinuity) {
            break;
        }
        assert!(Instant::now() < deadline, "{text}");
        sleep(Duration::from_millis(50));
    }
    server.assert_sound();
}

/// What another reader, which takes nothing that the standard forbids, finds in playlists.
fn found_in(peers: Peers, playlists: &[&str]) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/outputs/playlists.mjs");
    let mut command = peers.with_hls_parser(&script);
    for (number, text) in playlists.iter().enumerate() {
        let file = folder.path().join(format!("{number}.m3u8"));
        std::fs::write(&file, text).unwrap();
        command.arg(file);
    }
    let found = Process::run("hls-parser", &mut command, PATIENCE);
    found.lines().map(json).collect()
}

#[test]
fn a_strict_reader_takes_all_playlists_of_a_stream() {
    let Some(peers) = Peers::with(&[Peer::HlsParser]) else {
        return;
    };
    let server = AditServer::start(ADIT);
    let address = server.address();
    let began = SystemTime::now();
    let mut publisher = publish(&server, "cam", 22);
    wait_until_live(address, "cam");
    let index = wait_for(address, "/live/cam/index.m3u8");
    let (begin, first) = media(address, "");
    // So many that the older ones are known for long.
    let mut number = begin.media_sequence;
    for _ in 0..7 {
        number += 1;
        // One after the other: a playlist that is too far ahead is not waited for.
        media(address, &format!("?_HLS_msn={number}"));
    }
    let (full, text) = media(address, "");
    let delta = get(address, "/live/cam/media.m3u8?_HLS_skip=YES");
    publisher.wait(PATIENCE);
    let (_, last) = ended(address);
    let found = found_in(peers, &[index.text(), &first, &text, delta.text(), &last]);
    let [index, first, all, new, last] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(index["variants"], 1, "{index}");
    let counts = |of: &Value, name: &str| of[name].as_u64().unwrap();
    assert!(counts(first, "segments") >= 1, "{first}");
    for live in [first, all, new] {
        assert_eq!(
            (&live["hints"], &live["canBlock"]),
            (&1.into(), &true.into())
        );
        assert!(counts(live, "parts") >= 1, "{live}");
        assert_eq!(live["ended"], false);
    }
    assert_eq!(counts(all, "segments"), full.segments.len() as u64);
    // Those that are left out and those that are not are all there are.
    assert!(counts(new, "skip") >= 1, "{new}\n{}", delta.text());
    let sum = counts(new, "skip") + counts(new, "segments");
    assert!(sum >= counts(all, "segments"), "{new} {all}");
    assert_eq!(last["ended"], true);
    assert_eq!((counts(last, "parts"), counts(last, "hints")), (0, 0));
    // Dates are those of this clock, and go with durations.
    let mut due: Option<SystemTime> = None;
    for segment in &full.segments {
        let date = segment.program_date_time.as_ref().unwrap().to_rfc3339();
        let date = humantime::parse_rfc3339(&date.replace("+00:00", "Z")).unwrap();
        assert!((began..SystemTime::now()).contains(&date), "{text}");
        if let Some(due) = due {
            let off = due.max(date).duration_since(due.min(date)).unwrap();
            assert!(off < Duration::from_millis(2), "{off:?} in {text}");
        }
        due = Some(date + Duration::from_secs_f32(segment.duration));
    }
    server.assert_sound();
}
