//! One publisher, many players.

use std::{thread, time::Duration};

use super::{Bench, Case, Figure, Figures, meter::Meter, outcome, ramp};
use crate::{
    cli::Rate,
    error::Result,
    measure::resident_bytes,
    publisher::Publisher,
    server::{Kind, Setting},
    stats::Percentiles,
    swarm::{Faults, Goal, Outfit, Swarm, Way},
    wire,
};

/// One GOP of every profile.
const GOP: Duration = Duration::from_secs(2);

/// Players of the standard stream.
pub(in crate::suite) fn fanout(bench: &Bench, case: Case) -> Result<(Figures, Faults)> {
    measure(bench, case, bench.window, (Rate::Standard, None))
}

/// The same over one GOP.
pub(in crate::suite) fn short_fanout(bench: &Bench, case: Case) -> Result<(Figures, Faults)> {
    measure(bench, case, GOP, (Rate::Standard, None))
}

/// Players of the stream of 1 Mbit/s, the server on the first core alone.
pub(in crate::suite) fn one_core_fanout(bench: &Bench, case: Case) -> Result<(Figures, Faults)> {
    measure(bench, case, bench.window, (Rate::Megabit, Some(0)))
}

fn measure(
    bench: &Bench,
    case: Case,
    window: Duration,
    (rate, core): (Rate, Option<usize>),
) -> Result<(Figures, Faults)> {
    let tls = case.way == Way::Rtmps;
    let mut server = bench
        .launcher
        .start(case.kind, Setting { core, rate, tls })?;
    let (publisher, goal) = if let Kind::Loop(_) = case.kind {
        (None, Goal::Raw)
    } else {
        let publisher = Publisher::start(
            server.address(),
            &case.kind.to_string(),
            Some(rate.profile()),
        )?;
        (Some(publisher), Goal::Play)
    };
    thread::sleep(bench.settle);
    let outfit = Outfit::new(goal, case.way, wire::STREAM)?;
    let mut swarm = Swarm::new(server.address(), outfit, case.load)?;
    ramp(&mut swarm, case.load, &mut server)?;
    swarm.run_for(bench.settle)?;
    swarm.begin_window();
    let late = || publisher.as_ref().map(Publisher::take_lateness_us);
    late();

    let mut figures = Figures::default();
    let before = swarm.tally().payload_bytes;
    let meter = Meter::begin(server.pid())?;
    swarm.run_for(window)?;
    server.check_alive()?;
    let window = meter.end(&mut figures)?;
    let payload = swarm.tally().payload_bytes - before;
    let expected = rate.profile().bytes_per_second() as f64 * window.seconds * f64::from(case.load);
    let gigabits = payload as f64 * 8.0 / 1e9;
    figures.note(Figure::MbitPerS, gigabits * 1000.0 / window.seconds);
    figures.note(Figure::Share, payload as f64 / expected);
    figures.note(Figure::CpuSPerGbit, window.server_s / gigabits);
    figures.note(Figure::ResidentBytes, resident_bytes(server.pid())? as f64);
    let late = late().map(|late| u32::try_from(late).unwrap_or(u32::MAX));
    figures.note_some(Figure::PublisherLateUs, late);
    note_delays(&mut figures, &swarm);
    let faults = swarm.faults();
    drop(swarm);
    publisher.map_or(Ok(()), Publisher::stop)?;
    server.stop()?;
    Ok(outcome(figures, faults))
}

fn note_delays(figures: &mut Figures, swarm: &Swarm) {
    let tally = swarm.tally();
    if let Some(video) = Percentiles::of(&tally.video_delays) {
        figures.note(Figure::VideoP50Us, f64::from(video.p50));
        figures.note(Figure::VideoP99Us, f64::from(video.p99));
    }
    if let Some(audio) = Percentiles::of(&tally.audio_delays) {
        figures.note(Figure::AudioP50Us, f64::from(audio.p50));
    }
}
