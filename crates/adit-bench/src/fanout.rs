//! `adit-bench fanout`: rounds of one publisher and many players, the servers taking turns.

use std::{
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::{
    cli::{self, Latency},
    error::{Error, Result},
    measure::{CpuTime, Machine, date, resident_bytes, thread_cpu_seconds},
    media,
    publisher::Publisher,
    report::{self, Report},
    server::{Kind, Launcher, Server, Workspace, beside_this_program},
    stats::Percentiles,
    swarm::{Faults, Goal, Swarm},
};

/// Time a server has to reach a steady state after each step.
const SETTLE: Duration = Duration::from_secs(1);
/// Time all players have to join: a base, and what each adds.
const RAMP_BASE: Duration = Duration::from_secs(30);
const RAMP_PER_PLAYER: Duration = Duration::from_millis(10);
/// Descriptors this process needs beside the swarm's.
const SPARE_DESCRIPTORS: u64 = 64;

/// What one server did in one round.
#[derive(Debug, Clone)]
pub(crate) struct Round {
    pub(crate) number: u32,
    pub(crate) kind: Kind,
    pub(crate) players: u32,
    /// Seconds from the first connection until every player had its key frame.
    pub(crate) ramp_s: f64,
    pub(crate) window_s: f64,
    /// Of audio and video messages received whole in the window.
    pub(crate) payload_bytes: u64,
    pub(crate) wire_bytes: u64,
    pub(crate) messages: u64,
    /// What all players together should have received.
    pub(crate) expected_bytes: f64,
    pub(crate) cpu: CpuTime,
    /// CPU time of the swarm's one thread, in seconds.
    pub(crate) swarm_cpu_s: f64,
    /// The worst lateness of the publisher in the window; none for bare loops.
    pub(crate) publisher_late_us: Option<u64>,
    pub(crate) memory: Memory,
    pub(crate) video_delay: Option<Percentiles>,
    pub(crate) audio_delay: Option<Percentiles>,
    pub(crate) idle: Option<Idle>,
    pub(crate) faults: Faults,
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

/// What connections cost that do nothing, on a fresh server.
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
        self.payload_bytes as f64 * 8.0 / 1e9
    }

    pub(crate) fn megabits_per_second(&self) -> f64 {
        self.gigabits() * 1000.0 / self.window_s
    }

    /// Delivered bytes over expected bytes.
    pub(crate) fn share(&self) -> f64 {
        self.payload_bytes as f64 / self.expected_bytes
    }

    /// The headline: CPU seconds of the server per gigabit of payload delivered.
    pub(crate) fn cpu_per_gigabit(&self) -> f64 {
        self.cpu.total() / self.gigabits()
    }

    pub(crate) fn bytes_per_player(&self) -> f64 {
        (self.memory.playing as f64 - self.memory.published as f64) / f64::from(self.players)
    }

    /// The part of one core that the swarm used.
    pub(crate) fn swarm_load(&self) -> f64 {
        self.swarm_cpu_s / self.window_s
    }
}

/// Runs all rounds and prints the report. True when every server delivered everything.
///
/// # Errors
///
/// When a server cannot be measured at all.
pub(crate) fn run(options: &cli::Fanout) -> Result<bool> {
    raise_descriptor_limit(options.players.max(options.idle))?;
    let launcher = Launcher {
        workspace: Workspace::create()?,
        adit: options.adit.clone().or_else(beside_this_program),
        connections: options.players.max(options.idle) + 16,
    };
    let servers = resolve(options);
    let mut report = Report {
        machine: Machine::read(),
        date: date(),
        versions: servers.iter().map(|kind| (*kind, launcher.version(*kind))).collect(),
        players: options.players,
        seconds: options.seconds,
        rounds: Vec::new(),
    };
    for number in 1..=options.rounds {
        let turn = usize::try_from(number - 1).unwrap_or_default() % servers.len();
        for kind in servers.iter().cycle().skip(turn).take(servers.len()) {
            let mut round = measure(options, &launcher, number, *kind)?;
            if !matches!(kind, Kind::Loop(_)) && options.idle > 0 {
                let idle = measure_idle(&launcher, *kind, options.idle, &mut round.faults)?;
                round.idle = Some(idle);
            }
            eprintln!("{}", report::progress(&round, options.rounds));
            report.rounds.push(round);
        }
    }
    print!("{}", report.table());
    if let Some(path) = &options.json {
        report.write_json(path)?;
    }
    Ok(report.rounds.iter().all(|round| round.faults.total() == 0))
}

/// The servers asked for, each once.
fn resolve(options: &cli::Fanout) -> Vec<Kind> {
    let latency: Latency = options.latency;
    let mut servers = Vec::new();
    for choice in &options.servers {
        let kind = choice.resolve(latency);
        if !servers.contains(&kind) {
            servers.push(kind);
        }
    }
    servers
}

fn measure(
    options: &cli::Fanout,
    launcher: &Launcher,
    number: u32,
    kind: Kind,
) -> Result<Round> {
    let mut server = launcher.start(kind)?;
    let pid = server.pid();
    let started = resident_bytes(pid)?;
    let (publisher, goal) = match kind {
        Kind::Loop(_) => (None, Goal::Raw),
        _ => (Some(Publisher::start(server.address(), &kind.to_string())?), Goal::Play),
    };
    thread::sleep(SETTLE);
    let published = resident_bytes(pid)?;

    let mut swarm = Swarm::new(server.address(), goal, options.players)?;
    let ramp_s = ramp(&mut swarm, options.players, &mut server)?;
    swarm.run_for(SETTLE)?;
    swarm.begin_window();
    if let Some(publisher) = &publisher {
        publisher.take_lateness_us();
    }

    let tally = swarm.tally();
    let before = (tally.payload_bytes, tally.wire_bytes, tally.messages);
    let (cpu_before, swarm_before) = (CpuTime::of(pid)?, thread_cpu_seconds());
    let begun = Instant::now();
    swarm.run_for(Duration::from_secs(u64::from(options.seconds)))?;
    let window_s = begun.elapsed().as_secs_f64();
    server.check_alive()?;
    let cpu = CpuTime::of(pid)?.since(cpu_before);
    let swarm_cpu_s = thread_cpu_seconds() - swarm_before;
    let playing = resident_bytes(pid)?;

    let tally = swarm.tally();
    let mut faults = tally.faults.clone();
    faults.never_arrived = missing_players(options.players, &swarm);
    let round = Round {
        number,
        kind,
        players: options.players,
        ramp_s,
        window_s,
        payload_bytes: tally.payload_bytes - before.0,
        wire_bytes: tally.wire_bytes - before.1,
        messages: tally.messages - before.2,
        expected_bytes: media::bytes_per_second() as f64
            * window_s
            * f64::from(options.players),
        cpu,
        swarm_cpu_s,
        publisher_late_us: publisher.as_ref().map(Publisher::take_lateness_us),
        memory: Memory { started, published, playing },
        video_delay: Percentiles::of(&tally.video_delays),
        audio_delay: Percentiles::of(&tally.audio_delays),
        idle: None,
        faults,
    };
    drop(swarm);
    publisher.map_or(Ok(()), Publisher::stop)?;
    server.stop()?;
    Ok(round)
}

/// Brings all players in; gives the seconds it took.
fn ramp(swarm: &mut Swarm, connections: u32, server: &mut Server) -> Result<f64> {
    let begun = Instant::now();
    swarm.ramp(RAMP_BASE + RAMP_PER_PLAYER * connections)?;
    server.check_alive()?;
    if swarm.tally().arrived == 0 {
        let reasons = swarm.tally().faults.reasons.join("; ");
        return Err(server.error(&format!("no connection ever got through: {reasons}")));
    }
    Ok(begun.elapsed().as_secs_f64())
}

/// Players that are connected but never got what they wanted.
fn missing_players(wanted: u32, swarm: &Swarm) -> u64 {
    let arrived = u64::try_from(swarm.tally().arrived).unwrap_or(u64::MAX);
    u64::from(wanted).saturating_sub(arrived).saturating_sub(swarm.tally().faults.lost)
}

fn measure_idle(
    launcher: &Launcher,
    kind: Kind,
    connections: u32,
    faults: &mut Faults,
) -> Result<Idle> {
    let mut server = launcher.start(kind)?;
    thread::sleep(SETTLE);
    let before = resident_bytes(server.pid())?;
    let mut swarm = Swarm::new(server.address(), Goal::Idle, connections)?;
    ramp(&mut swarm, connections, &mut server)?;
    swarm.run_for(SETTLE)?;
    let with_them = resident_bytes(server.pid())?;
    faults.lost += swarm.tally().faults.lost;
    faults.never_arrived += missing_players(connections, &swarm);
    faults.reasons.extend(swarm.tally().faults.reasons.iter().cloned());
    drop(swarm);
    server.stop()?;
    Ok(Idle { connections, before, with_them })
}

fn raise_descriptor_limit(connections: u32) -> Result<()> {
    let needed = u64::from(connections) + SPARE_DESCRIPTORS;
    let limit = getrlimit(Resource::Nofile);
    let allowed = limit.maximum.unwrap_or(u64::MAX);
    if allowed < needed {
        return Err(Error::Setup(format!(
            "{connections} connections need {needed} descriptors, but the hard limit is {allowed} \
             (ulimit -Hn)"
        )));
    }
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    setrlimit(Resource::Nofile, raised)
        .map_err(|error| Error::Setup(format!("raising the descriptor limit: {error}")))
}
