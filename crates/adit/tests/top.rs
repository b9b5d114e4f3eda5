//! `adit top` against a server with streams: once, and in a terminal.
#![cfg(test)]

use std::fs;
use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use adit_testkit::process::Process;
use adit_testkit::server::AditServer;
use tempfile::TempDir;

const ADIT: &str = env!("CARGO_BIN_EXE_adit");

/// How long anything may take on a loaded machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// A server with an API, somebody who publishes, and somebody who plays.
struct Lab {
    server: AditServer,
    config: PathBuf,
    api: String,
    token: String,
    _parties: [Process; 2],
    folder: TempDir,
}

impl Lab {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("adit.toml");
        fs::write(&config, "").unwrap();
        let state = folder.path().join("state");
        let server = AditServer::start_with(ADIT, |command| {
            command
                .arg("--config")
                .arg(&config)
                .args(["--api", "127.0.0.1:0", "--state-dir"]);
            command.arg(&state);
        });
        let api = server.printed("api on http://");
        let token = server.printed("api token in ");
        // What the flags say stands in the file for the commands beside it.
        let text = format!(
            "[server]\nstate_dir = '{}'\n[api]\nlisten = '{api}'\n",
            state.display()
        );
        fs::write(&config, text).unwrap();
        let url = format!("rtmp://{}/live/cam", server.address());
        let start = |arguments: &[&str]| {
            let mut command = Command::new(ADIT);
            command.args(arguments).args(["--retry", "none"]);
            Process::start("adit", &mut command)
        };
        let publisher = start(&[
            "publish",
            "pattern:320x180@10,400k",
            &url,
            "--duration",
            "10m",
        ]);
        server.log_line("publish started", PATIENCE);
        let player = start(&["play", &url, "--duration", "10m"]);
        server.log_line("play started", PATIENCE);
        Self {
            server,
            config,
            api: format!("http://{api}"),
            token,
            _parties: [publisher, player],
            folder,
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(ADIT);
        command.arg("top").arg("--config").arg(&self.config);
        command
    }
}

fn ended(command: &mut Command) -> (i32, String, String) {
    let mut process = Process::start("adit top", command);
    let code = process.wait(PATIENCE).code().unwrap();
    (code, process.stdout(), process.stderr())
}

/// The table, as soon as it tells the bit rate of the stream.
fn table(command: &mut Command) -> String {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (code, table, err) = ended(command);
        assert_eq!(code, 0, "{err}");
        let stream = table.lines().find(|line| line.starts_with("live/cam"));
        if stream
            .unwrap_or_else(|| panic!("{table}"))
            .contains("kbit/s")
        {
            return table;
        }
        assert!(Instant::now() < deadline, "{table}");
    }
}

#[test]
fn one_table_shows_transports_streams_and_their_rates() {
    let lab = Lab::start();
    let shown = table(lab.command().args(["--once", "--interval", "2s"]));
    assert!(
        shown.starts_with(&format!("adit {}", env!("CARGO_PKG_VERSION"))),
        "{shown}"
    );
    assert!(
        shown.contains("1 streams") && shown.contains("2 connections"),
        "{shown}"
    );
    let rtmp = shown
        .lines()
        .find(|line| line.starts_with("rtmp "))
        .unwrap();
    let cells: Vec<_> = rtmp.split_whitespace().collect();
    assert_eq!(cells[..4], ["rtmp", "2", "1", "1"], "{shown}");
    assert_eq!(cells[5], "kbit/s", "the rate of what came: {shown}");
    assert!(shown.contains("320x180"), "{shown}");
    // By address and token too.
    let mut command = Command::new(ADIT);
    command.args([
        "top",
        "--once",
        "--interval",
        "100ms",
        "--api",
        &lab.api,
        "--token-file",
        &lab.token,
    ]);
    assert!(table(&mut command).contains("320x180"));
    lab.server.assert_sound();
}

#[test]
fn why_there_is_nothing_to_see_is_said() {
    let lab = Lab::start();
    let (code, _, err) = ended(&mut lab.command());
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("--once"), "{err}");
    let wrong = lab.folder.path().join("token");
    fs::write(&wrong, "0123456789abcdef\n").unwrap();
    let (code, _, err) = ended(lab.command().arg("--once").arg("--token-file").arg(&wrong));
    assert_eq!(code, 1, "{err}");
    assert!(
        err.contains("does not take the token") && err.contains("--token-file"),
        "{err}"
    );
    let (code, _, err) = ended(
        lab.command()
            .args(["--once", "--token-file", "/nonexistent"]),
    );
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("/nonexistent: No such file"), "{err}");
    let (code, _, err) = ended(
        lab.command()
            .args(["--once", "--api", "http://127.0.0.1:1"]),
    );
    assert_eq!(code, 1, "{err}");
    assert!(
        err.contains("not reached: Connection refused") && err.contains("api.listen"),
        "{err}"
    );
    fs::write(&lab.config, "").unwrap();
    let (code, _, err) = ended(lab.command().arg("--once"));
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("no API"), "{err}");
}

#[test]
fn in_a_terminal_it_goes_on_until_q_is_pressed() {
    let lab = Lab::start();
    let (input, mut keys) = std::io::pipe().unwrap();
    // `script` is a terminal for what it runs.
    let mut command = Command::new("script");
    let line = format!(
        "stty rows 24 cols 100; '{ADIT}' top --config '{}'; stty -a",
        lab.config.display()
    );
    command.args([
        "--quiet",
        "--return",
        "--flush",
        "--command",
        &line,
        "/dev/null",
    ]);
    command.env("TERM", "xterm");
    let mut top = Process::start_reading("script", &mut command, OwnedFd::from(input));
    let shown = |words: &str| {
        let deadline = Instant::now() + PATIENCE;
        while !top.stdout().contains(words) {
            assert!(Instant::now() < deadline, "no {words:?}: {top}");
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    shown("\x1b[?1049h");
    shown("bit rate*");
    shown("q quit");
    keys.write_all(b"s").unwrap();
    shown("players*");
    keys.write_all(b"\x1b[D\x1b[D").unwrap();
    shown("stream*");
    keys.write_all(b"q").unwrap();
    assert!(top.wait(PATIENCE).success(), "{top}");
    let all = top.stdout();
    // The terminal is as it was.
    assert!(all.contains("\x1b[?1049l"), "{all}");
    assert!(all.contains(" icanon ") && all.contains(" echo "), "{all}");
    lab.server.assert_sound();
}
