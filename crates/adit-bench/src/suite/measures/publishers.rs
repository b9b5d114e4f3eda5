//! Many small publishers.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};

use super::{Bench, Case, Figure, Figures, meter::Meter, outcome, ramp};
use crate::{
    cli::Rate,
    error::{Error, Result},
    measure::{monotonic_ns, resident_bytes},
    media::{Planned, Schedule},
    publisher::CHUNK_SIZE,
    server::{Kind, Setting},
    swarm::{Faults, Goal, Outfit, Swarm, Way},
    wire,
};

/// The publisher whose stream is played, too.
const WATCHED: &str = "bench-0";
/// Over this time the publishers' clocks are spread, so that they do not all send at once.
const SPREAD: Duration = Duration::from_secs(1);
/// Time in which a stream has filled whatever is kept of it.
const FILLED: Duration = Duration::from_millis(2500);
/// Time the player has to see the watched stream begin.
const WATCH_RAMP: Duration = Duration::from_secs(5);

/// All publishers in one thread, and a player of the first one in another.
pub(in crate::suite) fn publishers(bench: &Bench, case: Case) -> Result<(Figures, Faults)> {
    let mut server = bench.launcher.start(case.kind, Setting::default())?;
    thread::sleep(bench.settle);
    let before = resident_bytes(server.pid())? as f64;
    let (goal, is_played) = match case.kind {
        Kind::Loop(_) => (Goal::Pour, false),
        _ => (Goal::Publish, true),
    };
    let outfit = Outfit::new(goal, case.way, wire::STREAM)?;
    let mut swarm = Swarm::new(server.address(), outfit, case.load)?;
    ramp(&mut swarm, case.load, &mut server)?;
    let mut crowd = Crowd::new(swarm, case.load);
    let address = server.address();
    let long = FILLED + bench.window;
    let player = is_played.then(|| thread::spawn(move || watch(address, long)));
    crowd.send_for(FILLED)?;
    let mut figures = Figures::default();
    let meter = Meter::begin(server.pid())?;
    crowd.send_for(bench.window)?;
    server.check_alive()?;
    let window = meter.end(&mut figures)?;
    let with_them = resident_bytes(server.pid())? as f64;
    let seen = player.map_or(Ok(Faults::default()), |player| {
        let ended_badly = || Error::Setup("the player's thread ended badly".to_owned());
        player.join().unwrap_or_else(|_| Err(ended_badly()))
    })?;
    let publishers = f64::from(case.load);
    figures.note(
        Figure::CpuMsPerPublisher,
        window.server_s * 1e3 / window.seconds / publishers,
    );
    figures.note(Figure::BytesPerPublisher, (with_them - before) / publishers);
    let mut faults = crowd.swarm.tally().faults.clone();
    faults.add(seen);
    drop(crowd);
    server.stop()?;
    Ok(outcome(figures, faults))
}

/// Plays the watched stream; gives what was wrong with it.
fn watch(address: SocketAddr, long: Duration) -> Result<Faults> {
    let end = Instant::now() + long;
    let outfit = Outfit::new(Goal::Play, Way::Rtmp, WATCHED)?;
    let mut swarm = Swarm::new(address, outfit, 1)?;
    swarm.ramp(WATCH_RAMP)?;
    swarm.begin_window();
    swarm.run_for(end.saturating_duration_since(Instant::now()))?;
    Ok(swarm.faults())
}

/// Publishers, each with a schedule of its own.
struct Crowd {
    swarm: Swarm,
    schedules: Vec<(Duration, Schedule, Planned)>,
    /// Whose turn is when, the next one first.
    turns: BinaryHeap<Reverse<(Duration, usize)>>,
    begun: Instant,
}

impl Crowd {
    fn new(swarm: Swarm, count: u32) -> Self {
        let mut schedules = Vec::new();
        let mut turns = BinaryHeap::new();
        for number in 0..count {
            let offset = SPREAD * number / count;
            let mut schedule = Schedule::new(Rate::Small.profile());
            if let Some(first) = schedule.next() {
                turns.push(Reverse((offset + first.due, schedules.len())));
                schedules.push((offset, schedule, first));
            }
        }
        Self {
            swarm,
            schedules,
            turns,
            begun: Instant::now(),
        }
    }

    /// Sends what is due, and listens meanwhile.
    fn send_for(&mut self, duration: Duration) -> Result<()> {
        let end = Instant::now() + duration;
        while Instant::now() < end {
            let now = self.begun.elapsed();
            while let Some(Reverse((due, index))) = self.turns.peek().copied()
                && due <= now
            {
                self.turns.pop();
                self.send_next(index);
            }
            let next = self
                .turns
                .peek()
                .map_or(end, |Reverse((due, _))| self.begun + *due);
            let left = next.min(end).saturating_duration_since(Instant::now());
            self.swarm.run_for(left)?;
        }
        Ok(())
    }

    fn send_next(&mut self, index: usize) {
        let Some((offset, schedule, planned)) = self.schedules.get_mut(index) else {
            return;
        };
        self.swarm.publish(index, |msid| {
            let mut payload = Vec::with_capacity(planned.payload_len);
            planned.write_payload(monotonic_ns(), &mut payload);
            let stream = wire::media_stream(planned.content.kind(), msid);
            let mut out = Vec::with_capacity(payload.len() + 16);
            wire::write_message(&mut out, CHUNK_SIZE, stream, planned.timestamp(), &payload);
            out
        });
        if let Some(next) = schedule.next() {
            *planned = next;
            self.turns.push(Reverse((*offset + next.due, index)));
        }
    }
}
