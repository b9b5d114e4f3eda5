//! The servers under test: each a child process on a free loopback port with a directory of its
//! own, stopped by its own process id.

mod adit;
mod bare;
mod nginx;
mod node_media;
mod process;
mod viewer;

use std::{
    fmt, fs,
    net::{SocketAddr, TcpListener},
    num::NonZeroU16,
    path::PathBuf,
    process::Child,
    str::FromStr,
    thread,
    time::{Duration, Instant},
};

pub(crate) use adit::beside_this_program;
use process::Place;
pub(crate) use process::{Workspace, run_as_child, run_janitor};
pub(crate) use viewer::Viewer;

use crate::{
    cli::{Latency, LoopMode, Rate},
    error::{Doing, Error, Result},
};

/// Time a server has to start listening, and to end when asked to.
const PATIENCE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(5);
/// Bytes of a server's log quoted in an error.
const QUOTED: usize = 2000;

/// A server that can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Adit(Latency),
    /// nginx with libnginx-mod-rtmp.
    Nginx,
    /// Node-Media-Server from npm.
    NodeMedia,
    /// A child of this program that writes the stream to plain connections: what the kernel allows.
    Loop(LoopMode),
}

impl Kind {
    /// The bare loop that sends as often as this server does.
    pub(crate) fn limit(self) -> Self {
        match self {
            Self::Adit(latency) => Self::Loop(latency.loop_mode()),
            Self::Nginx | Self::NodeMedia => Self::Loop(LoopMode::Message),
            Self::Loop(_) => self,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Adit(latency) => write!(out, "adit-{latency}"),
            Self::Nginx => out.write_str("nginx-rtmp"),
            Self::NodeMedia => out.write_str("node-media-server"),
            Self::Loop(mode) => write!(out, "loop-{mode}"),
        }
    }
}

/// How a server is named on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    /// Adit in the latency mode asked for.
    Adit,
    /// The bare loop that goes with that mode.
    Loop,
    Exactly(Kind),
}

impl Choice {
    /// The server meant when Adit runs in mode `latency`.
    pub(crate) fn resolve(self, latency: Latency) -> Kind {
        match self {
            Self::Adit => Kind::Adit(latency),
            Self::Loop => Kind::Adit(latency).limit(),
            Self::Exactly(kind) => kind,
        }
    }
}

impl FromStr for Choice {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let exact = |prefix: &str| text.strip_prefix(prefix);
        match text {
            "adit" => Ok(Self::Adit),
            "loop" => Ok(Self::Loop),
            "nginx" => Ok(Self::Exactly(Kind::Nginx)),
            "nms" => Ok(Self::Exactly(Kind::NodeMedia)),
            _ => {
                if let Some(latency) = exact("adit-") {
                    Ok(Self::Exactly(Kind::Adit(Latency::parse(latency)?)))
                } else if let Some(mode) = exact("loop-") {
                    Ok(Self::Exactly(Kind::Loop(LoopMode::parse(mode)?)))
                } else {
                    Err("expected adit[-MODE], nginx, nms or loop[-MODE]".to_owned())
                }
            }
        }
    }
}

/// How one server is started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Setting {
    /// The only core it may use.
    pub(crate) core: Option<usize>,
    /// What a bare loop sends.
    pub(crate) rate: Rate,
    /// Whether a bare loop speaks TLS; the others find out for themselves.
    pub(crate) tls: bool,
}

/// What all servers need to be started.
#[derive(Debug)]
pub(crate) struct Launcher {
    pub(crate) workspace: Workspace,
    /// The adit binary; None when it was not given and not found.
    pub(crate) adit: Option<PathBuf>,
    /// How many threads it is told to have.
    pub(crate) threads: Option<NonZeroU16>,
    /// Connections the server must be able to hold.
    pub(crate) connections: u32,
}

impl Launcher {
    /// Starts a server in a fresh directory and waits until it listens.
    ///
    /// # Errors
    ///
    /// When its program is missing or it does not come up; nothing is left running then.
    pub(crate) fn start(&self, kind: Kind, setting: Setting) -> Result<Server> {
        let place = Place {
            dir: self.workspace.fresh_directory()?,
            core: setting.core,
        };
        match kind {
            Kind::Adit(latency) => adit::start(self, latency, &place),
            Kind::Nginx => nginx::start(self, &place),
            Kind::NodeMedia => node_media::start(&place),
            Kind::Loop(mode) => bare::start(self, mode, setting, &place),
        }
    }

    /// Starts a server at `address` without waiting for anything.
    ///
    /// # Errors
    ///
    /// When its program is missing, or it is a bare loop: that chooses its port itself.
    pub(crate) fn begin(&self, kind: Kind, address: SocketAddr) -> Result<Server> {
        let place = Place {
            dir: self.workspace.fresh_directory()?,
            core: None,
        };
        match kind {
            Kind::Adit(latency) => {
                let child = adit::begin(self, latency, address, &place)?;
                Ok(Server {
                    name: kind.to_string(),
                    address,
                    worker: child.id(),
                    child,
                    log: place.dir.join("stderr"),
                })
            }
            Kind::Nginx => nginx::begin(self, address, &place),
            Kind::NodeMedia => node_media::begin(address, &place),
            Kind::Loop(_) => Err(Error::Setup("a bare loop takes no address".to_owned())),
        }
    }

    /// What the server says of its version, on one line; empty when it says nothing.
    pub(crate) fn version(&self, kind: Kind) -> String {
        match kind {
            Kind::Adit(_) => adit::version(self),
            Kind::Nginx => nginx::version(),
            Kind::NodeMedia => node_media::version(),
            Kind::Loop(_) => format!("adit-bench {}", env!("CARGO_PKG_VERSION")),
        }
    }
}

/// An address that nobody listens on at the moment.
pub(crate) fn free_address() -> Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .doing(|| "finding a free port".to_owned())
}

/// A running server; dropping it ends it.
#[derive(Debug)]
pub(crate) struct Server {
    name: String,
    address: SocketAddr,
    child: Child,
    /// The process that does the work: the child itself or, for nginx, its one worker.
    worker: u32,
    log: PathBuf,
}

impl Server {
    /// Waits until the child, started at `place`, has written `listening on ADDRESS`.
    fn when_it_says_so(name: String, child: Child, place: &Place) -> Result<Self> {
        let dir = &place.dir;
        let output = dir.join("stdout");
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let worker = child.id();
        let mut server = Self {
            name,
            address: nowhere,
            child,
            worker,
            log: dir.join("stderr"),
        };
        let address = server.wait_for("it never said where it listens", || {
            let said = fs::read_to_string(&output).unwrap_or_default();
            said.split_inclusive('\n')
                .filter(|line| line.ends_with('\n'))
                .find_map(|line| line.trim().strip_prefix("listening on ")?.parse().ok())
        })?;
        server.address = address;
        Ok(server)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The process to measure.
    pub(crate) fn pid(&self) -> u32 {
        self.worker
    }

    /// Says so as an error if the server has died.
    pub(crate) fn check_alive(&mut self) -> Result<()> {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => Err(self.error(&format!("it ended by itself, {status}"))),
            Err(source) => Err(source).doing(|| format!("looking after {}", self.name)),
        }
    }

    /// Asks the server to end and waits until it has.
    pub(crate) fn stop(mut self) -> Result<()> {
        process::end(&mut self.child, PATIENCE).doing(|| format!("stopping {}", self.name))
    }

    fn wait_for<T>(&mut self, otherwise: &str, mut ready: impl FnMut() -> Option<T>) -> Result<T> {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(value) = ready() {
                return Ok(value);
            }
            self.check_alive()?;
            if Instant::now() > end {
                return Err(self.error(otherwise));
            }
            thread::sleep(POLL);
        }
    }

    /// An error of this server, with the end of its log.
    pub(crate) fn error(&self, what: &str) -> Error {
        let log = fs::read(&self.log).unwrap_or_default();
        let end = log
            .get(log.len().saturating_sub(QUOTED)..)
            .unwrap_or_default();
        Error::Server {
            server: self.name.clone(),
            what: what.to_owned(),
            log: String::from_utf8_lossy(end).into_owned(),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // After `stop` there is nothing left to end; on the way out of an error there may be, and
        // if even that fails the kernel ends the child when this process does.
        process::end(&mut self.child, PATIENCE).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests;
