//! The real peers: where they are on this machine, and which of them a test may count on.

use std::env;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use crate::process::Process;

/// What makes an ffmpeg say errors only, ask nothing and show no progress.
pub const QUIET: [&str; 5] = ["-hide_banner", "-nostdin", "-nostats", "-loglevel", "error"];

/// A program that knows RTMP and is not ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Peer {
    /// Debian's ffmpeg, 5.1 in Debian 12.
    Ffmpeg5,
    /// The ffmpeg inside the Python package `imageio-ffmpeg`, version 9.
    Ffmpeg9,
    /// rtmpdump 2.4 with librtmp, of Debian.
    Rtmpdump,
    /// nginx of Debian, for its RTMP module.
    Nginx,
    /// The Python that has the package `Py3AMF`: AMF read and written by somebody else.
    Py3Amf,
    /// Schemathesis, a Python package, which makes requests from the description of an API.
    Schemathesis,
    /// The package `hls-parser` of npm, which reads playlists strictly, where there is also Node.js.
    HlsParser,
    /// `gst-launch-1.0` of Debian with `rtmp2sink`, and `rtmpsink`, which is librtmp.
    GStreamer,
    /// tshark of Debian, for its dissector of RTMP.
    Tshark,
    /// haproxy of Debian.
    Haproxy,
    /// Pebble of Debian, a certificate authority, with its `pebble-challtestsrv`.
    Pebble,
    /// Chromium of Debian, where there are also Node.js and the package `playwright-core` to drive it.
    Chromium,
}

impl Peer {
    /// Those that speak RTMP; the others are asked for one by one, by [`Peers::with`].
    pub const SPEAKING: [Self; 4] = [Self::Ffmpeg5, Self::Ffmpeg9, Self::Rtmpdump, Self::Nginx];

    /// The program file, if it is on this machine.
    pub fn path(self) -> Option<PathBuf> {
        match self {
            Self::Ffmpeg5 => in_path("ffmpeg"),
            Self::Ffmpeg9 => env::var_os("ADIT_FFMPEG9")
                .map(PathBuf::from)
                .or_else(|| Some(workspace().join("target/peers/ffmpeg9")))
                .filter(|path| path.is_file()),
            Self::Rtmpdump => in_path("rtmpdump"),
            Self::Nginx => in_path("nginx"),
            Self::Py3Amf => {
                let venv = env::var_os("ADIT_PY3AMF")
                    .map_or_else(|| workspace().join("target/peers/venv"), PathBuf::from);
                let marker = venv.join("has-py3amf");
                Some(venv.join("bin/python")).filter(|path| path.is_file() && marker.is_file())
            }
            Self::Schemathesis => {
                let folder = env::var_os("ADIT_SCHEMATHESIS").map_or_else(
                    || workspace().join("target/peers/schemathesis"),
                    PathBuf::from,
                );
                let marker = folder.join("has-schemathesis");
                Some(folder.join("bin/schemathesis"))
                    .filter(|path| path.is_file() && marker.is_file())
            }
            Self::HlsParser => in_path("node").filter(|_| hls_parser().is_dir()),
            Self::GStreamer => in_path("gst-launch-1.0"),
            Self::Tshark => in_path("tshark"),
            Self::Haproxy => in_path("haproxy"),
            Self::Pebble => in_path("pebble"),
            Self::Chromium => {
                in_path("chromium").filter(|_| in_path("node").is_some() && playwright().is_dir())
            }
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ffmpeg5 => "ffmpeg 5",
            Self::Ffmpeg9 => "ffmpeg 9",
            Self::Rtmpdump => "rtmpdump",
            Self::Nginx => "nginx",
            Self::Py3Amf => "Py3AMF",
            Self::Schemathesis => "Schemathesis",
            Self::HlsParser => "hls-parser",
            Self::GStreamer => "GStreamer",
            Self::Tshark => "tshark",
            Self::Haproxy => "haproxy",
            Self::Pebble => "Pebble",
            Self::Chromium => "Chromium",
        })
    }
}

/// The peers of this machine; only had where all are that a test asked for.
#[derive(Clone, Copy, Debug)]
pub struct Peers(());

impl Peers {
    /// The peers, or `None` where tests go without.
    ///
    /// `ADIT_PEERS=none` does without them. `ADIT_PEERS=required` or `CI=true` makes a missing one a failure; otherwise
    /// a missing one is said on standard error and the test that asked is passed over.
    pub fn for_test() -> Option<Self> {
        Self::with(&Peer::SPEAKING)
    }

    /// The same with these peers only.
    pub fn with(peers: &[Peer]) -> Option<Self> {
        let wanted = env::var("ADIT_PEERS").unwrap_or_default();
        if wanted == "none" {
            return None;
        }
        let missing: Vec<String> = peers
            .iter()
            .filter(|peer| peer.path().is_none())
            .map(Peer::to_string)
            .collect();
        if missing.is_empty() {
            return Some(Self(()));
        }
        lacks(&format!("{}; run tools/install-peers", missing.join(", ")));
        None
    }

    /// The program file of one.
    pub fn path(self, peer: Peer) -> PathBuf {
        peer.path()
            .unwrap_or_else(|| panic!("{peer} was here a moment ago"))
    }

    /// A command that runs one of the ffmpegs: errors only on standard error, no questions, no progress.
    pub fn ffmpeg(self, peer: Peer) -> Command {
        assert!(
            matches!(peer, Peer::Ffmpeg5 | Peer::Ffmpeg9),
            "{peer} is no ffmpeg"
        );
        let mut command = Command::new(self.path(peer));
        command.args(QUIET).arg("-y");
        // A proxy in the environment would be taken for the tunnel.
        command
            .env_remove("http_proxy")
            .env_remove("no_proxy")
            .env_remove("SSL_CERT_FILE");
        command
    }

    /// A command that runs a script with Node.js. It finds in its environment where Chromium, `playwright-core` and the
    /// newer ffmpeg are.
    pub fn node(self, script: &Path) -> Command {
        let mut command = Command::new("node");
        command
            .arg(script)
            .env("CHROMIUM", self.path(Peer::Chromium))
            .env("PLAYWRIGHT", playwright())
            .env("FFMPEG", self.path(Peer::Ffmpeg9));
        command
    }

    /// A command that runs a script with Node.js, which finds `hls-parser` where the environment says.
    pub fn with_hls_parser(self, script: &Path) -> Command {
        let mut command = Command::new(self.path(Peer::HlsParser));
        command.arg(script).env("HLS_PARSER", hls_parser());
        command
    }

    /// The first line that `-version` (or the like) of a peer prints.
    pub fn version(self, peer: Peer) -> String {
        let flag = match peer {
            Peer::Ffmpeg5 | Peer::Ffmpeg9 => "-version",
            Peer::Rtmpdump => "--help",
            Peer::Nginx | Peer::Haproxy => "-v",
            Peer::Pebble => "-help",
            Peer::Py3Amf
            | Peer::Schemathesis
            | Peer::HlsParser
            | Peer::GStreamer
            | Peer::Tshark
            | Peer::Chromium => "--version",
        };
        let mut process = Process::start(peer.to_string(), Command::new(self.path(peer)).arg(flag));
        process.wait(Duration::from_secs(20));
        let text = process.stdout() + &process.stderr();
        let line = text
            .lines()
            .find(|line| line.contains(char::is_numeric))
            .unwrap_or_default();
        line.split(" Copyright")
            .next()
            .unwrap_or_default()
            .to_owned()
    }

    /// Whether the newer ffmpeg was built with `encoder`.
    pub fn has_encoder(self, encoder: &str) -> bool {
        static ENCODERS: OnceLock<String> = OnceLock::new();
        let list = ENCODERS.get_or_init(|| {
            let mut command = self.ffmpeg(Peer::Ffmpeg9);
            Process::run(
                "ffmpeg -encoders",
                command.arg("-encoders"),
                Duration::from_secs(20),
            )
        });
        list.lines()
            .any(|line| line.split_whitespace().nth(1) == Some(encoder))
    }
}

/// The root of the checkout.
pub fn workspace() -> PathBuf {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("crates are in a folder");
    crates
        .parent()
        .expect("the folder is in the workspace")
        .to_path_buf()
}

/// The directory of build output of the checkout, for what tests leave to be read.
pub fn target() -> PathBuf {
    workspace().join("target")
}

/// Says what is missing that a test takes, which is then passed over; where everything is required (`ADIT_PEERS=required`, `CI=true`)
/// it fails.
pub fn lacks(what: &str) {
    let required = env::var("ADIT_PEERS").is_ok_and(|wanted| wanted == "required")
        || env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(!required, "missing: {what}");
    say(&format!("missing, not tested: {what}"));
}

/// One line of talk on standard error; tests show it with `--nocapture` and when they fail.
#[expect(
    clippy::print_stderr,
    reason = "the test runner captures it, and this is what it is for"
)]
pub fn say(line: &str) {
    eprintln!("{line}");
}

/// Where the package is that drives Chromium.
fn playwright() -> PathBuf {
    let folder = env::var_os("ADIT_PLAYWRIGHT")
        .map_or_else(|| workspace().join("target/peers/browser"), PathBuf::from);
    folder.join("node_modules/playwright-core")
}

/// Where the package is that reads playlists.
fn hls_parser() -> PathBuf {
    let folder = env::var_os("ADIT_HLS_PARSER").map_or_else(
        || workspace().join("target/peers/hls-parser"),
        PathBuf::from,
    );
    folder.join("node_modules/hls-parser")
}

fn in_path(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin")])
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}
