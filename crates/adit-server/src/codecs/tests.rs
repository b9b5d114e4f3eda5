use std::sync::Arc;

use adit_media::{Frame, FrameKind, Timestamp};
use bytes::Bytes;

use super::*;

const AVC: &[u8] = &[0x17, 0, 0, 0, 0, 1, 0x64, 0, 0x1f, 0xff];
const AVC_FRAME: &[u8] = &[0x27, 1, 0, 0, 0, 9];
const HEVC_LEGACY: &[u8] = &[0x1c, 0, 0, 0, 0, 1];
const HEVC: &[u8] = b"\x90hvc1\x01";
const AVC_ENHANCED: &[u8] = b"\x90avc1\x01";
const AAC: &[u8] = &[0xaf, 0, 0x11, 0x90];
const MP3: &[u8] = &[0x2f, 9];
const OPUS: &[u8] = b"\x90Opus\x01";

fn rules(video: Option<&[VideoCodec]>, audio: Option<&[AudioCodec]>) -> CodecRules {
    CodecRules {
        video: video.map(<[_]>::to_vec),
        audio: audio.map(<[_]>::to_vec),
    }
}

/// What is said about the first message that may not be published.
fn said(rules: CodecRules, messages: &[(FrameKind, &[u8])]) -> Option<String> {
    let mut gate = CodecGate::new(Some(Arc::new(rules)));
    messages.iter().find_map(|(kind, payload)| {
        let payload = Bytes::copy_from_slice(payload);
        let frame = Frame::classify(Timestamp::ZERO, *kind, payload);
        let refused = gate.check(&frame).err()?;
        Some(refused.words("live"))
    })
}

#[track_caller]
fn check(rules: &CodecRules, messages: &[(FrameKind, &[u8])], expected: Option<&str>) {
    assert_eq!(said(rules.clone(), messages).as_deref(), expected);
}

#[test]
fn what_is_in_the_list_is_published_in_whatever_form_and_nothing_else() {
    use FrameKind::{Audio, Data, Video};
    let common = rules(
        Some(&[VideoCodec::H264]),
        Some(&[AudioCodec::Aac, AudioCodec::Opus]),
    );
    let usual = [
        (Data, &b"\x02\0\x0aonMetaData"[..]),
        (Video, AVC),
        (Audio, AAC),
    ];
    check(&common, &usual, None);
    check(
        &common,
        &[(Video, AVC), (Video, AVC_FRAME), (Video, AVC_ENHANCED)],
        None,
    );
    check(&common, &[(Audio, OPUS), (Audio, AAC)], None);
    let no_hevc = Some("live takes no hevc; video may be h264");
    for hevc in [HEVC, HEVC_LEGACY] {
        check(&common, &[(Video, hevc)], no_hevc);
        check(
            &common,
            &[(Video, AVC), (Video, AVC_FRAME), (Video, hevc)],
            no_hevc,
        );
    }
    check(
        &common,
        &[(Video, AVC), (Audio, MP3)],
        Some("live takes no mp3; audio may be aac, opus"),
    );
    // What has no word is in no list.
    check(
        &common,
        &[(Video, b"\x90zzzz\x01")],
        Some("live takes no zzzz; video may be h264"),
    );
    // What is no picture and no sound is for nobody to play.
    check(
        &common,
        &[
            (Video, b""),
            (Video, &[0x52, 0]),
            (Video, b"\xd1\x00"),
            (Video, b"\x92avc1"),
            (Audio, b""),
            (Audio, b"\x92Opus"),
        ],
        None,
    );
}

/// So many `ModEx` blocks that say nothing, and behind the last the packet type of coded frames.
fn behind_blocks(count: usize, first: u8, name: &[u8]) -> Vec<u8> {
    let mut message = vec![first | 7];
    for block in 1..=count {
        message.extend_from_slice(&[0, 0, if block == count { 0xf3 } else { 0xf7 }]);
    }
    message.extend_from_slice(name);
    message.push(1);
    message
}

#[test]
fn what_cannot_be_told_is_refused_where_there_are_rules_for_its_kind() {
    use FrameKind::{Audio, Video};
    let common = rules(Some(&[VideoCodec::H264]), Some(&[AudioCodec::Aac]));
    let none = rules(Some(&[]), Some(&[]));
    let long = behind_blocks(17, 0x90, b"hvc1");
    let long_audio = behind_blocks(17, 0x90, b"Opus");
    // The second track is longer than the message.
    let cut: &[u8] = b"\x96\x13avc1\x00\0\0\x01\x01\x01\0\0\x09\x01";
    let videos: [&[u8]; 5] = [
        &long,
        b"\x9c",
        b"\x96\x06hvc1",
        b"\x96\x33hvc1\x00\x01",
        b"\x96\x13avc1",
    ];
    let audios: [&[u8]; 3] = [&long_audio, b"\x95\x05Opus", b"\x95\x31Opus\x00\x01"];
    let taken = [("video may be h264", "audio may be aac"), ("", "")];
    for (rules, (video, audio)) in [&common, &none].into_iter().zip(taken) {
        let words = |kind: &str, taken: &str| match taken {
            "" => {
                format!("live takes no {kind}, and this is {kind} in a codec that cannot be told")
            }
            taken => format!("live takes no {kind} in a codec that cannot be told; {taken}"),
        };
        for message in videos {
            check(rules, &[(Video, message)], Some(&words("video", video)));
        }
        for message in audios {
            check(rules, &[(Audio, message)], Some(&words("audio", audio)));
        }
        // What can be told in part is told.
        let hevc = said(rules.clone(), &[(Video, b"\x91hvc1")]).unwrap();
        assert!(hevc.contains("hevc"), "{hevc}");
    }
    // What came before counts for nothing, what is for the other kind neither.
    let no_video = "live takes no video in a codec that cannot be told; video may be h264";
    for message in [&long[..], cut] {
        check(&common, &[(Video, AVC), (Video, message)], Some(no_video));
    }
    let sixteen = behind_blocks(16, 0x90, b"avc1");
    check(
        &common,
        &[(Video, &sixteen), (Video, b"\x91avc1"), (Audio, b"\xaf")],
        None,
    );
    check(
        &rules(None, Some(&[])),
        &videos.map(|message| (Video, message)),
        None,
    );
    check(
        &rules(Some(&[]), None),
        &audios.map(|message| (Audio, message)),
        None,
    );
}

#[test]
fn each_track_of_a_list_is_looked_at_each_time() {
    use FrameKind::Video;
    let common = rules(Some(&[VideoCodec::H264]), None);
    // Many tracks of many codecs: each has its own, a number, and its length.
    let both = b"\x96\x23avc1\x00\0\0\x01\x01hvc1\x01\0\0\x01\x01";
    let same = b"\x96\x03avc1\x00\x01";
    check(&common, &[(Video, same)], None);
    check(
        &common,
        &[(Video, AVC_ENHANCED), (Video, same), (Video, both)],
        Some("live takes no hevc; video may be h264"),
    );
}

#[test]
fn an_empty_list_is_none_of_that_kind_and_no_list_is_all() {
    use FrameKind::{Audio, Video};
    let no_audio = rules(None, Some(&[]));
    check(
        &no_audio,
        &[(Video, HEVC), (Video, AVC), (Audio, AAC)],
        Some("live takes no audio, and this is aac"),
    );
    check(&CodecRules::default(), &[(Video, HEVC), (Audio, MP3)], None);
    let mut gate = CodecGate::new(None);
    let frame = Frame::classify(Timestamp::ZERO, Video, Bytes::from_static(HEVC));
    assert_eq!(gate.check(&frame), Ok(()));
}

#[test]
fn clients_that_can_choose_are_told_what_is_taken() {
    let usual = EnhancedCapabilities::forwarding();
    let names = |list: &[(adit_amf::Text, CodecAbilities)]| -> Vec<String> {
        list.iter().map(|(name, _)| name.to_string()).collect()
    };
    let offer = rules(Some(&[VideoCodec::H264, VideoCodec::Vp6]), None).offer(&usual);
    let four_ccs: Vec<_> = offer.four_ccs.iter().map(ToString::to_string).collect();
    assert_eq!(
        four_ccs,
        ["avc1", "mp4a", ".mp3", "Opus", "fLaC", "ac-3", "ec-3"]
    );
    assert_eq!(names(&offer.video), ["avc1"]);
    assert_eq!(names(&offer.audio), ["*"]);
    assert_eq!(offer.extensions, usual.extensions);
}

#[test]
fn every_codec_has_a_word_of_its_own() {
    let mut words: Vec<_> = VideoCodec::ALL.iter().map(|codec| codec.as_str()).collect();
    words.extend(AudioCodec::ALL.iter().map(|codec| codec.as_str()));
    let count = words.len();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), count);
    for codec in VideoCodec::ALL {
        let four_cc = codec.four_cc().map(video::Codec::FourCc);
        assert!(four_cc.is_none_or(|four_cc| VideoCodec::of(four_cc) == Some(*codec)));
    }
}
