//! What one server did in one round.

use crate::{measure::CpuTime, server::Kind, stats::Percentiles, swarm::Faults};

/// One server, measured once.
#[derive(Debug, Clone)]
pub(crate) struct Round {
    /// Counts from 1.
    pub(crate) number: u32,
    pub(crate) kind: Kind,
    pub(crate) players: u32,
    /// Seconds from the first connection until every player had its key frame.
    pub(crate) ramp_s: f64,
    pub(crate) delivery: Delivery,
    pub(crate) cpu: Cpu,
    /// The worst lateness of the publisher in the window; none for bare loops.
    pub(crate) publisher_late_us: Option<u64>,
    pub(crate) memory: Memory,
    /// Microseconds from the publisher's write to the player's read.
    pub(crate) video_delay: Option<Percentiles>,
    pub(crate) audio_delay: Option<Percentiles>,
    pub(crate) idle: Option<Idle>,
    pub(crate) faults: Faults,
}

/// What all players together received in the window.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Delivery {
    pub(crate) window_s: f64,
    /// Of audio and video messages received whole.
    pub(crate) payload_bytes: u64,
    /// All bytes, chunk headers and commands too.
    pub(crate) wire_bytes: u64,
    pub(crate) messages: u64,
    /// Payload bytes they should have received.
    pub(crate) expected_bytes: f64,
}

/// CPU time used in the window.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cpu {
    /// The server's process, all its threads.
    pub(crate) server: CpuTime,
    /// The swarm's one thread, in seconds.
    pub(crate) swarm_s: f64,
    /// Everything else on the machine, in seconds of one core.
    pub(crate) others_s: f64,
}

/// Resident memory of a server, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    /// Just started.
    pub(crate) started: u64,
    /// With the publisher, before the first player.
    pub(crate) published: u64,
    /// At the end of the window, all players there.
    pub(crate) playing: u64,
}

/// What connections cost that do nothing, on a fresh server; resident bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Idle {
    pub(crate) connections: u32,
    pub(crate) before: u64,
    pub(crate) with_them: u64,
}

impl Idle {
    pub(crate) fn bytes_each(&self) -> f64 {
        (self.with_them as f64 - self.before as f64) / f64::from(self.connections)
    }
}

impl Round {
    fn gigabits(&self) -> f64 {
        self.delivery.payload_bytes as f64 * 8.0 / 1e9
    }

    pub(crate) fn megabits_per_second(&self) -> f64 {
        self.gigabits() * 1000.0 / self.delivery.window_s
    }

    /// Delivered bytes over expected bytes.
    pub(crate) fn share(&self) -> f64 {
        self.delivery.payload_bytes as f64 / self.delivery.expected_bytes
    }

    /// The headline: CPU seconds of the server per gigabit of payload delivered.
    pub(crate) fn cpu_per_gigabit(&self) -> f64 {
        self.cpu.server.total() / self.gigabits()
    }

    pub(crate) fn bytes_per_player(&self) -> f64 {
        (self.memory.playing as f64 - self.memory.published as f64) / f64::from(self.players)
    }

    /// The cores that other processes of the machine kept busy, on average.
    pub(crate) fn foreign_load(&self) -> f64 {
        self.cpu.others_s / self.delivery.window_s
    }

    /// The part of one core that the swarm used.
    pub(crate) fn swarm_load(&self) -> f64 {
        self.cpu.swarm_s / self.delivery.window_s
    }
}
