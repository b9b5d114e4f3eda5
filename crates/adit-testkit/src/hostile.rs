//! An HTTP proxy between a tunnel client and the server that does everything a proxy may do, and a bit more.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::http::{Message, Reader};
use crate::random::Random;

/// What the proxy does to the requests that pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mischief {
    /// Holds a request back until a later one has gone to the server on another connection.
    Reorder,
    /// Sends each request twice, on two connections, and hands on one of the two replies.
    Duplicate,
    /// Delays requests and replies by up to this.
    Delay(Duration),
    /// Writes everything in segments of a few bytes.
    Split,
    /// Closes both connections after this many requests, sometimes without a word.
    CloseAfter(u64),
    /// Speaks HTTP/1.0 to both sides, with and without keep-alive.
    Http10,
    /// Takes a new connection from another address for every request.
    NewConnection,
    /// Sends bodies in chunks, with other fields, and names in lower case.
    Chunked,
    /// Loses a reply, or gives up on it before it comes, and sends the request again on a new connection.
    LoseReply,
}

/// A running proxy; dropping it ends it and all its connections.
#[derive(Debug)]
pub struct HostileProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    server: SocketAddr,
    mischief: Mischief,
    /// Requests handed on.
    requests: AtomicU64,
    /// How often the mischief was done.
    done: AtomicU64,
    /// What the server did wrong, if anything.
    complaints: Mutex<Vec<String>>,
    /// Told each time a request has gone to the server.
    passed: Notify,
    /// The highest sequence number that has gone to the server.
    highest: AtomicU64,
}

impl HostileProxy {
    /// Starts a proxy on a free port in front of `server`.
    pub async fn start(server: SocketAddr, mischief: Mischief, seed: u64) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a free port");
        let address = listener
            .local_addr()
            .expect("a bound listener has an address");
        let shared = Arc::new(Shared {
            server,
            mischief,
            requests: AtomicU64::new(0),
            done: AtomicU64::new(0),
            complaints: Mutex::new(Vec::new()),
            passed: Notify::new(),
            highest: AtomicU64::new(0),
        });
        let task = tokio::spawn(accept(listener, Arc::clone(&shared), Random::new(seed)));
        Self {
            address,
            shared,
            task,
        }
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many requests it handed on.
    pub fn requests(&self) -> u64 {
        self.shared.requests.load(Ordering::Relaxed)
    }

    /// Replies of the server that no proxy could have passed on: no HTTP, or not the same reply to the same request.
    pub fn complaints(&self) -> Vec<String> {
        self.shared
            .complaints
            .lock()
            .expect("no holder panics")
            .clone()
    }

    /// How often it really did its mischief: a request passed by a later one, a request sent twice, a connection closed, …
    pub fn mischief_done(&self) -> u64 {
        self.shared.done.load(Ordering::Relaxed)
    }
}

impl Drop for HostileProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, mut random: Random) {
    // Dropped with the task, and then all connections end.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let connection = Connection {
            client: Reader::new(stream),
            server: None,
            shared: Arc::clone(&shared),
            random: Random::new(random.bits()),
            count: 0,
        };
        connections.spawn(connection.run());
        while connections.try_join_next().is_some() {}
    }
}

/// One connection of a client, and the connection to the server that goes with it.
struct Connection {
    client: Reader<TcpStream>,
    server: Option<Reader<TcpStream>>,
    shared: Arc<Shared>,
    random: Random,
    count: u64,
}

impl Connection {
    /// Serves the client until one side is gone, which the client notices by itself.
    async fn run(mut self) {
        if let Err(error) = self.serve().await
            && error.kind() == io::ErrorKind::InvalidData
        {
            let mut complaints = self.shared.complaints.lock().expect("no holder panics");
            complaints.push(error.to_string());
        }
    }

    async fn serve(&mut self) -> io::Result<()> {
        self.client.stream().set_nodelay(true)?;
        while let Some(request) = self.client.message().await? {
            self.count += 1;
            let reply = self.forward(request).await?;
            self.shared.requests.fetch_add(1, Ordering::Relaxed);
            if !self.hand_on(reply).await? {
                break;
            }
        }
        Ok(())
    }

    /// Gets the reply to a request from the server, by way of the mischief.
    async fn forward(&mut self, mut request: Message) -> io::Result<Message> {
        match self.shared.mischief {
            Mischief::Reorder => {
                if self.random.one_in(2) {
                    // In vain when no other request comes: then it is not reordered.
                    drop(timeout(REORDER_WAIT, self.shared.passed.notified()).await);
                }
                self.exchange(&request.encode(), request.target()).await
            }
            Mischief::Duplicate => self.twice(request).await,
            Mischief::Delay(longest) => {
                self.delay(longest).await;
                let reply = self.exchange(&request.encode(), request.target()).await;
                self.delay(longest).await;
                reply
            }
            Mischief::Split | Mischief::CloseAfter(_) => {
                self.exchange(&request.encode(), request.target()).await
            }
            Mischief::Http10 => self.old(request).await,
            Mischief::NewConnection => {
                self.server = None;
                self.did_it();
                self.exchange(&request.encode(), request.target()).await
            }
            Mischief::Chunked => {
                self.dress(&mut request);
                let mut cuts: Vec<usize> = (0..3)
                    .map(|_| self.random.size_below(request.body.len() + 1))
                    .collect();
                cuts.sort_unstable();
                self.did_it();
                self.exchange(&request.encode_chunked(&cuts), request.target())
                    .await
            }
            Mischief::LoseReply => self.lose_reply(request).await,
        }
    }

    /// Writes a request to the server and reads the reply.
    async fn exchange(&mut self, wire: &[u8], target: &str) -> io::Result<Message> {
        self.send(wire, target).await?;
        self.reply().await
    }

    async fn send(&mut self, wire: &[u8], target: &str) -> io::Result<()> {
        let mut server = match self.server.take() {
            Some(server) => server,
            None => self.connect().await?,
        };
        let split = self.shared.mischief == Mischief::Split;
        write(server.stream(), wire, split.then_some(&mut self.random)).await?;
        self.server = Some(server);
        self.note_order(target);
        self.shared.passed.notify_waiters();
        Ok(())
    }

    async fn reply(&mut self) -> io::Result<Message> {
        let server = self.server.as_mut().expect("a request was sent on it");
        let reply = server
            .message()
            .await?
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        if reply.closes() {
            self.server = None;
        }
        Ok(reply)
    }

    /// A connection to the server from an address of this machine that is not always the same.
    async fn connect(&mut self) -> io::Result<Reader<TcpStream>> {
        let socket = TcpSocket::new_v4()?;
        let [a, b, c, ..] = self.random.bits().to_le_bytes();
        socket.bind(SocketAddr::from(([127, a, b, c.clamp(1, 254)], 0)))?;
        let stream = socket.connect(self.shared.server).await?;
        stream.set_nodelay(true)?;
        Ok(Reader::new(stream))
    }

    async fn twice(&mut self, request: Message) -> io::Result<Message> {
        let first = self.exchange(&request.encode(), request.target()).await?;
        let mut again = self.connect().await?;
        again.stream().write_all(&request.encode()).await?;
        let second = again.message().await?.ok_or(io::ErrorKind::UnexpectedEof)?;
        if request.target() != "/open/1" {
            let same = (first.status(), &first.body) == (second.status(), &second.body);
            if !same {
                let text = format!(
                    "{} was answered with {first:?} and again with {second:?}",
                    request.start
                );
                return Err(io::Error::new(io::ErrorKind::InvalidData, text));
            }
            self.did_it();
        }
        Ok(if self.random.one_in(2) && request.target() != "/open/1" {
            second
        } else {
            first
        })
    }

    async fn old(&mut self, mut request: Message) -> io::Result<Message> {
        request.start = request.start.replace("HTTP/1.1", "HTTP/1.0");
        let keep = self.random.one_in(2);
        request.set("Connection", keep.then_some("Keep-Alive"));
        self.did_it();
        let mut reply = self.exchange(&request.encode(), request.target()).await?;
        if !keep {
            self.server = None;
        }
        reply.start = reply.start.replace("HTTP/1.1", "HTTP/1.0");
        reply.set("Connection", self.random.one_in(2).then_some("keep-alive"));
        Ok(reply)
    }

    async fn lose_reply(&mut self, request: Message) -> io::Result<Message> {
        if request.target() != "/open/1" && self.random.one_in(2) {
            self.send(&request.encode(), request.target()).await?;
            if self.random.one_in(2) {
                self.reply().await?;
            }
            self.server = None;
            self.did_it();
        }
        self.exchange(&request.encode(), request.target()).await
    }

    /// What proxies do to fields.
    fn dress(&mut self, request: &mut Message) {
        for (name, _) in &mut request.fields {
            *name = name.to_ascii_lowercase();
        }
        request.set("via", Some("1.1 hostile"));
        request.set("x-forwarded-for", Some("192.0.2.1"));
        if self.random.one_in(2) {
            let twice = request
                .fields
                .iter()
                .find(|(name, _)| name == "cache-control")
                .cloned();
            request.fields.extend(twice);
        }
    }

    /// Writes the reply to the client; says whether the connection goes on.
    async fn hand_on(&mut self, mut reply: Message) -> io::Result<bool> {
        let mut goes_on = true;
        match self.shared.mischief {
            Mischief::CloseAfter(requests) if self.count >= requests => {
                // Said in half of the cases; a client that is not told finds out with its next request.
                let said = self.random.one_in(2);
                reply.set("Connection", said.then_some("close"));
                self.did_it();
                goes_on = false;
            }
            Mischief::Http10 => goes_on = !reply.closes(),
            _ => {}
        }
        let split = self.shared.mischief == Mischief::Split;
        write(
            self.client.stream(),
            &reply.encode(),
            split.then_some(&mut self.random),
        )
        .await?;
        if split {
            self.did_it();
        }
        if !goes_on {
            self.client.stream().shutdown().await?;
        }
        Ok(goes_on)
    }

    async fn delay(&mut self, longest: Duration) {
        let micros = u64::try_from(longest.as_micros()).expect("a short time");
        sleep(Duration::from_micros(self.random.below(micros))).await;
        self.did_it();
    }

    /// Counts a request that goes to the server after one with a higher number.
    fn note_order(&self, target: &str) {
        let number = target
            .rsplit('/')
            .next()
            .and_then(|number| number.parse().ok())
            .unwrap_or(0);
        let before = self.shared.highest.fetch_max(number, Ordering::Relaxed);
        if before > number && self.shared.mischief == Mischief::Reorder {
            self.did_it();
        }
    }

    fn did_it(&self) {
        self.shared.done.fetch_add(1, Ordering::Relaxed);
    }
}

/// Writes at once, or in segments of a few bytes.
async fn write(
    stream: &mut (impl AsyncWrite + Unpin),
    wire: &[u8],
    random: Option<&mut Random>,
) -> io::Result<()> {
    let Some(random) = random else {
        return stream.write_all(wire).await;
    };
    let mut left = wire;
    while !left.is_empty() {
        let longest = if random.one_in(8) { 1 } else { LONGEST_SEGMENT };
        let (segment, rest) = left.split_at((1 + random.size_below(longest)).min(left.len()));
        stream.write_all(segment).await?;
        stream.flush().await?;
        tokio::task::yield_now().await;
        left = rest;
    }
    Ok(())
}

/// How long a request is held back for another to pass it.
const REORDER_WAIT: Duration = Duration::from_millis(3);

/// The longest segment that a splitting proxy writes, in bytes.
const LONGEST_SEGMENT: usize = 24;

#[cfg(test)]
mod tests;
