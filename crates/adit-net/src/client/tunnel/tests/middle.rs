//! A proxy between the tunnel's client and the server, which does what proxies do.

use crate::client::Route;
use crate::client::proxy::Proxy;
use crate::client::testing::{field, head, say};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// What it does with requests.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Mischief {
    Nothing,
    /// Holds every other request back for a moment, so that others pass it.
    Reorder,
    /// Sends each request twice.
    Duplicate,
    /// Closes the connection without a word after so many requests.
    CloseAfter(usize),
    /// Speaks HTTP/1.0 and closes after each reply.
    Http10,
    /// Refuses bodies that are longer.
    TooLarge(usize),
    /// Has each whole body for so long.
    Buffer(Duration),
}

/// How it wants to be logged in to: as `ali` with `sesame`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Login {
    None,
    Basic,
    Digest,
    Ntlm,
}

/// Whether replies say that the server orders.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Order {
    Told,
    Hidden,
}

pub(super) struct Middle {
    pub(super) address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    server: SocketAddr,
    mischief: Mischief,
    login: Login,
    order: Order,
    connections: AtomicUsize,
    requests: AtomicUsize,
    logins: AtomicUsize,
}

impl Middle {
    pub(super) async fn start(
        server: SocketAddr,
        mischief: Mischief,
        login: Login,
        order: Order,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            server,
            mischief,
            login,
            order,
            connections: AtomicUsize::new(0),
            requests: AtomicUsize::new(0),
            logins: AtomicUsize::new(0),
        });
        let task = tokio::spawn({
            let shared = Arc::clone(&shared);
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    shared.connections.fetch_add(1, Ordering::Relaxed);
                    let shared = Arc::clone(&shared);
                    tokio::spawn(async move {
                        stream.set_nodelay(true).unwrap();
                        // The client sees what has become of its connection.
                        drop(serve(stream, &shared).await);
                    });
                }
            }
        });
        Self {
            address,
            shared,
            task,
        }
    }

    /// Connections that clients made.
    pub(super) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// Requests that were answered by the server.
    pub(super) fn requests(&self) -> usize {
        self.shared.requests.load(Ordering::Relaxed)
    }

    /// How often somebody logged in.
    pub(super) fn logins(&self) -> usize {
        self.shared.logins.load(Ordering::Relaxed)
    }

    /// The way through it as a proxy.
    pub(super) fn route(&self) -> Route {
        let url = format!("http://ali:sesame@localhost:{}", self.address.port());
        Route::Proxy(Arc::new(Proxy::parse(&url).unwrap()))
    }
}

impl Drop for Middle {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Reads a head and the body behind it.
async fn message(stream: &mut TcpStream) -> io::Result<(String, Vec<u8>)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8(head).unwrap();
    let length = field(&head, "content-length").map_or(0, |length| length.parse().unwrap());
    Ok((head, vec![0; length]))
}

async fn connect(shared: &Shared) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(shared.server).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn ask(server: &mut TcpStream, request: &[u8]) -> io::Result<(String, Vec<u8>)> {
    server.write_all(request).await?;
    let (head, mut body) = message(server).await?;
    server.read_exact(&mut body).await?;
    Ok((head, body))
}

async fn serve(mut client: TcpStream, shared: &Shared) -> io::Result<()> {
    let mut server = None;
    let mut gate = Gate::Shut;
    for count in 1.. {
        let (mut request, mut body) = message(&mut client).await?;
        if let Mischief::TooLarge(most) = shared.mischief
            && body.len() > most
        {
            return refuse(&mut client).await;
        }
        client.read_exact(&mut body).await?;
        if let Some(question) = gate.knock(shared, &request) {
            client.write_all(question.as_bytes()).await?;
            continue;
        }
        if request.starts_with("CONNECT ") {
            client.write_all(b"HTTP/1.1 200 Go\r\n\r\n").await?;
            let mut server = connect(shared).await?;
            copy_bidirectional(&mut client, &mut server).await?;
            return Ok(());
        }
        before(shared, count).await;
        if shared.mischief == Mischief::Http10 {
            request = request.replacen("HTTP/1.1", "HTTP/1.0", 1);
            server = None;
        }
        let mut stream = match server.take() {
            Some(stream) => stream,
            None => connect(shared).await?,
        };
        let wire = [request.as_bytes(), &body].concat();
        let (mut answer, body) = ask(&mut stream, &wire).await?;
        if shared.mischief == Mischief::Duplicate && !request.contains("/open/1") {
            let (_, again) = ask(&mut connect(shared).await?, &wire).await?;
            assert_eq!(again, body, "a duplicate has another reply");
        }
        shared.requests.fetch_add(1, Ordering::Relaxed);
        server = Some(stream);
        if shared.order == Order::Hidden {
            answer = answer.replace("Adit-Tunnel: ordered\r\n", "");
            assert!(!answer.to_ascii_lowercase().contains("adit-tunnel"));
        }
        if let Mischief::Buffer(time) = shared.mischief {
            sleep(time).await;
        }
        if shared.mischief == Mischief::Http10 {
            answer = answer.replacen("HTTP/1.1", "HTTP/1.0", 1);
            answer = answer.replace("Connection: keep-alive\r\n", "");
        }
        client
            .write_all(&[answer.as_bytes(), &body].concat())
            .await?;
        if shared.mischief == Mischief::Http10 || shared.mischief == Mischief::CloseAfter(count) {
            break;
        }
    }
    Ok(())
}

async fn before(shared: &Shared, count: usize) {
    match shared.mischief {
        Mischief::Reorder if count.is_multiple_of(2) => sleep(Duration::from_millis(15)).await,
        _ => {}
    }
}

/// Answers before the body is there, and then waits for the client to hang up, so that it can read the answer.
async fn refuse(client: &mut TcpStream) -> io::Result<()> {
    let answer = "HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    say(client, answer).await;
    let mut rest = vec![0; 65_536];
    while timeout(Duration::from_secs(1), client.read(&mut rest))
        .await
        .is_ok_and(|read| read.is_ok_and(|count| count > 0))
    {}
    Ok(())
}

/// Whether a connection is let through.
enum Gate {
    Shut,
    Open,
}

impl Gate {
    /// What is asked back; `None` lets the request pass.
    fn knock(&mut self, shared: &Shared, request: &str) -> Option<String> {
        let said = field(request, "proxy-authorization");
        let target = request.split(' ').nth(1).unwrap();
        let ask = |challenge: &str| {
            Some(format!(
                "HTTP/1.1 407 Who\r\nProxy-Authenticate: {challenge}\r\nContent-Length: 0\r\n\r\n"
            ))
        };
        match (shared.login, &self, said) {
            (Login::None, ..) | (Login::Ntlm, Self::Open, _) => None,
            (Login::Basic, _, Some("Basic YWxpOnNlc2FtZQ==")) => self.open(shared),
            (Login::Basic, ..) => ask("Basic realm=\"x\""),
            (Login::Digest, _, Some(said)) if said.starts_with("Digest ") => {
                assert!(said.contains("username=\"ali\""), "{said}");
                assert!(said.contains(&format!("uri=\"{target}\"")), "{said}");
                assert!(said.contains("nonce=\"once\""), "{said}");
                self.open(shared)
            }
            (Login::Digest, ..) => ask("Digest realm=\"x\", qop=\"auth\", nonce=\"once\""),
            (Login::Ntlm, _, Some(said)) if said.starts_with("NTLM TlRMTVNTUAADAAAA") => {
                self.open(shared)
            }
            (Login::Ntlm, _, Some(said)) if said.starts_with("NTLM TlRMTVNTUAABAAAA") => {
                ask(&format!("NTLM {NTLM_CHALLENGE}"))
            }
            (Login::Ntlm, ..) => ask("NTLM"),
        }
    }

    fn open(&mut self, shared: &Shared) -> Option<String> {
        shared.logins.fetch_add(1, Ordering::Relaxed);
        *self = Self::Open;
        None
    }
}

/// As squid's `ntlm_fake_auth` makes it.
const NTLM_CHALLENGE: &str = "TlRMTVNTUAACAAAACQAJACgAAAACAgAAASNFZ4mrze8AAAAAAAAAAFdPUktHUk9VUA==";

/// A server that answers `/open/1` and then says what it is told, slowly: so long a pause before each byte of the body.
pub(super) async fn drip(mut stream: TcpStream, pause: Duration, count: usize) {
    head(&mut stream).await;
    stream.read_u8().await.unwrap();
    say(
        &mut stream,
        "HTTP/1.1 200 OK\r\nContent-Type: application/x-fcs\r\nContent-Length: 4\r\n\r\nSid\n",
    )
    .await;
    let Ok((_, mut body)) = message(&mut stream).await else {
        return;
    };
    stream.read_exact(&mut body).await.unwrap();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n\x01",
        count + 1
    );
    say(&mut stream, head).await;
    for _ in 0..count {
        sleep(pause).await;
        if stream.write_all(b"x").await.is_err() {
            return;
        }
    }
    // The rest of the test is silence.
    drop(stream.read(&mut [0; 1024]).await);
}
