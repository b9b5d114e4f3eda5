//! Recordings open wherever they were cut off, and say the truth once they were finished.

use std::io::Cursor;
use std::path::Path;
use std::time::Duration;

use adit_media::Frame;
use adit_media::record::{Recorder, StartTime};
use adit_media::repair::repair;
use adit_media::verify::verify;
use adit_testkit::peers::Peers;

use crate::tools::{FFMPEGS, clip, decode, flv, probe, probe_quiet, read, write};

/// A recording, and where it could have been cut off between two writes.
struct Recorded {
    recorder: Recorder,
    file: Vec<u8>,
    ends: Vec<usize>,
}

impl Recorded {
    fn new() -> Self {
        Self {
            recorder: Recorder::new(StartTime::Zero),
            file: Vec::new(),
            ends: Vec::new(),
        }
    }

    fn push(&mut self, frames: impl IntoIterator<Item = Frame>) {
        for frame in frames {
            let piece = self.recorder.push(&frame).unwrap();
            if !piece.is_empty() {
                self.file.extend_from_slice(&piece);
                self.ends.push(self.file.len());
            }
        }
    }

    fn patched(&self) -> Vec<u8> {
        let mut file = self.file.clone();
        for patch in self.recorder.finish() {
            let at = usize::try_from(patch.offset).unwrap();
            file[at..at + patch.bytes.len()].copy_from_slice(&patch.bytes);
        }
        file
    }
}

/// Joins a pattern in the middle: headers first, then media from 3 s on, which is inside a group of pictures.
fn joined_late(pattern: &str) -> impl Iterator<Item = Frame> {
    let clip = clip(pattern, 9000).into_iter().enumerate();
    clip.filter(|(at, frame)| *at < 3 || frame.at().ms() >= 3000)
        .map(|(_, frame)| frame)
}

#[test]
fn a_recording_opens_wherever_it_was_cut_off() {
    let Some(peers) = Peers::for_test() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut recorded = Recorded::new();
    recorded.push(clip("pattern:160x120,100k", 400));
    let first_picture = recorded.ends[3];
    // Metadata alone is no stream to ffprobe; a sequence header is.
    let boundaries = recorded.ends.iter().copied().skip(1);
    let anywhere = (first_picture..recorded.file.len()).step_by(211);
    for cut in boundaries.chain(anywhere) {
        let file = write(folder.path(), "cut.flv", &recorded.file[..cut]);
        let arguments = [
            "-count_packets",
            "-show_entries",
            "stream=codec_name,nb_read_packets",
        ];
        let seen = probe(peers, &file, &arguments);
        let whole = recorded
            .ends
            .iter()
            .filter(|end| **end <= cut)
            .count()
            .saturating_sub(3);
        let number = |codec: &str| {
            let line = seen.iter().find_map(|line| line.strip_prefix(codec));
            // `N/A` stands for none.
            line.and_then(|number| number.parse::<usize>().ok())
                .unwrap_or(0)
        };
        let packets = number("h264,") + number("aac,");
        assert!(
            (whole..=whole + 1).contains(&packets),
            "cut at {cut}: {seen:?}, {whole} whole"
        );
        assert!(
            cut < first_picture || number("h264,") > 0,
            "cut at {cut}: {seen:?}"
        );
    }
}

#[test]
fn a_finished_recording_tells_its_duration() {
    let Some(peers) = Peers::for_test() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut recorded = Recorded::new();
    recorded.push(joined_late("pattern:160x120,100k"));
    let file = write(folder.path(), "whole.flv", &recorded.patched());
    let format = probe(
        peers,
        &file,
        &[
            "-show_entries",
            "format=start_time,duration:format_tags=encoder",
        ],
    );
    // Sound from 3008 ms to the end of the last frame at 8981 + 21 ms; pictures begin with the key frame at 4 s.
    let seconds: Vec<f64> = format[0]
        .split(',')
        .take(2)
        .map(|n| n.parse().unwrap())
        .collect();
    assert!(seconds[0].abs() < 0.002, "{format:?}");
    assert!((seconds[1] - 6.0).abs() < 0.03, "{format:?}");
    assert!(format[0].ends_with("Adit test pattern"), "{format:?}");
}

#[test]
fn a_recording_of_a_stream_that_began_anew_is_decoded_without_a_warning() {
    let Some(peers) = Peers::for_test() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut recorded = Recorded::new();
    recorded.push(joined_late("pattern:160x120,100k"));
    recorded.push(clip("pattern:160x120,100k", 2000));
    recorded.recorder.restart();
    recorded.push(joined_late("pattern:160x120,100k"));
    for (name, bytes) in [
        ("unfinished", recorded.file.clone()),
        ("whole", recorded.patched()),
    ] {
        let file = write(folder.path(), name, &bytes);
        for peer in FFMPEGS {
            let text = decode(
                peers,
                peer,
                &file,
                &["-fps_mode", "passthrough", "-f", "framecrc", "-"],
            );
            let pictures = text.lines().filter(|line| line.starts_with("0,")).count();
            // From key frame at 4 s to 9 s, two seconds, five seconds again.
            assert_eq!(pictures, 150 + 60 + 150, "{peer}: {name}");
        }
        let times = probe(
            peers,
            &file,
            &["-select_streams", "v", "-show_entries", "packet=dts"],
        );
        // A packet with new headers stands on two lines, the second of them empty.
        let times: Vec<u32> = times
            .iter()
            .filter_map(|time| time.split(',').next().filter(|time| !time.is_empty()))
            .map(|time| time.parse().unwrap())
            .collect();
        assert!(times.is_sorted(), "{times:?}");
        let longest = times.windows(2).map(|pair| pair[1] - pair[0]).max();
        assert!(
            longest <= Some(1100),
            "{longest:?}: no holes but up to the next key frame"
        );
    }
}

/// Packets by ffprobe, which has nothing to complain about.
fn packets(peers: Peers, file: &Path) -> usize {
    let lines = probe_quiet(peers, file, &["-show_entries", "packet=codec_type"]);
    let media = ["video", "audio"];
    lines
        .iter()
        .filter(|line| media.iter().any(|kind| line.starts_with(kind)))
        .count()
}

#[test]
fn a_recording_is_quiet_whatever_has_been_written_of_its_index() {
    let Some(peers) = Peers::for_test() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut recorded = Recorded::new();
    recorded.push(clip("pattern:160x120,100k", 3000));
    let mut file = recorded.file.clone();
    for (step, patch) in recorded.recorder.finish().into_iter().enumerate() {
        let at = usize::try_from(patch.offset).unwrap();
        for cut in [patch.bytes.len() / 2, patch.bytes.len()] {
            file[at..at + cut].copy_from_slice(&patch.bytes[..cut]);
            let path = write(folder.path(), "finishing.flv", &file);
            assert_eq!(packets(peers, &path), 90 + 141, "step {step}, {cut} bytes");
        }
    }
    let path = write(folder.path(), "finished.flv", &file);
    let duration = probe_quiet(peers, &path, &["-show_entries", "format=duration"]);
    assert!(duration[0].starts_with("3.0"), "{duration:?}");
}

#[test]
fn a_recording_that_was_cut_off_is_quiet_once_it_is_repaired() {
    let Some(peers) = Peers::for_test() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut recorded = Recorded::new();
    recorded.push(clip("pattern:160x120,100k", 1000));
    let first_picture = recorded.ends[3];
    for cut in (first_picture..recorded.file.len()).step_by(997) {
        let repair = repair(Cursor::new(&recorded.file[..cut]), 0).unwrap();
        let mut file = recorded.file[..usize::try_from(repair.bytes()).unwrap()].to_vec();
        for patch in repair.patches() {
            let at = usize::try_from(patch.offset).unwrap();
            file[at..at + patch.bytes.len()].copy_from_slice(&patch.bytes);
        }
        let path = write(folder.path(), "repaired.flv", &file);
        let whole = recorded.ends.iter().filter(|end| **end <= cut).count() - 3;
        assert_eq!(packets(peers, &path), whole, "cut at {cut}");
    }
}

#[test]
fn a_recording_with_a_gap_that_was_gone_on_with_is_quiet_and_has_every_packet() {
    let Some(peers) = Peers::for_test() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut recorded = Recorded::new();
    recorded.push(clip("pattern:160x120,100k", 1000));
    let gap = recorded.recorder.gap(Duration::from_secs(3), 100);
    recorded.file.extend_from_slice(&gap);
    recorded.push(clip("pattern:160x120,100k", 1000));
    let mut file = recorded.patched();
    let mut recorder = repair(Cursor::new(&file), 0).unwrap().resume();
    for frame in clip("pattern:160x120,100k", 1000) {
        file.extend_from_slice(&recorder.push(&frame).unwrap());
    }
    for patch in recorder.finish() {
        let at = usize::try_from(patch.offset).unwrap();
        file[at..at + patch.bytes.len()].copy_from_slice(&patch.bytes);
    }
    assert_eq!(verify(Cursor::new(&file)).unwrap().findings, []);
    let path = write(folder.path(), "gone-on.flv", &file);
    assert_eq!(packets(peers, &path), 3 * (30 + 47));
    let what = ["-select_streams", "v", "-show_entries", "packet=dts,flags"];
    let lines = probe_quiet(peers, &path, &what);
    let rows = lines.iter().filter_map(|line| line.split_once(','));
    let times: Vec<u32> = rows.clone().filter_map(|(at, _)| at.parse().ok()).collect();
    assert!(times.is_sorted() && times.len() == 90, "{times:?}");
    assert_eq!(rows.filter(|(_, flags)| flags.starts_with('K')).count(), 3);
}

#[test]
fn files_of_ffmpeg_are_whole_to_us() {
    let Some(peers) = Peers::for_test() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let source = write(
        folder.path(),
        "source.flv",
        &flv(&clip("pattern:160x120,100k", 3000)),
    );
    for peer in FFMPEGS {
        for flags in [[].as_slice(), &["-flvflags", "add_keyframe_index"]] {
            let path = folder.path().join("copy.flv");
            let mut arguments = vec!["-c", "copy"];
            arguments.extend(flags);
            arguments.push(path.to_str().unwrap());
            decode(peers, peer, &source, &arguments);
            let report = verify(Cursor::new(read(&path))).unwrap();
            assert_eq!(report.findings, [], "{peer} {arguments:?}");
            assert_eq!(report.key_frames, 2);
        }
    }
}
