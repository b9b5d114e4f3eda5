//! A client of the HTTP tunnel, as plain as can be: numbered requests, a few of them under way at once.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::http::{Message, Reader};

/// One tunnel session, seen from the client.
///
/// Each request under way has a connection of its own, which the next request may use again. Requests are numbered from 0 in
/// the order they are begun; answers are given out in that order, whatever order they arrive in.
#[derive(Debug)]
pub struct Tunnel {
    server: SocketAddr,
    id: String,
    at_once: usize,
    next: u64,
    wanted: u64,
    under_way: JoinSet<(u64, io::Result<(Line, Message)>)>,
    free_lines: Vec<Line>,
    answers: BTreeMap<u64, Bytes>,
}

type Line = Reader<TcpStream>;

impl Tunnel {
    /// Opens a session at `server` that has at most `at_once` requests under way.
    ///
    /// # Errors
    ///
    /// What the connection says, or `InvalidData` when the server does not open a session.
    pub async fn open(server: SocketAddr, at_once: usize) -> io::Result<Self> {
        let request =
            Message::tunnel_request("/open/1", &server.to_string(), Bytes::from_static(&[0]));
        let (line, reply) = exchange(None, server, request).await?;
        let text = str::from_utf8(&reply.body).unwrap_or_default();
        let id = text
            .strip_suffix('\n')
            .filter(|id| reply.status() == 200 && !id.is_empty());
        let id = id.ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidData, format!("no session: {reply:?}"))
        })?;
        Ok(Self {
            server,
            id: id.to_owned(),
            at_once,
            next: 0,
            wanted: 0,
            under_way: JoinSet::new(),
            free_lines: vec![line],
            answers: BTreeMap::new(),
        })
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// How many requests were begun.
    pub fn requests(&self) -> u64 {
        self.next
    }

    /// Whether one more request may be begun.
    pub fn has_room(&self) -> bool {
        self.under_way.len() < self.at_once
    }

    /// Whether any request is under way.
    pub fn is_waiting(&self) -> bool {
        !self.under_way.is_empty() || !self.answers.is_empty()
    }

    /// Begins a request that carries `data`.
    pub fn send(&mut self, data: Bytes) {
        self.begin("send", data);
    }

    /// Begins a request that only asks for data.
    pub fn idle(&mut self) {
        self.begin("idle", Bytes::from_static(&[0]));
    }

    fn begin(&mut self, verb: &str, body: Bytes) {
        let number = self.next;
        self.next += 1;
        let target = format!("/{verb}/{}/{number}", self.id);
        let request = Message::tunnel_request(&target, &self.server.to_string(), body);
        let (line, server) = (self.free_lines.pop(), self.server);
        self.under_way
            .spawn(async move { (number, exchange(line, server, request).await) });
    }

    /// The data of the next answer in the order of the requests, without its first byte; waits for it.
    ///
    /// # Errors
    ///
    /// What a connection says, or `InvalidData` when an answer is not that of a living session.
    pub async fn answer(&mut self) -> io::Result<Bytes> {
        loop {
            if let Some(data) = self.answers.remove(&self.wanted) {
                self.wanted += 1;
                return Ok(data);
            }
            let (number, outcome) = self
                .under_way
                .join_next()
                .await
                .expect("a request is under way")
                .expect("no panic");
            let (line, reply) = outcome.map_err(|error| {
                io::Error::new(error.kind(), format!("request {number}: {error}"))
            })?;
            let living = reply.status() == 200 && reply.body.first().is_some_and(|poll| *poll != 0);
            if !living {
                let text = format!("request {number} was answered with {reply:?}");
                return Err(io::Error::new(io::ErrorKind::InvalidData, text));
            }
            self.answers.insert(number, reply.body.slice(1..));
            if !reply.closes() {
                self.free_lines.push(line);
            }
        }
    }
}

/// One request and its reply; where a kept connection turns out to be closed, once more on a new one, with the same number.
async fn exchange(
    line: Option<Line>,
    server: SocketAddr,
    request: Message,
) -> io::Result<(Line, Message)> {
    let wire = request.encode();
    if let Some(mut line) = line {
        let written = line.stream().write_all(&wire).await;
        if let (Ok(()), Ok(Some(reply))) = (written, line.message().await) {
            return Ok((line, reply));
        }
    }
    let stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    let mut line = Reader::new(stream);
    line.stream().write_all(&wire).await?;
    let reply = line.message().await?;
    reply
        .map(|reply| (line, reply))
        .ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}
