//! Streams that go on in another file.

use adit_media::Timestamp;

use super::*;
use crate::limits::{RECORD_HELD_FRAMES, RECORD_TURNS};
use crate::recording::sidecar::Begun;

/// A clip of another size, which another decoder is needed for.
fn other(count: usize) -> Vec<Frame> {
    let options = "pattern:320x180@30,200k,key=1".parse().unwrap();
    Pattern::new(options).take(count).collect()
}

fn later(frames: &[Frame], ms: u32) -> Vec<Frame> {
    let later = |frame: &Frame| {
        let at = Timestamp::from_ms(frame.at().ms().wrapping_add(ms));
        frame.clone().with_timestamp(at)
    };
    frames.iter().map(later).collect()
}

fn end(frames: &[Frame]) -> u32 {
    frames.iter().map(|frame| frame.at().ms()).max().unwrap() + 20
}

impl Room {
    /// Publishes `frames` piece by piece, and gives the files that become of them, oldest first.
    async fn files(&self, frames: &[Frame]) -> Vec<(Sidecar, Vec<Frame>)> {
        let mut publication = self.publish("cam");
        let mut recording = self.record(&publication, RecordMode::Record);
        await_started(&mut recording).await;
        for part in frames.chunks(200) {
            push(&mut publication, part);
            publication.flush(Instant::now() + Duration::from_secs(1));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        drop(publication);
        finished(&mut recording).await;
        let count = self.names().len();
        let numbered = (1..count).map(|number| format!("cam~{number}.flv"));
        let names = numbered.chain(["cam.flv".to_owned()]);
        let file = |name: String| {
            let path = self.path(&name);
            (known(&path), frames_of(&path))
        };
        names.map(file).collect()
    }
}

#[track_caller]
fn assert_whole(files: &[(Sidecar, Vec<Frame>)], sent: &[Frame]) {
    let mut recorded: Vec<_> = files.iter().flat_map(|(_, frames)| coded(frames)).collect();
    let mut sent = coded(sent);
    recorded.sort();
    sent.sort();
    assert_eq!(recorded.len(), sent.len());
    assert!(recorded == sent);
    for (known, frames) in files {
        let times: Vec<_> = frames
            .iter()
            .filter(|frame| frame.flags().is_coded())
            .collect();
        assert!(times.is_sorted_by_key(|frame| frame.at().ms()), "{known:?}");
        let picture = times.iter().find(|frame| frame.kind() == FrameKind::Video);
        assert!(
            picture.is_none_or(|frame| frame.flags().is_key_frame()),
            "{known:?}"
        );
    }
}

#[track_caller]
fn assert_follows(files: &[(Sidecar, Vec<Frame>)], cause: Begun) {
    for (number, (known, _)) in files.iter().enumerate().skip(1) {
        assert_eq!(known.begun, cause);
        assert_eq!(
            known.follows.as_deref(),
            Some(&*format!("cam~{number}.flv"))
        );
    }
    assert_eq!(files[0].0.begun, Begun::Published);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_is_coded_in_another_way_goes_on_in_a_file_of_its_own() {
    let first = clip(300);
    let second = later(&other(300), end(&first));
    let sent = [first.clone(), second.clone()].concat();
    let files = Room::new().files(&sent).await;
    assert_eq!(files.len(), 2);
    assert_whole(&files, &sent);
    assert_follows(&files, Begun::Codec);
    // Each has the headers of its own codec and no other.
    for ((_, frames), clip) in files.iter().zip([first, second]) {
        let headers = |frames: &[Frame]| -> Vec<_> {
            let video = frames
                .iter()
                .filter(|frame| frame.kind() == FrameKind::Video);
            let headers = video.filter(|frame| frame.flags().is_sequence_header());
            headers.map(|frame| frame.payload().clone()).collect()
        };
        assert_eq!(headers(frames), headers(&clip));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sound_of_another_codec_waits_for_the_picture_that_its_file_begins_with() {
    let clip = clip(600);
    let is_key = |frame: &Frame| frame.flags().is_key_frame();
    let keys: Vec<_> = (0..clip.len()).filter(|at| is_key(&clip[*at])).collect();
    // In the middle of a group of pictures.
    let at = usize::midpoint(keys[1], keys[2]);
    let header =
        |frame: &&Frame| frame.kind() == FrameKind::Audio && frame.flags().is_sequence_header();
    let header = clip.iter().find(header).unwrap();
    let mut payload = header.payload().to_vec();
    payload[3] ^= 0x08;
    let changed = Frame::classify(clip[at].at(), FrameKind::Audio, payload.into());
    let mut sent = clip.clone();
    sent.insert(at, changed.clone());
    let files = Room::new().files(&sent).await;
    assert_eq!(files.len(), 2);
    assert_whole(&files, &sent);
    assert_follows(&files, Begun::Codec);
    let has = |frames: &[Frame], header: &Frame| payloads(frames).contains(header.payload());
    let [first, second] = [&files[0].1, &files[1].1];
    assert!(has(first, header) && !has(first, &changed));
    assert!(has(second, &changed) && !has(second, header));
    // No picture of the old file is in the new one.
    let pictures = |frames: &[Frame]| {
        frames
            .iter()
            .filter(|it| it.kind() == FrameKind::Video && it.flags().is_coded())
            .count()
    };
    assert_eq!(pictures(first), pictures(&clip[..keys[2]]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sound_that_waits_too_long_for_a_picture_begins_its_file_alone() {
    let clip = clip(300);
    let is_sound = |frame: &&Frame| frame.kind() == FrameKind::Audio && frame.flags().is_coded();
    let sound = clip.iter().find(is_sound).unwrap();
    // MP3, and never a picture again.
    let other = |number: u32| {
        let at = Timestamp::from_ms(end(&clip) + number);
        let payload = [&[0x2f][..], &number.to_be_bytes(), sound.payload()].concat();
        Frame::classify(at, FrameKind::Audio, payload.into())
    };
    for (count, files) in [(RECORD_HELD_FRAMES, 2), (RECORD_HELD_FRAMES + 1, 2)] {
        let others = (0..u32::try_from(count).unwrap()).map(other);
        let sent: Vec<_> = clip.iter().cloned().chain(others).collect();
        let recorded = Room::new().files(&sent).await;
        assert_eq!(recorded.len(), files);
        assert_whole(&recorded, &sent);
        assert_eq!(coded(&recorded[1].1).len(), count);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn time_that_jumps_begins_a_file_at_the_next_key_frame() {
    let clip = clip(900);
    for ms in [3_600_000, 3_600_000_u32.wrapping_neg()] {
        let (before, after) = clip.split_at(450);
        let sent = [before.to_vec(), later(after, ms)].concat();
        let files = Room::new().files(&sent).await;
        assert_eq!(files.len(), 2);
        assert_whole(&files, &sent);
        assert_follows(&files, Begun::Time);
        assert!(files.iter().all(|(known, _)| known.duration_ms < 60_000));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sound_alone_goes_on_in_another_file_at_once() {
    let is_sound = |frame: &Frame| frame.kind() == FrameKind::Audio;
    let sound: Vec<_> = clip(900).into_iter().filter(is_sound).collect();
    let (before, after) = sound.split_at(200);
    let sent = [before.to_vec(), later(after, 60_000)].concat();
    let files = Room::new().files(&sent).await;
    assert_eq!(files.len(), 2);
    assert_whole(&files, &sent);
    assert_eq!(coded(&files[0].1), coded(before));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_changes_everything_all_the_time_gets_a_few_files_with_all_of_it() {
    let mut sent: Vec<Frame> = Vec::new();
    for number in 0..RECORD_TURNS + 4 {
        let part = if number % 2 == 0 {
            clip(100)
        } else {
            other(100)
        };
        let from = if sent.is_empty() { 0 } else { end(&sent) };
        sent.extend(later(&part, from));
    }
    let room = Room::new();
    let files = room.files(&sent).await;
    assert_eq!(files.len(), 1 + RECORD_TURNS as usize);
    assert_whole(&files, &sent);
    let limits = BTreeMap::from(room.recordings.counters().limits());
    assert!(limits["recording.turns"] >= 3, "{limits:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_is_recorded_up_to_as_many_bytes_as_it_may_have_and_no_further() {
    let config = RecordingConfig {
        file_bytes: 200_000,
        stream_bytes: 500_000,
        ..RecordingConfig::default()
    };
    let room = Room::with(config, None);
    let mut publication = room.publish("cam");
    let mut recording = room.record(&publication, RecordMode::Record);
    await_started(&mut recording).await;
    let push = async {
        for part in clip(4500).chunks(100) {
            push(&mut publication, part);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    push.await;
    let ended = next(&mut recording).await;
    assert_eq!(
        ended,
        Some(RecordEvent::Failed(RecordError::TooLong(500_000)))
    );
    assert_eq!(next(&mut recording).await, None);
    let names = room.names();
    assert!(names.len() >= 2, "{names:?}");
    let bytes: u64 = names.iter().map(|name| known(&room.path(name)).bytes).sum();
    // As much more as is written at once.
    assert!((400_000..1_500_000).contains(&bytes), "{bytes}");
    assert_eq!(
        BTreeMap::from(room.recordings.counters().limits())["recording.stream"],
        1
    );
}

/// Pictures in H.263 and sound in MP3, which have no sequence headers.
fn flash(count: u32) -> Vec<Frame> {
    let frame = |number: u32| {
        let at = Timestamp::from_ms(number * 20);
        let tell = |first: u8| [&[first][..], &number.to_be_bytes()].concat().into();
        match number % 2 {
            0 if number.is_multiple_of(50) => Frame::classify(at, FrameKind::Video, tell(0x12)),
            0 => Frame::classify(at, FrameKind::Video, tell(0x22)),
            _ => Frame::classify(at, FrameKind::Audio, tell(0x2f)),
        }
    };
    (0..count).map(frame).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_file_is_gone_on_with_in_another_codec_whether_that_has_headers_or_not() {
    let mut sound_first = flash(300);
    sound_first.swap(0, 1);
    for (before, after) in [
        (clip(300), flash(300)),
        (clip(300), sound_first),
        (flash(300), clip(300)),
    ] {
        let room = Room::new();
        room.recorded(RecordMode::Record, &before).await;
        room.recorded(RecordMode::Append, &after).await;
        assert_eq!(room.names(), ["cam.flv", "cam~1.flv"]);
        for (name, sent) in [("cam~1.flv", &before), ("cam.flv", &after)] {
            let frames = frames_of(&room.path(name));
            let all = |frames: &[Frame]| {
                let media = frames.iter().filter(|it| it.kind() != FrameKind::Data);
                let mut all: Vec<_> = media.map(|it| it.payload().clone()).collect();
                all.sort();
                all
            };
            assert!(all(&frames) == all(sent), "{name}");
            let report = verify::verify(File::open(room.path(name)).unwrap()).unwrap();
            assert!(report.is_whole(), "{:?}", report.findings);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_stream_without_headers_takes_none_of_the_old_codec_with_it() {
    let first = clip(300);
    let second = later(&flash(300), end(&first));
    let sent = [first, second].concat();
    let files = Room::new().files(&sent).await;
    assert_whole(&files, &sent);
    let is_avc =
        |frame: &Frame| frame.kind() == FrameKind::Video && frame.flags().is_sequence_header();
    for (_, frames) in &files[1..] {
        assert!(!frames.iter().any(is_avc));
    }
}
