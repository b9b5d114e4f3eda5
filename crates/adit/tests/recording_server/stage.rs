//! A server that records, what is published to it, and what becomes of that.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use adit_client::media::pattern::Pattern;
use adit_client::media::record::{Recorder, StartTime};
use adit_client::media::verify::verify;
use adit_testkit::packets::{self, Packet};
use adit_testkit::peers::{Peer, Peers};
use adit_testkit::process::Process;
use adit_testkit::server::{AditServer, Transport};
use tempfile::TempDir;

pub(crate) const ADIT: &str = env!("CARGO_BIN_EXE_adit");

/// How long a step may take on a loaded machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A folder for recordings beside what is published.
pub(crate) struct Stage {
    pub(crate) peers: Peers,
    pub(crate) folder: TempDir,
    pub(crate) source: PathBuf,
    /// Where recordings go.
    pub(crate) media: PathBuf,
}

impl Stage {
    /// Publishers send the first so many frames of the built-in clip, 76 or so a second.
    pub(crate) fn set(frames: usize) -> Option<Self> {
        let peers = Peers::for_test()?;
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("source.flv");
        let mut recorder = Recorder::new(StartTime::Kept);
        let pattern = Pattern::new("pattern:320x180@30,200k,key=1".parse().unwrap());
        let bytes: Vec<u8> = pattern
            .take(frames)
            .flat_map(|frame| recorder.push(&frame).unwrap().to_vec())
            .collect();
        fs::write(&source, bytes).unwrap();
        Some(Self {
            peers,
            media: folder.path().join("media"),
            folder,
            source,
        })
    }

    /// The recording of a stream of `live`, of which the name may go on with a number.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.media.join("live").join(format!("{name}.flv"))
    }

    pub(crate) fn serve(&self, flags: &[&str]) -> AditServer {
        AditServer::start_with(ADIT, |command| {
            command.arg("--media").arg(&self.media).args(flags);
        })
    }

    /// A publisher of the whole source.
    pub(crate) fn publish(
        &self,
        server: &AditServer,
        transport: Transport,
        name: &str,
        kind: &str,
    ) -> Process {
        let mut command = Command::new(ADIT);
        command
            .env("NO_COLOR", "1")
            .arg("publish")
            .arg(&self.source);
        command.arg(server.url(transport, &format!("live/{name}")));
        command.args(["--as", kind, "--retry", "none", "--json", "--ca-file"]);
        Process::start("adit publish", command.arg(server.certificate()))
    }

    /// Publishes the whole source and waits until it is recorded.
    pub(crate) fn record(&self, server: &AditServer, transport: Transport, name: &str, kind: &str) {
        let mut publisher = self.publish(server, transport, name, kind);
        assert!(publisher.wait(PATIENCE).success(), "{publisher}");
        self.wait_for_the_end(name);
    }

    /// What `adit play` gets of a recording.
    pub(crate) fn play(&self, server: &AditServer, transport: Transport, name: &str) -> PathBuf {
        let file = self.folder.path().join(format!("{name}.played.flv"));
        let mut command = Command::new(ADIT);
        let url = server.url(transport, &format!("live/{name}"));
        command
            .env("NO_COLOR", "1")
            .args(["play", &url, "--start", "0", "--force", "-o"]);
        command.arg(&file).arg("--ca-file");
        let mut process = Process::start("adit play", command.arg(server.certificate()));
        assert!(process.wait(PATIENCE).success(), "{process}");
        file
    }

    /// What rtmpdump gets of it.
    pub(crate) fn dump(&self, server: &AditServer, name: &str) -> PathBuf {
        let file = self.folder.path().join(format!("{name}.dumped.flv"));
        let mut command = Command::new(self.peers.path(Peer::Rtmpdump));
        let url = server.url(Transport::Rtmp, "live");
        command.args(["-r", &url, "-y", name, "-o"]);
        Process::start("rtmpdump", command.arg(&file)).wait(PATIENCE);
        file
    }

    /// Waits until a recording is finished.
    pub(crate) fn wait_for_the_end(&self, name: &str) {
        let mark = self.media.join("live").join(format!(".{name}.flv.open"));
        wait_until(name, || self.file(name).exists() && !mark.exists());
    }

    /// Asserts that ffprobe reads the whole file and complains of nothing.
    pub(crate) fn assert_opens(&self, file: &Path) {
        let ffprobe = self.peers.path(Peer::Ffmpeg5).with_file_name("ffprobe");
        let mut command = Command::new(ffprobe);
        command.args(["-v", "error", "-count_packets", "-show_entries"]);
        command.args(["stream=codec_name,nb_read_packets", "-of", "csv=p=0"]);
        let mut process = Process::start("ffprobe", command.arg(file));
        assert!(process.wait(PATIENCE).success(), "{process}");
        assert_eq!(process.stderr(), "", "{}", file.display());
        let told = process.stdout();
        assert!(told.contains("h264,") && told.contains("aac,"), "{told}");
    }

    /// The same, and that all it says about itself is true.
    pub(crate) fn assert_whole(&self, file: &Path) {
        self.assert_opens(file);
        let report = verify(fs::File::open(file).unwrap()).unwrap();
        assert!(report.is_whole(), "{}: {report:?}", file.display());
        assert!(report.duration > Duration::ZERO, "{report:?}");
    }
}

pub(crate) fn wait_until(what: &str, done: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "{what} takes too long");
        sleep(Duration::from_millis(10));
    }
}

/// The sound and pictures of a file.
pub(crate) fn coded(file: &Path) -> Vec<Packet> {
    let mut packets = packets::read(file);
    packets.retain(Packet::is_coded);
    packets
}
