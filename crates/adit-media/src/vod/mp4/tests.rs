use std::io::{Cursor, Read, Seek, SeekFrom};

use crate::flv::FileTracks;
use crate::limits::{MP4_BOXES, MP4_SAMPLE_BYTES, MP4_TABLE_BYTES, MP4_TRACKS};
use crate::vod::{Recording, VodError};
use crate::{FrameKind, Timestamp};

pub(super) fn a_box(name: [u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let size = u32::try_from(body.len() + 8).unwrap();
    [size.to_be_bytes().as_slice(), &name, &body].concat()
}

/// A box with version, flags and numbers.
pub(super) fn table(name: [u8; 4], numbers: &[u32]) -> Vec<u8> {
    let numbers: Vec<_> = numbers.iter().flat_map(|n| n.to_be_bytes()).collect();
    a_box(name, &[&[0; 4], &numbers])
}

/// What differs from track to track.
pub(super) struct Given<'a> {
    pub(super) handler: &'a [u8; 4],
    pub(super) entry: Vec<u8>,
    pub(super) stts: &'a [u32],
    pub(super) stsz: &'a [u32],
    pub(super) chunk: u32,
    pub(super) edits: &'a [u32],
}

fn video_entry(config: &[u8]) -> Vec<u8> {
    let mut fields = [0; 78];
    fields[24..28].copy_from_slice(&[0, 160, 0, 90]);
    a_box(*b"avc1", &[&fields, &a_box(*b"avcC", &[config])])
}

impl Default for Given<'_> {
    /// Three pictures of two bytes, 40 ms each, behind the `ftyp` box and the header of `mdat`.
    fn default() -> Self {
        Self {
            handler: b"vide",
            entry: video_entry(b"\x01config"),
            stts: &[1, 3, 40],
            stsz: &[2, 3],
            chunk: 16,
            edits: &[],
        }
    }
}

fn trak(given: &Given<'_>) -> Vec<u8> {
    trak_with(&[], given)
}

/// The same with a box in front.
pub(super) fn trak_with(head: &[u8], given: &Given<'_>) -> Vec<u8> {
    let stsd = a_box(*b"stsd", &[&[0, 0, 0, 0, 0, 0, 0, 1], &given.entry]);
    let stbl = a_box(
        *b"stbl",
        &[
            &stsd,
            &table(*b"stts", given.stts),
            &table(*b"stsc", &[1, 1, 3, 1]),
            &table(*b"stsz", given.stsz),
            &table(*b"stco", &[1, given.chunk]),
            &table(*b"stss", &[1, 1]),
        ],
    );
    let handler = a_box(*b"hdlr", &[&[0; 8], given.handler, &[0; 13]]);
    let scale = table(*b"mdhd", &[0, 0, 1000, 0, 0]);
    let mdia = a_box(*b"mdia", &[&scale, &handler, &a_box(*b"minf", &[&stbl])]);
    let edts = a_box(*b"edts", &[&table(*b"elst", given.edits)]);
    let edts = if given.edits.is_empty() {
        Vec::new()
    } else {
        edts
    };
    a_box(*b"trak", &[head, &edts, &mdia])
}

fn file(traks: &[Vec<u8>]) -> Vec<u8> {
    let mut header = vec![0; 4 + 24 * 4];
    header[14] = 3;
    header[15] = 232;
    let mvhd = a_box(*b"mvhd", &[&header]);
    let moov = a_box(*b"moov", &[&mvhd, &traks.concat()]);
    [a_box(*b"ftyp", &[]), a_box(*b"mdat", &[b"aabbcc"]), moov].concat()
}

pub(super) fn open(file: Vec<u8>) -> Result<Recording<Cursor<Vec<u8>>>, VodError> {
    Recording::open(Cursor::new(file))
}

/// Times and payloads of what is not metadata.
pub(super) fn played(recording: &mut Recording<Cursor<Vec<u8>>>) -> Vec<(u32, Vec<u8>)> {
    let frames = std::iter::from_fn(|| recording.next_frame().unwrap());
    frames
        .filter(|frame| frame.kind() != FrameKind::Data)
        .map(|frame| (frame.at().ms(), frame.payload().to_vec()))
        .collect()
}

#[track_caller]
fn check_error(traks: &[Vec<u8>], expected: &str) {
    assert_eq!(open(file(traks)).unwrap_err().to_string(), expected);
}

#[test]
fn samples_become_messages_behind_their_header() {
    let mut recording = open(file(&[trak(&Given::default())])).unwrap();
    let frames = [
        (0, b"\x17\x00\x00\x00\x00\x01config".to_vec()),
        (0, b"\x17\x01\x00\x00\x00aa".to_vec()),
        (40, b"\x27\x01\x00\x00\x00bb".to_vec()),
        (80, b"\x27\x01\x00\x00\x00cc".to_vec()),
    ];
    assert_eq!(played(&mut recording), frames);
    assert_eq!(recording.duration().as_millis(), 120);
    assert_eq!(recording.tracks(), FileTracks::Video);
    assert_eq!(
        recording.seek(Timestamp::from_ms(100)).unwrap(),
        Timestamp::ZERO
    );
    assert_eq!(played(&mut recording), frames);
}

#[test]
fn an_edit_list_delays_a_track_or_begins_inside_it() {
    let check = |edits: &[u32], expected: &[u32]| {
        let mut recording = open(file(&[trak(&Given {
            edits,
            ..Given::default()
        })]))
        .unwrap();
        let times: Vec<_> = played(&mut recording)
            .iter()
            .skip(1)
            .map(|(at, _)| *at)
            .collect();
        assert_eq!(times, expected, "{edits:?}");
    };
    let none = u32::MAX;
    check(&[1, 120, 0, 1 << 16], &[0, 40, 80]);
    check(&[2, 500, none, 1 << 16, 120, 0, 1 << 16], &[500, 540, 580]);
    // What is before the beginning is at 0, so that all of it can be played.
    check(&[1, 80, 40, 1 << 16], &[0, 40, 80]);
    check(&[2, 20, none, 1 << 16, 120, 40, 1 << 16], &[0, 40, 80]);
    check(&[0], &[0, 40, 80]);
}

#[test]
fn a_file_that_ends_in_its_samples_is_played_up_to_there() {
    let given = Given {
        chunk: 18,
        ..Given::default()
    };
    let mut bytes = file(&[trak(&given)]);
    // The moov in front, and the file ends in the third sample.
    let moov = bytes.split_off(22);
    let skipped = u32::try_from(moov.len()).unwrap();
    let given = Given {
        chunk: 16 + skipped,
        ..Given::default()
    };
    let moov = file(&[trak(&given)]).split_off(22);
    let bytes = [&bytes[..8], &moov, &bytes[8..21]].concat();
    let mut recording = open(bytes).unwrap();
    assert_eq!(recording.ends_early(), None);
    assert_eq!(played(&mut recording).len(), 3);
    assert_eq!(recording.ends_early(), Some(u64::from(skipped) + 20));
}

#[test]
fn tracks_that_cannot_be_played_are_left_out() {
    let entry = |entry: Vec<u8>| {
        trak(&Given {
            entry,
            ..Given::default()
        })
    };
    let text = Given {
        handler: b"text",
        ..Given::default()
    };
    let recording = open(file(&[
        trak(&text),
        entry(a_box(*b"vp09", &[&[0; 90]])),
        entry(video_entry(b"")),
        entry(Vec::new()),
        trak(&Given {
            stsz: &[0, 0],
            ..Given::default()
        }),
        trak(&Given::default()),
        trak(&Given::default()),
    ]))
    .unwrap();
    let left_out: Vec<_> = recording
        .left_out()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(left_out, ["text", "vp09", "avc1", "vide", "avc1", "avc1"]);
}

#[test]
fn what_makes_no_sense_is_told_with_its_box_and_place() {
    check_error(
        &[trak(&Given {
            stts: &[9, 1, 1],
            ..Given::default()
        })],
        "the MP4 box stts at byte 352 is shorter than it says",
    );
    check_error(
        &[a_box(*b"trak", &[&a_box(*b"mdia", &[])])],
        "the MP4 box mdia at byte 146 has no hdlr",
    );
    check_error(
        &[trak(&Given {
            entry: a_box(*b"tmcd", &[]),
            ..Given::default()
        })],
        "nothing in the file can be played: it has tmcd",
    );
}

#[test]
fn boxes_are_looked_at_up_to_the_limit() {
    let with = |count: usize| {
        let free = vec![a_box(*b"free", &[]); count].concat();
        [file(&[trak(&Given::default())]), free].concat()
    };
    // The boxes of the file itself.
    let own = 3 + 2 + 1 + 3 + 1 + 6 + 1 + 1;
    assert!(open(with(MP4_BOXES - own)).is_ok());
    let error = open(with(MP4_BOXES - own + 1)).unwrap_err().to_string();
    assert!(error.ends_with("is one of more than 65536"), "{error}");
}

#[test]
fn tracks_are_looked_at_up_to_the_limit() {
    let with = |count: usize| {
        let text = Given {
            handler: b"text",
            ..Given::default()
        };
        let mut traks = vec![trak(&text); count];
        traks.push(trak(&Given::default()));
        open(file(&traks))
    };
    assert!(with(MP4_TRACKS - 1).is_ok());
    assert!(with(MP4_TRACKS).is_err());
}

#[test]
fn samples_are_played_up_to_the_limit_of_their_size() {
    let check = |size: u32, expected: bool| {
        let given = Given {
            stsz: &[0, 3, size, 2, 2],
            ..Given::default()
        };
        let mut bytes = file(&[trak(&given)]);
        bytes.resize(usize::try_from(size).unwrap() + 1000, 0);
        let mut recording = open(bytes).unwrap();
        let mut frames = std::iter::from_fn(|| recording.next_frame().transpose());
        let third = frames.nth(2).unwrap();
        assert_eq!(third.is_ok(), expected, "{size}");
        // Those behind it are played.
        assert_eq!(frames.flatten().count(), 2);
    };
    check(MP4_SAMPLE_BYTES, true);
    check(MP4_SAMPLE_BYTES + 1, false);
}

/// A file in front of endless zeros, of which nothing is in memory.
#[derive(Debug)]
struct Sparse {
    front: Vec<u8>,
    len: u64,
    at: u64,
}

impl Read for Sparse {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let left = usize::try_from(self.len.saturating_sub(self.at)).unwrap();
        let buffer = match buffer.split_at_mut_checked(left) {
            Some((buffer, _)) => buffer,
            None => buffer,
        };
        buffer.fill(0);
        let from = usize::try_from(self.at).unwrap().min(self.front.len());
        for (place, byte) in buffer.iter_mut().zip(&self.front[from..]) {
            *place = *byte;
        }
        self.at += u64::try_from(buffer.len()).unwrap();
        Ok(buffer.len())
    }
}

impl Seek for Sparse {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.at = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::End(_) => self.len,
            SeekFrom::Current(_) => self.at,
        };
        Ok(self.at)
    }
}

#[test]
fn tables_are_read_up_to_the_limit_of_their_bytes() {
    let with = |stss: u64| {
        // The sizes of the last table and of all boxes around it become larger, which zeros fill.
        let mut front = file(&[trak(&Given::default())]);
        let grown = u32::try_from(stss - 20).unwrap();
        for name in [*b"stss", *b"stbl", *b"minf", *b"mdia", *b"trak", *b"moov"] {
            let at = front.windows(4).position(|part| part == name).unwrap() - 4;
            let size = u32::from_be_bytes(front[at..at + 4].try_into().unwrap()) + grown;
            front[at..at + 4].copy_from_slice(&size.to_be_bytes());
        }
        let len = u64::try_from(front.len()).unwrap() + u64::from(grown);
        Recording::open(Sparse { front, len, at: 0 })
    };
    // Those of the file besides.
    let others = 108 + 33 + 32 + 15 + 24 + 28 + 20 + 20;
    with(MP4_TABLE_BYTES - others).unwrap();
    let error = with(MP4_TABLE_BYTES - others + 1).unwrap_err().to_string();
    assert!(
        error.ends_with("67108864 bytes of tables are allowed"),
        "{error}"
    );
}
