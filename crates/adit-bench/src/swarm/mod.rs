//! A swarm of players in one thread on epoll, each as cheap as it can be while it still checks
//! every message.

mod chunk;
mod player;
mod tally;

use std::{
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};

use mio::{Events, Poll, Token};

pub(crate) use chunk::{ChunkParser, DEFAULT_CHUNK_SIZE};
pub(crate) use player::Goal;
use player::Player;
pub(crate) use tally::{Faults, Tally};

use crate::error::{Doing, Result};

/// Connections that may be on their way to readiness at once; more would be a test of connecting.
const RAMP: usize = 200;
/// Bytes read from one socket at once.
const READ_BUFFER: usize = 512 * 1024;
/// Players whose delays are sampled for each message, on average.
const SAMPLED_PLAYERS: u32 = 16;

/// Many connections to one server, driven by whoever calls `ramp` and `run_for`.
#[derive(Debug)]
pub(crate) struct Swarm {
    poll: Poll,
    events: Events,
    buffer: Box<[u8]>,
    players: Vec<Player>,
    address: SocketAddr,
    goal: Goal,
    wanted: usize,
    tally: Tally,
}

impl Swarm {
    /// Prepares `wanted` connections; none is opened yet.
    pub(crate) fn new(address: SocketAddr, goal: Goal, wanted: u32) -> Result<Self> {
        let count = usize::try_from(wanted).unwrap_or(usize::MAX);
        Ok(Self {
            poll: Poll::new().doing(|| "creating an epoll".to_owned())?,
            events: Events::with_capacity(1024),
            buffer: vec![0; READ_BUFFER].into_boxed_slice(),
            players: Vec::new(),
            address,
            goal,
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
                self.open()?;
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            self.step(left)?;
        }
        Ok(())
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

    fn open(&mut self) -> Result<()> {
        let token = Token(self.players.len());
        let number = u32::try_from(token.0).unwrap_or(u32::MAX);
        let player = Player::open(self.address, self.goal, number, self.poll.registry(), token)
            .doing(|| format!("connecting player {number} to {}", self.address))?;
        self.players.push(player);
        self.tally.in_setup += 1;
        Ok(())
    }

    fn step(&mut self, timeout: Duration) -> Result<()> {
        match self.poll.poll(&mut self.events, Some(timeout)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            other => other.doing(|| "waiting for the swarm's sockets".to_owned())?,
        }
        for event in &self.events {
            if let Some(player) = self.players.get_mut(event.token().0) {
                player.handle(event, &mut self.buffer, &mut self.tally);
            }
        }
        Ok(())
    }
}
