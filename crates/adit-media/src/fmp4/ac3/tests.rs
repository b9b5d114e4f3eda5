use bytes::Bytes;

use super::*;
use crate::fmp4::{Access, init};
use crate::{Frame, Timestamp};

/// The first bytes of what ffmpeg makes of 5.1 at 384 kbit/s and 48 kHz.
const AC3_BEGIN: &[u8] = b"\x0b\x77\x1e\x8b\x1c\x40\xeb\xf8\x40\x3e";
const EAC3_BEGIN: &[u8] = b"\x0b\x77\x02\xff\x3f\x87\xc0\x00";

fn message(name: &[u8], body: &[u8]) -> Frame {
    let payload = [&b"\x91"[..], name, body].concat();
    Frame::classify(Timestamp::ZERO, FrameKind::Audio, payload.into())
}

/// A frame of so many bytes that begins so.
fn frame(begin: &[u8], bytes: usize) -> Vec<u8> {
    let mut frame = begin.to_vec();
    frame.resize(bytes, 0);
    frame
}

/// A header of E-AC-3 with all of `fields`, value and bits.
fn header(fields: &[(u32, u32)]) -> Vec<u8> {
    let mut out = BitsOut::default();
    out.put(SYNC, 16);
    for (value, count) in fields {
        out.put(*value, *count);
    }
    [out.into_bytes(), vec![0; 8]].concat()
}

/// A substream of 64 bytes: kind, number, rate, blocks, layout, low frequencies, then `rest` behind the loudness.
fn substream(kind: u32, number: u32, layout: u32, rest: &[(u32, u32)]) -> Vec<u8> {
    let mut fields = vec![(kind, 2), (number, 3), (31, 11), (0, 2), (3, 2)];
    fields.extend([(layout, 3), (0, 1), (16, 5), (1, 5), (0, 1)]);
    fields.extend(rest);
    frame(&header(&fields), 64)
}

/// Checks how a message is described: codec, rate, channels, and its box with its name.
fn check(frame: &Frame, told: (&str, u32, u16), named: &[u8]) {
    let track = Track::described(frame).unwrap();
    assert_eq!((track.codec(), track.timescale()), (told.0, told.1));
    let init = init(&[&track]).unwrap();
    let find = |wanted: &[u8]| init.windows(wanted.len()).position(|part| part == wanted);
    let entry = find(&[told.0.as_bytes(), &[0; 6]].concat()).unwrap();
    assert_eq!(init[entry + 20..entry + 22], told.2.to_be_bytes());
    let length = u32::try_from(named.len() + 4).unwrap().to_be_bytes();
    assert!(find(&[&length, named].concat()).is_some(), "{named:02x?}");
}

#[test]
fn what_ffmpeg_makes_is_described_as_ffmpeg_does_it() {
    let ac3 = message(b"ac-3", &frame(AC3_BEGIN, 1536));
    check(&ac3, ("ac-3", 48_000, 6), b"dac3\x10\x3d\xc0");
    let eac3 = message(b"ec-3", &frame(EAC3_BEGIN, 1536));
    check(&eac3, ("ec-3", 48_000, 6), b"dec3\x0c\x00\x20\x0f\x00");
}

#[test]
fn programs_and_the_channels_that_are_added_to_them_are_counted() {
    // 7.1: 5.1 without low frequencies here, and two more behind; then a second program, in mono.
    let rear = substream(1, 0, 2, &[(1, 1), (1 << 9, 16)]);
    let all = [
        substream(0, 0, 7, &[]),
        rear.clone(),
        substream(0, 1, 1, &[]),
        // The next moment adds nothing.
        substream(0, 0, 7, &[]),
        rear,
    ];
    let message = message(b"ec-3", &all.concat());
    // 192 bytes of 32 ms are 48 kbit/s; two programs; the first with one that is at place 1.
    let dec3 = b"dec3\x01\x81\x20\x0e\x02\x02\x20\x02\x00";
    check(&message, ("ec-3", 48_000, 7), dec3);
    let track = Track::described(&message).unwrap();
    assert_eq!(Access::of(&message, &track).unwrap().duration, Some(3072));
}

#[test]
fn the_mode_stands_behind_everything_that_may_be_before_it() {
    let mode = |rest: &[(u32, u32)], layout| {
        let body = substream(0, 0, layout, rest);
        Substream::parse(&body).unwrap().service.mode
    };
    assert_eq!(mode(&[(0, 1), (1, 1), (5, 3)], 7), 5);
    assert_eq!(mode(&[(0, 1), (0, 1)], 7), 0);
    // Mixing of three channels in front and two behind: levels, no scales, 12 bits of data, a setting for each of six blocks.
    let mut mixing = vec![
        (1, 1),
        (2, 2),
        (9, 6),
        (9, 6),
        (0, 2),
        (2, 2),
        (77, 12),
        (1, 1),
    ];
    mixing.extend([(1, 1), (3, 5), (0, 1), (0, 1), (0, 1), (0, 1), (0, 1)]);
    mixing.extend([(1, 1), (6, 3)]);
    assert_eq!(mode(&mixing, 7), 6);
    // Of stereo, with 3 bytes of data.
    let mixing = [
        (1, 1),
        (1, 1),
        (5, 6),
        (0, 1),
        (3, 2),
        (1, 5),
        (0xAB_CDEF, 24),
        (0, 1),
        (1, 1),
        (3, 3),
    ];
    assert_eq!(mode(&mixing, 2), 3);
}

#[test]
fn every_rate_has_its_frames() {
    let plain = |rate: u32, size: u32| {
        let mut out = BitsOut::default();
        for (value, count) in [
            (SYNC, 16),
            (0, 16),
            (rate, 2),
            (size, 6),
            (8, 5),
            (0, 3),
            (2, 3),
        ] {
            out.put(value, count);
        }
        out.put(0, 8);
        Plain::parse(&out.into_bytes()).map(|frame| (frame.rate, frame.bytes))
    };
    assert_eq!(plain(0, 20), Some((48_000, 768)));
    assert_eq!(plain(1, 20), Some((44_100, 834)));
    assert_eq!(plain(1, 21), Some((44_100, 836)));
    assert_eq!(plain(2, 37), Some((32_000, 3840)));
    assert_eq!(plain(0, 38), None);
    assert_eq!(plain(3, 20), None);
    let half = |half| {
        let fields = [(0, 5), (31, 11), (3, 2), (half, 2), (2, 3), (0, 1), (16, 5)];
        Substream::parse(&header(&fields)).map(|frame| (frame.rate, frame.samples))
    };
    assert_eq!(half(0), Some((24_000, 1536)));
    assert_eq!(half(2), Some((16_000, 1536)));
    assert_eq!(half(3), None);
    for (code, samples) in [(0, 256), (1, 512), (2, 768), (3, 1536)] {
        let fields = [(0, 5), (31, 11), (0, 2), (code, 2), (2, 3), (0, 1), (16, 5)];
        let frame = Substream::parse(&header(&fields)).unwrap();
        assert_eq!((frame.samples, frame.bytes), (samples, 64));
    }
}

#[test]
fn what_is_no_frame_is_described_by_nothing() {
    for (name, begin) in [(b"ac-3", AC3_BEGIN), (b"ec-3", EAC3_BEGIN)] {
        let needed = if name == b"ac-3" { 7 } else { 6 };
        for length in 1..begin.len() {
            let described = Track::described(&message(name, &begin[..length]));
            assert_eq!(described.is_ok(), length >= needed, "{length} of {name:?}");
        }
    }
    let plain = |at: usize, value: u8| {
        let mut begin = AC3_BEGIN.to_vec();
        begin[at] = value;
        message(b"ac-3", &begin)
    };
    let enhanced = |at: usize, value: u8| {
        let mut begin = EAC3_BEGIN.to_vec();
        begin[at] = value;
        message(b"ec-3", &begin)
    };
    for (frame, why) in [
        (plain(1, 0x78), "no mark"),
        (plain(4, 0xDC), "a reserved rate"),
        (plain(4, 0x26), "a reserved size"),
        (plain(5, 0x48), "a version of half the rate"),
        (plain(5, 0x80), "the version of the other codec"),
        (enhanced(2, 0xC2), "a reserved kind"),
        (enhanced(2, 0x42), "a dependent one first"),
        (enhanced(4, 0xFF), "a reserved rate"),
        (enhanced(5, 0x40), "the version of the other codec"),
        (enhanced(5, 0xFF), "a version that is not known"),
    ] {
        assert_eq!(
            Track::described(&frame),
            Err(Unsupported::Configuration),
            "{why}"
        );
    }
    let many = [substream(0, 0, 2, &[]), substream(1, 0, 2, &[]).repeat(16)].concat();
    let many = Track::described(&message(b"ec-3", &many));
    assert_eq!(
        many,
        Err(Unsupported::Configuration),
        "16 that depend on one"
    );
    for payload in [
        &b"\x90ac-3"[..],
        b"\x90ec-3x",
        b"\x94ac-3\x01\x06\0\0\x06\x0f",
    ] {
        let header = Frame::classify(
            Timestamp::ZERO,
            FrameKind::Audio,
            Bytes::from_static(payload),
        );
        assert_eq!(Track::described(&header), Err(Unsupported::NoDescription));
    }
}

#[test]
fn any_bytes_are_no_disaster() {
    let mut seed = 0x2545_F491_4F6C_DD1D_u64;
    for _ in 0..20_000 {
        let mut body: Vec<u8> = b"\x0b\x77".to_vec();
        for _ in 0..40 {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            body.extend(seed.to_be_bytes().first());
        }
        for name in [b"ac-3", b"ec-3"] {
            let frame = message(name, &body);
            if let Ok(track) = Track::described(&frame) {
                assert!(Access::of(&frame, &track).unwrap().duration.unwrap() >= 256);
            }
        }
    }
}

#[test]
fn another_rate_or_number_of_channels_is_another_track() {
    let first = message(b"ac-3", &frame(AC3_BEGIN, 1536));
    let track = Track::described(&first).unwrap();
    assert_eq!(track.changed_by(&first), None);
    let mut other = frame(AC3_BEGIN, 1536);
    other[5..8].copy_from_slice(b"\x40\x40\0");
    let stereo = track.changed_by(&message(b"ac-3", &other)).unwrap();
    assert!(!stereo.is_as(&track));
    check(
        &message(b"ac-3", &other),
        ("ac-3", 48_000, 2),
        b"dac3\x10\x11\xc0",
    );
    other[4] |= 0x80;
    assert_eq!(
        stereo
            .changed_by(&message(b"ac-3", &other))
            .unwrap()
            .timescale(),
        32_000
    );
    assert_eq!(
        track.changed_by(&message(b"ac-3", b"x")),
        None,
        "it may be damaged"
    );
}
