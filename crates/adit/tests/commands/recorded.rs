//! Recordings of a server: what is asked of it to make one and to play a part of one.

use std::fs;
use std::sync::mpsc;

use adit_client::rtmp::command::{PlayDuration, PlayStart, PublishKind, Status, StatusCode};
use adit_client::rtmp::session::{CloseReason, ServerEvent};
use adit_testkit::packets::read;
use adit_testkit::server::{AditServer, Transport};

use super::breaking::wait_for_bytes;
use super::scripted::Scripted;
use super::{ADIT, PATIENCE, Run, clip, run, start, text};

/// What is asked of a server that has no recording.
fn asked(arguments: &[&str]) -> (PlayStart, PlayDuration) {
    let (told, asked) = mpsc::channel();
    let server = Scripted::start(move |_, session, event| {
        if let ServerEvent::Play(request) = event {
            told.send((request.start, request.duration)).unwrap();
            session.reject_play(request, StatusCode::PlayStreamNotFound, "no such recording");
        }
    });
    let played = run(&[&["play", &server.url("vod/film")][..], arguments].concat());
    played.assert_code(1);
    assert!(
        played.error().contains("no such recording"),
        "{}",
        played.err
    );
    asked.recv_timeout(PATIENCE).unwrap()
}

#[test]
fn a_part_of_a_recording_is_asked_for_by_its_time() {
    let recorded = |from_ms| PlayStart::Recorded { from_ms };
    let whole = (PlayStart::LiveOrRecorded, PlayDuration::All);
    assert_eq!(asked(&[]), whole);
    // Of a live stream, this is counted here.
    assert_eq!(asked(&["--duration", "5s"]), whole);
    assert_eq!(asked(&["--start", "0"]), (recorded(0), PlayDuration::All));
    assert_eq!(asked(&["--start", "1m2.5s"]).0, recorded(62_500));
    let part = (recorded(1500), PlayDuration::Limited { ms: 2500 });
    assert_eq!(asked(&["--start", "1.5", "--duration", "2.5"]), part);
}

#[test]
fn times_that_are_none_are_refused() {
    for start in ["-1", "soon", "NaN", "1e300"] {
        let refused = run(&["play", "rtmp://h/a/b", &format!("--start={start}")]);
        refused.assert_code(2);
        assert!(
            refused.err.contains("not a length of time"),
            "{}",
            refused.err
        );
    }
}

/// How a stream is published over a break of the connection.
fn published(arguments: &[&str]) -> [PublishKind; 2] {
    let (told, kinds) = mpsc::channel();
    let server = Scripted::start(move |number, session, event| match event {
        ServerEvent::Publish(request) => {
            told.send(request.kind).unwrap();
            session.accept_publish(request);
        }
        ServerEvent::Media { .. } if number == 0 => session.close(CloseReason::Ended),
        _ => {}
    });
    let url = server.url("live/show");
    let publish = [
        "publish",
        "pattern:320x180,200k,key=1",
        &url,
        "--duration",
        "3s",
    ];
    run(&[&publish[..], arguments].concat()).assert_code(0);
    [
        kinds.recv_timeout(PATIENCE).unwrap(),
        kinds.recv_timeout(PATIENCE).unwrap(),
    ]
}

#[test]
fn a_recording_goes_on_after_a_break_and_is_not_begun_again() {
    use PublishKind::{Append, Live, Record};
    assert_eq!(published(&[]), [Live, Live]);
    assert_eq!(published(&["--as", "record"]), [Record, Append]);
    assert_eq!(published(&["--as", "append"]), [Append, Append]);
}

/// A stream published to a server that says something about it with its first frame.
fn told_while_publishing(code: StatusCode, words: &'static str) -> Run {
    let mut is_told = false;
    let server = Scripted::start(move |_, session, event| match event {
        ServerEvent::Publish(request) => {
            session.accept_publish(request);
        }
        ServerEvent::Media { msid, .. } if !is_told => {
            is_told = true;
            let status = Status::new(code, words);
            session.send_status(msid, status).unwrap();
        }
        _ => {}
    });
    let url = server.url("live/show");
    let publish = ["publish", "pattern:320x180,200k,key=1", &url, "--as"];
    let rest = ["record", "--duration", "2s", "--retry", "none", "--json"];
    run(&[&publish[..], &rest].concat())
}

#[test]
fn a_recording_that_fails_is_told_once_and_its_stream_goes_on() {
    for code in [
        StatusCode::RecordFailed,
        StatusCode::RecordNoAccess,
        StatusCode::RecordDiskQuotaExceeded,
    ] {
        let published = told_while_publishing(code, "show is not recorded: the disk is full");
        published.assert_code(0);
        let lines = published.err.lines();
        let told = lines.filter(|line| line.contains("not recorded: the disk is full"));
        assert_eq!(told.count(), 1, "{}", published.err);
        let summary = published.json();
        assert_eq!(summary["ended"], "duration", "{summary}");
        assert_eq!(summary["reconnects"], 0, "{summary}");
    }
    for code in [StatusCode::PublishBadName, StatusCode::PublishDenied] {
        let published = told_while_publishing(code, "not you");
        published.assert_code(1);
        assert!(published.error().contains("not you"), "{}", published.err);
    }
}

#[test]
fn our_server_that_cannot_record_takes_the_stream_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("adit.toml");
    fs::write(&config, "[limits]\nrecording.streams = 1\n").unwrap();
    let server = AditServer::start_with(ADIT, |command| {
        command.arg("--config").arg(&config);
        command.arg("--media").arg(folder.path().join("media"));
    });
    let publish = ["publish", "pattern:320x180,200k,key=1", "--as", "record"];
    let url = server.url(Transport::Rtmp, "live/first");
    let first = start(&[&publish[..], &[&url]].concat());
    let file = folder.path().join("media/live/first.flv");
    wait_for_bytes(&file, 1_000, &first);
    let url = server.url(Transport::Rtmpt, "live/second");
    let rest = [&url, "--duration", "2s", "--json"];
    let second = run(&[&publish[..], &rest].concat());
    second.assert_code(0);
    assert!(
        second.err.contains(" is not recorded: 1 streams are"),
        "{}",
        second.err
    );
    let summary = second.json();
    assert_eq!(summary["ended"], "duration", "{summary}");
    assert_eq!(summary["reconnects"], 0, "{summary}");
    drop(first);
}

#[test]
fn a_part_of_a_recording_is_played_by_our_own_server_and_its_length_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let film = clip(&folder, 600);
    let media = folder.path().join("media");
    fs::create_dir_all(media.join("vod")).unwrap();
    fs::rename(&film, media.join("vod/film.flv")).unwrap();
    let server = AditServer::start_with(ADIT, |command| {
        command.arg("--media").arg(&media);
    });
    let url = server.url(Transport::Rtmpt, "vod");
    let length = run(&["call", &url, "getStreamLength", r#""film""#]);
    length.assert_code(0);
    let length: f64 = length.out.trim().parse().unwrap();
    assert!((7.0..9.0).contains(&length), "{length}");

    let film = format!("{url}/film");
    let written = folder.path().join("part.flv");
    let part = [
        "--start",
        "3",
        "--duration",
        "2",
        "-o",
        text(&written),
        "--json",
    ];
    let played = run(&[&["play", &film][..], &part].concat());
    played.assert_code(0);
    let summary = played.json();
    assert_eq!(summary["ended"], "complete", "{summary}");
    let ms = summary["duration_ms"].as_u64().unwrap();
    assert!((1900..2200).contains(&ms), "{summary}");
    let coded = read(&written)
        .iter()
        .filter(|packet| packet.is_coded())
        .count();
    assert!((130..180).contains(&coded), "{coded}");

    // What leads up to the place, from the key frame on, takes nothing from the end.
    let between = ["--start", "3.5", "--duration", "2", "--force"];
    let played = run(&[&["play", &film, "-o", text(&written)][..], &between].concat());
    played.assert_code(0);
    let packets = read(&written);
    let coded = packets.iter().filter(|packet| packet.is_coded());
    let last = coded.map(|packet| packet.at_ms).max().unwrap();
    // From 3.0 s on, which is 0 in the file, to 5.5 s.
    assert!((2_400..2_500).contains(&last), "{last}");

    // All of it, and nothing but a recording.
    let none = run(&["play", &format!("{url}/none"), "--start", "0s"]);
    none.assert_code(1);
    assert!(none.error().contains("no recording"), "{}", none.err);

    let beyond = run(&["play", &film, "--start", "1m"]);
    beyond.assert_code(1);
    assert!(
        beyond.error().contains("the recording ends at"),
        "{}",
        beyond.err
    );
}
