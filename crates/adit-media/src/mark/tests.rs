use super::*;
use crate::{audio, video};

/// The codecs that the header of a message names.
fn codecs(kind: FrameKind, payload: &[u8]) -> Vec<String> {
    match kind {
        FrameKind::Video => video::Header::parse(payload).map_or_else(
            |_| Vec::new(),
            |header| {
                let tracks = header.tracks().flatten();
                tracks.map(|track| format!("{:?}", track.codec)).collect()
            },
        ),
        _ => audio::Header::parse(payload).map_or_else(
            |_| Vec::new(),
            |header| {
                let tracks = header.tracks().flatten();
                tracks.map(|track| format!("{:?}", track.codec)).collect()
            },
        ),
    }
}

/// Every first byte, with what may follow it.
fn messages() -> impl Iterator<Item = Vec<u8>> {
    let rests: [&[u8]; 5] = [
        b"hvc1\0\0\0\x01",
        b"avc1\0\0\0\x01",
        b"Opus\0\0\0\x01",
        // One track of a list, its codec and its number.
        b"\x01Opus\0\x01",
        b"\x01hvc1\0\x01",
    ];
    (0..=u8::MAX).flat_map(move |first| {
        rests.into_iter().map(move |rest| {
            let mut payload = vec![first];
            payload.extend_from_slice(rest);
            payload
        })
    })
}

#[test]
fn messages_with_equal_marks_are_of_one_codec() {
    for kind in [FrameKind::Video, FrameKind::Audio] {
        let marked: Vec<_> = messages()
            .filter_map(|payload| {
                let mark = CodecMark::of(kind, &payload)?;
                let codecs = codecs(kind, &payload);
                (!codecs.is_empty()).then_some((mark, codecs, payload))
            })
            .collect();
        assert!(marked.len() > 200, "{}", marked.len());
        for (mark, codecs, payload) in &marked {
            assert_eq!(codecs.len(), 1, "{payload:x?}");
            let named = match kind {
                FrameKind::Video => format!("{:?}", mark.video()),
                _ => format!("{:?}", mark.audio()),
            };
            assert_eq!(codecs, &[named], "{payload:x?}");
            let mut alike = marked.iter().filter(|(other, ..)| other == mark);
            assert!(alike.all(|(_, other, _)| other == codecs), "{payload:x?}");
        }
    }
}

#[test]
fn what_names_its_codec_elsewhere_has_no_mark() {
    for (kind, payload) in [
        (FrameKind::Video, &b"\x96\x00avc1"[..]),
        (FrameKind::Video, b"\x97\x01avc1"),
        (FrameKind::Video, b"\x91avc"),
        (FrameKind::Video, b"\x57\x00"),
        (FrameKind::Video, b""),
        (FrameKind::Audio, b"\x95\x00Opus"),
        (FrameKind::Audio, b"\x97\x01Opus"),
        (FrameKind::Audio, b"\x90"),
        (FrameKind::Audio, b""),
        (FrameKind::Data, b"\x02\x00\x0aonMetaData"),
    ] {
        assert_eq!(CodecMark::of(kind, payload), None, "{payload:x?}");
    }
}
