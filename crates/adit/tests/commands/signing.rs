//! `adit sign`: what it makes is taken by a server with the same secrets, and by no other.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;

use adit_testkit::process::Process;
use adit_testkit::server::AditServer;
use tempfile::TempDir;

use super::{ADIT, PATIENCE, Run, adit, ended, run, text};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// A server that asks for a proof, and its configuration.
struct Station {
    server: AditServer,
    config: PathBuf,
    folder: TempDir,
}

impl Station {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (private, public) = (folder.path().join("key.pem"), folder.path().join("key.pub"));
        let mut openssl = Command::new("openssl");
        openssl.args([
            "genpkey",
            "-algorithm",
            "EC",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-out",
        ]);
        Process::run("openssl", openssl.arg(&private), PATIENCE);
        let mut openssl = Command::new("openssl");
        openssl
            .args(["pkey", "-pubout", "-in"])
            .arg(&private)
            .arg("-out");
        Process::run("openssl", openssl.arg(&public), PATIENCE);
        let config = folder.path().join("adit.toml");
        let access = format!(
            "[access]\npublish = 'key'\nplay = 'key'\nsigning_secrets = ['{SECRET}', 'another-secret-of-theirs']\n\
             [access.tokens]\nsecret = '{SECRET}'\npublic_key = '{}'\naudience = 'adit'\n",
            public.display()
        );
        fs::write(&config, access).unwrap();
        let server = AditServer::start_with(ADIT, |command| {
            command.arg("--config").arg(&config);
        });
        Self {
            server,
            config,
            folder,
        }
    }

    fn at(&self, rest: &str) -> String {
        format!("rtmp://{}/{rest}", self.server.address())
    }

    fn sign(&self, arguments: &[&str]) -> String {
        let with_config = ["--config", text(&self.config)];
        let signed = run(&[&["sign"], arguments, &with_config].concat());
        signed.assert_code(0);
        assert!(
            signed.err.contains("note: whoever has it may"),
            "{}",
            signed.err
        );
        assert!(!signed.err.contains(SECRET) && !signed.out.contains(SECRET));
        signed.out.trim_end().to_owned()
    }
}

fn publish(url: &str, duration: &str) -> Process {
    let pattern = "pattern:160x96@10,100k";
    let arguments = [
        "publish",
        pattern,
        url,
        "--duration",
        duration,
        "--retry",
        "none",
    ];
    Process::start("adit publish", &mut adit(&arguments))
}

fn play(url: &str) -> Run {
    run(&[
        "play",
        url,
        "--duration",
        "200ms",
        "--wait",
        "20s",
        "--retry",
        "none",
    ])
}

/// The status of an HTTP request.
fn status(url: &str) -> u16 {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let mut socket = TcpStream::connect(host).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(socket, "GET /{path} HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
    let mut line = [0; 12];
    socket.read_exact(&mut line).unwrap();
    String::from_utf8_lossy(&line[9..]).parse().unwrap()
}

#[test]
fn what_is_signed_lets_do_that_and_nothing_else() {
    let station = Station::open();
    let refused = "what came with this request does not do";
    let plain = station.at("live/studio");
    let to_publish = station.sign(&[&plain, "--publish", "--expires", "10m"]);
    assert!(
        to_publish.starts_with(&format!("{plain}?expires=")),
        "{to_publish}"
    );
    let publisher = publish(&to_publish, "10m");
    station.server.log_line("publish started", PATIENCE);

    let to_play = station.sign(&[&plain]);
    play(&to_play).assert_code(0);
    let other = play(&to_play.replace("studio", "other"));
    assert!(other.err.contains(refused), "{}", other.err);
    let wrong = play(&to_publish);
    assert!(wrong.err.contains(refused), "{}", wrong.err);
    let wrong = ended(publish(&to_play.replace("studio?", "second?"), "1s"));
    assert!(wrong.err.contains(refused), "{}", wrong.err);

    play(&station.sign(&[&plain, "--ip", "127.0.0.1"])).assert_code(0);
    let elsewhere = play(&station.sign(&[&plain, "--ip", "192.0.2.1"]));
    assert!(elsewhere.err.contains(refused), "{}", elsewhere.err);

    let page = format!("http://{}/live/studio.flv", station.server.address());
    assert_eq!(status(&page), 401);
    assert_eq!(status(&station.sign(&[&page])), 200);
    let expired = play(&station.sign(&[&plain, "--expires", "1ms"]));
    assert!(expired.err.contains("has expired"), "{}", expired.err);
    drop(publisher);
    station.server.assert_sound();
}

#[test]
fn tokens_by_a_secret_and_by_a_private_key_are_taken() {
    let station = Station::open();
    let plain = station.at("live/studio");
    let by_secret = station.sign(&[&plain, "--token", "--publish", "--subject", "anna"]);
    assert!(by_secret.contains("?token="), "{by_secret}");
    let publisher = publish(&by_secret, "10m");
    station.server.log_line("publish started", PATIENCE);
    let key = station.folder.path().join("key.pem");
    let by_key = station.sign(&[&plain, "--token", "--private-key", text(&key)]);
    play(&by_key).assert_code(0);
    let other = play(&by_key.replace("studio", "other"));
    assert!(other.err.contains("does not do"), "{}", other.err);
    drop(publisher);
}

#[test]
fn the_secret_may_come_from_a_file_or_the_environment() {
    let station = Station::open();
    let plain = station.at("live/studio");
    let file = station.folder.path().join("secret");
    fs::write(&file, format!("{SECRET}\n")).unwrap();
    let empty = station.folder.path().join("empty.toml");
    fs::write(&empty, "").unwrap();
    let arguments = ["sign", &plain, "--publish", "--config", text(&empty)];
    let by_file = run(&[&arguments[..], &["--secret-file", text(&file)]].concat());
    by_file.assert_code(0);
    ended(publish(by_file.out.trim_end(), "500ms")).assert_code(0);
    let mut command = adit(&arguments);
    command.env("ADIT_ACCESS__SIGNING_SECRETS", SECRET);
    let by_variable = ended(Process::start("adit sign", &mut command));
    by_variable.assert_code(0);
    ended(publish(by_variable.out.trim_end(), "500ms")).assert_code(0);

    let without = run(&arguments);
    without.assert_code(2);
    assert!(
        without.error().contains("access.signing_secrets"),
        "{}",
        without.err
    );
    fs::write(&file, "short\n").unwrap();
    let short = run(&[&arguments[..], &["--secret-file", text(&file)]].concat());
    short.assert_code(2);
    assert!(short.error().contains("guessed too soon"), "{}", short.err);
    assert!(!short.err.contains("short\n"), "{}", short.err);
}

#[test]
fn what_cannot_be_signed_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("adit.toml");
    fs::write(
        &config,
        format!("[access]\nsigning_secrets = ['{SECRET}']\n"),
    )
    .unwrap();
    let cases: [(&[&str], &str); 7] = [
        (&["rtmp://h/live"], "names no stream"),
        (&["http://h/live/cam"], "names no stream"),
        (&["ftp://h/live/cam"], "ftp is another protocol"),
        (
            &["http://h/live/cam.flv", "--publish"],
            "nothing is published",
        ),
        (&["rtmp://h/live/cam?token=a"], "already"),
        (&["rtmp://h/live/cam", "--token"], "access.tokens.secret"),
        (
            &[
                "rtmp://h/live/cam",
                "--token",
                "--private-key",
                "/etc/hostname",
            ],
            "no private key",
        ),
    ];
    for (arguments, words) in cases {
        let refused = run(&[&["sign"], arguments, &["--config", text(&config)]].concat());
        refused.assert_code(2);
        assert!(
            refused.error().contains(words),
            "{arguments:?}: {}",
            refused.err
        );
        assert!(refused.out.is_empty(), "{}", refused.out);
    }
}
