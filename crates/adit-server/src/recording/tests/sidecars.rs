//! What is known of recordings.

use super::*;
use crate::recording::check::{SidecarProblem, check_sidecar};
use crate::recording::sidecar::{self, Begun, GapCause, Sidecar, moment, path};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beside_a_finished_recording_stands_what_is_known_of_it() {
    let room = Room::new();
    let finished = room.recorded(RecordMode::Record, &clip(300)).await;
    let known = known(&room.path("cam.flv"));
    assert_eq!(known.bytes, finished.bytes);
    assert_eq!(u128::from(known.duration_ms), finished.duration.as_millis());
    let time = |text: &Option<String>| moment(text.as_deref().unwrap()).unwrap();
    assert!(time(&known.start) <= time(&known.end), "{known:?}");
    assert_eq!(known.parts.len(), 2);
    assert_eq!((known.begun, known.follows), (Begun::Published, None));
    assert!(known.gaps.is_empty() && known.suspect.is_none() && known.lost_bytes.is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_known_of_a_recording_goes_with_it() {
    let room = Room::new();
    room.recorded(RecordMode::Record, &clip(100)).await;
    let first = known(&room.path("cam.flv"));
    room.recorded(RecordMode::Record, &clip(200)).await;
    assert_eq!(known(&room.path("cam~1.flv")), first);
    assert_ne!(known(&room.path("cam.flv")), first);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_appended_is_a_part_of_its_own_behind_a_gap() {
    let room = Room::new();
    room.recorded(RecordMode::Record, &clip(100)).await;
    let first = known(&room.path("cam.flv"));
    room.recorded(RecordMode::Append, &clip(100)).await;
    let both = known(&room.path("cam.flv"));
    assert_eq!(both.start, first.start);
    assert_eq!(both.parts.len(), 3);
    // What was there is as it was, but for its beginning.
    assert_eq!(both.parts[1], first.parts[1]);
    assert_eq!(both.parts[2].offset, first.bytes);
    let [gap] = &both.gaps[..] else {
        panic!("{both:?}")
    };
    assert_eq!(
        (gap.at_ms, gap.cause),
        (first.duration_ms, GapCause::Append)
    );
    // Of a file that nothing is known of all is looked at.
    fs::remove_file(path(&room.path("cam.flv"))).unwrap();
    room.recorded(RecordMode::Append, &clip(100)).await;
    assert_eq!(known(&room.path("cam.flv")).parts.len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn append_with_gap_keeps_the_time_in_which_nothing_was_recorded() {
    let room = Room::new();
    room.recorded(RecordMode::Record, &clip(100)).await;
    let path = room.path("cam.flv");
    let first = known(&path);
    tokio::time::sleep(Duration::from_millis(1200)).await;
    room.recorded(RecordMode::AppendWithGap, &clip(100)).await;
    let both = known(&path);
    let lost = both.gaps[0].lost_ms;
    assert!((1200..20_000).contains(&lost), "{both:?}");
    let frames = frames_of(&path);
    let coded: Vec<_> = frames
        .iter()
        .filter(|frame| frame.flags().is_coded())
        .collect();
    let of_first = coded.len() / 2;
    let ahead = coded[of_first].at().since(coded[of_first - 1].at());
    assert!(
        u64::try_from(ahead).unwrap().abs_diff(lost) < 100,
        "{ahead} {lost}"
    );
    assert!(both.duration_ms >= 2 * first.duration_ms + lost, "{both:?}");
    let cue = frames.iter().any(|frame| {
        frame.kind() == FrameKind::Data && frame.payload().windows(3).any(|word| word == b"gap")
    });
    assert!(cue);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_being_written_has_no_sidecar_and_after_a_crash_what_was_known_is_found() {
    let room = Room::new();
    room.recorded(RecordMode::Record, &clip(100)).await;
    let before = known(&room.path("cam.flv"));
    let mut publication = room.publish("cam");
    let mut recording = room.record(&publication, RecordMode::Append);
    await_started(&mut recording).await;
    push(&mut publication, &clip(300));
    publication.flush(Instant::now() + Duration::from_secs(1));
    let size = || fs::metadata(room.path("cam.flv")).unwrap().len();
    let grown = async {
        while size() <= before.bytes + 1000 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(10), grown).await.unwrap();
    assert!(!path(&room.path("cam.flv")).exists());
    // The process ends here: what is on the disk is what the next one finds.
    let media = fs::read(room.path("cam.flv")).unwrap();
    fs::write(room.path("torn.flv"), &media[..media.len() - 7]).unwrap();
    fs::copy(room.path(".cam.flv.open"), room.path(".torn.flv.open")).unwrap();
    repair_all(
        &Disk::default(),
        &room.recordings.0.root,
        room.recordings.counters(),
    );
    let torn = known(&room.path("torn.flv"));
    assert_eq!(torn.start, before.start);
    assert_eq!(torn.end, None);
    assert!(torn.lost_bytes.is_some_and(|lost| lost > 0), "{torn:?}");
    assert_eq!(torn.parts.len(), 3);
    assert_eq!(torn.parts[1], before.parts[1]);
    assert_eq!(torn.gaps.len(), 1);
    drop(publication);
    finished(&mut recording).await;
    known(&room.path("cam.flv"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recording_is_held_against_what_is_known_of_it() {
    let room = Room::new();
    let path = room.path("cam.flv");
    assert_eq!(check_sidecar(&path).unwrap(), None, "nothing is known");
    room.recorded(RecordMode::Record, &clip(100)).await;
    room.recorded(RecordMode::Append, &clip(100)).await;
    let known = known(&path);
    let check = check_sidecar(&path).unwrap().unwrap();
    assert_eq!(check.problems, []);
    assert_eq!(check.start, known.start);
    assert_eq!(check.gaps.len(), 1, "{check:?}");
    let whole = fs::read(&path).unwrap();
    let problems = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        check_sidecar(&path).unwrap().unwrap().problems
    };
    let last = known.parts.last().unwrap();
    let changed = SidecarProblem::Changed {
        offset: last.offset,
        bytes: last.bytes,
    };
    let mut other = whole.clone();
    *other.last_mut().unwrap() ^= 1;
    assert_eq!(problems(&other), [changed]);
    let length = |is: usize| SidecarProblem::Length {
        told: known.bytes,
        is: is as u64,
    };
    assert_eq!(
        problems(&whole[..whole.len() - 1]),
        [length(whole.len() - 1)]
    );
    let more = [&whole[..], b"x"].concat();
    assert_eq!(problems(&more), [length(whole.len() + 1)]);
    let text = fs::read_to_string(sidecar::path(&path)).unwrap();
    let mut told: Sidecar = serde_json::from_str(&text).unwrap();
    told.parts.remove(1);
    fs::write(sidecar::path(&path), serde_json::to_vec(&told).unwrap()).unwrap();
    let place = SidecarProblem::Place {
        offset: known.parts[1].offset,
    };
    assert_eq!(problems(&whole), [place]);
    fs::write(sidecar::path(&path), "{").unwrap();
    assert_eq!(problems(&whole), [SidecarProblem::Unreadable]);
}
