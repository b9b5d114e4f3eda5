use std::io::Cursor;

use bytes::Bytes;

use super::SAMPLES;
use crate::fmp4::{Run, Sample, fragment};
use crate::vod::mp4::tests::{Given, a_box, open, played, table, trak_with};
use crate::vod::{Recording, VodError};
use crate::{FrameFlags, FrameKind, Timestamp};

/// The beginning of a file with one track of pictures, 1000 ticks a second, all of which is in fragments.
fn beginning(usual: &[u32; 3]) -> Vec<u8> {
    let mut head = [0; 20];
    head[2] = 7;
    let given = Given {
        stts: &[0],
        stsz: &[0, 0],
        ..Given::default()
    };
    let trak = trak_with(&table(*b"tkhd", &head), &given);
    let trex = table(*b"trex", &[7, 1, usual[0], usual[1], usual[2]]);
    let moov = a_box(*b"moov", &[&trak, &a_box(*b"mvex", &[&trex])]);
    [a_box(*b"ftyp", &[]), moov].concat()
}

const NOTHING_USUAL: [u32; 3] = [0, 0, 0];
const NOT_A_KEY: u32 = 0x1_0000;

/// A box with these flags and numbers.
fn flagged(name: [u8; 4], flags: u32, numbers: &[u32]) -> Vec<u8> {
    let numbers: Vec<_> = numbers.iter().flat_map(|n| n.to_be_bytes()).collect();
    a_box(name, &[&flags.to_be_bytes(), &numbers])
}

fn moof(traf: &[Vec<u8>]) -> Vec<u8> {
    let head = table(*b"mfhd", &[1]);
    a_box(*b"moof", &[&head, &a_box(*b"traf", &[&traf.concat()])])
}

/// Pictures of our own fragments: name, decoding time, composition.
fn written(sequence: u32, decode_time: u64, pictures: &[(&'static str, i32)]) -> Vec<u8> {
    let samples = pictures.iter().map(|(name, composition)| Sample {
        payload: Bytes::from_static(name.as_bytes()),
        duration: 40,
        composition: *composition,
        flags: if name.starts_with('k') {
            FrameFlags::KEY_FRAME
        } else {
            FrameFlags::default()
        },
    });
    let run = Run {
        track: 7,
        kind: FrameKind::Video,
        decode_time,
        samples: samples.collect(),
    };
    let made = fragment(sequence, &[run]).unwrap();
    made.pieces().concat()
}

/// Pictures as they are played, with what stands in front of their first byte: `k` for key frames, and the composition time.
fn pictures(recording: &mut Recording<Cursor<Vec<u8>>>) -> Vec<String> {
    let frames = played(recording);
    let pictures = frames.iter().filter(|(_, body)| body[1] == 1);
    let words = pictures.map(|(at, body)| {
        let key = if body[0] == 0x17 { "k" } else { "" };
        format!(
            "{key}{at}+{}:{}",
            body[4],
            String::from_utf8_lossy(&body[5..])
        )
    });
    words.collect()
}

fn two_fragments() -> Vec<u8> {
    let first = written(1, 0, &[("k1", 0), ("p2", 80), ("p3", 40)]);
    // 60 ms later than the first one ends.
    let second = written(2, 180, &[("k4", 0), ("p5", 0)]);
    [beginning(&NOTHING_USUAL), first, second].concat()
}

#[test]
fn samples_of_fragments_are_played_at_their_times() {
    let mut recording = open(two_fragments()).unwrap();
    let all = ["k0+0:k1", "40+80:p2", "80+40:p3", "k180+0:k4", "220+0:p5"];
    assert_eq!(pictures(&mut recording), all);
    assert_eq!(recording.duration().as_millis(), 260);
    let at = recording.seek(Timestamp::from_ms(200)).unwrap();
    assert_eq!(at, Timestamp::from_ms(180));
    assert_eq!(pictures(&mut recording), all[3..]);
    let at = recording.seek(Timestamp::from_ms(179)).unwrap();
    assert_eq!(at, Timestamp::ZERO);
    assert_eq!(pictures(&mut recording), all);
}

#[test]
fn a_stream_that_was_cut_out_of_a_longer_one_keeps_its_times() {
    let file = [beginning(&NOTHING_USUAL), written(9, 5000, &[("k1", 0)])].concat();
    let mut recording = open(file).unwrap();
    assert_eq!(recording.begins_at(), Timestamp::from_ms(5000));
    assert_eq!(pictures(&mut recording), ["k5000+0:k1"]);
    assert_eq!(recording.duration().as_millis(), 40);
}

#[test]
fn what_a_writer_was_killed_over_is_played_as_far_as_it_is() {
    let whole = two_fragments();
    let second = written(2, 180, &[("k4", 0), ("p5", 0)]).len();
    // Inside the head of the second fragment, inside its samples, and of both only the first sample.
    for (cut, left) in [(second - 30, 3), (3, 3), (2, 4), (1, 4), (second, 3)] {
        let file = whole[..whole.len() - cut].to_vec();
        let mut recording = open(file).unwrap();
        assert_eq!(pictures(&mut recording).len(), left, "{cut}");
    }
}

#[test]
fn samples_of_fragments_follow_those_of_the_file_itself() {
    let mut head = [0; 20];
    head[2] = 7;
    let trex = table(*b"trex", &[7, 1, 0, 0, 0]);
    let of = |given: &Given<'_>| {
        let trak = trak_with(&table(*b"tkhd", &head), given);
        let moov = a_box(*b"moov", &[&trak, &a_box(*b"mvex", &[&trex])]);
        let media = a_box(*b"mdat", &[b"aabbcc"]);
        let own = [a_box(*b"ftyp", &[]), media, moov].concat();
        let more = written(1, 140, &[("p1", 40), ("k2", 0)]);
        open([own, more].concat())
    };
    let mut recording = of(&Given::default()).unwrap();
    let all = ["k0+0:aa", "40+0:bb", "80+0:cc", "140+40:p1", "k180+0:k2"];
    assert_eq!(pictures(&mut recording), all);
    let at = recording.seek(Timestamp::from_ms(200)).unwrap();
    assert_eq!(at, Timestamp::from_ms(180));
    assert_eq!(pictures(&mut recording), all[4..]);
    // Times of two samples of three.
    let stts = &[1, 2, 40];
    let error = of(&Given {
        stts,
        ..Given::default()
    })
    .unwrap_err()
    .to_string();
    assert!(
        error.ends_with("has tables that do not fit its fragments"),
        "{error}"
    );
}

#[test]
fn what_is_usual_is_said_once() {
    let check = |usual: &[u32; 3], traf: &[Vec<u8>], expected: &[&str]| {
        let fragment = moof(traf);
        let media = a_box(*b"mdat", &[b"aabbcc"]);
        let file = [beginning(usual), fragment, media].concat();
        assert_eq!(pictures(&mut open(file).unwrap()), expected);
    };
    // Where the samples are, from the beginning of the fragment.
    let at = |traf: &dyn Fn(u32) -> Vec<Vec<u8>>| {
        let offset = u32::try_from(moof(&traf(0)).len()).unwrap() + 8;
        traf(offset)
    };
    let by_trex = at(&|offset| {
        let run = flagged(*b"trun", 5, &[3, offset, 0]);
        vec![flagged(*b"tfhd", 0x2_0000, &[7]), run]
    });
    let usual = [40, 2, NOT_A_KEY];
    check(&usual, &by_trex, &["k0+0:aa", "40+0:bb", "80+0:cc"]);
    let by_head = at(&|offset| {
        let head = flagged(*b"tfhd", 0x2_0038, &[7, 20, 2, NOT_A_KEY]);
        let time = table(*b"tfdt", &[100]);
        let run = flagged(*b"trun", 5, &[1, offset, 0]);
        // The next one goes on where the first one ends.
        vec![head, time, run, flagged(*b"trun", 0x100, &[2, 10, 30])]
    });
    let played = ["k100+0:aa", "120+0:bb", "130+0:cc"];
    check(&NOTHING_USUAL, &by_head, &played);
    // Counted from the beginning of the file.
    let offset = u32::try_from(beginning(&NOTHING_USUAL).len()).unwrap();
    let by_place = at(&|in_fragment| {
        let head = flagged(*b"tfhd", 1, &[7, 0, offset + in_fragment]);
        let each = flagged(*b"trun", 0x301, &[2, 2, 40, 2, 50, 2]);
        vec![head, each]
    });
    check(&NOTHING_USUAL, &by_place, &["k0+0:bb", "k40+0:cc"]);
}

#[test]
fn fragments_that_make_no_sense_are_told() {
    let sound = written(2, 180, &[("k4", 0)]);
    for bad in [
        // Of a track that there is not, without a head, and shorter than it says.
        moof(&[flagged(*b"tfhd", 0, &[8])]),
        moof(&[flagged(*b"trun", 0, &[0])]),
        moof(&[
            flagged(*b"tfhd", 0, &[7]),
            flagged(*b"trun", 0x200, &[3, 2]),
        ]),
        a_box(*b"moof", &[b"\0\0\0\x07traf"]),
    ] {
        let file = [beginning(&NOTHING_USUAL), bad, sound.clone()].concat();
        let error = open(file).unwrap_err();
        assert!(matches!(error, VodError::Mp4 { .. }), "{error}");
        assert!(error.to_string().ends_with("cannot be read"), "{error}");
    }
}

#[test]
fn samples_are_counted_up_to_the_limit() {
    let silent = |count: u64| {
        let run = flagged(*b"trun", 0, &[u32::try_from(count).unwrap()]);
        let fragment = moof(&[flagged(*b"tfhd", 0x2_0000, &[7]), run]);
        open([beginning(&[1, 0, 0]), fragment].concat())
    };
    assert!(silent(SAMPLES).is_ok());
    for more in [SAMPLES + 1, u32::MAX.into()] {
        let error = silent(more).unwrap_err().to_string();
        assert!(
            error.ends_with("brings more than 4194304 samples"),
            "{error}"
        );
    }
}
