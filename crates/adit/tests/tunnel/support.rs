//! A far server, a tunnel to it, ffmpeg before it and a recorder behind it.

use std::cell::RefCell;
use std::env;
use std::fs::{self, Permissions};
use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use adit_testkit::clip::{AudioCodec, Clip, VideoCodec};
use adit_testkit::packets::{Kind, Packet, read};
use adit_testkit::peers::{Peer, Peers, lacks};
use adit_testkit::process::{Process, free_port};
use adit_testkit::server::AditServer;
use rustix::process::Signal;
use tempfile::TempDir;

pub(crate) const ADIT: &str = env!("CARGO_BIN_EXE_adit");
const STARTS_WITHIN: Duration = Duration::from_secs(30);

/// How long the tests last.
pub(crate) struct Lengths {
    /// The publish through the proxy.
    pub(crate) publish: Duration,
    /// The break.
    pub(crate) away: Duration,
}

impl Lengths {
    pub(crate) fn from_environment() -> Self {
        match env::var("ADIT_SOAK").map(|seconds| seconds.parse()) {
            Ok(seconds) => Self {
                publish: Duration::from_secs(seconds.expect("ADIT_SOAK is a number of seconds")),
                away: Duration::from_secs(20),
            },
            Err(_) => Self {
                publish: Duration::from_secs(8),
                away: Duration::from_secs(3),
            },
        }
    }
}

/// A command of ours with nothing in its environment that would change what it does.
pub(crate) fn adit(arguments: &[&str]) -> Process {
    let mut command = Command::new(ADIT);
    command.args(arguments);
    for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
        command.env_remove(name).env_remove(name.to_uppercase());
    }
    command.env_remove("ADIT_LOG").env_remove("ADIT_STREAM_KEY");
    command.env("NO_COLOR", "1");
    command.env("STATE_DIRECTORY", env::temp_dir().join("adit-tests"));
    Process::start(format!("adit {}", arguments[0]), &mut command)
}

/// Asks a process to end, and sees how it does.
#[track_caller]
pub(crate) fn stop(mut process: Process) {
    process.signal(Signal::INT);
    let status = process.wait(STARTS_WITHIN);
    assert_eq!(status.code(), Some(0), "{process}");
}

/// The places that belong to one test.
pub(crate) struct Scene {
    folder: TempDir,
    peers: Peers,
    clip: PathBuf,
    /// Where the far server is, also while it is away.
    address: SocketAddr,
    recordings: RefCell<u32>,
}

impl Scene {
    /// The far server runs; who wants it to end drops it.
    pub(crate) fn new(peers: Peers) -> (Self, AditServer) {
        let folder = TempDir::with_prefix("adit-tunnel-").unwrap();
        let clip = Clip::new(Some(VideoCodec::H264), Some(AudioCodec::Aac), 10);
        let clip = clip.make(peers, folder.path());
        // Who comes by a proxy that says so is not local.
        let far = AditServer::start_with(ADIT, |command| {
            command.args(["--publish", "anyone"]);
        });
        let scene = Self {
            address: far.address(),
            folder,
            peers,
            clip,
            recordings: RefCell::new(0),
        };
        (scene, far)
    }

    /// The far server again, where it was.
    pub(crate) fn far_again(&self) -> AditServer {
        let listen = self.address.to_string();
        AditServer::start_with(ADIT, |command| {
            command.args(["--listen", &listen, "--publish", "anyone"]);
        })
    }

    pub(crate) fn url(&self, scheme: &str, path: &str) -> String {
        format!("{scheme}://{}/{path}", self.address)
    }

    /// Publishes the clip again and again for so long, and keeps what it sent in [`Scene::sent`].
    pub(crate) fn encoder(&self, url: &str, lasting: Duration) -> Process {
        let mut command = self.peers.ffmpeg(Peer::Ffmpeg5);
        command.args(["-re", "-stream_loop", "-1", "-i"]);
        command.arg(&self.clip);
        command.args(["-t", &lasting.as_secs().to_string()]);
        command.args(["-c", "copy", "-map", "0", "-f", "tee"]);
        let file = self.sent();
        let options = "f=flv:flvflags=no_duration_filesize";
        command.arg(format!(
            "[{options}:onfail=abort]{url}|[{options}]{}",
            file.display()
        ));
        Process::start("ffmpeg", &mut command)
    }

    /// The file with what the encoder sent.
    pub(crate) fn sent(&self) -> PathBuf {
        self.folder.path().join("sent.flv")
    }

    /// Records a stream of the far server as it is there, until that ends.
    pub(crate) fn record(&self, name: &str) -> Recording {
        *self.recordings.borrow_mut() += 1;
        let number = *self.recordings.borrow();
        let file = self.folder.path().join(format!("got{number}.flv"));
        let url = self.url("rtmp", &format!("live/{name}"));
        let file_name = file.to_str().unwrap();
        let process = adit(&["record", &url, "-o", file_name, "--retry", "none"]);
        process.stderr_line("connected over", STARTS_WITHIN);
        Recording { process, file }
    }
}

/// A door before the far server. While it is shut, whoever comes is hung up on.
pub(crate) struct Gate {
    address: SocketAddr,
    open: Arc<AtomicBool>,
}

impl Gate {
    /// An open door before the far server of a scene.
    pub(crate) fn before(scene: &Scene) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let open = Arc::new(AtomicBool::new(true));
        let (is_open, server) = (Arc::clone(&open), scene.address);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if is_open.load(Ordering::SeqCst)
                    && let Ok(server) = TcpStream::connect(server)
                {
                    forward(&client, &server);
                    forward(&server, &client);
                }
            }
        });
        Self { address, open }
    }

    pub(crate) fn shut(&self) {
        self.open.store(false, Ordering::SeqCst);
    }

    pub(crate) fn open(&self) {
        self.open.store(true, Ordering::SeqCst);
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("rtmp://{}/{path}", self.address)
    }
}

/// Carries bytes until either end is gone, and then ends both.
fn forward(from: &TcpStream, to: &TcpStream) {
    let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
    thread::spawn(move || {
        // How it ended makes no difference to either.
        drop(io::copy(&mut from, &mut to));
        drop(from.shutdown(Shutdown::Both));
        drop(to.shutdown(Shutdown::Both));
    });
}

/// A running `adit tunnel`.
pub(crate) struct Tunnel {
    pub(crate) process: Process,
    address: String,
}

impl Tunnel {
    pub(crate) fn start(url: &str, flags: &[&str]) -> Self {
        let mut arguments = vec!["tunnel", url, "--listen", "127.0.0.1:0"];
        arguments.extend(flags);
        let process = adit(&arguments);
        let address = process
            .stdout_lines("listening on ", 1, STARTS_WITHIN)
            .swap_remove(0);
        Self { process, address }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("rtmp://{}/{path}", self.address)
    }

    /// Waits for a line of its talk that contains `wanted`.
    pub(crate) fn says(&self, wanted: &str, within: Duration) -> String {
        self.process.stderr_line(wanted, within)
    }
}

/// A running `adit record`.
pub(crate) struct Recording {
    process: Process,
    file: PathBuf,
}

impl Recording {
    /// Waits for its end; gives pictures and sound.
    pub(crate) fn finish(mut self, within: Duration) -> Vec<Packet> {
        self.process.wait(within);
        media(&self.file)
    }
}

/// Pictures, sound and their headers, in the order they came.
pub(crate) fn media(file: &Path) -> Vec<Packet> {
    let packets = read(file);
    packets
        .into_iter()
        .filter(|packet| packet.kind != Kind::Data)
        .collect()
}

/// The coded media of these, with the time moved so that the first has the time of the same one in `all`.
pub(crate) fn coded_as_in(all: &[Packet], packets: &[Packet]) -> Vec<Packet> {
    let coded: Vec<_> = packets.iter().filter(|packet| packet.is_coded()).collect();
    let first = coded.first().expect("media");
    let same = all
        .iter()
        .find(|packet| packet.body == first.body && packet.at_ms >= first.at_ms)
        .expect("what came was sent");
    let later = same.at_ms - first.at_ms;
    coded
        .into_iter()
        .map(|packet| Packet {
            at_ms: packet.at_ms + later,
            ..packet.clone()
        })
        .collect()
}

/// A squid on loopback that lets HTTP through and no CONNECT.
pub(crate) struct Proxy {
    _process: Process,
    _folder: TempDir,
    port: u16,
}

impl Proxy {
    /// Nothing where there is no squid and none is required.
    pub(crate) fn start() -> Option<Self> {
        let program = Path::new("/usr/sbin/squid");
        if !program.is_file() {
            lacks("squid; run tools/install-peers");
            return None;
        }
        let folder = TempDir::with_prefix("adit-squid-").unwrap();
        // Where it is started by root it writes its log as somebody else.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
        let port = free_port();
        let config = folder.path().join("config");
        let dir = folder.path().display();
        fs::write(
            &config,
            format!(
                "http_port 127.0.0.1:{port}\nacl CONNECT method CONNECT\nhttp_access deny CONNECT\nhttp_access allow all\n\
                 cache deny all\naccess_log none\ncache_log {dir}/cache.log\npid_filename none\ncoredump_dir {dir}\n\
                 pinger_enable off\nshutdown_lifetime 1 seconds\nhosts_file none\n"
            ),
        )
        .unwrap();
        let mut command = Command::new(program);
        command
            .args(["-N", "-n", &format!("adit{port}"), "-f"])
            .arg(&config);
        let process = Process::start_listening("squid", &mut command, port, STARTS_WITHIN);
        Some(Self {
            _process: process,
            _folder: folder,
            port,
        })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}
