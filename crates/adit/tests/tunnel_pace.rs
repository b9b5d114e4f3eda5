//! What an application says about the tunnel, as clients of the tunnel meet it: the bytes on the wire between them and `adit serve`.
#![cfg(test)]

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use adit_testkit::peers::{Peer, Peers};
use adit_testkit::process::Process;
use adit_testkit::server::{AditServer, Transport};

const ADIT: &str = env!("CARGO_BIN_EXE_adit");

/// How long a step may take on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(45);

/// `slow` has its clients ask every quarter of a second while there is data, `patient` holds their questions for two; all others are as usual.
const PACES: &str = "
[apps.slow.tunnel]
poll_min = '256ms'
poll_max = '1024ms'
[apps.patient.tunnel]
hold = '2s'
poll_max = '0s'
";

/// A server and what stands between it and clients of the tunnel, which hears every reply.
struct Wire {
    server: AditServer,
    port: u16,
    heard: Arc<Mutex<Vec<u8>>>,
    _folder: tempfile::TempDir,
}

impl Wire {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("adit.toml");
        fs::write(&config, PACES).unwrap();
        let server = AditServer::start_with(ADIT, |command| {
            command.arg("--config").arg(&config);
        });
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (heard, address) = (Arc::default(), server.address());
        let all = Arc::clone(&heard);
        thread::spawn(move || {
            for client in listener.incoming() {
                let (client, all) = (client.unwrap(), Arc::clone(&all));
                thread::spawn(move || pass(client, address, &all));
            }
        });
        Self {
            server,
            port,
            heard,
            _folder: folder,
        }
    }

    /// Where `path` is by the tunnel.
    fn url(&self, path: &str) -> String {
        format!("rtmpt://127.0.0.1:{}/{path}", self.port)
    }

    /// Publishes `path` past the wire, for as long as it is kept.
    fn on_air(&self, path: &str) -> Process {
        let url = self.server.url(Transport::Rtmp, path);
        let mut command = Command::new(ADIT);
        command.args(["publish", "pattern:160x96@10,100k", "--duration", "10m"]);
        let publisher = Process::start("publisher", command.arg(url));
        self.server.log_line("publish started", PATIENCE);
        publisher
    }

    /// The poll bytes that were heard since the last call.
    fn bytes(&self) -> Vec<u8> {
        std::mem::take(&mut *self.heard.lock().unwrap())
    }
}

/// Passes on what both say, and notes the poll byte of each reply.
fn pass(client: TcpStream, server: SocketAddr, heard: &Mutex<Vec<u8>>) {
    let server = TcpStream::connect(server).unwrap();
    let (mut asked, mut on) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    thread::spawn(move || std::io::copy(&mut asked, &mut on));
    let (mut server, mut client) = (server, client);
    let (mut bytes, mut buffer) = ([0; 8192], Vec::new());
    while let Ok(count @ 1..) = server.read(&mut bytes) {
        if client.write_all(&bytes[..count]).is_err() {
            return;
        }
        buffer.extend_from_slice(&bytes[..count]);
        while let Some((whole, body)) = reply(&buffer) {
            // The reply to the opening is the id of the session, which ends with a new line.
            if let Some(byte) = body.first().filter(|_| body.last() != Some(&b'\n')) {
                heard.lock().unwrap().push(*byte);
            }
            buffer.drain(..whole);
        }
    }
}

/// The length of the first reply, if it is whole, and its body.
fn reply(bytes: &[u8]) -> Option<(usize, Vec<u8>)> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
    let mut lines = head.lines();
    let length = lines.find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.map_or(0, |length| length.trim().parse().unwrap());
    let body = bytes.get(end..end + length)?.to_vec();
    Some((end + length, body))
}

/// Plays `path` for a while by our own client, and gives the poll bytes it was told.
fn played(wire: &Wire, path: &str) -> Vec<u8> {
    wire.bytes();
    let mut command = Command::new(ADIT);
    command.args([
        "play",
        "--duration",
        "3s",
        "--retry",
        "none",
        "--proxy",
        "none",
    ]);
    let mut player = Process::start("player", command.arg(wire.url(path)));
    let status = player.wait(PATIENCE);
    assert!(status.success(), "{}", player.stderr());
    wire.bytes()
}

#[test]
fn the_poll_byte_is_that_of_the_application_once_the_client_has_connected_to_it() {
    let wire = Wire::open();
    let (_slow, _usual) = (wire.on_air("slow/cam"), wire.on_air("live/cam"));
    let slow = played(&wire, "slow/cam");
    // Nobody knows where it wants to go until it has connected. The last reply is the end.
    assert_eq!(slow[0], 0x01, "{slow:x?}");
    let after = slow.iter().skip(8).take_while(|byte| **byte != 0x00);
    let after: Vec<_> = after.collect();
    let is_slow = after.iter().all(|byte| **byte == 0x11);
    assert!(after.len() > 2 && is_slow, "{slow:x?}");
    let usual = played(&wire, "live/cam");
    let is_fast = usual.iter().all(|byte| *byte <= 0x01);
    assert!(usual.len() > 3 && is_fast, "{usual:x?}");
    wire.server.assert_sound();
}

#[test]
fn ffmpeg_and_rtmpdump_play_from_an_application_with_a_pace_of_its_own() {
    let Some(peers) = Peers::for_test() else {
        return;
    };
    let wire = Wire::open();
    let _slow = wire.on_air("slow/cam");
    for peer in [Peer::Ffmpeg5, Peer::Ffmpeg9] {
        wire.bytes();
        let mut command = peers.ffmpeg(peer);
        command.args(["-v", "error", "-i", &wire.url("slow/cam"), "-t", "2"]);
        command.args(["-c", "copy", "-f", "null", "-"]);
        let mut player = Process::start(format!("{peer}"), &mut command);
        assert!(player.wait(PATIENCE).success(), "{}", player.stderr());
        let told = wire.bytes();
        let slow = told.iter().filter(|byte| **byte == 0x11).nth(2);
        assert!(slow.is_some() && told[0] == 0x01, "{peer}: {told:x?}");
    }
    wire.bytes();
    let mut command = Command::new(peers.path(Peer::Rtmpdump));
    command.args(["--live", "--stop", "1", "-q", "-o", "/dev/null"]);
    let mut player = Process::start("rtmpdump", command.args(["-r", &wire.url("slow/cam")]));
    player.wait(PATIENCE);
    let told = wire.bytes();
    assert!(told.contains(&0x11), "{told:x?}");
    wire.server.assert_sound();
}

#[test]
fn questions_without_an_answer_are_held_for_as_long_as_the_application_says() {
    let wire = Wire::open();
    let waiting = |path: &str| {
        wire.bytes();
        let mut command = Command::new(ADIT);
        // Nobody publishes it.
        command.args(["play", "--wait", "6s", "--retry", "none", "--proxy", "none"]);
        let mut player = Process::start("player", command.arg(wire.url(path)));
        assert!(!player.wait(PATIENCE).success());
        // The first are those of the handshake and the requests.
        wire.bytes().len()
    };
    let (patient, usual) = (waiting("patient/cam"), waiting("live/cam"));
    assert!(patient + 4 <= usual, "{patient} and {usual}");
    wire.server.assert_sound();
}
