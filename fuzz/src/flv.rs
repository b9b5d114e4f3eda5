//! FLV: any split gives the same tags, frames survive being written, headers never fail.

use adit_media::{
    Frame, FrameKind, audio, data,
    flv::{FlvError, Next, Reader, Tag, TagKind, encode_frame, encode_header},
    video,
};
use bytes::{Bytes, BytesMut};

use crate::input::{Dice, Input};

/// One byte that decides the cuts, one for the limit of tags in 256 bytes (0: the default), then a file.
pub fn flv(data: &[u8]) {
    let mut input = Input::new(data);
    let dice = Dice::new(input.byte());
    let limit = u32::from(input.byte()) << 8;
    let file = input.rest();

    let whole = read(limit, [file]);
    assert_eq!(whole, read(limit, dice.cut(file)), "the split matters");
    let payload: usize = whole.tags.iter().map(|tag| tag.payload.len()).sum();
    assert!(
        payload <= file.len(),
        "{payload} bytes of payload out of less input"
    );
    check_offsets(&whole.tags, file);

    let frames: Vec<Frame> = whole.tags.into_iter().filter_map(Tag::into_frame).collect();
    for frame in &frames {
        check_frame(frame);
    }
    check_written(&frames);
}

/// What a reader gave, and how it ended.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    header: bool,
    tags: Vec<Tag>,
    error: Option<FlvError>,
}

fn read<'a>(limit: u32, pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let mut reader = if limit == 0 {
        Reader::new()
    } else {
        Reader::with_tag_limit(limit)
    };
    let mut outcome = Outcome {
        header: false,
        tags: Vec::new(),
        error: None,
    };
    let mut pieces = pieces.into_iter();
    loop {
        match reader.poll() {
            Ok(Next::Header(_)) => {
                assert!(!outcome.header && outcome.tags.is_empty(), "first and once");
                outcome.header = true;
            }
            Ok(Next::Tag(tag)) => outcome.tags.push(tag),
            Ok(Next::NeedMore) => match pieces.next() {
                Some(piece) => reader.handle_input(Bytes::copy_from_slice(piece)),
                None => reader.handle_eof(),
            },
            Ok(_) => return outcome,
            Err(error) => {
                assert_eq!(reader.poll(), Err(error), "an error is repeated");
                outcome.error = Some(error);
                return outcome;
            }
        }
    }
}

/// Tags lie behind each other in the file, and their bodies where they say.
fn check_offsets(tags: &[Tag], file: &[u8]) {
    for tag in tags {
        let body = usize::try_from(tag.offset)
            .ok()
            .and_then(|offset| file.get(offset..)?.get(11..));
        assert!(
            body.is_some_and(|body| body.starts_with(&tag.payload)),
            "{tag:?}"
        );
    }
    assert!(tags.is_sorted_by(|one, next| one.offset < next.offset));
}

fn check_frame(frame: &Frame) {
    let payload = frame.payload();
    match frame.kind() {
        FrameKind::Video => {
            if let Ok(header) = video::Header::parse(payload) {
                let body: usize = header
                    .tracks()
                    .flatten()
                    .map(|track| track.body.len())
                    .sum();
                assert!(body <= payload.len());
            }
        }
        FrameKind::Audio => {
            if let Ok(header) = audio::Header::parse(payload) {
                let body: usize = header
                    .tracks()
                    .flatten()
                    .map(|track| track.body.len())
                    .sum();
                assert!(body <= payload.len());
            }
        }
        FrameKind::Data => {
            assert!(data::name(payload).is_none_or(|name| name.len() <= payload.len()));
        }
    }
    let slots = frame.header_slots();
    assert!(slots.is_empty() || frame.flags().is_sequence_header());
    assert!(slots.len() <= payload.len(), "{} slots", slots.len());
}

/// Frames that are written to a file are read from it.
fn check_written(frames: &[Frame]) {
    let mut file = BytesMut::new();
    encode_header(adit_media::flv::FileTracks::AudioVideo, &mut file);
    for frame in frames {
        assert_eq!(encode_frame(frame, &mut file), Ok(()));
    }
    let outcome = read(0, [&file[..]]);
    assert_eq!((outcome.header, outcome.error), (true, None));
    assert!(
        outcome
            .tags
            .iter()
            .all(|tag| matches!(tag.kind, TagKind::Frame(_)))
    );
    let again: Vec<Frame> = outcome
        .tags
        .into_iter()
        .filter_map(Tag::into_frame)
        .collect();
    assert_eq!(again, frames);
}
