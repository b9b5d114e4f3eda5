//! `adit-bench bare-loop`: the least a program can do to send the stream to many connections.
//!
//! It makes the stream itself, shares every message between all connections, and writes each batch
//! with one vectored write per connection. Nobody shakes hands; the bytes are the chunks a server
//! would send to a player.

use std::{
    collections::VecDeque,
    io::{self, IoSlice, Write},
    mem,
    rc::Rc,
    time::{Duration, Instant},
};

use mio::{
    Events, Interest, Poll, Token,
    net::{TcpListener, TcpStream},
};

use crate::{
    cli::{BareLoop, LoopMode},
    error::{Doing, Result},
    measure::monotonic_ns,
    media::{Content, Schedule},
    wire,
};

/// Larger than any message, so that each is one chunk, as in nginx and Adit.
pub(crate) const CHUNK_SIZE: u32 = 60_000;

const LISTENER: Token = Token(usize::MAX);
/// Connections that may wait to be accepted.
const BACKLOG: i32 = 4096;
/// A player this many batches behind is dropped.
const MAX_BEHIND: usize = 512;
/// Slices the kernel takes in one vectored write.
const MAX_SLICES: usize = 1024;
/// The message stream of all messages, as servers number their first.
const MSID: u32 = 1;

/// Chunk heads and payloads in turn, shared by all connections.
type Batch = Rc<Vec<Vec<u8>>>;

/// Runs until the process is ended.
pub(crate) fn run(options: &BareLoop) -> Result<()> {
    let mut server = BareServer::listen(options)?;
    let start = Instant::now();
    let mut waiting = Vec::new();
    let mut flush = FlushRule::new(options.mode);
    for planned in Schedule::default() {
        server.serve_until(start + planned.due)?;
        let mut payload = Vec::with_capacity(planned.content.payload_len());
        planned.write_payload(monotonic_ns(), &mut payload);
        let stream = wire::media_stream(planned.content.kind(), MSID);
        waiting.push(wire::message_head(stream, planned.timestamp(), payload.len()).to_vec());
        waiting.push(payload);
        if flush.is_due(planned.content, planned.due) {
            server.send(&Rc::new(mem::take(&mut waiting)));
        }
    }
    Ok(())
}

/// Says after which messages to write.
struct FlushRule {
    mode: LoopMode,
    next: Duration,
}

impl FlushRule {
    fn new(mode: LoopMode) -> Self {
        Self {
            mode,
            next: Duration::ZERO,
        }
    }

    fn is_due(&mut self, content: Content, due: Duration) -> bool {
        let interval = match self.mode {
            LoopMode::Message => return true,
            LoopMode::Frame => return content != Content::Audio,
            LoopMode::TenHertz => Duration::from_millis(100),
            LoopMode::ThreeHertz => Duration::from_millis(350),
        };
        let flush = due >= self.next;
        while due >= self.next {
            self.next += interval;
        }
        flush
    }
}

struct Connection {
    socket: TcpStream,
    /// Batches not yet written whole, and the bytes of the first one that are.
    behind: VecDeque<Batch>,
    written: usize,
}

struct BareServer {
    poll: Poll,
    events: Events,
    listener: TcpListener,
    connections: Vec<Option<Connection>>,
    room: usize,
}

impl BareServer {
    fn listen(options: &BareLoop) -> Result<Self> {
        let poll = Poll::new().doing(|| "creating an epoll".to_owned())?;
        let address = ([127, 0, 0, 1], 0).into();
        let mut listener = TcpListener::bind(address).doing(|| "listening".to_owned())?;
        // Set anew, because 128 would drop connections of a swarm that comes 200 at a time.
        rustix::net::listen(&listener, BACKLOG).doing(|| "listening".to_owned())?;
        poll.registry()
            .register(&mut listener, LISTENER, Interest::READABLE)
            .doing(|| "watching the listener".to_owned())?;
        let bound = listener
            .local_addr()
            .doing(|| "reading the port".to_owned())?;
        println!("listening on {bound}");
        Ok(Self {
            poll,
            events: Events::with_capacity(1024),
            listener,
            connections: Vec::new(),
            room: usize::try_from(options.players).unwrap_or(usize::MAX),
        })
    }

    /// Takes new connections and writes to those that were blocked, until `end`.
    fn serve_until(&mut self, end: Instant) -> Result<()> {
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.poll.poll(&mut self.events, Some(left)) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other.doing(|| "waiting for sockets".to_owned())?,
            }
            let mut knocked = false;
            for event in &self.events {
                if event.token() == LISTENER {
                    knocked = true;
                } else if let Some(slot) = self.connections.get_mut(event.token().0) {
                    catch_up(slot);
                }
            }
            if knocked {
                self.accept()?;
            }
            if left.is_zero() {
                return Ok(());
            }
        }
    }

    fn accept(&mut self) -> Result<()> {
        while let Ok((mut socket, _)) = self.listener.accept() {
            if self.connections.len() >= self.room {
                continue;
            }
            let token = Token(self.connections.len());
            socket
                .set_nodelay(true)
                .and_then(|()| {
                    self.poll
                        .registry()
                        .register(&mut socket, token, Interest::WRITABLE)
                })
                .doing(|| "taking a connection".to_owned())?;
            let behind = VecDeque::new();
            self.connections.push(Some(Connection {
                socket,
                behind,
                written: 0,
            }));
        }
        Ok(())
    }

    fn send(&mut self, batch: &Batch) {
        let slices: Vec<_> = batch
            .iter()
            .take(MAX_SLICES)
            .map(|part| IoSlice::new(part))
            .collect();
        let whole: usize = batch.iter().map(Vec::len).sum();
        for slot in &mut self.connections {
            let Some(connection) = slot else { continue };
            if !connection.behind.is_empty() {
                connection.behind.push_back(Rc::clone(batch));
                if connection.behind.len() > MAX_BEHIND {
                    eprintln!("a player is too far behind");
                    *slot = None;
                }
                continue;
            }
            match connection.socket.write_vectored(&slices) {
                Ok(count) if count == whole => {}
                Ok(count) => {
                    connection.written = count;
                    connection.behind.push_back(Rc::clone(batch));
                    catch_up(slot);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    connection.behind.push_back(Rc::clone(batch));
                }
                Err(_) => *slot = None,
            }
        }
    }
}

/// Writes what a connection is behind until it blocks; empties the slot when the peer is gone.
fn catch_up(slot: &mut Option<Connection>) {
    let Some(connection) = slot else { return };
    while let Some(batch) = connection.behind.front() {
        let mut skip = connection.written;
        let mut slices = Vec::with_capacity(batch.len());
        for part in batch.iter() {
            let left = part.get(skip.min(part.len())..).unwrap_or_default();
            skip -= part.len() - left.len();
            if !left.is_empty() && slices.len() < MAX_SLICES {
                slices.push(IoSlice::new(left));
            }
        }
        if slices.is_empty() {
            connection.behind.pop_front();
            connection.written = 0;
            continue;
        }
        match connection.socket.write_vectored(&slices) {
            Ok(count) => connection.written += count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
            Err(_) => {
                *slot = None;
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests;
