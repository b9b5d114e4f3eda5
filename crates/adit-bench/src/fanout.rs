//! `adit-bench fanout`: rounds of one publisher and many players, the servers taking turns.

use std::{
    process, thread,
    time::{Duration, Instant},
};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::{
    cli::{self, Latency},
    error::{Error, Result},
    measure::{CpuTime, Machine, date, machine_cpu_seconds, resident_bytes, thread_cpu_seconds},
    media,
    publisher::Publisher,
    report::{self, Report},
    round::{Cpu, Delivery, Idle, Memory, Round},
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
        versions: servers
            .iter()
            .map(|kind| (*kind, launcher.version(*kind)))
            .collect(),
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

/// Starts `kind`, fills it with players, measures, and stops it.
fn measure(options: &cli::Fanout, launcher: &Launcher, number: u32, kind: Kind) -> Result<Round> {
    let mut server = launcher.start(kind)?;
    let pid = server.pid();
    let started = resident_bytes(pid)?;
    let (publisher, goal) = if let Kind::Loop(_) = kind {
        (None, Goal::Raw)
    } else {
        let publisher = Publisher::start(server.address(), &kind.to_string())?;
        (Some(publisher), Goal::Play)
    };
    thread::sleep(SETTLE);
    let published = resident_bytes(pid)?;

    let mut swarm = Swarm::new(server.address(), goal, options.players)?;
    let ramp_s = ramp(&mut swarm, options.players, &mut server)?;
    swarm.run_for(SETTLE)?;
    swarm.begin_window();
    let late = || publisher.as_ref().map(Publisher::take_lateness_us);
    late();
    let meter = Meter::begin(&swarm, pid)?;
    swarm.run_for(Duration::from_secs(u64::from(options.seconds)))?;
    server.check_alive()?;
    let (delivery, cpu) = meter.end(&swarm, options.players)?;
    let playing = resident_bytes(pid)?;

    let tally = swarm.tally();
    let round = Round {
        number,
        kind,
        players: options.players,
        ramp_s,
        delivery,
        cpu,
        publisher_late_us: late(),
        memory: Memory {
            started,
            published,
            playing,
        },
        video_delay: Percentiles::of(&tally.video_delays),
        audio_delay: Percentiles::of(&tally.audio_delays),
        idle: None,
        faults: swarm.faults(),
    };
    drop(swarm);
    publisher.map_or(Ok(()), Publisher::stop)?;
    server.stop()?;
    Ok(round)
}

/// The counters at the beginning of a window.
struct Meter {
    pid: u32,
    begun: Instant,
    server_cpu: CpuTime,
    own_cpu: CpuTime,
    swarm_cpu_s: f64,
    machine_cpu_s: f64,
    payload_bytes: u64,
    wire_bytes: u64,
    messages: u64,
}

impl Meter {
    fn begin(swarm: &Swarm, pid: u32) -> Result<Self> {
        let tally = swarm.tally();
        Ok(Self {
            pid,
            server_cpu: CpuTime::of(pid)?,
            own_cpu: CpuTime::of(process::id())?,
            swarm_cpu_s: thread_cpu_seconds(),
            machine_cpu_s: machine_cpu_seconds()?,
            payload_bytes: tally.payload_bytes,
            wire_bytes: tally.wire_bytes,
            messages: tally.messages,
            begun: Instant::now(),
        })
    }

    fn end(self, swarm: &Swarm, players: u32) -> Result<(Delivery, Cpu)> {
        let window_s = self.begun.elapsed().as_secs_f64();
        let server = CpuTime::of(self.pid)?.since(self.server_cpu);
        let own = CpuTime::of(process::id())?.since(self.own_cpu);
        let swarm_s = thread_cpu_seconds() - self.swarm_cpu_s;
        let machine_s = machine_cpu_seconds()? - self.machine_cpu_s;
        let others_s = (machine_s - server.total() - own.total()).max(0.0);
        let tally = swarm.tally();
        let delivery = Delivery {
            window_s,
            payload_bytes: tally.payload_bytes - self.payload_bytes,
            wire_bytes: tally.wire_bytes - self.wire_bytes,
            messages: tally.messages - self.messages,
            expected_bytes: media::bytes_per_second() as f64 * window_s * f64::from(players),
        };
        Ok((
            delivery,
            Cpu {
                server,
                swarm_s,
                others_s,
            },
        ))
    }
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
    faults.add_connections(swarm.faults());
    drop(swarm);
    server.stop()?;
    Ok(Idle {
        connections,
        before,
        with_them,
    })
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
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    setrlimit(Resource::Nofile, raised)
        .map_err(|error| Error::Setup(format!("raising the descriptor limit: {error}")))
}
