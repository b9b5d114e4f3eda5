use std::io::Cursor;
use std::sync::LazyLock;
use std::time::Duration;

use proptest::prelude::*;

use super::repair;
use crate::pattern::Pattern;
use crate::record::{Recorder, StartTime};
use crate::verify::{Finding, verify};

/// A recording of two seconds, not finished, and where each of its writes ended.
static RECORDING: LazyLock<(Vec<u8>, Vec<usize>)> = LazyLock::new(|| {
    let mut recorder = Recorder::new(StartTime::Zero);
    let mut file = Vec::new();
    let mut ends = vec![0];
    for frame in Pattern::new("pattern:96x96,50k,key=1".parse().unwrap()).take(150) {
        file.extend(recorder.push(&frame).unwrap());
        ends.push(file.len());
    }
    (file, ends)
});

fn recording() -> (Vec<u8>, Vec<usize>) {
    RECORDING.clone()
}

fn repaired(file: &[u8], known_good: usize) -> Vec<u8> {
    let good = u64::try_from(known_good).unwrap();
    let repair = repair(Cursor::new(file), good).unwrap();
    let mut file = file[..usize::try_from(repair.bytes()).unwrap()].to_vec();
    for patch in repair.patches() {
        let at = usize::try_from(patch.offset).unwrap();
        file[at..at + patch.bytes.len()].copy_from_slice(&patch.bytes);
    }
    file
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_cut_is_repaired_to_the_writes_that_were_whole(cut in 0..200_000_usize, good in 0..160_usize) {
        let (file, ends) = recording();
        let cut = cut % (file.len() + 1);
        let whole = *ends.iter().rfind(|end| **end <= cut).unwrap();
        let good = ends.get(good).copied().filter(|good| *good <= whole).unwrap_or(0);
        for good in [0, good] {
            let repaired = repaired(&file[..cut], good);
            prop_assert_eq!(repaired.len(), whole);
            if whole == 0 {
                continue;
            }
            // What is not patched is as it was.
            let front = ends[1].min(whole);
            prop_assert_eq!(&repaired[front..], &file[front..whole]);
            let findings = verify(Cursor::new(&repaired)).unwrap().findings;
            prop_assert!(findings.is_empty(), "{:?}", findings);
        }
    }

    #[test]
    fn whatever_a_crash_left_behind_the_last_tag_is_cut_off(
        left in prop_oneof![
            proptest::collection::vec(Just(0_u8), 1..5000),
            proptest::collection::vec(any::<u8>(), 1..300),
        ],
    ) {
        let (file, _) = recording();
        let torn = [file.as_slice(), &left].concat();
        let repaired = repaired(&torn, 0);
        // Random bytes may begin with a whole tag, by chance.
        prop_assert!(repaired.len() >= file.len());
        prop_assert!(left.iter().any(|byte| *byte != 0) || repaired.len() == file.len());
        prop_assert!(verify(Cursor::new(&repaired)).unwrap().is_whole());
    }
}

#[test]
fn of_a_file_that_ends_before_its_first_tag_nothing_is_left() {
    let (file, _) = recording();
    for cut in [0, 5, 13, 100] {
        let repair = repair(Cursor::new(&file[..cut]), 0).unwrap();
        assert_eq!((repair.bytes(), repair.tags()), (0, 0));
        assert_eq!(repair.lost_bytes(), u64::try_from(cut).unwrap());
        assert!(repair.patches().is_empty());
        assert_eq!(repair.duration(), Duration::ZERO);
    }
}

#[test]
fn what_is_no_flv_is_left_alone() {
    let error = repair(Cursor::new(b"RIFF and so on"), 0).unwrap_err();
    assert_eq!(error.to_string(), "this is not FLV: it begins with \"RIF\"");
}

#[test]
fn a_known_good_place_saves_looking_at_what_is_before_and_leaves_the_index_out() {
    let (file, ends) = recording();
    let recorded = |frames: usize| {
        let mut recorder = Recorder::new(StartTime::Zero);
        let clip = Pattern::new("pattern:96x96,50k,key=1".parse().unwrap()).take(frames);
        clip.flat_map(|frame| recorder.push(&frame).unwrap())
            .collect::<Vec<u8>>()
    };
    let long = recorded(2000);
    let whole = repair(Cursor::new(&long), 0).unwrap();
    // At the very end, and somewhat before.
    for good in [long.len(), ends[149], recorded(1900).len()] {
        let tail = repair(Cursor::new(&long), u64::try_from(good).unwrap()).unwrap();
        assert_eq!(
            (whole.bytes(), whole.duration()),
            (tail.bytes(), tail.duration())
        );
        assert!(
            good < long.len() / 2 || tail.tags() < 400,
            "{}",
            tail.tags()
        );
        let repaired = repaired(&long, good);
        assert_eq!(verify(Cursor::new(&repaired)).unwrap().findings, []);
        assert!(repaired.windows(9).all(|name| name != b"keyframes"));
    }
    assert!(
        repaired(&file, 0)
            .windows(9)
            .any(|name| name == b"keyframes")
    );
    // A place behind the end is none.
    let behind = u64::try_from(file.len() + 1).unwrap();
    assert_eq!(repair(Cursor::new(&file), behind).unwrap().tags(), 150);
}

#[test]
fn wrong_back_pointers_in_the_middle_are_not_the_end() {
    let (mut file, ends) = recording();
    file[ends[50] - 1] ^= 1;
    let repaired = repaired(&file, 0);
    assert_eq!(repaired.len(), file.len());
    let findings = verify(Cursor::new(&repaired)).unwrap().findings;
    assert!(
        matches!(findings[..], [Finding::BackPointer { .. }]),
        "{findings:?}"
    );
}

#[test]
fn what_is_not_known_to_be_room_for_an_index_is_not_written_over() {
    let (file, _) = recording();
    // A file header where the first tag should be.
    let joined = [&file[..13], &file].concat();
    let repair = repair(Cursor::new(&joined), 0).unwrap();
    assert_eq!(repair.lost_bytes(), 0);
    let offsets: Vec<_> = repair.patches().iter().map(|patch| patch.offset).collect();
    assert_eq!(offsets, [4]);
    // Metadata of the same beginning without the room.
    let mut other = file;
    let spacer = other.windows(6).position(|name| name == b"spacer").unwrap();
    other[spacer] = b'S';
    let repair = super::repair(Cursor::new(&other), 0).unwrap();
    assert_eq!(repair.patches().len(), 4, "tracks and three numbers");
}
