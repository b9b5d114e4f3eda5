//! Recordings played by programs that people have: every packet, ranges, resumed downloads, seeks, lengths, refusals.
#![cfg(test)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use adit_testkit::cast::{known_failure, pause};
use adit_testkit::clip::{AudioCodec, Clip, VideoCodec};
use adit_testkit::packets::{self, Kind, Packet, Role};
use adit_testkit::peers::{Peer, Peers, QUIET};
use adit_testkit::process::Process;
use adit_testkit::server::{AditServer, Transport};
use tempfile::TempDir;

const ADIT: &str = env!("CARGO_BIN_EXE_adit");

/// How long a step may take on a loaded machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// A server with a clip of 10 s, `vod/clip`, a key frame each second.
struct Stage {
    peers: Peers,
    server: AditServer,
    directory: TempDir,
}

impl Stage {
    fn set() -> Option<Self> {
        let peers = Peers::for_test()?;
        let directory = tempfile::tempdir().unwrap();
        let folder = directory.path().join("vod");
        fs::create_dir(&folder).unwrap();
        Clip::new(Some(VideoCodec::H264), Some(AudioCodec::Aac), 10).make(peers, &folder);
        let server = AditServer::start_with(ADIT, |command| {
            command.arg("--media").arg(directory.path());
        });
        Some(Self {
            peers,
            server,
            directory,
        })
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// What rtmpdump writes to `file`, whether it is content or not.
    fn dump(&self, transport: Transport, file: &Path, stream: &str, flags: &[&str]) -> String {
        let mut command = Command::new(self.peers.path(Peer::Rtmpdump));
        let url = self.server.url(transport, "vod");
        command.args(["-r", &url, "-y", stream, "-o"]).arg(file);
        let mut process = Process::start("rtmpdump", command.args(flags));
        process.wait(PATIENCE);
        process.stderr()
    }
}

/// Coded media and headers as rtmpdump keeps them: it leaves out metadata of its own, and messages of at most five bytes.
fn media(file: &Path) -> Vec<Packet> {
    let mut packets = packets::read(file);
    packets.retain(|packet| packet.kind != Kind::Data && packet.role() != Role::End);
    packets
}

#[test]
fn rtmpdump_gets_every_packet_over_every_transport() {
    let Some(stage) = Stage::set() else { return };
    let expected = media(&stage.file("vod/clip.flv"));
    for transport in Transport::ALL {
        let file = stage.file("whole.flv");
        stage.dump(transport, &file, "clip", &[]);
        assert_eq!(media(&file), expected, "{transport:?}");
    }
    stage.server.assert_sound();
}

#[test]
fn rtmpdump_resumes_a_download_with_the_very_bytes() {
    let Some(stage) = Stage::set() else { return };
    let (whole, part) = (stage.file("whole.flv"), stage.file("part.flv"));
    stage.dump(Transport::Rtmp, &whole, "clip", &[]);
    let bytes = fs::read(&whole).unwrap();
    // Up to the end of a tag in the middle.
    let mut end = 13;
    while end < bytes.len() / 2 {
        let size = [0, bytes[end + 1], bytes[end + 2], bytes[end + 3]];
        end += 15 + usize::try_from(u32::from_be_bytes(size)).unwrap();
    }
    for transport in Transport::ALL {
        fs::write(&part, &bytes[..end]).unwrap();
        stage.dump(transport, &part, "clip", &["--resume"]);
        assert_eq!(media(&part), media(&whole), "{transport:?}");
    }
}

#[test]
fn rtmpdump_gets_the_range_it_asks_for_from_the_key_frame_before() {
    let Some(stage) = Stage::set() else { return };
    let file = stage.file("range.flv");
    let coded = |file: &Path| -> Vec<_> {
        let packets = media(file).into_iter();
        let pictures = packets.filter(|it| it.is_coded() && it.kind == Kind::Video);
        pictures.collect()
    };
    let all = coded(&stage.file("vod/clip.flv"));
    let key = all
        .iter()
        .rposition(|it| it.at_ms <= 3500 && it.role() == Role::Key);
    let wanted: Vec<_> = all[key.unwrap()..]
        .iter()
        .take_while(|it| it.at_ms < 6000)
        .map(|it| &it.body)
        .collect();
    for transport in Transport::ALL {
        stage.dump(transport, &file, "clip", &["-A", "3.5", "-B", "6"]);
        let played = coded(&file);
        let played: Vec<_> = played.iter().map(|it| &it.body).collect();
        assert_eq!(played, wanted, "{transport:?}");
    }
}

#[test]
fn both_ffmpegs_know_the_length_and_find_their_place_over_every_transport() {
    let Some(stage) = Stage::set() else { return };
    for peer in [Peer::Ffmpeg5, Peer::Ffmpeg9] {
        for transport in Transport::ALL {
            seeks(&stage, peer, transport);
        }
    }
}

/// Two seconds from 6 s on, by a seek.
fn seeks(stage: &Stage, peer: Peer, transport: Transport) {
    let url = stage.server.url(transport, "vod/clip");
    let file = stage.file("sought.flv");
    let mut command = stage.peers.ffmpeg(peer);
    command.env("SSL_CERT_FILE", stage.server.certificate());
    command.args(["-y", "-loglevel", "info", "-ss", "6", "-i", &url]);
    command.args(["-t", "2", "-c", "copy"]).arg(&file);
    let mut process = Process::start("ffmpeg", &mut command);
    process.wait(PATIENCE);
    let said = process.stderr();
    let what = format!("{peer:?} {transport:?}");
    if let Some(error) = known_failure(peer, transport) {
        assert!(said.contains(error), "{what}: {said}");
        return;
    }
    assert!(said.contains("Duration: 00:00:10."), "{what}: {said}");
    let played = packets::read(&file);
    let pictures = played
        .iter()
        .filter(|it| it.is_coded() && it.kind == Kind::Video);
    let all = packets::read(&stage.file("vod/clip.flv"));
    let near = |at: u32| (5000..9000).contains(&at);
    let wanted: Vec<_> = all
        .iter()
        .filter(|it| near(it.at_ms))
        .map(|it| &it.body)
        .collect();
    let count = pictures.clone().count();
    assert!(count > 20, "{what}: {count} pictures");
    for picture in pictures {
        assert!(wanted.contains(&&picture.body), "{what}: {picture:?}");
    }
}

#[test]
fn the_log_tells_once_of_a_file_that_is_torn_or_not_understood_and_what_to_do() {
    let Some(stage) = Stage::set() else { return };
    let whole = fs::read(stage.file("vod/clip.flv")).unwrap();
    fs::write(stage.file("vod/torn.flv"), &whole[..whole.len() - 10]).unwrap();
    fs::write(stage.file("vod/text.flv"), "not a video").unwrap();
    for _ in 0..2 {
        for name in ["clip", "torn"] {
            stage.dump(Transport::Rtmp, &stage.file("any.flv"), name, &[]);
        }
    }
    for name in ["text", "flv:text"] {
        // It does not know the code of the refusal, and waits.
        let mut command = Command::new(stage.peers.path(Peer::Rtmpdump));
        let url = stage.server.url(Transport::Rtmp, "vod");
        command.args(["-q", "-r", &url, "-y", name, "-o"]);
        let refusals = || stage.server.log().matches("play refused").count();
        let before = refusals();
        let _waiting = Process::start("rtmpdump", command.arg(stage.file("n.flv")));
        let begun = Instant::now();
        while refusals() == before {
            assert!(begun.elapsed() < PATIENCE, "{}", stage.server.log());
            pause();
        }
    }
    let log = stage.server.log();
    let warned = log.lines().filter(|line| line.contains("WARN"));
    let warned: Vec<_> = warned.filter(|line| line.contains(".flv")).collect();
    assert_eq!(warned.len(), 2, "{log}");
    for (line, file, what) in [
        (warned[0], "vod/torn.flv", "ends in the middle"),
        (warned[1], "vod/text.flv", "neither FLV nor MP4"),
    ] {
        let is_whole = line.contains(file) && line.contains(what) && line.contains("adit verify");
        assert!(is_whole, "{line}");
    }
}

#[test]
fn what_cannot_be_played_is_refused_with_its_code() {
    let Some(stage) = Stage::set() else { return };
    fs::write(stage.file("vod/text.flv"), b"this is no video").unwrap();
    fs::write(
        stage.file("secret.flv"),
        fs::read(stage.file("vod/clip.flv")).unwrap(),
    )
    .unwrap();
    let check = |stream: &str, code: &str| {
        let said = stage.dump(Transport::Rtmp, &stage.file("n.flv"), stream, &["-A", "1"]);
        assert!(said.contains(code), "{stream}: {said}");
    };
    let not_found = "NetStream.Play.StreamNotFound";
    for stream in [
        "nothing",
        "../secret",
        "a/../../secret",
        "..\\secret",
        "%2e%2e/secret",
    ] {
        check(stream, not_found);
    }
    check(&"x".repeat(230), not_found);
    for (stream, why) in [
        ("text", "this is neither FLV nor MP4"),
        ("clip", "the recording ends at 10."),
    ] {
        // rtmpdump does not know the code of the first, and waits.
        let mut command = Command::new(stage.peers.path(Peer::Rtmpdump));
        let url = stage.server.url(Transport::Rtmp, "vod");
        command.args(["-q", "-A", "99", "-r", &url, "-y", stream, "-o"]);
        let _waiting = Process::start("rtmpdump", command.arg(stage.file("n.flv")));
        let refused = format!("stream={stream:?}");
        let line = stage.server.log_line(&refused, PATIENCE);
        assert!(
            line.contains("play refused") && line.contains(why),
            "{line}"
        );
    }
    stage.server.assert_sound();
}

#[test]
fn an_mp4_file_is_played_as_well() {
    let Some(stage) = Stage::set() else { return };
    let mut command = stage.peers.ffmpeg(Peer::Ffmpeg5);
    command
        .args(QUIET)
        .arg("-i")
        .arg(stage.file("vod/clip.flv"));
    command.args(["-c", "copy"]).arg(stage.file("vod/film.mp4"));
    Process::run("ffmpeg", &mut command, PATIENCE);
    // What is behind the head of a message, by its kind: the composition time in it is told otherwise in MP4.
    let bodies = |file: &Path| {
        let packets: Vec<_> = media(file).into_iter().filter(Packet::is_coded).collect();
        let of_kind = |kind, head| -> Vec<_> {
            let packets = packets.iter().filter(|it| it.kind == kind);
            packets.map(|it| it.body.slice(head..)).collect()
        };
        (of_kind(Kind::Video, 5), of_kind(Kind::Audio, 2))
    };
    let expected = bodies(&stage.file("vod/clip.flv"));
    assert!(expected.0.len() > 20 && expected.1.len() > 20);
    for stream in ["mp4:film", "mp4:film.mp4", "film"] {
        let file = stage.file("film.flv");
        stage.dump(Transport::Rtmp, &file, stream, &[]);
        assert!(bodies(&file) == expected, "{stream}");
    }
}

#[test]
fn mp4_files_of_every_codec_are_played_as_flv_files_of_the_same_are() {
    let Some(stage) = Stage::set() else { return };
    let shapes = |file: &Path| -> Vec<_> {
        let packets = media(file).into_iter().filter(Packet::is_coded);
        let packets: Vec<_> = packets.collect();
        let first = packets.first().map_or(0, |it| it.at_ms);
        let shape = |it: &Packet| (it.kind == Kind::Video, it.body.len(), it.at_ms - first);
        packets.iter().map(shape).collect()
    };
    for (video, audio) in [
        (VideoCodec::H264, AudioCodec::Aac),
        (VideoCodec::Hevc, AudioCodec::Mp3),
        (VideoCodec::Av1, AudioCodec::Opus),
    ] {
        let folder = format!("vod/{video:?}");
        fs::create_dir(stage.file(&folder)).unwrap();
        let clip = Clip::new(Some(video), Some(audio), 2).make(stage.peers, &stage.file(&folder));
        let film = stage.file(&format!("{folder}/film.mp4"));
        let mut command = stage.peers.ffmpeg(Peer::Ffmpeg9);
        command.args(QUIET).arg("-i").arg(&clip);
        Process::run("ffmpeg", command.args(["-c", "copy"]).arg(&film), PATIENCE);
        let [of_flv, of_mp4] = ["flv:", "mp4:"].map(|prefix| {
            let name = if prefix == "flv:" { "clip" } else { "film" };
            let file = stage.file(&format!("{name}.{video:?}.flv"));
            let stream = format!("{prefix}{video:?}/{name}");
            stage.dump(Transport::Rtmp, &file, &stream, &[]);
            file
        });
        let (flv, mp4) = (shapes(&of_flv), shapes(&of_mp4));
        for kind in [true, false] {
            let of_kind = |all: &[(bool, usize, u32)]| -> Vec<_> {
                let all = all.iter().filter(|it| it.0 == kind);
                all.map(|it| (it.1, it.2)).collect()
            };
            let (flv, mp4) = (of_kind(&flv), of_kind(&mp4));
            assert_eq!(flv.len(), mp4.len(), "{video:?} {audio:?}");
            assert!(flv.len() > 20, "{video:?} {audio:?}: {}", flv.len());
            for (one, other) in flv.iter().zip(&mp4) {
                let near = one.1.abs_diff(other.1) <= 1;
                // Samples of AV1 in MP4 are without the two bytes that begin a picture [AV1-ISOBMFF 2.4].
                let delimiter = kind && video == VideoCodec::Av1;
                let same = one.0 == other.0 || delimiter && one.0 == other.0 + 2;
                assert!(same && near, "{video:?} {audio:?}: {one:?} {other:?}");
            }
        }
        // What was played can be decoded, without a word.
        let mut command = stage.peers.ffmpeg(Peer::Ffmpeg9);
        command.args(["-loglevel", "error", "-i"]).arg(&of_mp4);
        let mut process = Process::start("ffmpeg", command.args(["-f", "null", "-"]));
        assert!(process.wait(PATIENCE).success(), "{process}");
        assert_eq!(process.stderr(), "", "{video:?} {audio:?}");
    }
    stage.server.assert_sound();
}

#[test]
fn fragmented_mp4_files_are_played_as_plain_ones_of_the_same_are() {
    let Some(stage) = Stage::set() else { return };
    for (video, audio) in [
        (VideoCodec::H264, AudioCodec::Aac),
        (VideoCodec::Hevc, AudioCodec::Mp3),
        (VideoCodec::Av1, AudioCodec::Opus),
    ] {
        let folder = format!("vod/f{video:?}");
        fs::create_dir(stage.file(&folder)).unwrap();
        let clip = Clip::new(Some(video), Some(audio), 4).make(stage.peers, &stage.file(&folder));
        let played = |name: &str, flags: &[&str]| {
            let film = stage.file(&format!("{folder}/{name}.mp4"));
            let mut command = stage.peers.ffmpeg(Peer::Ffmpeg9);
            command
                .args(QUIET)
                .arg("-i")
                .arg(&clip)
                .args(["-c", "copy"]);
            Process::run("ffmpeg", command.args(flags).arg(&film), PATIENCE);
            let is_fragmented = names_of_boxes(&fs::read(&film).unwrap()).contains(b"moof");
            assert_eq!(is_fragmented, !flags.is_empty(), "{name}");
            let file = stage.file(&format!("{name}.{video:?}.flv"));
            let stream = format!("mp4:f{video:?}/{name}");
            stage.dump(Transport::Rtmp, &file, &stream, &[]);
            (media(&file), film)
        };
        let (plain, _) = played("plain", &[]);
        assert!(plain.len() > 100, "{}", plain.len());
        for (name, flags) in [
            ("keys", "frag_keyframe"),
            ("empty", "frag_keyframe+empty_moov"),
            ("based", "frag_keyframe+empty_moov+default_base_moof"),
            ("delayed", "frag_keyframe+delay_moov"),
            ("offset", "frag_keyframe+empty_moov+omit_tfhd_offset"),
        ] {
            let (of_fragments, film) = played(name, &["-movflags", flags]);
            let what = format!("{video:?} {flags}");
            for (kind, stream) in [(Kind::Video, "v"), (Kind::Audio, "a")] {
                let bodies = |all: &[Packet]| -> Vec<_> {
                    let packets = all.iter().filter(|it| it.kind == kind);
                    packets.map(|it| it.body.clone()).collect()
                };
                assert!(bodies(&of_fragments) == bodies(&plain), "{what} {kind:?}");
                let coded = of_fragments
                    .iter()
                    .filter(|it| it.kind == kind && it.is_coded());
                let times: Vec<_> = coded.map(|it| it.at_ms).collect();
                let due = due(&stage, &film, stream);
                assert_eq!(times.len(), due.len(), "{what} {kind:?}");
                for (at, due) in times.iter().zip(due) {
                    assert!(at.abs_diff(due) <= 1, "{what} {kind:?}: {at} {due}");
                }
            }
        }
    }
    stage.server.assert_sound();
}

/// The names of the boxes of an MP4 file.
fn names_of_boxes(mut file: &[u8]) -> Vec<[u8; 4]> {
    let mut names = Vec::new();
    while let Some((head, _)) = file.split_first_chunk::<8>() {
        let [size, name] = [&head[..4], &head[4..]].map(|it| <[u8; 4]>::try_from(it).unwrap());
        names.push(name);
        let size = usize::try_from(u32::from_be_bytes(size)).unwrap();
        file = &file[size.max(8).min(file.len())..];
    }
    names
}

/// When samples of the file are due by ffprobe, in milliseconds from the first of all.
fn due(stage: &Stage, film: &Path, stream: &str) -> Vec<u32> {
    let ffprobe = stage.peers.path(Peer::Ffmpeg5).with_file_name("ffprobe");
    let of = |stream: &str| -> Vec<f64> {
        let mut command = Command::new(&ffprobe);
        command.args(["-v", "error", "-select_streams", stream, "-show_entries"]);
        command
            .args(["packet=dts_time", "-of", "csv=p=0"])
            .arg(film);
        let mut process = Process::start("ffprobe", &mut command);
        assert!(process.wait(PATIENCE).success(), "{process}");
        let times = process.stdout();
        let times = times.lines().map(|line| line.trim_matches(','));
        times.map(|time| time.parse().unwrap()).collect()
    };
    let first = f64::min(of("v")[0], of("a")[0]);
    let from_first = |time: f64| Duration::from_secs_f64(time - first).as_millis();
    let times = of(stream).into_iter().map(from_first);
    times.map(|ms| u32::try_from(ms).unwrap()).collect()
}
