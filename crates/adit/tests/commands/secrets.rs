//! Passwords and stream keys appear nowhere.

use std::fs;
use std::time::{Duration, Instant};

use adit_testkit::process::Process;
use adit_testkit::server::{AditServer, Transport};

use super::{ADIT, PATIENCE, adit, ended, start};

const KEY: &str = "k3y-that-nobody-sees";
const TOKEN: &str = "t0ken-that-nobody-sees";
const PASSWORD: &str = "pa55word-that-nobody-sees";

/// Runs a command with everything logged, in both shapes, and looks for secrets.
fn check(arguments: &[&str], code: i32) {
    for log in ["pretty", "json"] {
        let mut command = adit(&[arguments, &["--log", log]].concat());
        command.env("ADIT_LOG", "trace");
        let run = ended(Process::start("adit", &mut command));
        run.assert_code(code);
        for secret in [KEY, TOKEN, PASSWORD] {
            for (what, text) in [("output", &run.out), ("errors", &run.err)] {
                let shown = text.lines().find(|line| line.contains(secret));
                assert!(shown.is_none(), "{arguments:?}: in the {what}: {shown:?}");
            }
        }
    }
}

#[test]
fn no_output_and_no_log_repeats_them() {
    let server = AditServer::start(ADIT);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.flv");
    let file = file.to_str().unwrap();
    for transport in [Transport::Rtmp, Transport::Rtmpt, Transport::Rtmpts] {
        let address = server.address();
        let scheme = transport.scheme();
        let url = format!("{scheme}://user:{PASSWORD}@{address}/live/{KEY}-{scheme}?token={TOKEN}");
        let publish = ["publish", "pattern:320x180", &url, "--insecure"];
        check(&[&publish[..], &["--duration", "300ms"]].concat(), 0);
        check(
            &["record", &url, "-o", file, "--insecure", "--wait", "300ms"],
            1,
        );
        check(&["probe", &url, "--insecure"], 0);
        check(&["probe", &url, "--insecure", "--json"], 0);
        // Somebody else has the name: the server says so, and it may say the name.
        let holder = start(&[&publish[..], &["--duration", "1m"]].concat());
        holder.stderr_line("publishing", PATIENCE);
        check(&publish, 1);
    }
}

#[test]
fn failures_and_usage_errors_do_not_repeat_them() {
    let url = format!("rtmp://user:{PASSWORD}@127.0.0.1:1/live/{KEY}?token={TOKEN}");
    check(&["play", &url], 3);
    check(&["publish", "pattern:", &url], 3);
    check(&["play", &url, "rtmp://127.0.0.1:1/live/more"], 2);
    check(&["play", "rtmp://127.0.0.1:1/live/more", &url], 2);
    check(&["play", &url, "--key", KEY, "--key-file", KEY], 2);
    let server = "rtmp://127.0.0.1:1/live";
    check(&["play", server, "--key", KEY], 3);
    check(&["play", server, &format!("--key={KEY}"), "--nonsense"], 2);
    check(&["play", server, KEY], 2);
    check(&["play", server, &format!("--{KEY}")], 2);
    check(&["play", &format!("{server}/{KEY}"), "--key", TOKEN], 2);
    let proxy = format!("http://user:{PASSWORD}@127.0.0.1:1");
    check(&["play", "rtmp://127.0.0.1:1/live/a", "--proxy", &proxy], 3);
    let proxy = format!("gopher://user:{PASSWORD}@127.0.0.1:1");
    check(&["play", "rtmp://127.0.0.1:1/live/a", "--proxy", &proxy], 2);
    let app = format!("rtmp://user:{PASSWORD}@127.0.0.1:1/app?token={TOKEN}");
    let secret = format!("{{\"password\":\"{KEY}\"}}");
    check(&["call", &app, "login", &secret, "--connect", &secret], 3);
    check(&["call", &app, "login", KEY], 2);
    check(&["call", &app, "login", &secret, "--connect", KEY], 2);
    check(&["so", &app, "room", "--set", &format!("a={secret}")], 3);
    check(&["so", &app, "room", "--set", &format!("a={KEY}")], 2);
    let wrong = format!("rtmp://user:{PASSWORD}@127.0.0.1:99999/live/{KEY}");
    check(&["play", &wrong], 2);
}

#[test]
fn the_title_of_the_process_does_not_show_them() {
    let server = AditServer::start(ADIT);
    let address = server.address();
    let url = format!("rtmp://user:{PASSWORD}@{address}/live/{KEY}?token={TOKEN}");
    let bare = server.url(Transport::Rtmp, "live");
    for arguments in [&["play", &url][..], &["play", &bare, "--key", KEY]] {
        let player = start(arguments);
        let deadline = Instant::now() + PATIENCE;
        loop {
            let title = fs::read(format!("/proc/{}/cmdline", player.id())).unwrap();
            let title = String::from_utf8_lossy(&title).into_owned();
            let hidden = [KEY, TOKEN, PASSWORD]
                .iter()
                .all(|secret| !title.contains(secret));
            if hidden && title.contains("play") {
                assert!(title.contains(&format!("{address}/live")), "{title}");
                break;
            }
            assert!(Instant::now() < deadline, "{title}");
            std::thread::sleep(Duration::from_millis(10));
        }
        // It is the same process, and it works.
        player.stderr_line("not started yet", PATIENCE);
        player.signal(rustix::process::Signal::INT);
        ended(player).assert_code(130);
    }
}
