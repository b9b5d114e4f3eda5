//! `adit serve` as a person or a service manager meets it: what it prints, what it keeps, how it ends.
#![cfg(test)]

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::time::{Duration, Instant};

use adit_testkit::attack::{Attacker, command, message, string};
use adit_testkit::honest::Honest;
use adit_testkit::process::Process;
use adit_testkit::server::AditServer;
use tokio::net::TcpSocket;

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
    for wanted in [
        "    rtmp://127.0.0.1",
        "    ffmpeg -re",
        "    ffplay rtmp://",
        "    ffplay rtmps://",
        "    rtmpdump --live -r rtmpts://",
    ] {
        assert!(server.printed(wanted).contains("/live"), "{wanted}");
    }
    let certificate = server.certificate().display().to_string();
    assert_eq!(server.printed("    SSL_CERT_FILE="), certificate);
    assert_eq!(server.printed("    --ca-file "), certificate);
}

#[test]
fn an_address_that_another_one_takes_in_needs_no_socket_of_its_own() {
    // Bound but not listening, it keeps the port from everybody who does not ask for it by number.
    let kept = TcpSocket::new_v6().unwrap();
    kept.set_reuseaddr(true).unwrap();
    kept.bind("[::]:0".parse().unwrap()).unwrap();
    let port = kept.local_addr().unwrap().port();
    let state = tempfile::tempdir().unwrap();
    let mut command = Command::new(ADIT);
    command.args(["serve", "--listen", &format!("0.0.0.0:{port}")]);
    command.args(["--listen", &format!("[::]:{port}"), "--state-dir"]);
    let process = Process::start("adit", command.arg(state.path()));
    let lines = process.stdout_lines("listening on ", 1, SOON);
    assert_eq!(lines, [format!("[::]:{port}")]);
    let note = process.stderr_line("needs no port of its own", SOON);
    assert!(note.contains(&format!("[::]:{port} takes it in")), "{note}");
    // It does.
    drop(TcpStream::connect(("127.0.0.1", port)).unwrap());
}

#[test]
fn the_soft_limit_of_file_descriptors_is_raised_to_the_hard_one() {
    let directory = tempfile::tempdir().unwrap();
    let script = directory.path().join("few");
    fs::write(
        &script,
        format!("#!/bin/sh\nulimit -S -n 100\nexec {ADIT} \"$@\"\n"),
    )
    .unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = Command::new(&script);
    command.args(["serve", "--listen", "127.0.0.1:0", "--state-dir"]);
    let process = Process::start("adit", command.arg(directory.path()));
    process.stdout_lines("listening on ", 1, SOON);
    let limits = fs::read_to_string(format!("/proc/{}/limits", process.id())).unwrap();
    let files = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    let words: Vec<_> = files.unwrap().split_whitespace().collect();
    assert_eq!(words[3], words[4], "soft and hard: {words:?}");
}

#[tokio::test]
async fn a_browser_is_told_what_this_is() {
    let server = AditServer::start(ADIT);
    let mut browser = Attacker::connect(server.address()).await;
    browser
        .write(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .await;
    let page = browser.ending(SOON).await;
    let text = String::from_utf8(page.received).unwrap();
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
    for wanted in [
        "Content-Type: text/plain",
        "Adit ",
        "ffmpeg ",
        "ffplay rtmp://HOST/live/NAME",
    ] {
        assert!(text.contains(wanted), "no `{wanted}` in\n{text}");
    }
}

#[tokio::test]
async fn whoever_gets_no_session_has_a_line_that_says_why() {
    let server = AditServer::start(ADIT);
    let cases: [(&[u8], &str, &str); 6] = [
        (b"SSH-2.0-x\r\n", "turned away", "no protocol of this server begins with"),
        (b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n\x03", "turned away", "--trust-proxy 127."),
        (b"\x16\x03\x01\x00\x05\xff\xff\xff\xff\xff", "turned away", "tls handshake: "),
        (b"POST /x y z\r\n\r\n", "turned away", "not http as it should be"),
        (
            b"GET /wp-login.php?secret HTTP/1.1\r\nHost: a\r\n\r\n",
            "request refused",
            "request=\"GET /wp-login.php\" status=404",
        ),
        (
            b"POST /idle/0123456789abcdef0123456789abcdef/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
            "request refused",
            "no such tunnel session",
        ),
    ];
    for (bytes, message, reason) in cases {
        let mut stranger = Attacker::connect(server.address()).await;
        stranger.write(bytes).await;
        let line = server.log_line(reason, SOON);
        for wanted in [message, "peer=127.", " INFO "] {
            assert!(line.contains(wanted), "no `{wanted}` in {line}");
        }
    }
    for secret in ["?secret", "0123456789abcdef"] {
        assert!(!server.log().contains(secret), "{}", server.log());
    }
}

#[tokio::test]
async fn a_scanner_does_not_flood_the_log() {
    let server = AditServer::start(ADIT);
    let began = Instant::now();
    for _ in 0..100 {
        let mut stranger = Attacker::connect(server.address()).await;
        stranger.write(b"nonsense\n").await;
        stranger.ending(SOON).await;
    }
    let (_, log) = tokio::task::spawn_blocking(|| server.stop()).await.unwrap();
    // Twenty every ten seconds, however slow the machine is.
    let spans = usize::try_from(began.elapsed().as_secs() / 10).unwrap() + 1;
    let lines = log
        .lines()
        .filter(|line| line.contains("turned away peer="));
    let lines = lines.count();
    assert!(
        (20..=20 * spans).contains(&lines),
        "{lines} lines in {spans} spans\n{log}"
    );
    let counts = log
        .lines()
        .filter(|line| line.contains("more were turned away"));
    let counted: usize = counts
        .filter_map(|line| line.split_once("count=")?.1.trim().parse::<usize>().ok())
        .sum();
    assert_eq!(lines + counted, 100, "{log}");
}

#[test]
fn the_certificate_is_made_once_and_kept_with_a_key_that_only_its_owner_reads() {
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
    let made = "self-signed certificate made";
    let server = start();
    server.log_line(made, SOON);
    drop(server);
    let first = kept();
    let server = start();
    assert!(!server.log().contains(made), "{}", server.log());
    drop(server);
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
async fn a_session_has_lines_when_it_opens_starts_stops_and_closes() {
    let server = AditServer::start(ADIT);
    Honest::start(server.address(), "logged")
        .await
        .vanish()
        .await;
    let check = |message: &str, wanted: &[&str]| {
        let line = server.log_line(message, SOON);
        for wanted in wanted {
            assert!(line.contains(wanted), "no `{wanted}` in {line}");
        }
    };
    check(" opened ", &["connection=1", "transport=rtmp", "peer="]);
    let started = [
        "transport=rtmp",
        "peer=",
        "app=\"live\"",
        "stream=\"logged\"",
    ];
    check(" publish started ", &started);
    check(" play started ", &started);
    let stopped = ["app=\"live\"", "stream=\"logged\"", "seconds="];
    check(" publish stopped ", &stopped);
    check(" play stopped ", &stopped);
    let closed = [
        "transport=rtmp",
        "peer=",
        "app=\"live\"",
        "role=\"",
        "stream=\"logged\"",
        "received_bytes=",
        "sent_bytes=",
        "seconds=",
        "reason=\"the peer ",
    ];
    check(" closed ", &closed);
}

#[tokio::test]
async fn a_publisher_that_was_refused_and_went_has_the_refusal_in_its_last_line() {
    let server = AditServer::start(ADIT);
    let first = Honest::start(server.address(), "taken").await;
    let mut second = Attacker::connect(server.address()).await;
    second.enter().await;
    second
        .write(&message(3, 20, 0, &command("createStream", 2)))
        .await;
    let mut publish = command("publish", 3);
    publish.push(5);
    publish.extend(string("taken"));
    publish.extend(string("live"));
    second.write(&message(8, 20, 1, &publish)).await;
    let refused = server.log_line("publish refused", SOON);
    assert!(refused.contains("stream=\"taken\""), "{refused}");
    drop(second);
    let closed = server.log_line("after its publish was refused: ", SOON);
    assert!(
        closed.contains("taken is already published, for ")
            && closed.contains("; it comes from 127."),
        "{closed}"
    );
    assert!(
        closed.contains(" closed ") && closed.contains("the peer "),
        "{closed}"
    );
    assert!(!closed.contains("os error"), "{closed}");
    drop(first);
}

/// `publish` or `play` on a message stream, which may not exist.
fn ask(what: &str, stream: u8, name: &str) -> Vec<u8> {
    let mut body = command(what, 0);
    body.push(5);
    body.extend(string(name));
    message(8, 20, stream, &body)
}

#[tokio::test]
async fn what_the_session_refuses_by_itself_has_its_lines_too() {
    let server = AditServer::start(ADIT);
    for what in ["publish", "play"] {
        let mut stranger = Attacker::connect(server.address()).await;
        stranger.enter().await;
        stranger
            .write(&message(3, 20, 0, &command("createStream", 2)))
            .await;
        stranger.write(&ask(what, 1, "a\u{7}b?token=secret")).await;
        let line = server.log_line(&format!("{what} refused"), SOON);
        let reason = "the stream name contains a control character";
        assert!(line.contains(reason), "{line}");
        drop(stranger);
        let closed = server.log_line(&format!("after its {what} was refused: "), SOON);
        assert!(
            closed.contains(" closed ") && closed.contains(reason),
            "{closed}"
        );
    }
    assert!(!server.log().contains("secret"), "{}", server.log());
}

#[tokio::test]
async fn a_connection_that_is_refused_again_and_again_does_not_flood_the_log() {
    let server = AditServer::start(ADIT);
    let began = Instant::now();
    let mut stranger = Attacker::connect(server.address()).await;
    stranger.enter().await;
    for _ in 0..60 {
        stranger.write(&ask("play", 9, "cam")).await;
    }
    // The last of them has been worked off when the end is seen.
    stranger.finish_writing().await;
    server.log_line(" closed ", SOON);
    let log = server.log();
    let spans = usize::try_from(began.elapsed().as_secs() / 10).unwrap() + 1;
    let lines = log.lines().filter(|line| line.contains("play refused"));
    let lines = lines.count();
    assert!((20..=20 * spans).contains(&lines), "{lines} lines\n{log}");
    let counts = log
        .lines()
        .filter(|line| line.contains("without a line each"));
    let counted: usize = counts
        .filter_map(|line| line.split_once("count=")?.1.trim().parse::<usize>().ok())
        .sum();
    assert_eq!(lines + counted, 60, "{log}");
}

#[tokio::test]
async fn a_player_without_a_publisher_waits_and_starts_with_the_publisher() {
    let server = AditServer::start(ADIT);
    let mut player = Attacker::connect(server.address()).await;
    player.enter().await;
    player
        .write(&message(3, 20, 0, &command("createStream", 2)))
        .await;
    player.write(&ask("play", 1, "later")).await;
    let waits = server.log_line("play waits", SOON);
    assert!(waits.contains("stream=\"later\""), "{waits}");
    assert!(!server.log().contains("play started"), "{}", server.log());
    let honest = Honest::start(server.address(), "later").await;
    let started = server.log_line("play started connection=1 ", SOON);
    assert!(started.contains("stream=\"later\""), "{started}");
    drop((honest, player));
    server.log_line("play stopped connection=1 ", SOON);
}

#[tokio::test]
async fn the_lines_of_a_session_say_which_when_more_is_asked_for() {
    let server = AditServer::start_with(ADIT, |command| {
        command.env("ADIT_LOG", "info,adit_rtmp=trace");
    });
    for number in 1..=2 {
        let mut stranger = Attacker::connect(server.address()).await;
        stranger.enter().await;
        let line = server.log_line(&format!("session{{connection={number}}}: command"), SOON);
        assert!(line.contains("name=\"connect\""), "{line}");
    }
}

#[test]
fn whoever_trusts_everybody_is_warned() {
    for everybody in ["0.0.0.0/0", "::/0"] {
        let server = AditServer::start_with(ADIT, |command| {
            command.args(["--trust-proxy", everybody]);
        });
        let line = server.log_line("takes in everybody", SOON);
        assert!(
            line.contains(" WARN ") && line.contains(everybody),
            "{line}"
        );
    }
    let server = AditServer::start_with(ADIT, |command| {
        command.args(["--trust-proxy", "10.0.0.0/8"]);
    });
    assert!(!server.log().contains("everybody"), "{}", server.log());
}

#[test]
fn a_stop_has_one_line_in_a_log_of_objects() {
    let server = AditServer::start_with(ADIT, |command| {
        command.args(["--log", "json"]);
    });
    let (status, log) = server.stop();
    assert!(status.success(), "{log}");
    let lines = log.lines().filter(|line| line.contains("stop"));
    assert_eq!(lines.count(), 1, "{log}");
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
    assert_eq!(value["connection"], 1, "{closed}");
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
    let one = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    for directory in [&one, &other] {
        drop(AditServer::start_with(ADIT, |command| {
            command.arg("--state-dir").arg(directory.path());
        }));
    }
    let certificate = one.path().join("tls/self-signed.crt").display().to_string();
    let key = other
        .path()
        .join("tls/self-signed.key")
        .display()
        .to_string();
    let mixed = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--cert",
        &certificate,
        "--key",
        &key,
    ];
    check(&mixed, 1, &certificate);
    check(&mixed, 1, &key);
    let junk = one.path().join("junk");
    fs::write(&junk, "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMII\n").unwrap();
    let junk = junk.display().to_string();
    let mut encrypted = mixed;
    encrypted[6] = &junk;
    check(
        &encrypted,
        1,
        &format!("{junk} holds no usable private key"),
    );
    check(&encrypted, 1, "hint: the key is encrypted");
    check(&["serve", "--cert", "/no/cert"], 2, "--key");
    check(&["serve", "--listen", "nonsense"], 2, "nonsense");
    check(&["serve", "--trust-proxy", "nonsense"], 2, "nonsense");
    check(
        &["serve", "--app", "films=dvd"],
        2,
        "there are live, vod, chat",
    );
    check(&["serve", "--unknown-apps", "maybe"], 2, "live, refuse");
    check(&["server"], 2, "server");
}

#[test]
fn applications_are_named_on_the_command_line_and_others_can_be_refused() {
    let server = AditServer::start_with(ADIT, |command| {
        command.args(["--app", "live=live", "--app", "films=vod"]);
        command.args(["--unknown-apps", "refuse", "--listen", "127.0.0.1:0"]);
    });
    let warning = server.log_line("nothing can be played there", SOON);
    assert!(
        warning.contains("application=\"films\"") && warning.contains("--media DIR"),
        "{warning}"
    );
    let address = server.addresses()[0];
    let told = |app: &str, word: &str| {
        let url = format!("rtmp://{address}/{app}/cam");
        let mut command = Command::new(ADIT);
        command.args([
            "publish",
            "--duration",
            "1s",
            "--retry",
            "none",
            "pattern:",
            &url,
        ]);
        let process = Process::start("adit publish", &mut command);
        process.stderr_line(word, SOON);
    };
    told("nowhere", "there is no application \"nowhere\" here");
    told("films", "this application only plays recordings");
}
