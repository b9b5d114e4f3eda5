//! Files that ffmpeg wrote are played packet by packet as ffprobe reads them.

use std::io::Cursor;
use std::path::Path;

use adit_media::flv::FileTracks;
use adit_media::vod::Recording;
use adit_media::{Frame, FrameKind, audio, video};
use adit_testkit::peers::{Peer, Peers};
use adit_testkit::process::Process;

use crate::tools::{PATIENCE, decode, flv, probe_quiet, read, write};

/// A packet as both sides see it: milliseconds of decoding and presentation, bytes, whether a decoder can start with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Packet {
    dts: i64,
    pts: i64,
    size: usize,
    is_key: bool,
}

/// Two seconds of pictures with B frames where the codec has them, and of sound.
const SOURCE: [&str; 12] = [
    "-f",
    "lavfi",
    "-i",
    "testsrc2=size=192x128:rate=25:duration=2",
    "-f",
    "lavfi",
    "-i",
    "sine=frequency=440:sample_rate=48000:duration=2",
    "-g",
    "20",
    "-shortest",
    "-threads",
];

fn make(peers: Peers, peer: Peer, folder: &Path, name: &str, arguments: &[&str]) -> Vec<u8> {
    let path = folder.join(name);
    let mut command = peers.ffmpeg(peer);
    command.args(SOURCE).arg("1").args(arguments).arg(&path);
    let mut process = Process::start(peer.to_string(), &mut command);
    let status = process.wait(PATIENCE);
    assert!(status.success(), "{command:?}\n{process}");
    read(&path)
}

fn play(file: Vec<u8>) -> Vec<Frame> {
    let mut recording = Recording::open(Cursor::new(file)).unwrap();
    frames(&mut recording)
}

fn frames<S: std::io::Read + std::io::Seek>(recording: &mut Recording<S>) -> Vec<Frame> {
    std::iter::from_fn(|| recording.next_frame().unwrap()).collect()
}

fn packets(frames: &[Frame], kind: FrameKind) -> Vec<Packet> {
    let coded = frames
        .iter()
        .filter(|frame| frame.kind() == kind && frame.flags().is_coded());
    coded
        .map(|frame| {
            let dts = i64::from(frame.at().ms());
            let (composition, size) = if kind == FrameKind::Video {
                let header = video::Header::parse(frame.payload()).unwrap();
                let track = header.tracks().next().unwrap().unwrap();
                (i64::from(track.composition_ms), track.body.len())
            } else {
                let header = audio::Header::parse(frame.payload()).unwrap();
                (0, header.tracks().next().unwrap().unwrap().body.len())
            };
            Packet {
                dts,
                pts: dts + composition,
                size,
                is_key: kind == FrameKind::Audio || frame.flags().is_key_frame(),
            }
        })
        .collect()
}

/// What ffprobe reads, with all times so much later that nothing is before 0.
fn expected(peers: Peers, file: &Path) -> [Vec<Packet>; 2] {
    let what = "packet=codec_type,dts_time,pts_time,size,flags";
    let lines = probe_quiet(peers, file, &["-show_entries", what]);
    // A packet with side data has a line of its own for them.
    let rows = lines.iter().filter(|line| line.matches(',').count() >= 4);
    let rows: Vec<Vec<&str>> = rows.map(|line| line.split(',').collect()).collect();
    let seconds = |text: &str| text.parse::<f64>().unwrap();
    let earliest = rows.iter().map(|row| seconds(row[2])).fold(0.0, f64::min);
    let ms = |text: &str| whole((seconds(text) - earliest) * 1000.0);
    ["video", "audio"].map(|kind| {
        let rows = rows.iter().filter(|row| row[0] == kind);
        rows.map(|row| Packet {
            pts: ms(row[1]),
            dts: ms(row[2]),
            size: row[3].parse().unwrap(),
            is_key: row[4].starts_with('K'),
        })
        .collect()
    })
}

/// What the newer ffmpeg reads of FLV, for codecs that the older one does not know in it.
fn expected_of_enhanced(peers: Peers, file: &Path) -> [Vec<Packet>; 2] {
    let arguments = ["-c", "copy", "-copyts", "-f", "framecrc", "-"];
    let text = decode(peers, Peer::Ffmpeg9, file, &arguments);
    let rows: Vec<Vec<&str>> = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split(',').map(str::trim).collect())
        .collect();
    ["0", "1"].map(|stream| {
        let rows = rows.iter().filter(|row| row[0] == stream);
        rows.map(|row| Packet {
            dts: row[1].parse().unwrap(),
            pts: row[2].parse().unwrap(),
            size: row[4].parse().unwrap(),
            is_key: !row.iter().any(|column| column.starts_with("F=0x0")),
        })
        .collect()
    })
}

#[expect(clippy::cast_possible_truncation, reason = "a few seconds")]
fn whole(number: f64) -> i64 {
    number.round() as i64
}

#[track_caller]
fn check_alike(ours: &[Packet], theirs: &[Packet], what: &str) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    assert!(!ours.is_empty(), "{what}");
    for (one, other) in ours.iter().zip(theirs) {
        let near = |a: i64, b: i64| (a - b).abs() <= 1;
        assert!(
            near(one.dts, other.dts) && near(one.pts, other.pts),
            "{what}: {one:?} {other:?}"
        );
        assert_eq!(
            (one.size, one.is_key),
            (other.size, other.is_key),
            "{what}: {one:?}"
        );
    }
}

/// Makes a file, plays it, compares it, and reads what would be sent as FLV again.
fn check(name: &str, arguments: &[&str]) {
    check_by(name, arguments, expected);
}

fn check_by(name: &str, arguments: &[&str], expected: fn(Peers, &Path) -> [Vec<Packet>; 2]) {
    let Some(peers) = Peers::for_test() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let file = make(peers, Peer::Ffmpeg9, folder.path(), name, arguments);
    let theirs = expected(peers, &folder.path().join(name));
    let frames = play(file.clone());
    for (kind, theirs) in [FrameKind::Video, FrameKind::Audio]
        .into_iter()
        .zip(&theirs)
    {
        check_alike(
            &packets(&frames, kind),
            theirs,
            &format!("{name} {arguments:?}"),
        );
    }
    let coded = frames.iter().filter(|frame| frame.flags().is_coded());
    let times: Vec<_> = coded.map(|frame| frame.at().ms()).collect();
    assert!(times.is_sorted(), "{times:?}");
    check_seeks(file, &frames);
    check_decoded(peers, folder.path(), &frames, &theirs);
}

/// From every time the last key frame before is found, and all that follows it.
fn check_seeks(file: Vec<u8>, frames: &[Frame]) {
    let mut recording = Recording::open(Cursor::new(file)).unwrap();
    assert_eq!(recording.tracks(), FileTracks::AudioVideo);
    assert!(
        (1900..=2200).contains(&recording.duration().as_millis()),
        "{:?}",
        recording.duration()
    );
    let all = packets(frames, FrameKind::Video);
    for target in (0..2500_u32).step_by(37) {
        let found = recording
            .seek(adit_media::Timestamp::from_ms(target))
            .unwrap();
        let mut keys = all.iter().filter(|packet| packet.is_key);
        let best = keys.rfind(|packet| packet.dts <= i64::from(target));
        let best = best.map_or(all[0], |best| *best);
        assert_eq!(i64::from(found.ms()), best.dts, "{target}");
        if target % 5 == 0 {
            let rest = packets(&self::frames(&mut recording), FrameKind::Video);
            let expected: Vec<_> = all.iter().copied().filter(|p| p.dts >= best.dts).collect();
            assert_eq!(rest, expected, "{target}");
        }
    }
}

/// What is played is decoded by the newer ffmpeg without a complaint.
fn check_decoded(peers: Peers, folder: &Path, frames: &[Frame], theirs: &[Vec<Packet>; 2]) {
    let file = write(folder, "sent.flv", &flv(frames));
    let text = decode(
        peers,
        Peer::Ffmpeg9,
        &file,
        &[
            "-fps_mode",
            "passthrough",
            "-map",
            "0:v",
            "-f",
            "framecrc",
            "-",
        ],
    );
    let pictures = text.lines().filter(|line| line.starts_with("0,")).count();
    assert_eq!(pictures, theirs[0].len());
}

#[test]
fn flv_of_ffmpeg_is_played_as_it_is() {
    check("plain.flv", &["-c:v", "libx264", "-c:a", "aac"]);
    check(
        "mp3.flv",
        &["-c:v", "libx264", "-c:a", "libmp3lame", "-ar", "44100"],
    );
}

#[test]
fn flv_with_a_seek_index_is_played_as_it_is() {
    let flags = ["-flvflags", "add_keyframe_index"];
    let codecs = ["-c:v", "libx264", "-c:a", "aac"];
    check("indexed.flv", &[codecs.as_slice(), &flags].concat());
}

#[test]
fn enhanced_flv_of_ffmpeg_is_played_as_it_is() {
    let hevc = [
        "-c:v",
        "libx265",
        "-x265-params",
        "log-level=error:pools=1",
        "-c:a",
        "aac",
    ];
    check_by("hevc.flv", &hevc, expected_of_enhanced);
    check_by(
        "opus.flv",
        &["-c:v", "libx264", "-c:a", "libopus"],
        expected_of_enhanced,
    );
}

#[test]
fn mp4_with_h264_and_aac_is_played() {
    let codecs = ["-c:v", "libx264", "-c:a", "aac"];
    check("end.mp4", &codecs);
    check(
        "front.mp4",
        &[codecs.as_slice(), &["-movflags", "faststart"]].concat(),
    );
    check(
        "no-edits.mp4",
        &[codecs.as_slice(), &["-use_editlist", "0"]].concat(),
    );
    check("no-b.mp4", &[codecs.as_slice(), &["-bf", "0"]].concat());
    check(
        "negative.mp4",
        &[codecs.as_slice(), &["-movflags", "negative_cts_offsets"]].concat(),
    );
    check("quick.mov", &codecs);
}

#[test]
fn mp4_with_hevc_and_mp3_is_played() {
    check(
        "hevc.mp4",
        &[
            "-c:v",
            "libx265",
            "-tag:v",
            "hvc1",
            "-x265-params",
            "log-level=error:pools=1",
            "-c:a",
            "libmp3lame",
        ],
    );
}

#[test]
fn mp4_with_av1_and_opus_is_played() {
    check(
        "av1.mp4",
        &[
            "-c:v",
            "libaom-av1",
            "-cpu-used",
            "8",
            "-usage",
            "realtime",
            "-c:a",
            "libopus",
        ],
    );
}

#[test]
fn what_cannot_be_played_is_told_by_name() {
    let Some(peers) = Peers::for_test() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let error = |name: &str, arguments: &[&str]| {
        let file = make(peers, Peer::Ffmpeg9, folder.path(), name, arguments);
        Recording::open(Cursor::new(file)).unwrap_err().to_string()
    };
    assert_eq!(
        error("mpeg4.mp4", &["-c:v", "mpeg4", "-an"]),
        "nothing in the file can be played: it has mp4v"
    );
    assert!(
        error("clip.mkv", &["-c:v", "libx264", "-c:a", "aac"])
            .starts_with("this is neither FLV nor MP4")
    );
}

#[test]
fn a_second_sound_track_and_subtitles_are_left_out() {
    let Some(peers) = Peers::for_test() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let arguments = [
        "-map", "0:v", "-map", "1:a", "-map", "1:a", "-c:v", "libx264", "-c:a", "aac",
    ];
    let file = make(peers, Peer::Ffmpeg9, folder.path(), "two.mp4", &arguments);
    let recording = Recording::open(Cursor::new(file)).unwrap();
    let left_out: Vec<_> = recording
        .left_out()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(left_out, ["mp4a"]);
}
