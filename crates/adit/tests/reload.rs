//! What a server takes over from its configuration while it runs, and that it takes over nothing of one that has mistakes.
#![cfg(test)]

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use adit_server::tls::{CertificateSource, Tls};
use adit_testkit::honest::Honest;
use adit_testkit::process::Process;
use rustix::process::Signal;
use tempfile::TempDir;

const ADIT: &str = env!("CARGO_BIN_EXE_adit");

/// How long a step may take on a loaded machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// A server with a configuration file.
struct Server {
    folder: TempDir,
    process: Process,
    address: SocketAddr,
}

const USUAL: &str = "[server]\nlisten = [\"127.0.0.1:0\"]\nstate_dir = \"state\"\nmedia = \".\"\n";

impl Server {
    fn start() -> Self {
        Self::start_with("")
    }

    /// With more in its file.
    fn start_with(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("adit.toml"), format!("{USUAL}{more}")).unwrap();
        let mut command = Command::new(ADIT);
        command.args(["serve", "--config", "adit.toml"]);
        let process = Process::start("adit", command.current_dir(folder.path()));
        let lines = process.stdout_lines("listening on ", 1, PATIENCE);
        let address = lines[0].parse().unwrap();
        // Signals are heard from here on.
        process.stdout_lines("OBS", 1, PATIENCE);
        Self {
            folder,
            process,
            address,
        }
    }

    /// Replaces the file in one step, as editors do.
    fn write(&self, text: &str) {
        let new = self.folder.path().join("adit.toml.new");
        fs::write(&new, text).unwrap();
        fs::rename(new, self.folder.path().join("adit.toml")).unwrap();
    }

    fn says(&self, text: &str) -> String {
        self.process.stderr_line(text, PATIENCE)
    }
}

#[tokio::test]
async fn a_hundred_broken_files_change_nothing_while_a_stream_plays() {
    let server = Server::start();
    let mut stream = Honest::start(server.address, "cam").await;
    for turn in 0..100 {
        let broken = match turn % 4 {
            0 => format!("unknown_apps = \"refuse\"\nbroken_{turn} = 1\n"),
            1 => format!("unknown_apps = \"refuse\"\nlatency = \"broken_{turn}\"\n"),
            2 => format!("listen = \"broken_{turn}\"\n"),
            _ => format!("[limits]\nplays = 0\ncalls = \"broken_{turn}\"\n"),
        };
        server.write(&format!("[server]\n{broken}"));
        server.process.signal(Signal::HUP);
        server.says(&format!("broken_{turn}"));
        if turn % 10 == 0 {
            stream.check(PATIENCE).await.unwrap();
        }
    }
    stream.check(PATIENCE).await.unwrap();
    let log = server.process.stderr();
    assert!(log.matches("nothing has changed").count() >= 100, "{log}");
    assert!(!log.contains("was read again"), "{log}");
    // Nobody is refused, as every second of these files wanted it.
    Honest::start(server.address, "other").await;
}

#[tokio::test]
async fn a_changed_file_is_taken_over_whole_and_names_what_needs_a_restart() {
    let server = Server::start();
    let mut stream = Honest::start(server.address, "cam").await;
    // Nobody sends a signal: the file is watched.
    let changed = USUAL.replace("state\"\n", "state\"\nunknown_apps = \"refuse\"\n");
    let more = "[apps.live]\nrecording = \"all\"\n[limits]\ncmds = 50\nconn.total = 5000\nfd.reserve = 65\n";
    server.write(&format!("{changed}{more}"));
    let line = server.says("was read again");
    for key in [
        "server.unknown_apps",
        "limits.cmds",
        "limits.conn.total",
        "apps.live.recording",
    ] {
        assert!(line.contains(key), "{line}");
    }
    let restart = server.says("when the server starts again");
    assert!(restart.contains("limits.fd.reserve"), "{restart}");
    assert!(!line.contains("fd.reserve"), "{line}");
    stream.check(PATIENCE).await.unwrap();
    // Streams that begin now are recorded.
    let mut recorded = Honest::start(server.address, "recorded").await;
    let file = server.folder.path().join("live/recorded.flv");
    let until = Instant::now() + PATIENCE;
    while !file.exists() && Instant::now() < until {
        recorded.check(PATIENCE).await.unwrap();
    }
    assert!(file.exists(), "{}", server.process.stderr());
    assert!(!server.folder.path().join("live/cam.flv").exists());
    // The same again is nothing new.
    server.process.signal(Signal::HUP);
    server.says("changed=nothing");
}

#[tokio::test]
async fn level_and_format_of_the_log_change_while_sessions_go_on() {
    let server = Server::start();
    let mut before = Honest::start(server.address, "before").await;
    server.write(&format!("{USUAL}[log]\nlevel = \"info,adit_rtmp=trace\"\n"));
    let line = server.says("was read again");
    assert!(line.contains("changed=log.level"), "{line}");
    assert!(!server.process.stderr().contains("session{connection="));
    let mut more = Honest::start(server.address, "more").await;
    server.says("session{connection=");

    let json = "[log]\nformat = \"json\"\nlevel = \"info,adit_rtmp=trace\"\n";
    server.write(&format!("{USUAL}{json}"));
    let line = server.says("\"changed\":\"log.format\"");
    assert!(line.starts_with('{') && line.ends_with('}'), "{line}");
    for stream in [&mut before, &mut more] {
        stream.check(PATIENCE).await.unwrap();
    }
    // A session that began with the other format is named in this one too.
    more.vanish().await;
    server.says("\"spans\":[{\"connection\":");
    before.check(PATIENCE).await.unwrap();

    // A limit that needs a restart is a warning: the only sign of this one.
    let quiet = "[log]\nlevel = \"warn\"\n[limits]\nfd.reserve = 65\n";
    server.write(&format!("{USUAL}{quiet}"));
    let line = server.says("limits.fd.reserve");
    before.check(PATIENCE).await.unwrap();
    assert!(!line.starts_with('{'), "{line}");
    server.write(&format!("{USUAL}[limits]\ncmds = 50\n"));
    let line = server.says("limits.cmds");
    assert!(line.contains("was read again"), "{line}");
    let log = server.process.stderr();
    assert!(!log.contains("changed=log.format, log.level"), "{log}");
    before.check(PATIENCE).await.unwrap();
}

/// Makes a certificate and its key in a folder of this name.
fn certificate(server: &Server, name: &str) {
    let source = CertificateSource::SelfSigned {
        state_directory: server.folder.path().join(name),
        names: Vec::new(),
    };
    Tls::load(source).unwrap();
}

/// `adit publish` by TLS to somebody who is to have this certificate.
fn publish(server: &Server, stream: &str, certificate: &str, more: &[&str]) -> Command {
    let mut command = Command::new(ADIT);
    let url = format!("rtmps://localhost:{}/live/{stream}", server.address.port());
    let trusted = format!("{certificate}/self-signed.crt");
    let pattern = "pattern:160x120@10,100k";
    command.args([
        "publish",
        pattern,
        &url,
        "--ca-file",
        &trusted,
        "--strategy",
        "classic",
    ]);
    command.args(more).current_dir(server.folder.path());
    command
}

/// Waits until a recording has grown.
#[track_caller]
fn grows(file: &Path) {
    let length = || fs::metadata(file).map_or(0, |metadata| metadata.len());
    let (before, until) = (length(), Instant::now() + PATIENCE);
    while length() <= before {
        assert!(Instant::now() < until, "{} stays as it is", file.display());
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn another_certificate_is_shown_after_a_reload_and_who_is_there_stays() {
    let server = Server::start();
    let [first, second] = ["first", "second"].map(|name| {
        certificate(&server, name);
        format!(
            "[recording]\nall = true\n[tls]\ncert = \"{name}/self-signed.crt\"\nkey = \"{name}/self-signed.key\"\n"
        )
    });
    server.write(&format!("{USUAL}{first}"));
    let line = server.says("changed=");
    assert!(line.contains("tls.cert, tls.key"), "{line}");
    let _publisher = Process::start("publisher", &mut publish(&server, "lasting", "first", &[]));
    let recording = server.folder.path().join("live/lasting.flv");
    grows(&recording);

    for (old, new, what, place) in [
        (
            "second/self-signed.crt",
            "nowhere.crt",
            "nowhere.crt: ",
            "adit.toml:9:8",
        ),
        (
            "second/self-signed.key",
            "first/self-signed.key",
            "does not belong",
            "adit.toml:10:7",
        ),
        (
            "second/self-signed.key",
            "second/self-signed.crt",
            "no usable private key",
            "adit.toml:10:7",
        ),
    ] {
        let broken = second.replace(old, new);
        server.write(&format!("{USUAL}unknown_apps = \"refuse\"\n{broken}"));
        server.says(what);
        server.says(place);
    }
    // Neither the certificate nor anything else of those files was taken over.
    let short = ["--duration", "1s"];
    Process::run(
        "first",
        &mut publish(&server, "short", "first", &short),
        PATIENCE,
    );

    server.write(&format!("{USUAL}{second}"));
    server.says("was read again changed=tls.cert, tls.key");
    Process::run(
        "second",
        &mut publish(&server, "short", "second", &short),
        PATIENCE,
    );
    let refused = publish(&server, "short", "first", &short).output().unwrap();
    assert!(!refused.status.success(), "{refused:?}");
    grows(&recording);

    // And back to the one that it had made for itself.
    server.write(&format!("{USUAL}latency = \"low\"\n"));
    server.says("was read again changed=recording.all, server.latency, tls.cert");
    let own = server.folder.path().join("state/tls");
    std::os::unix::fs::symlink(own, server.folder.path().join("own")).unwrap();
    Process::run(
        "own",
        &mut publish(&server, "short", "own", &short),
        PATIENCE,
    );
}

/// What the API says first to somebody with this token.
fn answer(api: &str, token: &str) -> String {
    let mut stream = TcpStream::connect(api).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let fields = format!("Host: {api}\r\nAuthorization: Bearer {token}\r\nConnection: close");
    write!(stream, "GET /api/v1/server HTTP/1.1\r\n{fields}\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn another_token_opens_the_api_after_a_reload() {
    let with = |token: &str| format!("[api]\nlisten = \"127.0.0.1:0\"\ntoken = \"{token}\"\n");
    let (first, second) = ("first-of-the-tokens", "second-of-the-tokens");
    let server = Server::start_with(&with(first));
    let api = server
        .process
        .stdout_lines("api on http://", 1, PATIENCE)
        .remove(0);
    let (yes, no) = ("HTTP/1.1 200 OK", "HTTP/1.1 401 Unauthorized");
    assert_eq!((&*answer(&api, first), &*answer(&api, second)), (yes, no));

    server.write(&format!("{USUAL}{}", with("short")));
    let told = server.says("fewer than 16 characters");
    assert!(told.contains("api.token"), "{told}");
    server.says("adit.toml:7:9");
    assert_eq!(answer(&api, first), yes);

    server.write(&format!("{USUAL}{}", with(second)));
    server.says("was read again changed=api.token");
    assert_eq!((&*answer(&api, first), &*answer(&api, second)), (no, yes));
    let log = server.process.stderr();
    assert!(
        !log.contains("-of-the-tokens") && !log.contains("\"short\""),
        "{log}"
    );
}

/// Whether this key lets somebody publish.
fn may_publish(server: &Server, key: &str) -> bool {
    let url = format!("rtmp://{}/live/cam?key={key}", server.address);
    let mut command = Command::new(ADIT);
    command.args(["publish", "pattern:160x120@10,100k", &url]);
    command.args(["--duration", "300ms", "--retry", "none", "--proxy", "none"]);
    let output = command.output().unwrap();
    output.status.success()
}

#[test]
fn a_key_that_is_taken_out_of_its_file_lets_nobody_in_any_more() {
    let server = Server::start();
    let keys = server.folder.path().join("keys");
    let (old, new) = ("old-key-of-the-camera", "new-key-of-the-camera");
    fs::write(&keys, format!("{old} *\n")).unwrap();
    server.write(&format!(
        "{USUAL}[access]\npublish = \"key\"\nkeys = \"keys\"\n"
    ));
    server.says("was read again changed=access.keys");
    assert_eq!(
        (may_publish(&server, old), may_publish(&server, new)),
        (true, false)
    );

    fs::write(&keys, format!("{new} *\n")).unwrap();
    let until = Instant::now() + PATIENCE;
    while (may_publish(&server, old), may_publish(&server, new)) != (false, true) {
        assert!(Instant::now() < until, "{}", server.process.stderr());
    }
    server.says("read again files=keys");
}
