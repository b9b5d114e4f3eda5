//! A server that is short of memory: who is turned away, who is ended, and who goes on.
#![cfg(test)]

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use adit_testkit::honest::Honest;
use adit_testkit::process::Process;
use tempfile::TempDir;

const ADIT: &str = env!("CARGO_BIN_EXE_adit");

/// How long a step may take on a loaded machine.
const PATIENCE: Duration = Duration::from_mins(1);

const SHORT: &str = "this server is short of memory; try again in a while";

struct Server {
    folder: TempDir,
    process: Process,
    address: SocketAddr,
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "");
        let mut command = Command::new(ADIT);
        command.args(["serve", "--config", "adit.toml"]);
        let process = Process::start("adit", command.current_dir(folder.path()));
        let lines = process.stdout_lines("listening on ", 1, PATIENCE);
        let address = lines[0].parse().unwrap();
        Self {
            folder,
            process,
            address,
        }
    }

    /// Makes what it uses now half of what it may, and has these levels of a shortage.
    fn set(&self, (soft, hard, shed): (u8, u8, u8)) {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let kilobytes: u64 = line
            .unwrap()
            .split_whitespace()
            .nth(1)
            .unwrap()
            .parse()
            .unwrap();
        let total = kilobytes * 2;
        let table = format!(
            "[limits.mem]\ntotal = \"{total}KiB\"\nsoft = {soft}\nhard = {hard}\nshed = {shed}\n"
        );
        write(self.folder.path(), &table);
    }

    fn says(&self, text: &str) {
        self.process.stderr_line(text, PATIENCE);
    }

    /// Runs `adit VERB …` against a stream of it.
    fn adit(&self, verb: &str, arguments: &[&str], stream: &str) -> Output {
        let url = format!("rtmp://{}/live/{stream}", self.address);
        let mut command = Command::new(ADIT);
        command.arg(verb).args(arguments).arg(url);
        command.current_dir(self.folder.path()).output().unwrap()
    }

    fn watch(&self, stream: &str) -> (TcpStream, String) {
        let mut viewer = TcpStream::connect(self.address).unwrap();
        viewer.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(
            viewer,
            "GET /live/{stream}.flv HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            assert_ne!(viewer.read(&mut byte).unwrap(), 0, "{head:?}");
            head.extend_from_slice(&byte);
        }
        (viewer, String::from_utf8(head).unwrap().to_lowercase())
    }
}

fn write(folder: &Path, more: &str) {
    let usual = "[server]\nlisten = [\"127.0.0.1:0\"]\nstate_dir = \"state\"\n";
    fs::write(folder.join("new"), format!("{usual}{more}")).unwrap();
    fs::rename(folder.join("new"), folder.join("adit.toml")).unwrap();
}

/// A file with a little sound: a header, and messages of MP3.
fn sound() -> Vec<u8> {
    let mut file = b"FLV\x01\x04\0\0\0\x09\0\0\0\0".to_vec();
    for at in (0..100).step_by(20) {
        file.extend_from_slice(&[8, 0, 0, 2, 0, 0, at, 0, 0, 0, 0]);
        file.extend_from_slice(&[0x2f, at]);
        file.extend_from_slice(&[0, 0, 0, 13]);
    }
    file
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_players_go_first_then_everybody_new_then_players_and_never_a_publisher() {
    let server = Server::start();
    let clip = server.folder.path().join("clip.flv");
    fs::write(&clip, sound()).unwrap();
    let mut stream = Honest::start(server.address, "cam").await;
    let (mut viewer, head) = server.watch("cam");
    assert!(head.starts_with("http/1.1 200 "), "{head}");

    server.set((25, 100, 100));
    server.says("short of memory: new players are refused");
    let (_, head) = server.watch("cam");
    assert!(head.starts_with("http/1.1 503 "), "{head}");
    assert!(head.contains("retry-after: 5\r\n"), "{head}");
    let played = server.adit("play", &["--output", "played.flv"], "cam");
    assert!(!played.status.success());
    assert!(words(&played).contains(SHORT), "{}", words(&played));
    let published = server.adit("publish", &["clip.flv"], "other");
    assert!(published.status.success(), "{}", words(&published));

    server.set((25, 25, 100));
    server.says("short of memory: new connections and publishers are refused");
    let published = server.adit("publish", &["clip.flv"], "other");
    assert!(!published.status.success());
    assert!(words(&published).contains(SHORT), "{}", words(&published));
    stream.check(PATIENCE).await.unwrap();

    server.set((25, 25, 25));
    server.says("short of memory: players are ended, the slowest first");
    // Whatever came until then, and the end.
    let mut rest = Vec::new();
    viewer.read_to_end(&mut rest).unwrap();
    server.says(&format!("ended from outside: {SHORT}"));
    stream.check(PATIENCE).await.unwrap();

    write(server.folder.path(), "");
    server.says("there is enough memory again");
    let (_, head) = server.watch("cam");
    assert!(head.starts_with("http/1.1 200 "), "{head}");
    stream.check(PATIENCE).await.unwrap();
}
