//! What connections cost by being there, and by coming.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use super::{Bench, Case, Figure, Figures, meter::Meter, outcome, ramp};
use crate::{
    cli::Rate,
    error::{Doing, Error, Result},
    measure::resident_bytes,
    publisher::Publisher,
    server::{Kind, Setting, free_address},
    stats::{Percentiles, median},
    suite::size_of,
    swarm::{Faults, Goal, Outfit, Swarm},
    wire,
};

/// Time in which a stream has filled whatever is kept of it.
const FILLED: Duration = Duration::from_millis(4500);
/// Time a server has to answer a handshake.
const PATIENCE: Duration = Duration::from_secs(5);
const SETUP_WINDOW: Duration = Duration::from_secs(2);

/// Idle connections on one server, players on another.
pub(in crate::suite) fn memory(bench: &Bench, case: Case) -> Result<(Figures, Faults)> {
    let mut figures = Figures::default();
    let connections = f64::from(case.load);

    let mut server = bench.launcher.start(case.kind, Setting::default())?;
    thread::sleep(bench.settle);
    let before = resident_bytes(server.pid())? as f64;
    let outfit = Outfit::new(Goal::Idle, case.way, wire::STREAM)?;
    let mut idle = Swarm::new(server.address(), outfit, case.load)?;
    ramp(&mut idle, case.load, &mut server)?;
    idle.run_for(bench.settle)?;
    let with_them = resident_bytes(server.pid())? as f64;
    figures.note(Figure::BytesPerIdle, (with_them - before) / connections);
    let idle_faults = idle.faults();
    drop(idle);
    server.stop()?;

    let mut server = bench.launcher.start(case.kind, Setting::default())?;
    let name = case.kind.to_string();
    let profile = Rate::Standard.profile();
    let publisher = Publisher::start(server.address(), &name, Some(profile))?;
    thread::sleep(FILLED);
    let before = resident_bytes(server.pid())? as f64;
    let outfit = Outfit::new(Goal::Play, case.way, wire::STREAM)?;
    let mut players = Swarm::new(server.address(), outfit, case.load)?;
    ramp(&mut players, case.load, &mut server)?;
    players.begin_window();
    players.run_for(bench.settle * 2)?;
    let with_them = resident_bytes(server.pid())? as f64;
    figures.note(Figure::BytesPerPlayer, (with_them - before) / connections);
    figures.note(Figure::ResidentBytes, with_them);
    let mut faults = players.faults();
    faults.add_connections(idle_faults);
    drop(players);
    publisher.stop()?;
    server.stop()?;
    Ok(outcome(figures, faults))
}

/// Players that leave as soon as they are let in.
pub(in crate::suite) fn setup(bench: &Bench, case: Case) -> Result<(Figures, Faults)> {
    let mut figures = Figures::default();
    let mut server = bench.launcher.start(case.kind, Setting::default())?;
    let publisher = match case.kind {
        Kind::Loop(_) => None,
        kind => Some(Publisher::start(server.address(), &kind.to_string(), None)?),
    };
    let outfit = Outfit::new(Goal::Join, case.way, wire::STREAM)?;
    let mut swarm = Swarm::new(server.address(), outfit, case.load)?;
    // What is made once is made before the window.
    swarm.churn(bench.settle)?;
    let meter = Meter::begin(server.pid())?;
    let took = swarm.churn(SETUP_WINDOW)?;
    server.check_alive()?;
    let window = meter.end(&mut figures)?;
    if took.is_empty() {
        return Err(server.error("no connection ever got through"));
    }
    let count = took.len() as f64;
    figures.note(Figure::CpuUsPerConnection, window.server_s * 1e6 / count);
    figures.note(Figure::ConnectionsPerS, count / window.seconds);
    figures.note_some(
        Figure::SetupP50Us,
        Percentiles::of(&took).map(|took| took.p50),
    );
    let faults = swarm.tally().faults.clone();
    drop(swarm);
    publisher.map_or(Ok(()), Publisher::stop)?;
    server.stop()?;
    Ok(outcome(figures, faults))
}

/// Starts the server as often as the load says, each time until it has answered a handshake.
pub(in crate::suite) fn start(bench: &Bench, case: Case) -> Result<(Figures, Faults)> {
    let mut figures = Figures::default();
    let mut times = Vec::new();
    for _ in 0..case.load {
        let address = free_address()?;
        let begun = Instant::now();
        let server = bench.launcher.begin(case.kind, address)?;
        shake_hands(address, begun + PATIENCE)?;
        times.push(begun.elapsed().as_secs_f64() * 1e3);
        server.stop()?;
    }
    figures.note_some(Figure::StartMs, median(times));
    if let (Kind::Adit(_), Some(program)) = (case.kind, &bench.launcher.adit) {
        let stripped = stripped_size(bench, program)?;
        figures.note_some(Figure::BinaryBytes, stripped.map(|size| size as f64));
    }
    Ok(outcome(figures, Faults::default()))
}

/// Tries until somebody answers.
fn shake_hands(address: SocketAddr, end: Instant) -> Result<()> {
    loop {
        let answered = TcpStream::connect(address).and_then(|mut socket| {
            let mut answer = [0; wire::S0_S1_S2];
            socket.set_read_timeout(Some(PATIENCE))?;
            socket.write_all(&wire::c0_c1())?;
            socket.read_exact(&mut answer)
        });
        match answered {
            Ok(()) => return Ok(()),
            Err(error) if Instant::now() > end => {
                return Err(error).doing(|| "waiting for the first answer".to_owned());
            }
            Err(_) => thread::sleep(Duration::from_micros(200)),
        }
    }
}

/// None where there is no `strip`.
fn stripped_size(bench: &Bench, program: &Path) -> Result<Option<u64>> {
    let copy = bench.launcher.workspace.fresh_directory()?.join("stripped");
    let stripped = Command::new("strip")
        .arg("-o")
        .arg(&copy)
        .arg(program)
        .status();
    match stripped {
        Ok(status) if status.success() => Ok(size_of(&copy)),
        Ok(status) => Err(Error::Setup(format!("strip ended with {status}"))),
        Err(_) => Ok(None),
    }
}
