use super::*;
use crate::limits::playback::UNREADABLE_LINES;

#[tokio::test]
async fn who_waits_for_what_is_missing_is_told() {
    let disk = Disk::new().with("a", &clip("a", 0, 20));
    let mut viewer = disk.play(item("a")).await;
    viewer.playback.append(item("nothing")).unwrap();
    viewer.playback.lose_file().await;
    viewer.playback.switch(item("a"));
    viewer.seek(500);
    let defect = "the recording cannot be read because of a defect of the server";
    let missing = "missing:nothing:there is no recording of that name";
    let expected = format!("not-sought:{defect} not-transited:a:{defect} {missing} complete:0");
    assert_eq!(viewer.all().await, expected);
}

#[tokio::test]
async fn data_messages_come_at_once_if_the_playlist_says_so() {
    let mut frames = clip("a", 0, 4);
    frames.insert(3, frame(FrameKind::Data, 150, &b"\x02\0\x02hi"[..]));
    frames.push(frame(FrameKind::Data, 390, &b"\x02\0\x02ho"[..]));
    let disk = Disk::new().with("a", &frames);
    let mut viewer = disk.play(item("a")).await;
    let in_time = "a0 a100 data150 a200 a300 data390 complete:400";
    assert_eq!(viewer.all().await, in_time);
    let at_once = Item {
        data: DataMessages::AtOnce,
        ..item("a")
    };
    let mut viewer = disk.play(at_once).await;
    let at_once = "data0 data0 a0 a100 a200 a300 complete:400";
    assert_eq!(viewer.all().await, at_once);
}

#[tokio::test]
async fn what_cannot_be_played_is_told_in_words() {
    let odd: Vec<_> = (0..3506)
        .step_by(2)
        .map(|at| picture(at, true, "odd"))
        .collect();
    let disk = Disk::new()
        .with("a", &clip("a", 0, 20))
        .with("silent", &[])
        .with("odd", &odd)
        .with_bytes("text.flv", b"not a video at all")
        .with_bytes("nothing.flv", b"")
        .with_bytes("torn.mp4", b"\0\0\0\x18ftypisom\0\0\0\0isommp42");
    fs::create_dir(disk.directory.path().join("vod/folder.flv")).unwrap();
    let check = async |item: Item, expected: &str| {
        let Err(error) = disk.open(item).await else {
            panic!("{expected}")
        };
        assert_eq!(error.to_string(), expected);
    };
    let none = "there is no recording of that name";
    check(item("b"), none).await;
    check(item("folder"), none).await;
    check(item("a/b"), none).await;
    let hidden = format!("{none}: a part of the name of the stream begins with a dot");
    check(item("../vod/a"), &hidden).await;
    let colon = format!(
        "{none}: the name of the stream has the character ':', which no name of a file may have"
    );
    check(item("c:a"), &colon).await;
    let text = "this is neither FLV nor MP4: it begins with \"not a vi\"";
    check(item("text"), text).await;
    check(item("nothing"), "the file is empty").await;
    check(
        item("silent"),
        "the recording has neither sound nor pictures",
    )
    .await;
    check(part("a", 2001, 100), "the recording ends at 2 s").await;
    check(part("a", u32::MAX, 100), "the recording ends at 2 s").await;
    check(part("odd", 5000, 100), "the recording ends at 3.506 s").await;
    let mut nameless = item("vod");
    nameless.wanted.location.application = "".into();
    let missing =
        format!("{none}: one name is missing: that of the application, or that of the stream");
    check(nameless, &missing).await;
    let mut torn = item("torn");
    torn.wanted.prefix = Some(NamePrefix::Mp4);
    let unfinished = "the MP4 file has no moov box, as if it was not finished";
    check(torn, unfinished).await;
}

#[tokio::test]
async fn a_torn_file_is_played_as_far_as_it_is() {
    let disk = Disk::new().with("a", &clip("a", 0, 20));
    let path = disk.directory.path().join("vod/a.flv");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 10]).unwrap();
    let mut viewer = disk.play(item("a")).await;
    let expected = format!("{} complete:1900", pictures("a", 0, 1900));
    assert_eq!(viewer.all().await, expected);
}

#[tokio::test]
async fn a_file_that_is_not_whole_is_told_of_once_and_not_while_it_is_recorded() {
    let disk = Disk::new().with("a", &clip("a", 0, 2));
    let path = disk.directory.path().join("vod/a.flv");
    let bytes = fs::read(&path).unwrap();
    disk.play(item("a")).await.all().await;
    assert_eq!(disk.files.doubtful(), 0);
    fs::write(&path, &bytes[..bytes.len() - 10]).unwrap();
    let mark = path.with_file_name(".a.flv.open");
    fs::write(&mark, "").unwrap();
    assert!(crate::recording::is_marked(&path));
    disk.play(item("a")).await.all().await;
    assert_eq!(disk.files.doubtful(), 0);
    fs::remove_file(&mark).unwrap();
    for _ in 0..2 {
        disk.play(item("a")).await.all().await;
        assert_eq!(disk.files.doubtful(), 1);
    }
    fs::write(path.with_file_name("text.flv"), "not a video").unwrap();
    for name in ["text", "text", "nothing"] {
        assert!(disk.open(item(name)).await.is_err());
    }
    assert_eq!(disk.files.doubtful(), 2);
}

#[tokio::test]
async fn a_file_that_only_the_system_does_not_let_read_is_not_said_to_be_broken() {
    let disk = Disk::new().with("a", &clip("a", 0, 2));
    let elsewhere = tempfile::tempdir().unwrap();
    let outside = elsewhere.path().join("a.flv");
    let here = disk.directory.path().join("vod");
    fs::copy(here.join("a.flv"), &outside).unwrap();
    std::os::unix::fs::symlink(&outside, here.join("out.flv")).unwrap();
    for _ in 0..2 {
        let refused = disk.open(item("out")).await;
        assert!(matches!(refused, Err(OpenError::Io(_))));
    }
    assert_eq!(disk.files.doubtful(), 0);
    assert_eq!(disk.files.take_unreadable_lines(), UNREADABLE_LINES - 2);
}

#[test]
fn nothing_is_said_of_a_file_whose_viewer_has_left_while_it_was_opened() {
    let disk = Disk::new().with("a", &clip("a", 0, 2));
    let mut one_thread = tokio::runtime::Builder::new_current_thread();
    let runtime = one_thread.max_blocking_threads(1).build().unwrap();
    runtime.block_on(async {
        let (go, wait) = mpsc::channel::<()>();
        let busy = tokio::task::spawn_blocking(move || wait.recv());
        let mut leaves = disk.files.open(wanted("a"), DataMessages::InTime);
        poll_fn(|cx| {
            assert!(leaves.as_mut().poll(cx).is_pending());
            Poll::Ready(())
        })
        .await;
        drop(leaves);
        go.send(()).unwrap();
        busy.await.unwrap().unwrap();
        // Behind that of the viewer who has left.
        disk.files.run(|| ()).await.unwrap();
    });
    assert_eq!(disk.files.doubtful(), 0);
    assert_eq!(disk.files.take_unreadable_lines(), UNREADABLE_LINES);
}
