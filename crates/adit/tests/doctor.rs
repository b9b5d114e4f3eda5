//! `adit doctor` against servers that are well, and installations that are broken in one way each.
#![cfg(test)]

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::Duration;

use adit_testkit::process::{Process, free_port};
use adit_testkit::server::{AditServer, json};
use serde_json::Value;
use tempfile::TempDir;

const ADIT: &str = env!("CARGO_BIN_EXE_adit");

/// How long anything may take on a loaded machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// A configuration, and where it and the state lie.
struct Installation {
    folder: TempDir,
}

/// What the doctor says.
struct Told {
    code: i32,
    text: String,
    object: Value,
}

impl Installation {
    /// The configuration with `DIR` for the folder, and a state directory there.
    fn new(config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let installation = Self { folder };
        installation.configure(config);
        installation
    }

    fn configure(&self, config: &str) {
        let text = config.replace("DIR", &self.folder.path().display().to_string());
        fs::write(self.path("adit.toml"), text).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn serve(&self) -> AditServer {
        AditServer::start_with(ADIT, |command| {
            command.arg("--config").arg(self.path("adit.toml"));
            command.arg("--state-dir").arg(self.path("state"));
            command.args(["--listen", "127.0.0.1:0"]);
        })
    }

    fn doctor(&self, more: &[&str]) -> Told {
        let run = |form: &[&str]| {
            let mut command = Command::new(ADIT);
            command
                .arg("doctor")
                .arg("--config")
                .arg(self.path("adit.toml"));
            command.args(more).args(form).env("NO_COLOR", "1");
            // What it remembers of ways it has tried belongs to nobody else.
            command.env("STATE_DIRECTORY", self.path("memory"));
            let mut process = Process::start("adit doctor", &mut command);
            let code = process.wait(PATIENCE).code().unwrap();
            (code, process.stdout())
        };
        let (code, text) = run(&[]);
        let (same, line) = run(&["--json"]);
        assert_eq!(code, same, "{text}");
        assert_eq!(line.lines().count(), 1, "{line}");
        Told {
            code,
            text,
            object: json(&line),
        }
    }
}

impl Told {
    /// Whether a finding of this check and state has these words.
    #[track_caller]
    fn assert_found(&self, check: &str, state: &str, words: &str) {
        let findings = self.object["findings"].as_array().unwrap();
        let is_it = |it: &&Value| {
            it["check"] == check
                && it["state"] == state
                && it["finding"].as_str().unwrap().contains(words)
        };
        let found = findings.iter().find(is_it);
        let found = found.unwrap_or_else(|| panic!("no {check} {state} {words}:\n{}", self.text));
        // Times in it may be others: it was asked twice.
        assert!(self.text.contains(words), "{}", self.text);
        if state == "wrong" {
            assert_eq!(self.code, 1, "{}", self.text);
            let remedy = found["remedy"].as_str();
            assert!(
                remedy.is_some_and(|text| self.text.contains(text)),
                "{}",
                self.text
            );
        }
    }

    #[track_caller]
    fn assert_well(&self) {
        assert_eq!(
            (self.code, &self.object["ok"]),
            (0, &Value::Bool(true)),
            "{}",
            self.text
        );
        assert_eq!(self.object["wrong"], 0);
    }
}

/// One that signs itself, for `live.example`, that ends so many days from now on.
fn certificate(installation: &Installation, days: &str) {
    let (key, request) = (installation.path("key.pem"), installation.path("request"));
    let mut openssl = Command::new("openssl");
    openssl.args([
        "req",
        "-new",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
    ]);
    openssl
        .args(["-subj", "/CN=live.example", "-keyout"])
        .arg(&key);
    Process::run("openssl", openssl.arg("-out").arg(&request), PATIENCE);
    fs::write(
        installation.path("names"),
        "subjectAltName=DNS:live.example\n",
    )
    .unwrap();
    // Only this form takes an end that has been.
    let mut openssl = Command::new("openssl");
    openssl
        .args(["x509", "-req", "-days", days, "-in"])
        .arg(&request);
    openssl
        .arg("-signkey")
        .arg(&key)
        .arg("-extfile")
        .arg(installation.path("names"));
    openssl.arg("-out").arg(installation.path("cert.pem"));
    Process::run("openssl", &mut openssl, PATIENCE);
}

#[test]
fn a_server_that_runs_is_found_well() {
    let (port, api) = (free_port(), free_port());
    let installation = Installation::new(&format!(
        "[server]\nlisten = ['127.0.0.1:{port}']\nstate_dir = 'DIR/state'\nmedia = 'DIR/media'\n[api]\nlisten = '127.0.0.1:{api}'\n"
    ));
    fs::create_dir(installation.path("media")).unwrap();
    let before = installation.doctor(&[]);
    before.assert_well();
    before.assert_found("api", "note", "not running");
    before.assert_found("ports", "ok", "is free");
    before.assert_found("state", "ok", "is made at the first start");
    before.assert_found("certificate", "note", "made at the first start");

    let server = AditServer::start_with(ADIT, |command| {
        command.arg("--config").arg(installation.path("adit.toml"));
        command.args(["--listen", &format!("127.0.0.1:{port}")]);
        command.arg("--state-dir").arg(installation.path("state"));
    });
    let public = format!("rtmp://127.0.0.1:{port}/live");
    let told = installation.doctor(&["--public", &public]);
    told.assert_well();
    told.assert_found("configuration", "ok", "no mistakes");
    told.assert_found("api", "ok", "is up for");
    told.assert_found(
        "ports",
        "ok",
        &format!("127.0.0.1:{port} is served by adit"),
    );
    told.assert_found("state", "ok", "can be written");
    told.assert_found("recordings", "ok", "are free");
    told.assert_found("access", "ok", "private networks publish freely");
    told.assert_found("certificate", "warning", "self-signed, for");
    told.assert_found("clock", "ok", "it says");
    told.assert_found("public", "ok", &format!("is reached by rtmp:{port}"));
    server.assert_sound();
}

#[test]
fn mistakes_in_the_configuration_are_told_first() {
    let installation = Installation::new("[server]\nlisten_on = 1\n");
    let told = installation.doctor(&[]);
    told.assert_found("configuration", "wrong", "one mistake");
    assert_eq!(told.object["findings"].as_array().unwrap().len(), 1);
}

#[test]
fn a_port_of_another_program_is_told_and_one_of_ours_is_known_without_the_api() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = other.local_addr().unwrap();
    // It answers, and is no RTMP server.
    thread::spawn(move || {
        for socket in other.incoming() {
            let mut socket = socket.unwrap();
            drop(socket.read(&mut [0; 1024]));
            drop(socket.write_all(b"SSH-2.0-other\r\n"));
        }
    });
    let installation = Installation::new("");
    let server = installation.serve();
    let ours = server.address();
    installation.configure(&format!(
        "[server]\nlisten = ['{taken}', '{ours}', '192.0.2.1:1935']\nstate_dir = 'DIR/state'\n"
    ));
    let told = installation.doctor(&[]);
    told.assert_found(
        "ports",
        "wrong",
        &format!("{taken} is taken by another program"),
    );
    told.assert_found("ports", "ok", &format!("{ours} is served by adit"));
    told.assert_found(
        "ports",
        "wrong",
        "192.0.2.1:1935 is not an address of this machine",
    );
    assert_eq!(told.object["wrong"], 2);
}

#[test]
fn certificates_that_nobody_takes_are_told() {
    let config = "[server]\nlisten = ['127.0.0.1:0']\nstate_dir = 'DIR/state'\n[tls]\ncert = 'DIR/cert.pem'\nkey = 'DIR/key.pem'\n";
    let installation = Installation::new(config);
    installation
        .doctor(&[])
        .assert_found("certificate", "wrong", "cert.pem");
    certificate(&installation, "300");
    installation
        .doctor(&[])
        .assert_found("certificate", "ok", "for live.example, until 20");
    certificate(&installation, "3");
    installation
        .doctor(&[])
        .assert_found("certificate", "warning", "it expires on 20");
    let elsewhere = installation.doctor(&["--public", "rtmp://127.0.0.1:1/live"]);
    elsewhere.assert_found(
        "certificate",
        "wrong",
        "it is not for 127.0.0.1, but for live.example",
    );
    elsewhere.assert_found("public", "wrong", "");
    let key = fs::read(installation.path("key.pem")).unwrap();
    certificate(&installation, "300");
    fs::write(installation.path("key.pem"), key).unwrap();
    installation
        .doctor(&[])
        .assert_found("certificate", "wrong", "key.pem");
    fs::write(installation.path("cert.pem"), "no certificate").unwrap();
    installation
        .doctor(&[])
        .assert_found("certificate", "wrong", "holds no usable");
}

#[test]
fn a_certificate_that_has_expired_is_told() {
    let config = "[server]\nlisten = ['127.0.0.1:0']\nstate_dir = 'DIR/state'\n[tls]\ncert = 'DIR/cert.pem'\nkey = 'DIR/key.pem'\n";
    let installation = Installation::new(config);
    certificate(&installation, "-1");
    let told = installation.doctor(&[]);
    told.assert_found("certificate", "wrong", "it has expired on 20");
}

#[test]
fn the_api_and_its_token_are_looked_at() {
    let api = free_port();
    let config = format!(
        "[server]\nlisten = ['127.0.0.1:0']\nstate_dir = 'DIR/state'\n[api]\nlisten = '127.0.0.1:{api}'\n"
    );
    let installation = Installation::new(&config);
    let server = installation.serve();
    installation
        .doctor(&[])
        .assert_found("api", "ok", "is up for");
    let token = installation.path("state/api-token");
    fs::set_permissions(&token, fs::Permissions::from_mode(0o644)).unwrap();
    installation
        .doctor(&[])
        .assert_found("api", "wrong", "others than its owner");
    fs::set_permissions(&token, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&token, "0123456789abcdef0123456789abcdef\n").unwrap();
    installation
        .doctor(&[])
        .assert_found("api", "wrong", "does not take the token");
    drop(server);
    let other = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], api))).unwrap();
    thread::spawn(move || {
        for socket in other.incoming() {
            let mut socket = socket.unwrap();
            drop(socket.read(&mut [0; 1024]));
            drop(socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"));
        }
    });
    installation
        .doctor(&[])
        .assert_found("api", "wrong", "no API of Adit");
}

#[test]
fn a_server_with_a_state_directory_of_a_flag_is_found_with_the_same_flag() {
    let api = free_port();
    let installation = Installation::new(&format!(
        "[server]\nlisten = ['127.0.0.1:0']\nstate_dir = 'DIR/elsewhere'\n[api]\nlisten = '127.0.0.1:{api}'\n"
    ));
    let _server = installation.serve();
    let state = installation.path("state");
    let told = installation.doctor(&["--state-dir", state.to_str().unwrap()]);
    told.assert_well();
    told.assert_found("api", "ok", "is up for");
    told.assert_found("state", "ok", "can be written");
    let without = installation.doctor(&[]);
    without.assert_found("state", "ok", "is made at the first start");
}

#[test]
fn a_server_that_was_started_by_flags_is_found_with_the_address_of_its_api() {
    let (port, api) = (free_port(), free_port());
    let installation = Installation::new("");
    let state = installation.path("state");
    let _server = AditServer::start_with(ADIT, |command| {
        command.arg("--state-dir").arg(&state);
        command.args(["--listen", &format!("127.0.0.1:{port}")]);
        command.args(["--api", &api.to_string()]);
    });
    let state = ["--state-dir", state.to_str().unwrap()];
    let without = installation.doctor(&state);
    without.assert_found("api", "note", "adit doctor --api ADDR:PORT");
    let address = format!("127.0.0.1:{api}");
    let told = installation.doctor(&[state[0], state[1], "--api", &address]);
    told.assert_found("api", "ok", "is up for");
}

#[test]
fn directories_and_files_of_access_that_cannot_be_used_are_told() {
    let installation = Installation::new(
        "[server]\nlisten = ['127.0.0.1:0']\nstate_dir = 'DIR/file/state'\nmedia = 'DIR/file'\n[access]\nkeys = 'DIR/keys'\n",
    );
    fs::write(installation.path("file"), "").unwrap();
    fs::write(installation.path("keys"), "short live/a\n").unwrap();
    let told = installation.doctor(&[]);
    told.assert_found("state", "wrong", "cannot be a directory");
    told.assert_found("recordings", "wrong", "file cannot be a directory");
    told.assert_found("access", "wrong", "line 1: a key of fewer than 8");
    assert_eq!(told.object["wrong"], 3, "{}", told.text);
    assert!(!told.text.contains("short live"), "{}", told.text);
    installation.configure(
        "[server]\nlisten = ['127.0.0.1:0']\nstate_dir = 'DIR'\n[access]\npublish = 'anyone'\n[apps.cameras]\npublish = 'anyone'\n[apps.archive]\npublish = 'nobody'\n",
    );
    let told = installation.doctor(&[]);
    told.assert_found("access", "warning", "may publish to cameras");
    told.assert_found(
        "access",
        "note",
        "nobody may publish to archive (apps.archive.publish)",
    );
    told.assert_found(
        "access",
        "warning",
        "whoever reaches the server may publish",
    );
    told.assert_well();
}

#[test]
fn an_application_that_asks_nobody_is_told_and_rules_about_other_things_hide_nothing() {
    let start =
        "[server]\nlisten = ['127.0.0.1:0']\nstate_dir = 'DIR'\n[access]\npublish = 'anyone'\n";
    let open = "whoever reaches the server may publish";
    let closed = "takes a proof, a rule or a callback";
    let callback = "callbacks.publish = 'http://127.0.0.1:8000/hook'\n[apps.x]\n";
    let none = format!("{callback}callbacks.publish = 'none'\n");
    let own = format!(
        "{callback}callbacks.play = 'none'\n[apps.y]\ncallbacks.publish = 'http://127.0.0.1:8000/other'\n"
    );
    let rule = |rest: &str| format!("[[access.rules]]\n{rest}\n");
    let publish = "actions = ['publish']\nneed = 'refused'\n";
    for (config, expected) in [
        (
            none.clone(),
            vec![(closed, "publishing takes"), (open, "may publish to x")],
        ),
        (
            own,
            vec![
                (closed, "publishing takes"),
                (closed, "publishing to y takes"),
            ],
        ),
        (
            format!("{none}{}", rule(publish)),
            vec![(closed, "publishing to x takes")],
        ),
        (
            format!("{none}{}", rule(&format!("{publish}app = 'y'"))),
            vec![(open, "may publish to x")],
        ),
        (rule("actions = ['play']"), vec![(open, "may publish")]),
        (
            rule("actions = ['publish']\nneed = 'nothing'"),
            vec![(open, "may publish")],
        ),
        (
            rule(&format!("{publish}app = 'y'")),
            vec![(open, "may publish")],
        ),
        (
            rule("actions = ['connect', 'publish']"),
            vec![(closed, "publishing takes")],
        ),
    ] {
        let told = Installation::new(&format!("{start}{config}")).doctor(&[]);
        let opens = expected.iter().filter(|(words, _)| *words == open).count();
        assert_eq!(
            told.text.matches(open).count(),
            opens,
            "{config}\n{}",
            told.text
        );
        for (words, place) in expected {
            let state = if words == open { "warning" } else { "ok" };
            told.assert_found("access", state, place);
            assert!(told.text.contains(words), "{config}\n{}", told.text);
        }
    }
}

#[test]
fn a_directory_for_recordings_that_is_not_there_is_made_as_is_told() {
    let installation = Installation::new(
        "[server]\nlisten = ['127.0.0.1:0']\nstate_dir = 'DIR/state'\nmedia = 'DIR/some/media'\n[access]\npublish = 'anyone'\n",
    );
    let media = installation.path("some/media");
    let told = installation.doctor(&[]);
    told.assert_found("recordings", "ok", "media is made at the first start");
    told.assert_well();
    assert!(!media.exists(), "it only looks");
    let _server = installation.serve();
    assert!(media.is_dir(), "{}", media.display());
    let told = installation.doctor(&[]);
    told.assert_found("recordings", "ok", "media can be written");
}

/// A web server that says it is this late, for so many requests.
fn web_server(date: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for socket in listener.incoming() {
            let mut socket = socket.unwrap();
            drop(socket.read(&mut [0; 1024]));
            let head = format!("HTTP/1.1 301 Moved Permanently\r\nServer: x\r\n{date}\r\n\r\n");
            drop(socket.write_all(head.as_bytes()));
        }
    });
    address
}

#[test]
fn a_clock_that_is_wrong_is_told_where_it_was_asked_for() {
    let installation = Installation::new("[server]\nlisten = ['127.0.0.1:0']\nstate_dir = 'DIR'\n");
    let late = web_server("Date: Sun, 06 Nov 2016 08:49:37 GMT");
    let told = installation.doctor(&["--clock", &format!("http://{late}")]);
    told.assert_found("clock", "wrong", &format!("ahead of that of {late}"));
    let none = web_server("Vary: *");
    let told = installation.doctor(&["--clock", &format!("http://{none}/path")]);
    told.assert_found("clock", "warning", "no Date");
    told.assert_well();
    // Ours says what time it is, like every other.
    let server = installation.serve();
    let told = installation.doctor(&["--clock", &format!("http://{}", server.address())]);
    told.assert_found("clock", "ok", "it agrees");
    let mut command = Command::new(ADIT);
    command.args(["doctor", "--clock", "https://example.com"]);
    let mut refused = Process::start("adit doctor", &mut command);
    assert_eq!(refused.wait(PATIENCE).code(), Some(2), "{refused}");
}

#[test]
fn whoever_may_not_write_the_state_directory_is_told_so() {
    let installation =
        Installation::new("[server]\nlisten = ['127.0.0.1:0']\nstate_dir = 'DIR/sealed'\n");
    let sealed = installation.path("sealed");
    fs::create_dir(&sealed).unwrap();
    fs::set_permissions(&sealed, fs::Permissions::from_mode(0o555)).unwrap();
    let script = r#"if [ "$(id -u)" = 0 ]; then all='setpriv --inh-caps=-all --bounding-set=-all'; fi; exec $all "$0" "$@""#;
    let mut command = Command::new("sh");
    command.args(["-c", script, ADIT, "doctor", "--json", "--config"]);
    let mut process = Process::start("adit doctor", command.arg(installation.path("adit.toml")));
    assert_eq!(process.wait(PATIENCE).code(), Some(1), "{process}");
    let told = json(&process.stdout());
    let findings = told["findings"].as_array().unwrap();
    let state = findings.iter().find(|it| it["check"] == "state").unwrap();
    assert_eq!(state["state"], "wrong", "{told}");
    let words = format!(
        "{} cannot be written by this user: Permission denied",
        sealed.display()
    );
    assert_eq!(state["finding"], words);
}
