use bytes::Bytes;

use super::{Pattern, PatternError, PatternOptions, PatternSound};
use crate::limits::FLV_TAG_BYTES;
use crate::{Frame, FrameKind, audio, data, video};

fn options(text: &str) -> PatternOptions {
    text.parse().unwrap()
}

fn clip(text: &str, frames: usize) -> Vec<Frame> {
    Pattern::new(options(text)).take(frames).collect()
}

fn of_kind(frames: &[Frame], kind: FrameKind) -> Vec<&Frame> {
    let coded = |frame: &&Frame| frame.kind() == kind && frame.flags().is_coded();
    frames.iter().filter(coded).collect()
}

#[test]
fn texts_are_read() {
    let check =
        |text: &str, expected: &str| assert_eq!(options(text).to_string(), expected, "{text}");
    check("pattern:", "pattern:640x360@30,500k,key=2");
    check(
        "pattern:1280x720@30,2500k",
        "pattern:1280x720@30,2500k,key=2",
    );
    check("pattern:2.5M", "pattern:640x360@30,2500k,key=2");
    check("pattern:@25,0k", "pattern:640x360@25,0k,key=2");
    check(
        "pattern:no-audio,key=10,0.125M,96x4096,@1",
        "pattern:96x4096@1,125k,key=10,no-audio",
    );
    for (rate, told) in [
        ("29.97", "29.97"),
        ("23.976", "23.976"),
        ("23.98", "23.976"),
        ("59.94", "59.94"),
        ("119.88", "119.88"),
    ] {
        let (text, told) = (format!("@{rate}"), format!("@{told},500k"));
        check(
            &format!("pattern:{text}"),
            &format!("pattern:640x360{told},key=2"),
        );
    }
    check("pattern:100M", "pattern:640x360@30,100000k,key=2");
    assert_eq!(options("pattern:"), PatternOptions::default());
    assert_eq!(options("pattern:@25,key=4").gop(), 100);
    assert_eq!(options("pattern:no-audio").sound(), PatternSound::None);
}

#[test]
fn what_is_no_pattern_is_told() {
    let check = |text: &str, expected: &str| {
        let error: PatternError = text.parse::<PatternOptions>().unwrap_err();
        let message = error.to_string();
        assert!(message.starts_with(expected), "{text}: {message}");
    };
    check("clip.flv", "\"clip.flv\" does not begin with \"pattern:\"");
    for part in [
        "big",
        "1280x",
        "x720",
        "1280×720",
        "1280x720@",
        "@",
        "-5k",
        "k",
        "2.5555M",
        "1e3k",
        "key=",
        "key=x",
        "@29.98",
        "@24.975",
        "@29.97.0",
        "no-sound",
        "640x360x3",
    ] {
        check(
            &format!("pattern:{part}"),
            &format!("\"{part}\" is no part of a pattern"),
        );
    }
    check("pattern:,", "\"\" is no part of a pattern");
    check("pattern:94x360", "94x360: width and height must be even");
    check("pattern:641x360", "641x360: width and height must be even");
    check(
        "pattern:640x4098",
        "640x4098: width and height must be even",
    );
    check("pattern:99999999999x2", "4294967295x2: width and height");
    check("pattern:@0", "0 pictures a second");
    check("pattern:@121", "121 pictures a second");
    check("pattern:100.001M", "\"100.001M\": bit rates go up to 100M");
    check("pattern:key=0", "key=0: between 1 and 60");
    check("pattern:key=61", "key=61: between 1 and 60");
    check(
        "pattern:4096x4096",
        "4096x4096@30 is more than H.264 level 5.2 allows",
    );
    check("pattern:@30,640x360@30", "\"640x360@30\" says again");
    check(
        "pattern:@1,100M",
        "100000k at 1 pictures a second makes messages of 12500064 bytes, 10485760 are possible",
    );
    check(
        "pattern:@1,83886k",
        "83886k at 1 pictures a second makes messages of 10485814",
    );
    check("pattern:1k,2k", "\"2k\" says again");
}

#[test]
fn metadata_and_headers_come_first() {
    let frames = clip("pattern:", 4);
    let [metadata, video_header, audio_header, first] = &frames[..] else {
        panic!("four frames")
    };
    assert_eq!(data::name(metadata.payload()), Some("onMetaData"));
    assert!(metadata.flags().is_metadata());
    assert!(video_header.flags().is_sequence_header());
    assert!(audio_header.flags().is_sequence_header());
    assert!(first.flags().is_key_frame());
    assert!(frames.iter().all(|frame| frame.at().ms() == 0));
    assert_eq!(Pattern::new(options("pattern:")).headers(), frames[..3]);
}

#[test]
fn without_sound_there_is_no_audio_at_all() {
    let frames = clip("pattern:no-audio", 100);
    assert!(frames.iter().all(|frame| frame.kind() != FrameKind::Audio));
    assert!(frames[2].flags().is_key_frame());
}

#[test]
fn headers_are_made_once() {
    for (text, headers) in [("pattern:", 3), ("pattern:no-audio", 2)] {
        let mut pattern = Pattern::new(options(text));
        assert_eq!(pattern.begin.len(), headers, "{text}");
        assert_eq!(pattern.by_ref().take(headers).count(), headers);
        assert_eq!(pattern.begin.len(), 0, "{text}");
    }
}

#[test]
fn no_message_is_longer_than_servers_and_readers_take() {
    for text in ["pattern:96x96@1,83885k", "pattern:3840x2160@2,100M"] {
        let frames = clip(text, 200);
        let longest = frames.iter().map(|frame| frame.payload().len()).max();
        assert!(longest <= Some(FLV_TAG_BYTES.try_into().unwrap()), "{text}");
    }
}

#[test]
fn our_own_readers_understand_the_headers() {
    let frames = clip("pattern:320x180", 200);
    for frame in &frames {
        match frame.kind() {
            FrameKind::Video => {
                let header = video::Header::parse(frame.payload()).unwrap();
                let track = header.tracks().next().unwrap().unwrap();
                assert_eq!((track.codec, track.composition_ms), (video::Codec::Avc, 0));
            }
            FrameKind::Audio => {
                let header = audio::Header::parse(frame.payload()).unwrap();
                let track = header.tracks().next().unwrap().unwrap();
                assert_eq!(track.codec, audio::Codec::Aac);
            }
            FrameKind::Data => assert!(frame.flags().is_metadata()),
        }
    }
}

#[test]
fn a_key_frame_comes_every_two_seconds() {
    let frames = clip("pattern:@25,key=2", 800);
    let keys = frames.iter().filter(|frame| frame.flags().is_key_frame());
    let times: Vec<_> = keys.map(|frame| frame.at().ms()).take(5).collect();
    assert_eq!(times, [0, 2000, 4000, 6000, 8000]);
}

#[test]
fn time_goes_on_at_the_rate_that_was_asked_for() {
    let frames = clip("pattern:@30", 400);
    let times = |kind| {
        of_kind(&frames, kind)
            .into_iter()
            .map(|frame| frame.at().ms())
    };
    let starts: Vec<_> = times(FrameKind::Video).take(5).collect();
    assert_eq!(starts, [0, 33, 66, 100, 133]);
    let starts: Vec<_> = times(FrameKind::Audio).take(5).collect();
    assert_eq!(starts, [0, 21, 42, 64, 85]);
    assert!(
        frames
            .windows(2)
            .all(|pair| pair[0].at().ms() <= pair[1].at().ms())
    );
}

#[test]
fn thirty_thousand_pictures_at_2997_take_1001_seconds() {
    let frames = clip("pattern:96x96@29.97,no-audio,0k", 30_003);
    let times: Vec<_> = frames[2..].iter().map(|frame| frame.at().ms()).collect();
    assert_eq!(times[..5], [0, 33, 66, 100, 133]);
    assert_eq!(times[30], 1001);
    assert_eq!(times[30_000], 1_001_000);
    let rate = options("pattern:@29.97").rate();
    assert_eq!(rate.nominal(), 30);
    assert!((rate.per_second() - 29.970_029_97).abs() < 1e-8);
}

#[test]
fn equal_options_give_equal_frames() {
    assert_eq!(clip("pattern:2M", 300), clip("pattern:2M", 300));
}

#[test]
fn no_two_pictures_of_a_second_are_alike() {
    let frames = clip("pattern:0k", 80);
    let pictures: Vec<_> = of_kind(&frames, FrameKind::Video);
    for pair in pictures[..30].windows(2) {
        assert_ne!(pair[0].payload(), pair[1].payload());
    }
}

#[test]
fn the_bit_rate_is_met_in_every_second() {
    let check = |text: &str, kbps: usize| {
        let frames = clip(text, 400);
        let video = of_kind(&frames, FrameKind::Video);
        for second in video.chunks_exact(30) {
            let bytes: usize = second.iter().map(|frame| frame.payload().len()).sum();
            let off = (bytes * 8).abs_diff(kbps * 1000);
            assert!(off * 200 <= kbps * 1000, "{text}: {} bit/s", bytes * 8);
        }
    };
    check("pattern:500k", 500);
    check("pattern:1280x720,2.5M", 2500);
    check("pattern:50M", 50_000);
}

#[test]
fn without_a_bit_rate_the_clip_is_small() {
    let frames = clip("pattern:0k", 400);
    let video = of_kind(&frames, FrameKind::Video);
    let bytes: usize = video
        .iter()
        .take(150)
        .map(|frame| frame.payload().len())
        .sum();
    assert!(bytes < 5 * 60_000 / 8, "{bytes} bytes in 5 s");
}

#[test]
fn a_beep_sounds_each_second_but_the_first() {
    let frames = clip("pattern:", 1000);
    let audio = of_kind(&frames, FrameKind::Audio);
    let silence: &Bytes = audio[0].payload();
    let loud: Vec<_> = audio
        .iter()
        .map(|frame| frame.payload() != silence)
        .collect();
    let runs = loud
        .windows(2)
        .enumerate()
        .filter(|(_, pair)| !pair[0] && pair[1]);
    // The frame before the tone begins it, as transforms overlap.
    let begins: Vec<_> = runs.map(|(at, _)| audio[at + 2].at().ms()).collect();
    assert!(begins.len() >= 9, "{begins:?}");
    for (second, begin) in (1..).zip(begins) {
        assert!(
            begin.abs_diff(second * 1000) <= 11,
            "second {second} at {begin} ms"
        );
    }
    let longest = loud.split(|loud| !loud).map(<[_]>::len).max();
    assert_eq!(longest, Some(5));
}

#[test]
fn small_pictures_have_no_clock_and_are_whole_all_the_same() {
    for text in [
        "pattern:96x96@1",
        "pattern:160x120@120",
        "pattern:3840x2160@60",
    ] {
        assert_eq!(clip(text, 20).len(), 20);
    }
}
