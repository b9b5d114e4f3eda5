//! The server under test: started on a free port with a state directory of its own, ended with its guard.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::process::Process;

/// The four ways in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// RTMP on TCP.
    Rtmp,
    /// RTMP in HTTP.
    Rtmpt,
    /// RTMP in TLS.
    Rtmps,
    /// RTMP in HTTP in TLS.
    Rtmpts,
}

impl Transport {
    /// All four.
    pub const ALL: [Self; 4] = [Self::Rtmp, Self::Rtmpt, Self::Rtmps, Self::Rtmpts];

    /// The scheme of its URLs.
    pub fn scheme(self) -> &'static str {
        match self {
            Self::Rtmp => "rtmp",
            Self::Rtmpt => "rtmpt",
            Self::Rtmps => "rtmps",
            Self::Rtmpts => "rtmpts",
        }
    }
}

/// A running `adit serve`; dropping it kills exactly this process.
#[derive(Debug)]
pub struct AditServer {
    process: Process,
    addresses: Vec<SocketAddr>,
    state: TempDir,
}

impl AditServer {
    /// Starts the program file `binary` on one free port of 127.0.0.1.
    pub fn start(binary: impl AsRef<Path>) -> Self {
        Self::start_with(binary, |_| {})
    }

    /// The same with more flags; `--listen` takes the place of the free port, `--state-dir` that of a new one.
    pub fn start_with(binary: impl AsRef<Path>, configure: impl FnOnce(&mut Command)) -> Self {
        let state = TempDir::with_prefix("adit-state-").expect("a temporary directory");
        let mut command = Command::new(binary.as_ref());
        command.env_remove("ADIT_LOG").env("NO_COLOR", "1");
        command.arg("serve");
        configure(&mut command);
        if !command.get_args().any(|argument| argument == "--state-dir") {
            command.arg("--state-dir").arg(state.path());
        }
        let mut listens = command
            .get_args()
            .filter(|argument| *argument == "--listen")
            .count();
        if listens == 0 {
            command.args(["--listen", "127.0.0.1:0"]);
            listens = 1;
        }
        let process = Process::start("adit serve", &mut command);
        let lines = process.stdout_lines("listening on ", listens, STARTS_WITHIN);
        let addresses = lines
            .iter()
            .map(|line| {
                let address = line.split_whitespace().next().unwrap_or_default();
                address
                    .parse()
                    .unwrap_or_else(|_| panic!("`{line}` is no address\n{process}"))
            })
            .collect();
        Self {
            process,
            addresses,
            state,
        }
    }

    /// The first address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.addresses[0]
    }

    /// All addresses it listens on, in the order it printed them.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The URL of `path` (application and stream) by one transport.
    pub fn url(&self, transport: Transport, path: &str) -> String {
        format!("{}://{}/{path}", transport.scheme(), self.address())
    }

    /// The self-signed certificate that it made.
    pub fn certificate(&self) -> PathBuf {
        let folder = self.state.path().join("tls");
        ["cert.pem", "self-signed.crt"]
            .map(|name| folder.join(name))
            .into_iter()
            .find(|file| file.exists())
            .unwrap_or_else(|| panic!("no certificate in {}\n{}", folder.display(), self.process))
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        self.process.stderr()
    }

    /// Waits for a line of the log that contains `wanted`, and gives the first one.
    pub fn log_line(&self, wanted: &str, within: Duration) -> String {
        self.process.stderr_line(wanted, within)
    }

    /// Waits until it has printed a line that begins with `prefix`, and gives what follows it there.
    pub fn printed(&self, prefix: &str) -> String {
        self.process
            .stdout_lines(prefix, 1, STARTS_WITHIN)
            .swap_remove(0)
    }

    /// Whether it still runs.
    pub fn is_running(&self) -> bool {
        !self.process.has_ended()
    }

    /// Its resident memory in bytes.
    pub fn resident_bytes(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))
            .unwrap_or_else(|error| panic!("the server is gone: {error}\n{}", self.process));
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .expect("a VmRSS line");
        let kilobytes: u64 = line
            .trim()
            .trim_end_matches(" kB")
            .parse()
            .expect("a number of kB");
        kilobytes << 10
    }

    /// Panics, with the log, when it has ended or a panic is in its log.
    pub fn assert_sound(&self) {
        let log = self.log();
        assert!(self.is_running(), "the server has ended\n{}", self.process);
        for bad in ["panicked at", "stack overflow", "memory allocation of"] {
            assert!(!log.contains(bad), "`{bad}` in the log\n{}", self.process);
        }
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    /// Waits for its end and gives how it ended and its whole log.
    pub fn wait(mut self, within: Duration) -> (ExitStatus, String) {
        let status = self.process.wait(within);
        (status, self.process.stderr())
    }

    /// Asks it to end at once, with SIGINT, and gives how it ended and its whole log. (At SIGTERM it waits for its clients.)
    pub fn stop(self) -> (ExitStatus, String) {
        self.signal(Signal::INT);
        self.wait(STOPS_WITHIN)
    }
}

/// A line as JSON.
pub fn json(line: &str) -> serde_json::Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
}

/// How long a server may take from its start to `listening on`; making a certificate is part of it.
const STARTS_WITHIN: Duration = Duration::from_secs(30);

/// How long it may drain.
const STOPS_WITHIN: Duration = Duration::from_secs(30);
