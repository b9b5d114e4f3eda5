//! A server that relays, and what is done with it.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use adit_testkit::attack::Attacker;
use adit_testkit::clip::{AudioCodec, Clip, VideoCodec};
use adit_testkit::packets::{Packet, read};
use adit_testkit::peers::{Peer, Peers};
use adit_testkit::process::Process;
use adit_testkit::server::AditServer;
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const ADIT: &str = env!("CARGO_BIN_EXE_adit");

/// How long a step may take on a loaded machine.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// A server with a configuration and an API.
pub(crate) struct Relaying {
    pub(crate) server: AditServer,
    pub(crate) file: PathBuf,
    api: SocketAddr,
    pub(crate) folder: TempDir,
}

pub(crate) const TOKEN: &str = "a-token-of-these-tests";

impl Relaying {
    pub(crate) fn start(relays: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("adit.toml");
        write(&file, relays);
        Self::start_in(folder, file, &[])
    }

    pub(crate) fn start_in(folder: TempDir, file: PathBuf, flags: &[&str]) -> Self {
        let server = AditServer::start_with(ADIT, |command| {
            command.arg("--config").arg(&file).args(flags);
            command.arg("--state-dir").arg(folder.path().join("state"));
            for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
                command.env_remove(name).env_remove(name.to_uppercase());
            }
        });
        let api = server.printed("api on http://").parse().unwrap();
        Self {
            server,
            file,
            api,
            folder,
        }
    }

    /// Stops it, has `between` done, and starts the next one.
    pub(crate) fn again(self, between: impl FnOnce(&Path)) -> Self {
        let (status, log) = self.server.stop();
        assert!(status.success(), "{log}");
        between(self.folder.path());
        Self::start_in(self.folder, self.file, &[])
    }

    /// Has a relay start; gives its number.
    pub(crate) async fn relay(&self, asked: &Value) -> u64 {
        let (status, made) = self.ask("POST /api/v1/relays", &asked.to_string()).await;
        assert_eq!(status, 201, "{made:#}");
        made["id"].as_u64().unwrap()
    }

    pub(crate) async fn end(&self, id: u64) -> (u16, Value) {
        self.ask(&format!("DELETE /api/v1/relays/{id}"), "").await
    }

    /// The numbers of the relays that there are.
    pub(crate) async fn numbers(&self) -> Vec<u64> {
        let (_, all) = self.ask("GET /api/v1/relays", "").await;
        let all = all["items"].as_array().unwrap().iter();
        all.map(|relay| relay["id"].as_u64().unwrap()).collect()
    }

    /// Has the file say this, and waits until it has been read.
    pub(crate) async fn reload(&self, relays: &str) {
        write(&self.file, relays);
        let answer = self.ask("POST /api/v1/reload", "").await;
        assert_eq!(answer.0, 200, "{answer:?}");
    }

    /// What the API answers.
    pub(crate) async fn ask(&self, first: &str, body: &str) -> (u16, Value) {
        let mut peer = Attacker::connect(self.api).await;
        let head = format!(
            "{first} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {TOKEN}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.api,
            body.len()
        );
        peer.write(head.as_bytes()).await;
        let ending = peer.ending(PATIENCE).await;
        let text = String::from_utf8(ending.received).unwrap();
        let (head, body) = text
            .split_once("\r\n\r\n")
            .unwrap_or_else(|| panic!("{text}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap_or(Value::Null))
    }

    /// Waits until a relay is as it is wanted.
    pub(crate) async fn until(&self, id: u64, is_it: impl Fn(&Value) -> bool) -> Value {
        let by = Instant::now() + PATIENCE;
        loop {
            let (status, relay) = self.ask(&format!("GET /api/v1/relays/{id}"), "").await;
            assert_eq!(status, 200, "{relay}");
            if is_it(&relay) {
                return relay;
            }
            assert!(Instant::now() < by, "{relay:#}\n{}", self.server.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

pub(crate) fn write(file: &Path, relays: &str) {
    let text = format!("[api]\nlisten = \"127.0.0.1:0\"\ntoken = \"{TOKEN}\"\n{relays}");
    fs::write(file, text).unwrap();
}

pub(crate) fn is_running(relay: &Value) -> bool {
    relay["state"] == "running"
}

/// A table of the configuration.
pub(crate) fn table(application: &str, lines: &[(&str, &str)]) -> String {
    let lines = lines
        .iter()
        .map(|(key, value)| format!("{key} = {}", json!(value)));
    let lines: Vec<_> = lines.collect();
    format!("[[apps.{application}.relays]]\n{}\n", lines.join("\n"))
}

/// `adit` with arguments, and no proxy.
pub(crate) fn adit(arguments: &[&str]) -> Process {
    let mut command = Command::new(ADIT);
    command.args(arguments).args(["--proxy", "none"]);
    command.env("NO_COLOR", "1").env_remove("ADIT_LOG");
    Process::start(format!("adit {}", arguments[0]), &mut command)
}

/// Publishes a clip to the end while a recorder is at the far side; gives what was sent and what has come there.
pub(crate) fn carried(
    folder: &Path,
    name: &str,
    publish: &str,
    play: &str,
) -> (Vec<Packet>, Vec<Packet>) {
    let sent = folder.join(format!("{name}-sent.flv"));
    let sent_name = sent.to_str().unwrap();
    if !sent.exists() {
        clip(folder, &sent);
    }
    let got = folder.join(format!("{name}-got.flv"));
    let mut recorder = adit(&["play", play, "-o", got.to_str().unwrap(), "--json"]);
    recorder.stderr_line("not started yet", PATIENCE);
    let mut publisher = adit(&["publish", sent_name, publish]);
    assert!(publisher.wait(PATIENCE).success(), "{publisher}");
    recorder.wait(PATIENCE);
    (read(&sent), read(&got))
}

/// An FLV file of a few seconds.
pub(crate) fn clip(folder: &Path, file: &Path) {
    let peers = Peers::with(&[Peer::Ffmpeg5]).expect("asked for before");
    let made = Clip::new(Some(VideoCodec::H264), Some(AudioCodec::Aac), 4).make(peers, folder);
    fs::copy(made, file).unwrap();
}

pub(crate) fn coded(packets: &[Packet]) -> Vec<Packet> {
    packets
        .iter()
        .filter(|packet| packet.is_coded())
        .cloned()
        .collect()
}
