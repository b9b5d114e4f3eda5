//! Servers to take down, and people who are there meanwhile.

use std::fs;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use adit_client::connection::StreamEvent;
use adit_client::network::{ConnectorConfig, GivenProxy, InsecureTls, TlsClient};
use adit_client::rtmp::command::Play;
use adit_client::{Client, ConnectOptions, Intent, Target};
use adit_testkit::numbered::Numbered;
use adit_testkit::process::Process;
use adit_testkit::server::AditServer;
use adit_testkit::tunnel::Tunnel;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

pub(crate) const ADIT: &str = env!("CARGO_BIN_EXE_adit");

/// How long anything may take on a loaded machine; only reached when a test fails.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// A server with these flags on a free port.
pub(crate) fn serve(flags: &[&str]) -> AditServer {
    AditServer::start_with(ADIT, |command| {
        command.args(flags);
    })
}

/// One on this address, with this state directory.
pub(crate) fn serve_at(address: SocketAddr, state: &Path, flags: &[&str]) -> AditServer {
    AditServer::start_with(ADIT, |command| {
        command.args(["--listen", &address.to_string(), "--state-dir"]);
        command.arg(state).args(flags);
    })
}

/// Waits until the server has ended, and gives its log.
pub(crate) async fn ended(server: AditServer) -> String {
    let ended = tokio::task::spawn_blocking(move || server.wait(PATIENCE));
    let (status, log) = ended.await.unwrap();
    assert!(status.success(), "{status}\n{log}");
    log
}

/// Waits for something that comes about.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, holds: impl Fn() -> F) {
    let deadline = Instant::now() + PATIENCE;
    while !holds().await {
        assert!(Instant::now() < deadline, "not in time: {what}");
        sleep(Duration::from_millis(20)).await;
    }
}

/// Whether nobody listens there.
pub(crate) async fn is_closed(address: SocketAddr) -> bool {
    let refused = TcpStream::connect(address).await.err();
    refused.is_some_and(|error| error.kind() == ErrorKind::ConnectionRefused)
}

/// The whole answer to a request without a body.
pub(crate) async fn ask(address: SocketAddr, first: &str) -> String {
    answer(address, first, "").await
}

/// The same of somebody who has the token of the API.
pub(crate) async fn ask_as(address: SocketAddr, token: &str, first: &str) -> String {
    let field = format!("Authorization: Bearer {token}\r\n");
    answer(address, first, &field).await
}

async fn answer(address: SocketAddr, first: &str, fields: &str) -> String {
    let mut peer = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "{first} HTTP/1.1\r\nHost: {address}\r\n{fields}Content-Length: 0\r\nConnection: close\r\n\r\n"
    );
    peer.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let read = timeout(PATIENCE, peer.read_to_string(&mut answer)).await;
    read.expect("no answer").unwrap();
    answer
}

/// A recording that `adit verify` finds whole.
pub(crate) fn assert_whole(file: &Path) {
    assert!(
        fs::metadata(file).is_ok_and(|about| about.len() > 1_000),
        "{}",
        file.display()
    );
    let mut verify = std::process::Command::new(ADIT);
    verify.arg("verify").arg(file);
    Process::run("adit verify", &mut verify, PATIENCE);
}

/// Somebody who plays and does nothing else; dropping it ends it.
pub(crate) struct Player {
    frames: Arc<AtomicU64>,
    task: JoinHandle<String>,
}

impl Player {
    /// Plays `url`; what is asked of it otherwise is not followed.
    pub(crate) async fn start(url: &str) -> Self {
        let target = Target::parse(url).unwrap();
        let tls = TlsClient::insecure(InsecureTls::accept_any_certificate());
        let client = Client::new(ConnectorConfig::new(tls), GivenProxy::None);
        let options = ConnectOptions::new(Intent::Play);
        let connection = client.connect(&target, &options).await.unwrap();
        let mut stream = connection.create_stream().await.unwrap();
        let name = target.stream_argument();
        stream.play(Play::new(name.expose())).await.unwrap();
        let frames = Arc::<AtomicU64>::default();
        let count = Arc::clone(&frames);
        let task = tokio::spawn(async move {
            while let Some(event) = stream.next_event().await {
                if matches!(event, StreamEvent::Frame(_)) {
                    count.fetch_add(1, Ordering::Relaxed);
                }
            }
            format!("{:?}", connection.ended())
        });
        Self { frames, task }
    }

    /// Waits until something more has come.
    pub(crate) async fn goes_on(&mut self) {
        let before = self.frames.load(Ordering::Relaxed);
        let deadline = Instant::now() + PATIENCE;
        while self.frames.load(Ordering::Relaxed) <= before + 1 {
            let has_ended = self.task.is_finished();
            assert!(
                !has_ended,
                "a player has ended: {:?}",
                (&mut self.task).await
            );
            assert!(Instant::now() < deadline, "nothing comes");
            sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A [`Numbered`] client in a tunnel, with a task of its own; dropping it ends it.
pub(crate) struct Tunnelled {
    progress: watch::Receiver<(u64, Option<String>)>,
    task: JoinHandle<()>,
}

impl Tunnelled {
    /// Publishes and plays `live/NAME`; returns when the first message has come back.
    pub(crate) async fn start(server: SocketAddr, name: &str) -> Self {
        let tunnel = Tunnel::open(server, 1).await.unwrap();
        let (report, progress) = watch::channel((0, None));
        let client = Numbered::new(name, 1);
        let task = tokio::spawn(async move {
            let error = run(tunnel, client, &report).await;
            report.send_modify(|(_, end)| *end = Some(error));
        });
        let mut tunnelled = Self { progress, task };
        tunnelled.goes_on().await;
        tunnelled
    }

    /// Waits until more has come back.
    pub(crate) async fn goes_on(&mut self) {
        let before = self.progress.borrow().0;
        let more = self
            .progress
            .wait_for(|(received, end)| *received > before + 10 || end.is_some());
        let seen = timeout(PATIENCE, more).await.expect("nothing comes back");
        let (_, end) = seen.unwrap().clone();
        assert_eq!(end, None);
    }
}

impl Drop for Tunnelled {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Runs until something is wrong, and says what.
async fn run(
    mut tunnel: Tunnel,
    mut client: Numbered,
    report: &watch::Sender<(u64, Option<String>)>,
) -> String {
    loop {
        if client.has_room() && client.under_way() < 4 {
            client.send();
        }
        let output = client.output();
        if output.is_empty() {
            tunnel.idle();
        } else {
            tunnel.send(output);
        }
        let answer = match tunnel.answer().await {
            Ok(answer) => answer,
            Err(error) => return error.to_string(),
        };
        if let Err(error) = client.feed(answer) {
            return error;
        }
        report.send_modify(|(received, _)| *received = client.received());
    }
}
