//! A swarm of players in one thread on epoll, each as cheap as it can be while it still checks
//! every message.

mod chunk;
mod link;
mod player;
mod tally;

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use mio::{Events, Poll, Token};
use rustls::ClientConfig;

pub(crate) use chunk::{ChunkParser, DEFAULT_CHUNK_SIZE};
pub(crate) use link::Way;
pub(crate) use player::Goal;
use player::Kit;
use player::Player;
pub(crate) use tally::{Faults, Tally};

use crate::error::{Doing, Error, Result};

/// Connections that may be on their way to readiness at once; more would be a test of connecting.
const RAMP: usize = 200;
/// Bytes read from one socket at once.
const READ_BUFFER: usize = 512 * 1024;
/// Players whose delays are sampled for each message, on average.
const SAMPLED_PLAYERS: u32 = 16;

/// What all players of a swarm have in common.
#[derive(Debug)]
pub(crate) struct Outfit {
    goal: Goal,
    way: Way,
    stream: String,
    tls: Arc<ClientConfig>,
}

impl Outfit {
    pub(crate) fn new(goal: Goal, way: Way, stream: &str) -> Result<Self> {
        let tls = link::client_config().map_err(|error| Error::Setup(error.to_string()))?;
        Ok(Self {
            goal,
            way,
            stream: stream.to_owned(),
            tls,
        })
    }
}

/// Many connections to one server, driven by whoever calls `ramp` and `run_for`.
#[derive(Debug)]
pub(crate) struct Swarm {
    poll: Poll,
    events: Events,
    buffer: Box<[u8]>,
    players: Vec<Player>,
    /// When which players must be woken.
    alarms: BinaryHeap<Reverse<(Instant, usize)>>,
    address: SocketAddr,
    outfit: Outfit,
    wanted: usize,
    tally: Tally,
}

impl Swarm {
    /// Prepares `wanted` connections; none is opened yet.
    pub(crate) fn new(address: SocketAddr, outfit: Outfit, wanted: u32) -> Result<Self> {
        let count = usize::try_from(wanted).unwrap_or(usize::MAX);
        Ok(Self {
            poll: Poll::new().doing(|| "creating an epoll".to_owned())?,
            events: Events::with_capacity(1024),
            buffer: vec![0; READ_BUFFER].into_boxed_slice(),
            players: Vec::new(),
            alarms: BinaryHeap::new(),
            address,
            outfit,
            wanted: count,
            tally: Tally::new((wanted / SAMPLED_PLAYERS).max(1)),
        })
    }

    /// Opens the connections gently until all have reached the goal (players: have got a key
    /// frame), or have failed, or `limit` is over. How many have reached it is in the tally.
    pub(crate) fn ramp(&mut self, limit: Duration) -> Result<()> {
        let end = Instant::now() + limit;
        while self.tally.arrived + self.tally.faults.lost_players() < self.wanted {
            while self.players.len() < self.wanted && self.tally.in_setup < RAMP {
                let player = self.open(self.players.len())?;
                self.players.push(player);
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            self.step(left)?;
        }
        Ok(())
    }

    /// Keeps `wanted` connections on their way to the goal for `duration`: whatever gets there, or
    /// fails, is closed and another one opened. Gives the microseconds that each took.
    pub(crate) fn churn(&mut self, duration: Duration) -> Result<Vec<u32>> {
        let end = Instant::now() + duration;
        let mut took = Vec::new();
        loop {
            while self.players.len() < self.wanted {
                let player = self.open(self.players.len())?;
                self.players.push(player);
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(took);
            }
            for index in self.step(left)? {
                let Some(player) = self.players.get(index) else {
                    continue;
                };
                if let Some(after) = player.arrived_after() {
                    took.push(u32::try_from(after.as_micros()).unwrap_or(u32::MAX));
                } else if !player.is_lost() {
                    continue;
                }
                let fresh = self.open(index)?;
                if let Some(player) = self.players.get_mut(index) {
                    *player = fresh;
                }
            }
        }
    }

    /// Sends bytes as publisher `index`, if that is there.
    pub(crate) fn publish(&mut self, index: usize, bytes: impl FnOnce(u32) -> Vec<u8>) {
        let mut kit = Kit {
            registry: self.poll.registry(),
            buffer: &mut self.buffer,
            tally: &mut self.tally,
        };
        if let Some(player) = self.players.get_mut(index) {
            let bytes = bytes(player.msid());
            player.publish(&bytes, &mut kit);
        }
    }

    /// All faults so far, with the players that have not arrived and those that received nothing
    /// since the window began.
    pub(crate) fn faults(&self) -> Faults {
        let mut faults = self.tally.faults.clone();
        for reason in self.players.iter().filter_map(Player::straggles) {
            faults.never_arrived += 1;
            faults.explain(reason);
        }
        faults.never_arrived += (self.wanted - self.players.len()) as u64;
        faults.stalled = self
            .players
            .iter()
            .filter(|player| player.is_stalled())
            .count() as u64;
        faults
    }

    /// Receives for `duration`.
    pub(crate) fn run_for(&mut self, duration: Duration) -> Result<()> {
        let end = Instant::now() + duration;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            self.step(left)?;
        }
    }

    pub(crate) fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Forgets the delays sampled so far, and notes what each player has received.
    pub(crate) fn begin_window(&mut self) {
        self.tally.forget_delays();
        self.players.iter_mut().for_each(Player::begin_window);
    }

    fn open(&mut self, index: usize) -> Result<Player> {
        let token = Token(index * link::TOKENS);
        let number = u32::try_from(index).unwrap_or(u32::MAX);
        let registry = self.poll.registry();
        let mut player = Player::open(self.address, &self.outfit, number, registry, token)
            .doing(|| format!("connecting player {number} to {}", self.address))?;
        self.tally.in_setup += 1;
        if let Some(due) = player.new_alarm() {
            self.alarms.push(Reverse((due, index)));
        }
        Ok(player)
    }

    /// Waits for events, at most `timeout`, and handles them; gives the players they were for.
    fn step(&mut self, timeout: Duration) -> Result<Vec<usize>> {
        let now = Instant::now();
        let timeout = match self.alarms.peek() {
            Some(Reverse((due, _))) => timeout.min(due.saturating_duration_since(now)),
            None => timeout,
        };
        match self.poll.poll(&mut self.events, Some(timeout)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(Vec::new()),
            other => other.doing(|| "waiting for the swarm's sockets".to_owned())?,
        }
        let mut kit = Kit {
            registry: self.poll.registry(),
            buffer: &mut self.buffer,
            tally: &mut self.tally,
        };
        let mut handled = Vec::new();
        for event in &self.events {
            let (index, lane) = (
                event.token().0 / link::TOKENS,
                event.token().0 % link::TOKENS,
            );
            if let Some(player) = self.players.get_mut(index) {
                player.handle(lane, event, &mut kit);
                handled.push(index);
            }
        }
        let now = Instant::now();
        while let Some(Reverse((due, index))) = self.alarms.peek().copied()
            && due <= now
        {
            self.alarms.pop();
            if let Some(player) = self.players.get_mut(index) {
                player.wake(&mut kit);
                handled.push(index);
            }
        }
        for index in &handled {
            if let Some(due) = self.players.get_mut(*index).and_then(Player::new_alarm) {
                self.alarms.push(Reverse((due, *index)));
            }
        }
        Ok(handled)
    }
}
