//! `adit serve` as a person or a service manager meets it: what it prints, what it keeps, how it ends.
#![cfg(test)]

use std::fs;
use std::net::TcpListener;
use std::process::Command;
use std::time::Duration;

use adit_testkit::attack::Attacker;
use adit_testkit::honest::Honest;
use adit_testkit::process::Process;
use adit_testkit::server::AditServer;

const ADIT: &str = env!("CARGO_BIN_EXE_adit");

/// How long a command that only fails may take.
const SOON: Duration = Duration::from_secs(20);

#[test]
fn each_address_has_a_line_of_its_own_in_the_order_asked_for_and_then_come_lines_to_paste() {
    let server = AditServer::start_with(ADIT, |command| {
        command.args([
            "--listen",
            "127.0.0.1:0",
            "--listen",
            "[::1]:0",
            "--listen",
            "127.0.0.1:0",
        ]);
    });
    let ips: Vec<String> = server
        .addresses()
        .iter()
        .map(|address| address.ip().to_string())
        .collect();
    assert_eq!(ips, ["127.0.0.1", "::1", "127.0.0.1"]);
    assert!(server.printed("OBS ").contains("rtmp://127.0.0.1"));
    assert!(server.printed("publish ").contains("ffmpeg -re"));
    assert!(server.printed("play ").contains("ffplay rtmp://"));
    assert!(server.printed("          ffplay rtmps://").contains("live"));
}

#[test]
fn the_certificate_is_made_once_and_kept_with_a_key_that_only_its_owner_reads() {
    use std::os::unix::fs::PermissionsExt as _;
    let state = tempfile::tempdir().unwrap();
    let start = || {
        AditServer::start_with(ADIT, |command| {
            command.arg("--state-dir").arg(state.path());
        })
    };
    let kept = || -> Vec<Vec<u8>> {
        let mut files: Vec<_> = fs::read_dir(state.path().join("tls"))
            .unwrap()
            .map(|file| file.unwrap().path())
            .collect();
        files.sort();
        files.iter().map(|file| fs::read(file).unwrap()).collect()
    };
    drop(start());
    let first = kept();
    drop(start());
    assert_eq!(kept(), first);
    for file in fs::read_dir(state.path().join("tls")).unwrap() {
        let path = file.unwrap().path();
        if fs::read_to_string(&path).unwrap().contains("PRIVATE KEY") {
            assert_eq!(
                fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                0o600,
                "{}",
                path.display()
            );
        }
    }
}

#[tokio::test]
async fn a_request_to_stop_ends_sessions_and_exits_with_0() {
    let server = AditServer::start(ADIT);
    let honest = Honest::start(server.address(), "stop").await;
    let silent = Attacker::connect(server.address()).await;
    let (status, log) = tokio::task::spawn_blocking(|| server.stop()).await.unwrap();
    assert!(status.success(), "{status}\n{log}");
    drop((honest, silent));
}

#[tokio::test]
async fn a_session_has_a_line_when_it_opens_and_one_when_it_closes() {
    let server = AditServer::start(ADIT);
    Honest::start(server.address(), "logged")
        .await
        .vanish()
        .await;
    let closed = server.log_line("closed", Duration::from_secs(5));
    for wanted in [
        "transport=rtmp",
        "peer=",
        "app=\"live\"",
        "stream=\"logged\"",
        "received_bytes=",
        "sent_bytes=",
        "reason=",
    ] {
        assert!(closed.contains(wanted), "no `{wanted}` in {closed}");
    }
    let opened = server.log_line("opened", Duration::from_secs(5));
    assert!(
        opened.contains("transport=rtmp") && opened.contains("peer="),
        "{opened}"
    );
}

#[tokio::test]
async fn json_logs_are_one_object_a_line() {
    let server = AditServer::start_with(ADIT, |command| {
        command.args(["--log", "json"]);
    });
    Honest::start(server.address(), "json").await.vanish().await;
    let closed = server.log_line("closed", Duration::from_secs(5));
    let value = adit_testkit::server::json(&closed);
    assert_eq!(value["stream"], "json", "{closed}");
    assert_eq!(value["transport"], "rtmp", "{closed}");
}

#[test]
fn what_cannot_be_done_is_said_with_exit_code_1_and_what_was_not_meant_with_2() {
    let check = |arguments: &[&str], code: i32, wanted: &str| {
        let mut process = Process::start("adit", Command::new(ADIT).args(arguments));
        let status = process.wait(SOON);
        let said = process.stderr();
        assert_eq!(status.code(), Some(code), "{arguments:?}\n{said}");
        assert!(
            said.contains(wanted),
            "{arguments:?}: no `{wanted}` in\n{said}"
        );
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().to_string();
    let state = tempfile::tempdir().unwrap();
    let state = state.path().to_str().unwrap();
    check(
        &["serve", "--state-dir", state, "--listen", &taken],
        1,
        &taken,
    );
    drop(listener);
    let missing = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--cert",
        "/no/cert",
        "--key",
        "/no/key",
    ];
    check(&missing, 1, "/no/cert");
    check(&["serve", "--cert", "/no/cert"], 2, "--key");
    check(&["serve", "--listen", "nonsense"], 2, "nonsense");
    check(&["serve", "--trust-proxy", "nonsense"], 2, "nonsense");
    check(&["server"], 2, "server");
}
