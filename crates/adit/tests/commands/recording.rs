//! Recordings open whenever writing stops, and nothing is overwritten that was not to be.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use adit_client::media::verify::verify;
use adit_testkit::packets::read;
use adit_testkit::process::Process;
use adit_testkit::server::{AditServer, Transport};
use rustix::process::Signal;

use super::{ADIT, PATIENCE, ended, run, start, text};

#[test]
fn a_recording_opens_after_kill_9() {
    let server = AditServer::start(ADIT);
    let folder = tempfile::tempdir().unwrap();
    let url = server.url(Transport::Rtmp, "live/killed");
    let publisher = start(&["publish", "pattern:320x180,200k,key=1", &url]);
    server.log_line("publish started", PATIENCE);
    let file = folder.path().join("killed.flv");
    let mut recorder = start(&["record", &url, "-o", text(&file)]);
    let deadline = Instant::now() + PATIENCE;
    while fs::metadata(&file).map_or(0, |about| about.len()) < 60_000 {
        assert!(Instant::now() < deadline, "{recorder}");
        std::thread::sleep(Duration::from_millis(20));
    }
    recorder.signal(Signal::KILL);
    recorder.wait(PATIENCE);
    drop(publisher);
    assert!(read(&file).len() > 50);
    let Some(ffprobe) = ["/usr/bin/ffprobe", "/usr/local/bin/ffprobe"]
        .into_iter()
        .find(|path| fs::exists(path).unwrap_or(false))
    else {
        return;
    };
    let mut command = Command::new(ffprobe);
    command.args(["-v", "error", "-count_packets", "-show_entries"]);
    command.args(["stream=codec_name,nb_read_packets", "-of", "csv=p=0"]);
    let told = Process::run("ffprobe", command.arg(&file), PATIENCE);
    assert!(told.contains("h264,") && told.contains("aac,"), "{told}");
}

#[test]
fn a_file_that_exists_is_left_alone_without_force() {
    let server = AditServer::start(ADIT);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("precious.flv");
    fs::write(&file, "precious").unwrap();
    let url = server.url(Transport::Rtmp, "live/precious");
    for command in ["record", "play"] {
        let refused = run(&[command, &url, "-o", text(&file)]);
        refused.assert_code(1);
        assert!(
            refused.error().ends_with("exists already"),
            "{}",
            refused.err
        );
        assert!(refused.err.contains("hint: --force"), "{}", refused.err);
        assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
    }
    // Not even with it, as long as there is nothing to write.
    let waited = run(&[
        "record",
        &url,
        "-o",
        text(&file),
        "--force",
        "--wait",
        "300ms",
    ]);
    waited.assert_code(1);
    assert!(waited.error().contains("has not started"), "{}", waited.err);
    assert_eq!(fs::read_to_string(&file).unwrap(), "precious");

    let publisher = start(&["publish", "pattern:320x180,200k,key=1", &url]);
    server.log_line("publish started", PATIENCE);
    run(&[
        "record",
        &url,
        "-o",
        text(&file),
        "--force",
        "--duration",
        "1s",
    ])
    .assert_code(0);
    assert!(read(&file).len() > 30);
    drop(publisher);
}

#[test]
fn an_interrupted_recording_is_finished_properly() {
    let server = AditServer::start(ADIT);
    let folder = tempfile::tempdir().unwrap();
    let url = server.url(Transport::Rtmpt, "live/finished");
    let publisher = start(&["publish", "pattern:320x180,200k,key=1", &url]);
    server.log_line("publish started", PATIENCE);
    let file = folder.path().join("finished.flv");
    let recorder = start(&["record", &url, "-o", text(&file), "--json"]);
    let deadline = Instant::now() + PATIENCE;
    while fs::metadata(&file).map_or(0, |about| about.len()) < 60_000 {
        assert!(Instant::now() < deadline, "{recorder}");
        std::thread::sleep(Duration::from_millis(20));
    }
    recorder.signal(Signal::INT);
    let recorded = ended(recorder);
    recorded.assert_code(130);
    let summary = recorded.json();
    assert_eq!(summary["ended"], "interrupted");
    drop(publisher);
    // Duration, size and seek index stand in the metadata and are right.
    let report = verify(fs::File::open(&file).unwrap()).unwrap();
    assert!(report.is_whole(), "{:?}", report.findings);
    assert!(report.key_frames > 0);
    let written = fs::read(&file).unwrap();
    assert!(written.windows(9).any(|name| name == b"keyframes"));
    let seconds = report.duration.as_secs_f64();
    assert!(seconds > 0.5);
    // What is said is what the file says.
    let said = summary["duration_ms"].as_f64().unwrap() / 1000.0;
    assert!((said - seconds).abs() < 0.001, "{said} {seconds}");
}

#[test]
fn a_stream_that_never_starts_leaves_no_file_and_no_word_of_one() {
    let server = AditServer::start(ADIT);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("never.flv");
    let url = server.url(Transport::Rtmp, "live/never");
    let waited = run(&["record", &url, "-o", text(&file), "--wait", "300ms"]);
    waited.assert_code(1);
    assert!(waited.error().contains("has not started"), "{}", waited.err);
    assert!(!waited.err.contains("wrote"), "{}", waited.err);
    assert!(!file.exists());
}

#[test]
fn a_place_that_cannot_be_written_is_told_before_anybody_is_connected_to() {
    for (place, words) in [
        ("/nonexistent/folder/a.flv", "No such file"),
        ("/", "directory"),
    ] {
        let refused = run(&["record", "rtmp://127.0.0.1:1/live/a", "-o", place]);
        refused.assert_code(1);
        assert!(refused.error().contains(words), "{}", refused.err);
    }
    let refused = run(&["record", "rtmp://127.0.0.1:1/live/a", "-o", "-"]);
    refused.assert_code(2);
}
