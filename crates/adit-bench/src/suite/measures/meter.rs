//! CPU time over a window: the server's, the swarm's, everybody else's.

use std::{process, time::Instant};

use super::{Figure, Figures};
use crate::{
    error::Result,
    measure::{cpu_seconds, machine_cpu_seconds, thread_cpu_seconds},
};

/// The clocks at the beginning of a window.
pub(super) struct Meter {
    server: u32,
    begun: Instant,
    server_s: f64,
    own_s: f64,
    swarm_s: f64,
    machine_s: f64,
}

/// What a window has cost.
pub(super) struct Window {
    pub(super) seconds: f64,
    /// CPU seconds of the server.
    pub(super) server_s: f64,
}

impl Meter {
    /// To be called on the thread of the swarm.
    pub(super) fn begin(server: u32) -> Result<Self> {
        Ok(Self {
            server,
            server_s: cpu_seconds(server)?,
            own_s: cpu_seconds(process::id())?,
            swarm_s: thread_cpu_seconds(),
            machine_s: machine_cpu_seconds()?,
            begun: Instant::now(),
        })
    }

    /// Notes who kept how many cores busy.
    pub(super) fn end(self, figures: &mut Figures) -> Result<Window> {
        let seconds = self.begun.elapsed().as_secs_f64();
        let server_s = cpu_seconds(self.server)? - self.server_s;
        let own_s = cpu_seconds(process::id())? - self.own_s;
        let swarm_s = thread_cpu_seconds() - self.swarm_s;
        let others_s = machine_cpu_seconds()? - self.machine_s - server_s - own_s;
        figures.note(Figure::Cores, server_s / seconds);
        figures.note(Figure::LoadCores, swarm_s / seconds);
        figures.note(Figure::OtherCores, others_s.max(0.0) / seconds);
        Ok(Window { seconds, server_s })
    }
}
