//! `adit-bench bare-loop`: the least a program can do to send the stream to many connections.
//!
//! It makes the stream itself, shares every message between all connections, and writes each batch
//! with one vectored write per connection. Nobody shakes hands; the bytes are the chunks a server
//! would send to a player.

mod answerer;
mod pipe;
mod reader;

use std::{
    io::{self, IoSlice},
    mem,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use mio::{Events, Interest, Poll, Token, net::TcpListener};
use rustls::ServerConfig;

use self::pipe::{Batch, Pipe};
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
/// The message stream of all messages, as servers number their first.
const MSID: u32 = 1;

/// Runs until the process is ended.
pub(crate) fn run(options: &BareLoop) -> Result<()> {
    let mut server = BareServer::listen(options)?;
    match options.mode {
        LoopMode::Read => return reader::run(&mut server.poll, &server.listener),
        LoopMode::Answer => return answerer::run(&mut server.poll, &server.listener),
        _ => {}
    }
    let start = Instant::now();
    let mut waiting = Vec::new();
    let mut flush = FlushRule::new(options.mode);
    for planned in Schedule::new(options.rate.profile()) {
        server.serve_until(start + planned.due)?;
        let mut payload = Vec::with_capacity(planned.payload_len);
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

/// Waits until there is something to do.
fn wait(poll: &mut Poll, events: &mut Events) -> Result<()> {
    loop {
        match poll.poll(events, None) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other.doing(|| "waiting for sockets".to_owned()),
        }
    }
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
            LoopMode::Message | LoopMode::Read | LoopMode::Answer => return true,
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

struct BareServer {
    poll: Poll,
    events: Events,
    listener: TcpListener,
    /// None for players that are gone.
    connections: Vec<Option<Pipe>>,
    room: usize,
    tls: Option<Arc<ServerConfig>>,
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
            tls: options.tls.then(pipe::server_config).transpose()?,
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
                    drop_if_gone(slot, Pipe::go_on);
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
            // What plain players send is never read, so it must not wake anybody.
            let interest = match self.tls {
                Some(_) => Interest::READABLE | Interest::WRITABLE,
                None => Interest::WRITABLE,
            };
            socket
                .set_nodelay(true)
                .and_then(|()| self.poll.registry().register(&mut socket, token, interest))
                .doing(|| "taking a connection".to_owned())?;
            let pipe = Pipe::new(socket, self.tls.as_ref())?;
            self.connections.push(Some(pipe));
        }
        Ok(())
    }

    fn send(&mut self, batch: &Batch) {
        let slices: Vec<_> = batch.iter().map(|part| IoSlice::new(part)).collect();
        for slot in &mut self.connections {
            drop_if_gone(slot, |pipe| pipe.send(batch, &slices));
        }
    }
}

/// Does something with a connection; empties its slot when the peer is gone.
fn drop_if_gone(slot: &mut Option<Pipe>, work: impl FnOnce(&mut Pipe) -> io::Result<()>) {
    if let Some(pipe) = slot
        && let Err(error) = work(pipe)
    {
        eprintln!("a player is gone: {error}");
        *slot = None;
    }
}

#[cfg(test)]
mod tests;
