//! Players that are real programs.

use std::{
    thread,
    time::{Duration, Instant},
};

use super::{Bench, Case, Figure, Figures, RAMP_BASE, meter::Meter, outcome};
use crate::{
    cli::Rate,
    error::Result,
    publisher::Publisher,
    server::{Setting, Viewer},
    swarm::Faults,
};

/// Bytes of an audio message that ffmpeg leaves out.
const AUDIO_HEADER: usize = 2;
const POLL: Duration = Duration::from_millis(20);

/// As many ffmpegs as the load says, on the stream of 1 Mbit/s.
pub(in crate::suite) fn ffmpeg(bench: &Bench, case: Case) -> Result<(Figures, Faults)> {
    let mut server = bench.launcher.start(case.kind, Setting::default())?;
    let profile = Rate::Megabit.profile();
    let publisher = Publisher::start(server.address(), &case.kind.to_string(), Some(profile))?;
    thread::sleep(bench.settle);
    let viewers: Vec<_> = (0..case.load)
        .map(|_| Viewer::start(&bench.launcher, server.address(), case.way))
        .collect::<Result<_>>()?;
    let end = Instant::now() + RAMP_BASE;
    while viewers.iter().any(|viewer| viewer.received() == 0) && Instant::now() < end {
        thread::sleep(POLL);
    }
    thread::sleep(bench.settle);
    let received = || -> Vec<u64> { viewers.iter().map(Viewer::received).collect() };
    let mut figures = Figures::default();
    let before = received();
    let meter = Meter::begin(server.pid())?;
    thread::sleep(bench.window);
    server.check_alive()?;
    let window = meter.end(&mut figures)?;
    let after = received();
    let seen: Vec<u64> = after
        .iter()
        .zip(&before)
        .map(|(after, before)| after - before)
        .collect();
    let players = f64::from(case.load);
    let audio = profile.audio_per_second as f64 * (profile.audio_bytes - AUDIO_HEADER) as f64;
    let share = seen.iter().sum::<u64>() as f64 / (audio * window.seconds * players);
    let whole = profile.bytes_per_second() as f64 * 8.0 / 1e9 * window.seconds * players;
    let gigabits = share * whole;
    figures.note(Figure::MbitPerS, gigabits * 1000.0 / window.seconds);
    figures.note(Figure::Share, share);
    figures.note(Figure::CpuSPerGbit, window.server_s / gigabits);
    let stalled = seen.iter().filter(|bytes| **bytes == 0).count() as u64;
    drop(viewers);
    publisher.stop()?;
    server.stop()?;
    let faults = Faults {
        stalled,
        ..Faults::default()
    };
    Ok(outcome(figures, faults))
}
