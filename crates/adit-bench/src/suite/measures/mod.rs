//! How a case is measured.

mod connections;
mod meter;
mod players;
mod publishers;
mod viewers;

use std::time::Duration;

use super::{
    Bench,
    case::Case,
    figures::{Figure, Figures},
};
use crate::{
    error::Result,
    server::Server,
    swarm::{Faults, Swarm},
};

pub(super) use connections::{memory, setup, start};
pub(super) use players::{fanout, one_core_fanout, short_fanout};
pub(super) use publishers::publishers;
pub(super) use viewers::ffmpeg;

/// Time all connections have to arrive: a base, and what each adds.
const RAMP_BASE: Duration = Duration::from_secs(20);
const RAMP_PER_CONNECTION: Duration = Duration::from_millis(5);

/// Brings all connections in.
fn ramp(swarm: &mut Swarm, connections: u32, server: &mut Server) -> Result<()> {
    swarm.ramp(RAMP_BASE + RAMP_PER_CONNECTION * connections)?;
    server.check_alive()?;
    if swarm.tally().arrived == 0 {
        let reasons = swarm.tally().faults.reasons.join("; ");
        return Err(server.error(&format!("no connection ever got through: {reasons}")));
    }
    Ok(())
}

/// The figures with the number of faults among them.
fn outcome(mut figures: Figures, faults: Faults) -> (Figures, Faults) {
    figures.note(Figure::Faults, faults.total() as f64);
    (figures, faults)
}
