//! The publisher: one thread that sends the scheduled stream by the monotonic clock.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rustix::{io::Errno, net::RecvFlags};

use crate::{
    error::{Doing, Error, Result},
    measure::monotonic_ns,
    media::{Profile, Schedule},
    swarm::{ChunkParser, DEFAULT_CHUNK_SIZE},
    wire::{self, Reply},
};

/// Larger than any message, so that each is one chunk.
pub(crate) const CHUNK_SIZE: u32 = 60_000;
/// Time a server has for each answer and each write.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often a publisher that sends nothing looks whether it is to end.
const STILL: Duration = Duration::from_millis(20);

/// A running publisher; dropping it ends the stream.
#[derive(Debug)]
pub(crate) struct Publisher {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<Result<()>>>,
}

#[derive(Debug, Default)]
struct Shared {
    stop: AtomicBool,
    late_us: AtomicU64,
}

impl Publisher {
    /// Connects, publishes and begins to send; without a profile, nothing but the headers.
    ///
    /// # Errors
    ///
    /// When the server refuses or does not answer in time.
    pub(crate) fn start(
        address: SocketAddr,
        server: &str,
        profile: Option<&'static Profile>,
    ) -> Result<Self> {
        let mut session = Session::new(address, server)?;
        let msid = session.publish()?;
        let shared = Arc::new(Shared::default());
        let thread = thread::Builder::new()
            .name("publisher".to_owned())
            .spawn({
                let shared = Arc::clone(&shared);
                move || session.send_stream(msid, profile, &shared)
            })
            .doing(|| "starting the publisher's thread".to_owned())?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// The latest a message has been sent after it was due since the last call, in microseconds.
    pub(crate) fn take_lateness_us(&self) -> u64 {
        self.shared.late_us.swap(0, Ordering::Relaxed)
    }

    /// Ends the stream.
    ///
    /// # Errors
    ///
    /// When the server had broken it off before.
    pub(crate) fn stop(mut self) -> Result<()> {
        self.shared.stop.store(true, Ordering::Relaxed);
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(result)) => result,
            _ => Err(Error::Setup(
                "the publisher's thread ended badly".to_owned(),
            )),
        }
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
    }
}

/// A connection on its way to a stream that is accepted, and then sending it.
struct Session {
    socket: TcpStream,
    parser: ChunkParser,
    /// A command or control message in progress.
    body: Vec<u8>,
    port: u16,
    server: String,
}

impl Session {
    fn new(address: SocketAddr, server: &str) -> Result<Self> {
        let mut socket = TcpStream::connect_timeout(&address, PATIENCE)
            .doing(|| format!("connecting the publisher to {server}"))?;
        let mut answer = [0; wire::S0_S1_S2];
        socket
            .set_nodelay(true)
            .and_then(|()| socket.set_read_timeout(Some(PATIENCE)))
            .and_then(|()| socket.set_write_timeout(Some(PATIENCE)))
            .and_then(|()| socket.write_all(&wire::c0_c1()))
            .and_then(|()| socket.read_exact(&mut answer))
            .and_then(|()| socket.write_all(wire::c2(&answer)))
            .doing(|| format!("shaking hands with {server}"))?;
        let parser = ChunkParser::new(DEFAULT_CHUNK_SIZE);
        let (port, server) = (address.port(), server.to_owned());
        Ok(Self {
            socket,
            parser,
            body: Vec::new(),
            port,
            server,
        })
    }

    /// Asks for the stream; gives its message stream id.
    fn publish(&mut self) -> Result<u32> {
        self.ask("connect", &wire::connect(self.port), |reply| {
            (reply == Reply::Connected).then_some(())
        })?;
        let msid = self.ask(
            "createStream",
            &wire::create_stream(),
            |reply| match reply {
                Reply::StreamCreated(msid) => Some(msid),
                _ => None,
            },
        )?;
        self.ask("publish", &wire::publish(msid, wire::STREAM), |reply| {
            (reply == Reply::Publishing).then_some(())
        })?;
        Ok(msid)
    }

    /// Sends a command and reads until `wanted` finds its answer.
    fn ask<T>(
        &mut self,
        what: &str,
        command: &[u8],
        wanted: impl Fn(Reply) -> Option<T>,
    ) -> Result<T> {
        let doing = |server: &str| format!("waiting for {server} to answer {what}");
        self.socket
            .write_all(command)
            .doing(|| doing(&self.server))?;
        let mut buffer = [0; 4096];
        loop {
            let count = self
                .socket
                .read(&mut buffer)
                .doing(|| doing(&self.server))?;
            for reply in self.take(buffer.get(..count).unwrap_or_default())? {
                if reply == Reply::Refused {
                    return Err(self.broken(&format!("it refused {what}")));
                }
                if let Some(answer) = wanted(reply) {
                    return Ok(answer);
                }
            }
        }
    }

    fn send_stream(
        mut self,
        msid: u32,
        profile: Option<&'static Profile>,
        shared: &Shared,
    ) -> Result<()> {
        let mut out = wire::set_chunk_size(CHUNK_SIZE);
        out.extend(wire::stream_headers(msid, CHUNK_SIZE));
        self.write(&out)?;
        let Some(profile) = profile else {
            while !shared.stop.load(Ordering::Relaxed) {
                thread::sleep(STILL);
                self.hear()?;
            }
            return Ok(());
        };
        let start = Instant::now();
        let mut payload = Vec::new();
        for planned in Schedule::new(profile) {
            let due = start + planned.due;
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if shared.stop.load(Ordering::Relaxed) {
                break;
            }
            let late = u64::try_from(due.elapsed().as_micros()).unwrap_or(u64::MAX);
            shared.late_us.fetch_max(late, Ordering::Relaxed);
            self.hear()?;
            let stream = wire::media_stream(planned.content.kind(), msid);
            out.clear();
            payload.clear();
            planned.write_payload(monotonic_ns(), &mut payload);
            wire::write_message(&mut out, CHUNK_SIZE, stream, planned.timestamp(), &payload);
            self.write(&out)?;
        }
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.socket
            .write_all(bytes)
            .doing(|| format!("publishing to {}", self.server))
    }

    /// Takes what the server has sent meanwhile, so that it never blocks on us.
    fn hear(&mut self) -> Result<()> {
        let mut buffer = [0; 4096];
        match rustix::net::recv(&self.socket, &mut buffer, RecvFlags::DONTWAIT) {
            Ok((_, count)) => self
                .take(buffer.get(..count).unwrap_or_default())
                .map(|_| ()),
            Err(Errno::AGAIN | Errno::INTR) => Ok(()),
            Err(error) => Err(error).doing(|| format!("listening to {}", self.server)),
        }
    }

    /// Reads chunks, answers pings, and gives the replies; no bytes mean the end.
    fn take(&mut self, bytes: &[u8]) -> Result<Vec<Reply>> {
        if bytes.is_empty() {
            return Err(self.broken("it closed the publisher's connection"));
        }
        let mut replies = Vec::new();
        let mut out = Vec::new();
        let body = &mut self.body;
        let fed = self.parser.feed(bytes, |part| {
            if part.offset == 0 {
                body.clear();
            }
            body.extend_from_slice(part.bytes);
            match part.head.kind {
                _ if !part.completes() => {}
                wire::COMMAND => replies.push(Reply::read(body)),
                wire::USER_CONTROL => out.extend(wire::ping_answer(body).unwrap_or_default()),
                _ => {}
            }
        });
        fed.map_err(|error| self.broken(&error.to_string()))?;
        if !out.is_empty() {
            self.write(&out)?;
        }
        Ok(replies)
    }

    fn broken(&self, what: &str) -> Error {
        Error::Server {
            server: self.server.clone(),
            what: what.to_owned(),
            log: String::new(),
        }
    }
}
