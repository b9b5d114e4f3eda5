//! Connections that break, players that do not read, and what is said about them.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use adit_testkit::packets::{Packet, Role, read};
use adit_testkit::process::Process;
use adit_testkit::server::{AditServer, Transport};
use rustix::process::Signal;

use super::{ADIT, PATIENCE, adit, clip, ended, run, shell, start, text};

/// A server that can be started again in the same place.
fn server_at(listen: &str, state: &Path) -> AditServer {
    AditServer::start_with(ADIT, |command| {
        command.args(["--listen", listen, "--state-dir"]).arg(state);
    })
}

pub(super) fn wait_for_bytes(file: &Path, bytes: u64, who: &Process) {
    let deadline = Instant::now() + PATIENCE;
    while fs::metadata(file).map_or(0, |about| about.len()) < bytes {
        assert!(Instant::now() < deadline, "{who}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_recording_goes_on_in_the_same_file_after_a_break() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let first = server_at("127.0.0.1:0", &state);
    let address = first.address().to_string();
    let url = first.url(Transport::Rtmp, "live/goes-on");
    let publisher = start(&["publish", "pattern:320x180,200k,key=1", &url]);
    first.log_line("publish started", PATIENCE);
    let file = folder.path().join("goes-on.flv");
    let recorder = start(&["record", &url, "-o", text(&file), "--json"]);
    wait_for_bytes(&file, 30_000, &recorder);
    drop(first);
    recorder.stderr_line("trying again", PATIENCE);
    let before = fs::metadata(&file).unwrap().len();
    let second = server_at(&address, &state);
    second.log_line("publish started", PATIENCE);
    wait_for_bytes(&file, before + 60_000, &recorder);
    publisher.signal(Signal::INT);
    ended(publisher).assert_code(130);
    let recorded = ended(recorder);
    recorded.assert_code(0);
    let summary = recorded.json();
    assert_eq!(summary["ended"], "unpublished", "{summary}");
    assert_eq!(summary["reconnects"], 1, "{summary}");
    let packets = read(&file);
    let times: Vec<u32> = packets
        .iter()
        .filter(|packet| packet.is_coded() && packet.kind == adit_testkit::packets::Kind::Video)
        .map(|packet| packet.at_ms)
        .collect();
    assert!(times.is_sorted(), "{times:?}");
    let headers = |packet: &&Packet| packet.role() == Role::Configuration;
    assert!(packets.iter().filter(headers).count() >= 4);
}

#[test]
fn a_stream_that_broke_is_a_failure() {
    let server = AditServer::start(ADIT);
    let folder = tempfile::tempdir().unwrap();
    let url = server.url(Transport::Rtmp, "live/broke");
    let publisher = start(&["publish", "pattern:320x180,200k,key=1", &url]);
    server.log_line("publish started", PATIENCE);
    let file = folder.path().join("broke.flv");
    let recorder = start(&[
        "record",
        &url,
        "-o",
        text(&file),
        "--retry",
        "none",
        "--json",
    ]);
    wait_for_bytes(&file, 30_000, &recorder);
    drop(server);
    let recorded = ended(recorder);
    recorded.assert_code(1);
    let summary = recorded.json();
    assert_eq!(summary["ended"], "failed", "{summary}");
    assert!(summary["verdict"].is_string(), "{summary}");
    drop(publisher);
}

/// A player whose standard output is a pipe that is full sooner or later.
fn stalled(url: &str, pipe: &Path, more: &[&str]) -> Process {
    let script = "pipe=$1; shift; exec \"$0\" play \"$@\" -o - > \"$pipe\"";
    let mut command = shell(script, &[&[text(pipe), url], more].concat());
    Process::start("adit play", &mut command)
}

#[test]
fn a_player_that_does_not_read_keeps_nobody() {
    let server = AditServer::start(ADIT);
    let url = server.url(Transport::Rtmp, "live/stalled");
    let publisher = start(&["publish", "pattern:640x360,8M,key=1", &url]);
    server.log_line("publish started", PATIENCE);
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    let mut make = std::process::Command::new("mkfifo");
    Process::run("mkfifo", make.arg(&pipe), PATIENCE);
    // Held open, and not read.
    let reader = fs::File::options()
        .read(true)
        .write(true)
        .open(&pipe)
        .unwrap();

    let began = Instant::now();
    let run = ended(stalled(&url, &pipe, &["--duration", "1s"]));
    // What was left to write was not written.
    run.assert_code(1);
    assert!(run.error().contains("not taken in time"), "{}", run.err);
    assert!(
        began.elapsed() < Duration::from_secs(12),
        "{:?}",
        began.elapsed()
    );

    let player = stalled(&url, &pipe, &[]);
    player.stderr_line("connected over", PATIENCE);
    std::thread::sleep(Duration::from_secs(1));
    player.signal(Signal::INT);
    let began = Instant::now();
    let run = ended(player);
    run.assert_code(130);
    assert!(
        began.elapsed() < Duration::from_secs(6),
        "{:?}",
        began.elapsed()
    );
    assert!(!run.err.contains("error:"), "{}", run.err);
    drop((publisher, reader));
}

#[test]
fn a_reader_that_leaves_a_recording_is_a_failure() {
    let server = AditServer::start(ADIT);
    let folder = tempfile::tempdir().unwrap();
    let url = server.url(Transport::Rtmp, "live/fifo");
    let publisher = start(&["publish", "pattern:320x180,500k,key=1", &url]);
    server.log_line("publish started", PATIENCE);
    let fifo = folder.path().join("fifo");
    Process::run(
        "mkfifo",
        std::process::Command::new("mkfifo").arg(&fifo),
        PATIENCE,
    );
    let mut head = std::process::Command::new("head");
    head.args(["-c", "5000"]).arg(&fifo).stdout(Stdio::null());
    let mut head = head.spawn().unwrap();
    let recorded = run(&["record", &url, "-o", text(&fifo), "--duration", "30s"]);
    recorded.assert_code(1);
    assert!(recorded.error().contains("Broken pipe"), "{}", recorded.err);
    head.wait().unwrap();
    drop(publisher);
}

#[test]
fn an_end_that_is_not_taken_can_be_interrupted_and_is_no_success() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = adit(&["serve", "--listen", "127.0.0.1:0", "--log", "json"]);
    command.arg("--state-dir").arg(folder.path());
    let server = Process::start("adit serve", &mut command);
    let line = server.stdout_lines("listening on ", 1, PATIENCE).remove(0);
    let address = line.split_whitespace().last().unwrap().to_owned();
    let sent = clip(&folder, 200);
    let url = format!("rtmpt://{address}/live/not-taken");
    let publisher = start(&["publish", text(&sent), &url, "--json"]);
    server.stderr_line("publish started", PATIENCE);
    server.signal(Signal::STOP);
    // The clip ends in the meantime.
    std::thread::sleep(Duration::from_secs(5));
    assert!(!publisher.has_ended(), "{publisher}");
    publisher.signal(Signal::INT);
    let published = ended(publisher);
    published.assert_code(130);
    assert_eq!(published.json()["ended"], "interrupted");
    server.signal(Signal::KILL);
}

#[test]
fn an_input_without_pace_goes_as_fast_as_the_network_takes_it() {
    let server = AditServer::start(ADIT);
    let url = server.url(Transport::Rtmp, "live/fast");
    let began = Instant::now();
    let flags = ["--no-pace", "--duration", "5m", "--json"];
    let published = run(&[&["publish", "pattern:320x180,100k", &url], &flags[..]].concat());
    published.assert_code(0);
    let frames = published.json()["frames"].as_u64().unwrap();
    assert!(frames > 20_000, "{frames}");
    // A timer for each frame took 25 s.
    assert!(
        began.elapsed() < Duration::from_secs(15),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn a_file_that_ends_in_the_middle_of_a_tag_is_published_with_a_note() {
    let server = AditServer::start(ADIT);
    let folder = tempfile::tempdir().unwrap();
    let path = clip(&folder, 100);
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 10]).unwrap();
    let url = server.url(Transport::Rtmp, "live/torn");
    let published = run(&["publish", text(&path), &url, "--no-pace", "--json"]);
    published.assert_code(0);
    assert_eq!(published.json()["frames"], 99);
    assert!(
        published.err.contains("truncated at byte"),
        "{}",
        published.err
    );

    // Damage in the middle is another matter: a tag that says that it is larger than any.
    let whole = bytes.clone();
    let mut damaged = bytes;
    let at = damaged.len() / 2;
    let tail = [&[0, 0, 0, 0, 9, 0xFF, 0xFF, 0xFF][..], &[0; 64]].concat();
    damaged.truncate(at);
    fs::write(&path, damaged).unwrap();
    let offset = end_of_last_tag(&path);
    let mut damaged = fs::read(&path).unwrap();
    damaged.truncate(offset);
    damaged.extend_from_slice(&tail);
    fs::write(&path, damaged).unwrap();
    run(&["publish", text(&path), &url, "--no-pace"]).assert_code(1);

    // And so are bytes of something else, from the end of a tag on.
    let mut damaged = whole;
    damaged[offset + 4..][..64].fill(0x5A);
    fs::write(&path, damaged).unwrap();
    let published = run(&["publish", text(&path), &url, "--no-pace"]);
    published.assert_code(1);
    let told = format!("damaged at byte {}: ", offset + 4);
    assert!(published.error().contains(&told), "{}", published.err);
    assert!(published.err.contains("adit verify"), "{}", published.err);
}

/// Where the last whole tag of an FLV file ends, without its back pointer.
fn end_of_last_tag(path: &Path) -> usize {
    let bytes = fs::read(path).unwrap();
    let mut at = 13;
    let mut end = 9;
    while let Some([_, a, b, c]) = bytes.get(at..at + 4) {
        let size = u32::from_be_bytes([0, *a, *b, *c]) as usize;
        if at + 11 + size > bytes.len() {
            break;
        }
        end = at + 11 + size;
        at = end + 4;
    }
    end
}

#[test]
fn an_error_stream_for_machines_holds_nothing_but_objects() {
    let server = AditServer::start(ADIT);
    let url = server.url(Transport::Rtmp, "live/machines");
    let publisher = start(&["publish", "pattern:320x180,100k", &url, "--log", "json"]);
    server.log_line("publish started", PATIENCE);
    let played = run(&["play", &url, "--stats", "--log", "json", "--duration", "2s"]);
    played.assert_code(0);
    publisher.signal(Signal::INT);
    let published = ended(publisher);
    let messages = |err: &str| -> Vec<String> {
        let objects = err.lines().map(adit_testkit::server::json);
        objects
            .map(|object| object["message"].as_str().unwrap().to_owned())
            .collect()
    };
    let played = messages(&played.err);
    assert!(played[0].starts_with("connected over rtmp:"), "{played:?}");
    assert!(
        played.iter().any(|line| line.contains("H.264")),
        "{played:?}"
    );
    let published = messages(&published.err);
    let words = [
        "publishing pattern:",
        " to rtmp://127.0.0.1:",
        "/live/*** by rtmp:",
    ];
    assert!(
        words.iter().all(|word| published[0].contains(word)),
        "{published:?}"
    );
}
