//! Publishers and players that are real peers: how each is told to publish or play, and what it leaves behind.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::packets::{self, Allowance, Discards, Packet};
use crate::peers::{Peer, Peers};
use crate::process::Process;
use crate::server::Transport;

/// An ffmpeg that sends an FLV file in real time, and writes the very packets it sends to a file beside.
#[derive(Debug)]
pub struct Publisher {
    process: Process,
    sent: PathBuf,
}

impl Publisher {
    /// Starts publishing `clip` to `url`; `certificate` is what it trusts for TLS.
    ///
    /// ffmpeg's `tee` hands each packet to two equal FLV writers, the connection and the file `sent`, so the file is
    /// what went out, wherever the end came; but see [`Flush`].
    pub fn start(
        peers: Peers,
        peer: Peer,
        clip: &Path,
        url: &str,
        flush: Flush,
        sent: &Path,
        certificate: &Path,
    ) -> Self {
        let mut command = peers.ffmpeg(peer);
        command.env("SSL_CERT_FILE", certificate);
        command
            .arg("-re")
            .arg("-i")
            .arg(clip)
            .args(["-c", "copy", "-map", "0", "-f", "tee"]);
        let flush = match flush {
            Flush::EveryTenth => "",
            Flush::Each => ":rtmp_flush_interval=1",
        };
        command.arg(format!(
            "[f=flv:flvflags=no_duration_filesize{flush}]{url}|[f=flv:flvflags=no_duration_filesize:flush_packets=1]{}",
            sent.display()
        ));
        Self {
            process: Process::start(format!("{peer} publishing to {url}"), &mut command),
            sent: sent.to_path_buf(),
        }
    }

    /// Its process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Waits until `seconds` of media were sent.
    pub fn wait_for_media(&mut self, seconds: u32, within: Duration) {
        let deadline = Instant::now() + within;
        while span_ms(&self.sent) < seconds * 1000 {
            assert!(
                !self.process.has_ended(),
                "the publisher ended early\n{}",
                self.process
            );
            assert!(
                Instant::now() < deadline,
                "no {seconds} s of media sent in {within:?}\n{}",
                self.process
            );
            pause();
        }
    }

    /// Ends it as a person would, with Ctrl-C, so it says goodbye, and gives all it sent.
    pub fn finish(&mut self, within: Duration) -> Vec<Packet> {
        self.process.signal(Signal::INT);
        self.process.wait(within);
        packets::read(&self.sent)
    }
}

/// How many messages an ffmpeg gathers before it posts them to a tunnel; without one each is written at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flush {
    /// Ten, its default. When it ends, it throws away what it has gathered since the last post: the last nine messages at
    /// most never leave it, not even its goodbye (seen in what it writes to its socket: the last `/send` is followed by
    /// `/close`).
    EveryTenth,
    /// One by one, so all of it goes out.
    Each,
}

impl Flush {
    /// How many of the last packets sent may never have left the publisher.
    pub fn keeps_back(self, transport: Transport) -> usize {
        match (self, transport) {
            (Self::EveryTenth, Transport::Rtmpt | Transport::Rtmpts) => 9,
            _ => 0,
        }
    }
}

/// How a player's packets reach its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capture {
    /// The way people play: the player takes the stream apart, and its FLV writer puts it together again.
    ///
    /// The writer makes the metadata and the configuration packets anew; with `-copyts` it changes nothing else.
    Demuxed,
    /// The bytes as the player's RTMP client gives them to the rest of the player, before anything looks inside.
    Raw,
}

/// A peer that plays into an FLV file until the stream ends.
#[derive(Debug)]
pub struct Player {
    peer: Peer,
    process: Process,
    file: PathBuf,
}

impl Player {
    /// Starts playing `url` into `file`; `certificate` is what it trusts for TLS.
    pub fn start(
        peers: Peers,
        peer: Peer,
        capture: Capture,
        url: &str,
        file: &Path,
        certificate: &Path,
    ) -> Self {
        let mut command = match peer {
            Peer::Ffmpeg5 | Peer::Ffmpeg9 => ffmpeg_player(peers, peer, capture, url, file),
            Peer::Rtmpdump => rtmpdump_player(peers, url, file),
            Peer::Nginx
            | Peer::Haproxy
            | Peer::Pebble
            | Peer::Py3Amf
            | Peer::GStreamer
            | Peer::Tshark
            | Peer::Schemathesis
            | Peer::HlsParser
            | Peer::Chromium => {
                panic!("{peer} plays nothing")
            }
        };
        command.env("SSL_CERT_FILE", certificate);
        let process = Process::start(format!("{peer} playing {url}"), &mut command);
        Self {
            peer,
            process,
            file: file.to_path_buf(),
        }
    }

    /// Its process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Whether its file has `seconds` of media by now.
    pub fn has_media(&self, seconds: u32) -> bool {
        span_ms(&self.file) >= seconds * 1000
    }

    /// Waits until its file has `seconds` of media.
    pub fn wait_for_media(&mut self, seconds: u32, within: Duration) {
        let deadline = Instant::now() + within;
        while !self.has_media(seconds) {
            assert!(
                !self.process.has_ended(),
                "the player ended early\n{}",
                self.process
            );
            assert!(
                Instant::now() < deadline,
                "no {seconds} s of media in {within:?}\n{}",
                self.process
            );
            pause();
        }
    }

    /// Its file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The packets in its file by now.
    pub fn received(&self) -> Vec<Packet> {
        if self.file.exists() {
            packets::read(&self.file)
        } else {
            Vec::new()
        }
    }

    /// What it never writes.
    pub fn discards(&self) -> Discards {
        match self.peer {
            Peer::Rtmpdump => Discards::TinyMessages,
            _ => Discards::Nothing,
        }
    }
}

/// What is known of the ends of a stream that goes from one publisher to one player.
pub fn allowance(publisher: (Flush, Transport), player: &Player) -> Allowance {
    Allowance {
        kept_back: publisher.0.keeps_back(publisher.1),
        discards: player.discards(),
    }
}

/// Why a peer cannot use a transport, as it says itself on standard error; `None` where it can.
pub fn known_failure(peer: Peer, transport: Transport) -> Option<&'static str> {
    // It takes its own next request for one to another server.
    let broken = peer == Peer::Ffmpeg9 && transport == Transport::Rtmpts;
    broken.then_some("Cannot read RTMP handshake response")
}

/// Waits a moment before looking again at something that tells nobody when it changes, such as a file.
pub fn pause() {
    thread::sleep(Duration::from_millis(50));
}

fn ffmpeg_player(peers: Peers, peer: Peer, capture: Capture, url: &str, file: &Path) -> Command {
    let mut command = peers.ffmpeg(peer);
    match capture {
        Capture::Demuxed => {
            command.args(["-copyts", "-i", url, "-c", "copy", "-f", "flv"]);
            command.args(["-flvflags", "no_duration_filesize", "-flush_packets", "1"]);
        }
        Capture::Raw => {
            command.args([
                "-f", "data", "-i", url, "-map", "0", "-c", "copy", "-f", "data",
            ]);
            command.args(["-flush_packets", "1"]);
        }
    }
    command.arg(file);
    command
}

fn rtmpdump_player(peers: Peers, url: &str, file: &Path) -> Command {
    let mut command = Command::new(peers.path(Peer::Rtmpdump));
    command
        .args(["--quiet", "--live", "--rtmp", url, "--flv"])
        .arg(file);
    command
}

/// The milliseconds between the first and the last coded packet of a file that may still be growing.
fn span_ms(file: &Path) -> u32 {
    if !file.exists() {
        return 0;
    }
    let list = packets::read(file);
    let times = || {
        list.iter()
            .filter(|packet| packet.is_coded())
            .map(|packet| packet.at_ms)
    };
    times().max().unwrap_or(0) - times().min().unwrap_or(0)
}
