use super::*;

#[tokio::test]
async fn so_many_files_are_open_and_one_more_is_not() {
    let mut disk = Disk::new().with("a", &clip("a", 0, 2));
    let root = MediaRoot::open(disk.directory.path()).unwrap();
    disk.files = Files::with_handles(root, 3);
    let mut open = Vec::new();
    for _ in 0..3 {
        open.push(disk.open(item("a")).await.unwrap());
    }
    let Err(error) = disk.open(item("a")).await else {
        panic!("one more")
    };
    assert!(error.to_string().starts_with("this server plays as many "));
    assert_eq!(Files::limits(Some(&disk.files))[0], ("playback.files", 1));
    open.pop();
    disk.open(item("a")).await.unwrap();
}

fn address(last: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, last])
}

#[tokio::test]
async fn an_address_has_so_many_files_open_and_not_one_more() {
    let disk = Disk::new().with("a", &clip("a", 0, 1));
    let one = disk.files.shared_by(address(1));
    let mut open = Vec::new();
    for _ in 0..FILES_PER_ADDRESS {
        open.push(one.open(wanted("a"), DataMessages::InTime).await.unwrap());
    }
    let again = disk.files.shared_by(address(1));
    let refused = again.open(wanted("a"), DataMessages::InTime).await;
    assert!(matches!(refused, Err(OpenError::Busy)));
    let counted = Files::limits(Some(&disk.files));
    assert!(counted.contains(&("playback.share", 1)), "{counted:?}");
    // Others are served, and so is whoever is on this machine.
    let local = IpAddr::from([127, 0, 0, 1]);
    for other in [address(2), local] {
        let other = disk.files.shared_by(other);
        assert!(other.open(wanted("a"), DataMessages::InTime).await.is_ok());
    }
    open.pop();
    assert!(again.open(wanted("a"), DataMessages::InTime).await.is_ok());
    // What nobody uses is forgotten.
    drop((one, again, open));
    assert_eq!(disk.files.addresses(), 0);
}

#[tokio::test]
async fn who_reads_slowly_leaves_readers_to_others() {
    let disk = Disk::new();
    let (one, other) = (
        disk.files.shared_by(address(1)),
        disk.files.shared_by(address(2)),
    );
    let (go, wait) = mpsc::channel::<()>();
    let wait = Arc::new(Mutex::new(wait));
    let slow: Vec<_> = (0..READERS)
        .map(|_| {
            let wait = Arc::clone(&wait);
            tokio::spawn(one.run(move || wait.lock().unwrap().recv().is_err()))
        })
        .collect();
    // As many as may read do, and the others wait.
    let running = || READERS - disk.files.readers_left();
    while running() < READERS_PER_ADDRESS {
        tokio::task::yield_now().await;
    }
    assert_eq!(other.run(|| 7).await.unwrap(), 7);
    assert_eq!(running(), READERS_PER_ADDRESS);
    drop(go);
    for slow in slow {
        slow.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_file_is_not_walked_through_for_somebody_who_has_left() {
    let disk = Disk::new().with("a", &clip("a", 0, 20));
    let file = disk.directory.path().join("vod/a.flv");
    let interest = Interest::default();
    let watched = || {
        let file = fs::File::open(&file).unwrap();
        Watched::new(file, Arc::downgrade(&interest))
    };
    let (stays, leaves) = (watched(), watched());
    assert!(Recording::open(stays).is_ok());
    drop(interest);
    let error = Recording::open(leaves).unwrap_err();
    assert!(error.to_string().contains("nobody waits"), "{error}");
    // One that plays goes on.
    let mut viewer = disk.play(item("a")).await;
    let all = viewer.all().await;
    assert!(all.ends_with("complete:2000"), "{all}");
}

#[tokio::test]
async fn as_much_is_read_ahead_as_allowed_and_not_more() {
    use crate::limits::playback::{READ_AHEAD_BYTES, READ_AHEAD_FRAMES};
    let read_ahead = async |frames: &[Frame]| {
        let disk = Disk::new().with("a", frames);
        let mut viewer = disk.play(item("a")).await;
        viewer.playback.set_buffer(Duration::ZERO);
        viewer.all().await;
        // Whatever was begun comes to its end.
        for _ in 0..3 {
            viewer.playback.settle_reader().await;
        }
        viewer.playback.read_ahead()
    };
    let large = "x".repeat(10_000);
    let (_, bytes) = read_ahead(&clip(&large, 0, 500)).await;
    let allowed = READ_AHEAD_BYTES / 2..READ_AHEAD_BYTES + 20_000;
    assert!(allowed.contains(&bytes), "{bytes}");
    let (frames, _) = read_ahead(&clip("a", 0, 10_000)).await;
    let allowed = READ_AHEAD_FRAMES / 2..=READ_AHEAD_FRAMES;
    assert!(allowed.contains(&frames), "{frames}");
}
