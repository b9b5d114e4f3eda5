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
    // What cannot be read, and what is no picture, is for nobody to play.
    check(
        &common,
        &[
            (Video, b""),
            (Video, b"\x9c"),
            (Video, &[0x52, 0]),
            (Audio, b""),
        ],
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
