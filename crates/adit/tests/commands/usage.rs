//! Command lines that are wrong.

use std::os::unix::ffi::OsStrExt as _;

use super::{adit, ended, run, shell};
use adit_testkit::process::Process;

#[test]
fn malformed_addresses_are_usage_errors_that_say_which_part_is_wrong() {
    let cases = [
        ("", "empty"),
        ("example.com/live/key", "does not begin with rtmp://"),
        ("http://example.com/live/key", "http is another protocol"),
        ("rtmpe://example.com/live/key", "use rtmps"),
        ("rtmp:/example.com/live/key", "two slashes"),
        ("rtmp://", "no host"),
        ("rtmp:///live/key", "no host"),
        ("rtmp://exa mple/live/key", "space"),
        ("rtmp://example.com:0/live/key", "1 to 65535"),
        ("rtmp://example.com:70000/live/key", "1 to 65535"),
        ("rtmp://example.com:/live/key", "no port"),
        ("rtmp://example.com:rtmp/live/key", "1 to 65535"),
        ("rtmp://256.1.1.1/live/key", "IPv4"),
        ("rtmp://::1/live/key", "brackets"),
        ("rtmp://[::1/live/key", "brackets"),
        ("rtmp://[fe80::1%eth0]/live/key", "zone"),
        ("rtmp://exa_mple..com/live/key", "part that is empty"),
        ("rtmp://münchen.example/live/key", "xn--"),
        ("rtmp://user:pa/ss@example.com/live/key", "%2F"),
        ("rtmp://user%zz@example.com/live/key", "%25"),
        ("rtmp://:secret@example.com/live/key", "no user"),
        ("rtmp://example.com/live/key live=1", "librtmp"),
        ("rtmp://example.com", "no stream"),
        ("rtmp://example.com/live", "no stream"),
    ];
    for (url, words) in cases {
        for command in [
            &["play", url][..],
            &["publish", "pattern:", url],
            &["record", url, "-o", "/nonexistent/x.flv"],
        ] {
            let refused = run(command);
            refused.assert_code(2);
            assert!(refused.error().contains(words), "{url}: {}", refused.err);
            assert!(refused.out.is_empty(), "{url}: {}", refused.out);
        }
    }
    let long = format!("rtmp://example.com/live/{}", "a".repeat(100_000));
    let refused = run(&["play", &long]);
    refused.assert_code(2);
    assert!(refused.err.len() < 1000, "{}", refused.err);
}

#[test]
fn an_application_alone_can_be_probed() {
    let probed = run(&["probe", "rtmp://127.0.0.1:1/live", "--strategy", "standard"]);
    probed.assert_code(3);
}

#[test]
fn flags_that_do_not_fit_are_usage_errors() {
    let url = "rtmp://127.0.0.1:1/live/name";
    let cases: [(&[&str], &str); 20] = [
        (&["publish"], "INPUT"),
        (&["play"], "URL"),
        (&["record", url], "--output"),
        (&["play", url, "--force"], "--output"),
        (&["play", url, "-o", "-", "--json"], "standard output"),
        (&["play", url, "--duration", "soon"], "not a length of time"),
        (&["play", url, "--duration", "0s"], "not a length of time"),
        (&["play", url, "--proxy", "ftp://proxy"], "--proxy"),
        (&["play", url, "--strategy", "best"], "standard"),
        (
            &["play", url, "--insecure", "--ca-file", "a"],
            "cannot be used with",
        ),
        (&["publish", "pattern:0x0", url], "between 96 and 4096"),
        (&["publish", "pattern:", url, "--retry", "maybe"], "forever"),
        (&["publish", "pattern:", url, "--loop=0"], "from 1"),
        (&["publish", "-", url, "--loop"], "standard input"),
        (&["publish", url, "pattern:"], "INPUT URL"),
        (&["play", url, "more"], "unexpected argument '***'"),
        (
            &["tunnel", "rtmp://h/a", "--json"],
            "unexpected argument '--json'",
        ),
        (
            &["play", url, "--stream=secret"],
            "unexpected argument '--stream' found",
        ),
        (&["play", url, "--key", "e"], "leave one of them out"),
        (
            &["play", "rtmp://h/a", "--key", "e", "--wait"],
            "a value is required for",
        ),
    ];
    for (arguments, words) in cases {
        let refused = run(arguments);
        refused.assert_code(2);
        assert!(
            refused.err.contains(words),
            "{arguments:?}: {}",
            refused.err
        );
    }
}

#[test]
fn inputs_that_cannot_be_published_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    // Before anybody is connected to: there is no server.
    let url = "rtmp://127.0.0.1:1/live/broken";
    let missing = folder.path().join("missing.flv");
    let cases = [
        (missing.to_str().unwrap().to_owned(), "No such file"),
        (folder.path().to_str().unwrap().to_owned(), "directory"),
        (
            file("page.flv", b"<!DOCTYPE html><html>"),
            "this is not FLV",
        ),
        (file("empty.flv", b""), "there is nothing in it"),
        ("/dev/null".to_owned(), "there is nothing in it"),
        (
            file("a.mp4", b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41"),
            "this is MP4 or MOV",
        ),
        (
            file("head.flv", b"FLV\x01\x05\0\0\0\x09\0\0\0\0"),
            "no audio or video",
        ),
        (
            file("cut.flv", b"FLV\x01\x05\0\0\0\x09\0\0\0\0\x09\0\0"),
            "ends inside",
        ),
        (
            file(
                "huge.flv",
                b"FLV\x01\x05\0\0\0\x09\0\0\0\0\x09\xff\xff\xff\0\0\0\0\0\0\0",
            ),
            "allowed",
        ),
    ];
    for (input, words) in cases {
        // `--loop` does not take the input for its number.
        let refused = run(&["publish", "--loop", &input, url]);
        refused.assert_code(1);
        assert!(refused.error().contains(words), "{input}: {}", refused.err);
        assert!(refused.error().contains(&input), "{input}: {}", refused.err);
    }
}

#[test]
fn an_input_that_is_no_flv_has_a_hint_and_a_missing_one_no_number() {
    let url = "rtmp://127.0.0.1:1/live/name";
    let other = run(&["publish", "/etc/passwd", url]);
    assert!(other.err.contains("hint: ffmpeg"), "{}", other.err);
    let folder = tempfile::tempdir().unwrap();
    let film = folder.path().join("a.mkv");
    std::fs::write(&film, b"\x1A\x45\xDF\xA3\x01\0\0\0\0\0\0\x1F\x42\x86").unwrap();
    let mut command = shell(
        "\"$0\" publish - \"$1\" < \"$2\"",
        &[url, film.to_str().unwrap()],
    );
    let film = ended(Process::start("adit publish", &mut command));
    assert!(film.error().contains("this is Matroska"), "{}", film.err);
    let remedy = "ffmpeg -i INPUT -c copy -f flv - | adit publish - URL";
    assert!(film.err.contains(remedy), "{}", film.err);
    let mut command = shell("\"$0\" publish - \"$1\" < /dev/null", &[url]);
    let nothing = ended(Process::start("adit publish", &mut command));
    assert!(
        nothing.error().ends_with("there is nothing in it"),
        "{}",
        nothing.err
    );
    let missing = run(&["publish", "/nonexistent.flv", url]);
    assert!(
        missing.error().ends_with("No such file or directory"),
        "{}",
        missing.err
    );
    let folder = run(&["record", url, "-o", "/nonexistent/x.flv"]);
    assert_eq!(folder.error(), "/nonexistent: No such file or directory");
}

#[test]
fn what_cannot_be_told_on_standard_output_is_a_failure() {
    for (arguments, code) in [
        (&["probe", "rtmp://127.0.0.1:1/live"][..], 1),
        (&["play", "rtmp://127.0.0.1:1/live/name", "--json"], 3),
    ] {
        let mut command = shell("\"$0\" \"$@\" > /dev/full", arguments);
        let full = ended(Process::start("adit", &mut command));
        full.assert_code(code);
    }
}

#[test]
fn the_flags_of_a_command_stand_before_those_of_the_way_out() {
    for command in ["play", "record"] {
        let help = run(&[command, "-h"]).out;
        let (own, _) = help.split_once("The way out:").unwrap();
        assert!(
            own.contains("--output") && own.contains("--force"),
            "{help}"
        );
    }
}

#[test]
fn a_key_can_come_from_a_file_or_the_environment() {
    let server = adit_testkit::server::AditServer::start(super::ADIT);
    let url = server.url(adit_testkit::server::Transport::Rtmp, "live");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    std::fs::write(&file, "from-a-file\r\nnot this\n").unwrap();
    let publish = ["publish", "pattern:320x180", &url, "--duration", "100ms"];
    let run = |more: &[&str], variable: &str, name: &str| {
        let mut command = adit(&[&publish[..], more].concat());
        command.env("ADIT_STREAM_KEY", variable);
        let run = ended(Process::start("adit publish", &mut command));
        run.assert_code(0);
        server.log_line(&format!("stream=\"{name}\""), super::PATIENCE);
    };
    run(&["--key-file", file.to_str().unwrap()], "no", "from-a-file");
    run(&[], "from-the-environment", "from-the-environment");
    run(&["--key", "from-the-flag"], "no", "from-the-flag");
    let missing = super::run(&[&publish[..], &["--key-file", "/nonexistent"]].concat());
    missing.assert_code(1);
    assert!(
        missing.error().contains("stream key cannot be read"),
        "{}",
        missing.err
    );
}

#[test]
fn a_key_that_cannot_be_one_is_refused_and_not_cut() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    std::fs::write(&file, "a".repeat(5000)).unwrap();
    let url = "rtmp://127.0.0.1:1/live";
    let long = run(&["play", url, "--key-file", file.to_str().unwrap()]);
    long.assert_code(1);
    assert!(long.error().contains("longer than"), "{}", long.err);

    let with_variable = |url: &str, key: &[u8]| {
        let mut command = adit(&["play", url]);
        command.env("ADIT_STREAM_KEY", std::ffi::OsStr::from_bytes(key));
        ended(Process::start("adit play", &mut command))
    };
    let garbled = with_variable(url, b"\xFF\xFE");
    garbled.assert_code(2);
    assert!(garbled.error().contains("not UTF-8"), "{}", garbled.err);
    let unused = with_variable("rtmp://127.0.0.1:1/live/name", b"other");
    unused.assert_code(3);
    let note = "ADIT_STREAM_KEY is not used";
    assert!(unused.err.contains(note), "{}", unused.err);
}

#[test]
fn the_help_tells_the_exit_codes() {
    for command in [&["--help"][..], &["publish", "--help"], &["probe", "-h"]] {
        let help = run(command);
        help.assert_code(0);
        assert!(help.out.contains("Exit codes: 0 done"), "{}", help.out);
    }
}

#[test]
fn the_help_tells_by_which_clock_a_duration_is_counted() {
    for (command, words) in [
        ("play", "by the clock on the wall"),
        ("record", "by the clock of the stream"),
    ] {
        let help = run(&[command, "--help"]);
        help.assert_code(0);
        let text: Vec<_> = help.out.split_whitespace().collect();
        assert!(text.join(" ").contains(words), "{}", help.out);
    }
}
