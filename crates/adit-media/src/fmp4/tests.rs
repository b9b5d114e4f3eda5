use std::fs;
use std::path::Path;
use std::process::Command;

use adit_testkit::clip::{AudioCodec, Clip, VideoCodec};
use adit_testkit::peers::{Peer, Peers};
use bytes::Bytes;
use shiguredo_mp4::demux::Fmp4SegmentDemuxer;

use super::{Access, Fragment, Run, Sample, Track, Unsupported, audio, fragment, init};
use crate::flv::{Next, Reader};
use crate::pattern::Pattern;
use crate::{Frame, FrameFlags, FrameKind, Timestamp};

/// A stream in fragments, and what is in them: track, time, length of time, whether one can begin there, bytes.
struct Made {
    init: Bytes,
    fragments: Vec<Fragment>,
    samples: Vec<(u32, u64, u32, bool, Bytes)>,
}

/// Where the decode times of a test begin, in seconds: beyond what 32 bits hold of 90,000 a second.
const BEGIN: u64 = 100_000;

/// All of `frames`, a fragment for each so many.
fn make(frames: &[Frame], each: usize) -> Made {
    let mut tracks: Vec<Track> = Vec::new();
    for frame in frames {
        let known = tracks.iter().any(|track| track.kind() == frame.kind());
        if !known && let Ok(track) = Track::described(frame) {
            tracks.push(track);
        }
        let mut known = tracks.iter_mut();
        if let Some(track) = known.find(|track| track.kind() == frame.kind())
            && let Some(resized) = track.changed_by(frame)
        {
            *track = resized;
        }
    }
    let mut made = Made {
        init: init(&tracks.iter().collect::<Vec<_>>()).unwrap(),
        fragments: Vec::new(),
        samples: Vec::new(),
    };
    for (sequence, part) in (1..).zip(frames.chunks(each)) {
        let runs: Vec<Run> = (1..)
            .zip(&tracks)
            .filter_map(|(id, track)| run(id, track, part))
            .collect();
        for run in &runs {
            let mut time = run.decode_time;
            for sample in &run.samples {
                let is_key = run.kind == FrameKind::Audio || sample.flags.is_key_frame();
                made.samples.push((
                    run.track,
                    time,
                    sample.duration,
                    is_key,
                    sample.payload.clone(),
                ));
                time += u64::from(sample.duration);
            }
        }
        made.fragments.extend(fragment(sequence, &runs));
    }
    made
}

fn run(id: u32, track: &Track, frames: &[Frame]) -> Option<Run> {
    let coded: Vec<_> = frames
        .iter()
        .filter_map(|frame| Some((frame, Access::of(frame, track)?)))
        .collect();
    let scale = u64::from(track.timescale());
    let first = u64::from(coded.first()?.0.at().ms());
    let samples = coded.iter().map(|(frame, access)| Sample {
        payload: access.payload.clone(),
        duration: access.duration.unwrap_or(track.timescale() / 15),
        composition: access.composition,
        flags: frame.flags(),
    });
    Some(Run {
        track: id,
        kind: track.kind(),
        decode_time: BEGIN * scale + first * scale / 1000,
        samples: samples.collect(),
    })
}

fn bytes(fragment: &Fragment) -> Vec<u8> {
    let bytes = fragment.pieces().concat();
    assert_eq!(bytes.len(), fragment.len());
    bytes
}

/// Asserts that another reader finds in `made` what was put in.
fn assert_read_back(made: &Made) {
    let mut reader = Fmp4SegmentDemuxer::new();
    reader.handle_init_segment(&made.init).unwrap();
    let mut found = Vec::new();
    for fragment in &made.fragments {
        let bytes = bytes(fragment);
        for sample in reader.handle_media_segment(&bytes).unwrap() {
            let start = usize::try_from(sample.data_offset).unwrap();
            let data = &bytes[start..start + sample.data_size];
            found.push((
                sample.track.track_id,
                sample.timestamp,
                sample.duration,
                sample.keyframe,
                Bytes::copy_from_slice(data),
            ));
        }
    }
    assert_eq!(found.len(), made.samples.len());
    for kind in 1..=2 {
        let of = |samples: &[(u32, u64, u32, bool, Bytes)]| -> Vec<_> {
            let samples = samples.iter().filter(|sample| sample.0 == kind);
            samples.cloned().collect()
        };
        assert!(of(&found) == of(&made.samples), "track {kind}");
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the clip was written by another program"
)]
fn read(file: &Path) -> Vec<Frame> {
    let mut reader = Reader::new();
    reader.handle_input(fs::read(file).unwrap().into());
    let mut frames = Vec::new();
    loop {
        match reader.poll().unwrap() {
            Next::Tag(tag) => frames.extend(tag.into_frame()),
            Next::Header(_) => {}
            _ => return frames,
        }
    }
}

/// Asserts that `file` is decoded without a complaint.
fn assert_decodes(peers: Peers, file: &Path) {
    let mut command = peers.ffmpeg(Peer::Ffmpeg9);
    command
        .args(["-v", "error", "-i"])
        .arg(file)
        .args(["-f", "null", "-"]);
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && told.trim().is_empty(),
        "{}: {told}",
        file.display()
    );
}

/// Codec, packets and the time of the first packet of each track, as ffprobe tells them.
fn probe(peers: Peers, file: &Path) -> Vec<(String, usize)> {
    let ffprobe = peers.path(Peer::Ffmpeg5).with_file_name("ffprobe");
    let mut command = Command::new(ffprobe);
    command.args(["-v", "error", "-count_packets", "-show_entries"]);
    command
        .args(["stream=codec_name,nb_read_packets", "-of", "csv=p=0"])
        .arg(file);
    let output = command.output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "",
        "{}",
        file.display()
    );
    let told = String::from_utf8(output.stdout).unwrap();
    let lines = told.lines().map(|line| line.trim_end_matches(','));
    // What stands beside some tracks is an empty line here.
    lines
        .filter(|line| !line.is_empty())
        .map(|line| {
            let (codec, packets) = line.split_once(',').unwrap();
            (codec.to_owned(), packets.parse().unwrap())
        })
        .collect()
}

#[expect(
    clippy::disallowed_methods,
    reason = "other programs are asked to read it"
)]
fn write(made: &Made, file: &Path) {
    let all = made.fragments.iter().flat_map(bytes);
    let whole: Vec<u8> = made.init.iter().copied().chain(all).collect();
    fs::write(file, whole).unwrap();
}

/// Makes a clip into fragments and asks all readers; `codecs` as browsers name them and as ffprobe does.
fn check(video: Option<VideoCodec>, audio: Option<AudioCodec>, codecs: &[(&str, &str)]) {
    let Some(peers) = Peers::for_test() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let frames = read(&Clip::new(video, audio, 3).make(peers, folder.path()));
    let made = make(&frames, 40);
    assert_read_back(&made);
    let named: Vec<String> = frames
        .iter()
        .filter_map(|frame| Track::described(frame).ok())
        .map(|track| track.codec().to_owned())
        .collect();
    for (codec, _) in codecs {
        assert!(
            named.iter().any(|name| name.starts_with(codec)),
            "{codec} in {named:?}"
        );
    }
    let file = folder.path().join("made.mp4");
    write(&made, &file);
    let probed = probe(peers, &file);
    assert_eq!(probed.len(), codecs.len(), "{probed:?}");
    let total: usize = probed.iter().map(|(_, packets)| packets).sum();
    assert_eq!(total, made.samples.len());
    for (_, codec) in codecs {
        assert!(
            probed.iter().any(|(name, _)| name == codec),
            "{codec} in {probed:?}"
        );
    }
    assert_decodes(peers, &file);
}

#[test]
fn h264_with_b_frames_and_aac() {
    check(
        Some(VideoCodec::H264),
        Some(AudioCodec::Aac),
        &[("avc1.", "h264"), ("mp4a.40.2", "aac")],
    );
}

#[test]
fn hevc_with_aac() {
    check(
        Some(VideoCodec::Hevc),
        Some(AudioCodec::Aac),
        &[("hvc1.", "hevc"), ("mp4a.40.2", "aac")],
    );
}

#[test]
fn av1_with_opus() {
    check(
        Some(VideoCodec::Av1),
        Some(AudioCodec::Opus),
        &[("av01.", "av1"), ("Opus", "opus")],
    );
}

#[test]
fn vp9_with_flac() {
    check(
        Some(VideoCodec::Vp9),
        Some(AudioCodec::Flac),
        &[("vp09.00.", "vp9"), ("fLaC", "flac")],
    );
}

#[test]
fn h264_with_ac3() {
    check(
        Some(VideoCodec::H264),
        Some(AudioCodec::Ac3),
        &[("avc1.", "h264"), ("ac-3", "ac3")],
    );
}

#[test]
fn eac3_alone() {
    check(None, Some(AudioCodec::Eac3), &[("ec-3", "eac3")]);
}

#[test]
fn only_key_frames_of_vp9_say_how_large_they_are() {
    let video = |payload: &[u8]| {
        let payload = Bytes::copy_from_slice(payload);
        Frame::classify(Timestamp::ZERO, FrameKind::Video, payload)
    };
    let header = b"\x90vp09\x00\x1f\x82\x02\x02\x02\0\0";
    let track = Track::described(&video(header)).unwrap();
    assert_eq!((track.codec(), track.size()), ("vp09.00.31.08", None));
    // 320 by 180, of a limited range.
    let key = |bytes: &[u8]| [&b"\x91vp09"[..], bytes].concat();
    let picture = key(b"\x82\x49\x83\x42\x20\x13\xf0\x0b\x30");
    let resized = track.changed_by(&video(&picture)).unwrap();
    assert_eq!(resized.size(), Some((320, 180)));
    assert_eq!(resized.changed_by(&video(&picture)), None, "nothing new");
    assert!(resized.is_as(&track) && resized != track);
    for (payload, why) in [
        (key(b"\x82\x49\x83\x42\x20\x13\xf0"), "cut off"),
        (key(b"\x86\x49\x83\x42\x20\x13\xf0\x0b\x30"), "no key"),
        (key(b"\x82\x49\x83\x43\x20\x13\xf0\x0b\x30"), "no mark"),
        (key(b"\x42\x49\x83\x42\x20\x13\xf0\x0b\x30"), "no frame"),
        (key(b""), "nothing"),
        (
            [&b"\xA1vp09"[..], &picture[5..]].concat(),
            "of a message that is no key frame",
        ),
    ] {
        assert_eq!(track.changed_by(&video(&payload)), None, "{why}");
    }
}

#[test]
fn mp3_alone() {
    check(None, Some(AudioCodec::Mp3), &[("mp4a.6b", "mp3")]);
}

#[test]
fn the_built_in_clip_is_read_back_however_it_is_cut() {
    let pattern = Pattern::new("pattern:320x180@30,200k,key=1".parse().unwrap());
    let frames: Vec<Frame> = pattern.take(300).collect();
    let track = frames.iter().find_map(|frame| {
        Track::described(frame)
            .ok()
            .filter(|it| it.kind() == FrameKind::Video)
    });
    assert_eq!(track.unwrap().size(), Some((320, 180)));
    for each in [1, 7, 300] {
        assert_read_back(&make(&frames, each));
    }
}

#[test]
fn nothing_makes_no_fragment() {
    assert_eq!(fragment(1, &[]), None);
    let run = Run {
        track: 1,
        kind: FrameKind::Video,
        decode_time: 0,
        samples: Vec::new(),
    };
    assert_eq!(fragment(1, &[run]), None);
}

#[test]
fn messages_that_describe_no_track_say_why() {
    use FrameKind::{Audio, Data, Video};
    for (kind, payload, why) in [
        (Video, &b""[..], Unsupported::NoDescription),
        (Video, b"\x17\x01\0\0\0x", Unsupported::NoDescription),
        (Video, b"\x17\x00\0\0\0", Unsupported::Configuration),
        (Video, b"\x17\x00\0\0\0\x01", Unsupported::Configuration),
        (Video, b"\x22x", Unsupported::NoDescription),
        (Video, b"\x90vp08x", Unsupported::Codec),
        (Video, b"\x90vp09x", Unsupported::Configuration),
        (Audio, b"\x90fLaCfLaC", Unsupported::Configuration),
        (Audio, b"\x91ac-3x", Unsupported::Configuration),
        (Video, b"\x90hvc1\x01", Unsupported::Configuration),
        (Video, b"\x90av01", Unsupported::Configuration),
        (Audio, b"\xAF\x01x", Unsupported::NoDescription),
        (Audio, b"\xAF\x00", Unsupported::Configuration),
        (Audio, b"\xAF\x00\xFF", Unsupported::Configuration),
        (Audio, b"\x90OpusOpusHead", Unsupported::Configuration),
        (Audio, b"\xB2x", Unsupported::Codec),
        (Audio, b"\x2Fnot mp3", Unsupported::Configuration),
        (Data, b"\x02\0\x01x", Unsupported::NoDescription),
    ] {
        let frame = Frame::classify(Timestamp::ZERO, kind, Bytes::from_static(payload));
        assert_eq!(Track::described(&frame), Err(why), "{payload:02x?}");
    }
}

#[test]
fn a_description_that_is_cut_off_anywhere_is_no_disaster() {
    let pattern = Pattern::new("pattern:320x180@30,200k,key=1".parse().unwrap());
    let headers = pattern
        .take(10)
        .filter(|frame| frame.flags().is_sequence_header());
    for header in headers {
        let whole = header.payload();
        for length in 0..=whole.len() {
            let cut = Frame::classify(header.at(), header.kind(), whole.slice(..length));
            let described = Track::described(&cut);
            assert!(length < whole.len() || described.is_ok());
        }
    }
}

#[test]
fn sound_says_how_long_it_lasts() {
    let track = |payload: &'static [u8]| {
        let frame = Frame::classify(
            Timestamp::ZERO,
            FrameKind::Audio,
            Bytes::from_static(payload),
        );
        Track::described(&frame).unwrap()
    };
    for (config, rate, samples) in [
        (&b"\xAF\x00\x12\x10"[..], 44_100, 1024),
        (b"\xAF\x00\x11\x90", 48_000, 1024),
        (b"\xAF\x00\x12\x14", 44_100, 960),
        // With spectral band replication, of which the half is counted: 24 kHz that become 48.
        (b"\xAF\x00\x2B\x11\x88\x00", 24_000, 1024),
    ] {
        let track = track(config);
        assert_eq!(track.timescale(), rate, "{config:02x?}");
        assert_eq!(
            audio::duration(&track.entry, b"x"),
            Some(samples),
            "{config:02x?}"
        );
    }
    let opus = track(b"\x90Opus");
    for (packet, samples) in [
        (&[0x00_u8][..], Some(480)),
        (&[0x18], Some(2880)),
        (&[0x60], Some(480)),
        (&[0x80], Some(120)),
        (&[0xF8], Some(960)),
        (&[0xF9], Some(1920)),
        (&[0xFB, 0x03], Some(2880)),
        (&[0xFB, 0x3F], Some(5760)),
        (&[0xFB, 0x00], None),
        (&[0xFB], None),
        (&[], None),
    ] {
        assert_eq!(
            audio::duration(&opus.entry, packet),
            samples,
            "{packet:02x?}"
        );
    }
    let flac = track(b"\x90fLaCfLaC\x80\0\0\x22\x10\0\x10\0\0\0\0\0\0\0\x0b\xb8\x02\xf0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
    assert_eq!((flac.timescale(), flac.codec()), (48_000, "fLaC"));
    for (packet, samples) in [
        (&b"\xFF\xF8\x1A\0\0"[..], Some(192)),
        (b"\xFF\xF8\x2A\0\0", Some(576)),
        (b"\xFF\xF8\x5A\0\0", Some(4608)),
        (b"\xFF\xF8\x6A\0\0\x0f", Some(16)),
        (b"\xFF\xF8\x7A\0\xC2\x80\x01\x00", Some(257)),
        (b"\xFF\xF8\x8A\0\0", Some(256)),
        (b"\xFF\xF9\xCA\0\0", Some(4096)),
        (b"\xFF\xF8\x0A\0\0", None),
        (b"\xFF\xF8\x7A\0\0\x01", None),
        (b"\xFF\xE8\xCA\0\0", None),
        (b"", None),
    ] {
        assert_eq!(
            audio::duration(&flac.entry, packet),
            samples,
            "{packet:02x?}"
        );
    }
    let mp3 = track(b"\x2F\xFF\xFB\x90\x64");
    assert_eq!((mp3.timescale(), mp3.codec()), (44_100, "mp4a.6b"));
    assert_eq!(audio::duration(&mp3.entry, b"\xFF\xF3\x90\x64"), Some(576));
}

#[test]
fn what_nothing_refers_to_is_marked() {
    let sample = |flags| Sample {
        payload: Bytes::from_static(b"x"),
        duration: 1,
        composition: 0,
        flags,
    };
    let run = Run {
        track: 1,
        kind: FrameKind::Video,
        decode_time: 0,
        samples: vec![
            sample(FrameFlags::CODED.with(FrameFlags::KEY_FRAME)),
            sample(FrameFlags::CODED),
            sample(FrameFlags::CODED.with(FrameFlags::DISPOSABLE)),
        ],
    };
    let bytes = bytes(&fragment(1, &[run]).unwrap());
    let flags = [0x0200_0000_u32, 0x0101_0000, 0x0181_0000];
    for flags in flags {
        let wanted = flags.to_be_bytes();
        assert!(bytes.windows(4).any(|found| found == wanted), "{flags:08x}");
    }
}

#[test]
fn a_record_of_high_profile_that_ends_early_is_described_all_the_same() {
    let mut clip = Pattern::new("pattern:320x180@30,200k,key=1".parse().unwrap());
    let header = clip
        .find(|frame| frame.kind() == FrameKind::Video && frame.flags().is_sequence_header())
        .unwrap();
    // Five bytes of FLV, the version, the profile; nothing behind the parameter sets.
    let mut payload = header.payload().to_vec();
    assert_eq!(payload[6], 66, "the clip is of baseline profile");
    payload[6] = 100;
    let frame = Frame::classify(header.at(), FrameKind::Video, payload.into());
    let track = Track::described(&frame).unwrap();
    let text = init(&[&track]).unwrap();
    assert!(text.windows(4).any(|name| name == b"avcC"));
    assert!(track.codec().starts_with("avc1.64"), "{}", track.codec());
}
