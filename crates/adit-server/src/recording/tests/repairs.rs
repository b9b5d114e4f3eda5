//! Files that are torn, or none of ours.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_repairs_what_is_marked_and_nothing_else() {
    let room = Room::new();
    room.recorded(RecordMode::Record, &clip(300)).await;
    let whole = fs::read(room.path("cam.flv")).unwrap();
    let torn = &whole[..whole.len() - 7];
    let write = |name: &str, content: &[u8]| fs::write(room.path(name), content).unwrap();
    write("torn.flv", torn);
    write(".torn.flv.open", b"00000000000000000000\n");
    write("odd.flv", torn);
    write(".odd.flv.open", b"something else");
    write("empty.flv", b"FLV");
    write(".empty.flv.open", b"");
    write(".absent.flv.open", b"");
    write("text.flv", b"this is no recording");
    write(".text.flv.open", b"");
    write("unmarked.flv", torn);
    write("held.flv", torn);
    write(".held.flv.open", b"");
    let held = File::open(room.path(".held.flv.open")).unwrap();
    held.lock().unwrap();
    repair_all(
        &Disk::default(),
        &room.recordings.0.root,
        room.recordings.counters(),
    );
    let names = [
        ".held.flv.open",
        "cam.flv",
        "held.flv",
        "odd.flv",
        "text.flv",
        "torn.flv",
        "unmarked.flv",
    ];
    assert_eq!(room.names(), names);
    let less_one = payloads(&clip(300)).len() - 1;
    for name in ["torn.flv", "odd.flv"] {
        assert_eq!(payloads(&frames_of(&room.path(name))).len(), less_one);
    }
    assert_eq!(fs::read(room.path("unmarked.flv")).unwrap(), torn);
    assert_eq!(fs::read(room.path("held.flv")).unwrap(), torn);
    assert_eq!(
        fs::read(room.path("text.flv")).unwrap(),
        b"this is no recording"
    );
    assert_eq!(room.recordings.counters().snapshot().repaired, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_torn_file_is_cut_before_it_is_gone_on_with() {
    let room = Room::new();
    let clip = clip(300);
    room.recorded(RecordMode::Append, &clip).await;
    let path = room.path("cam.flv");
    let length = fs::metadata(&path).unwrap().len();
    File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(length - 10)
        .unwrap();
    room.recorded(RecordMode::Append, &clip).await;
    assert_eq!(
        payloads(&frames_of(&path)).len(),
        2 * payloads(&clip).len() - 1
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_flv_is_kept_and_a_new_file_recorded_without_a_failure() {
    let room = Room::new();
    fs::create_dir(room.path("")).unwrap();
    fs::write(room.path("cam.flv"), "a text about cameras").unwrap();
    let mut publication = room.publish("cam");
    let mut recording = room.record(&publication, RecordMode::Append);
    push(&mut publication, &clip(100));
    // That it is another file than the publisher meant is no failure.
    await_started(&mut recording).await;
    drop(publication);
    finished(&mut recording).await;
    assert_eq!(room.names(), ["cam.flv", "cam~1.flv"]);
    assert_eq!(
        fs::read(room.path("cam~1.flv")).unwrap(),
        b"a text about cameras"
    );
    frames_of(&room.path("cam.flv"));
}
