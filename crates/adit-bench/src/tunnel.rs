//! What the tunnel costs beside direct RTMP: delay, throughput, CPU, requests, over a line with a round trip.
//!
//! ```text
//!  publisher thread ─▶ line (RTT/2) ─▶ adit serve ─▶ line (RTT/2) ─▶ player thread
//! ```
//!
//! The same publisher and player, once over RTMP and once over RTMPT, on one leg or both; cases take turns, so that what the machine
//! does besides falls on all of them alike.

mod delay;
mod legs;
mod table;

use std::thread;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use self::delay::Line;
use self::legs::{Leg, Load, player, publisher};
use self::table::Row;
use crate::cli::{self, Latency};
use crate::error::{Doing as _, Error, Result};
use crate::measure::{cpu_seconds, monotonic_ns};
use crate::server::{Kind, Launcher, Setting, Workspace, beside_this_program};
use crate::stats::Percentiles;

/// What is measured: which legs go through the tunnel.
const CASES: [(&str, Leg, Leg); 4] = [
    ("direct", Leg::Direct, Leg::Direct),
    ("publisher by rtmpt", Leg::Tunnel, Leg::Direct),
    ("player by rtmpt", Leg::Direct, Leg::Tunnel),
    ("both by rtmpt", Leg::Tunnel, Leg::Tunnel),
];
/// Before anything counts: connections stand, the player has joined, intervals have settled.
const SETTLE: Duration = Duration::from_secs(2);

/// Runs the cases for each load. `true` when no message was lost.
pub(crate) fn run(options: &cli::Tunnel) -> Result<bool> {
    let launcher = Launcher {
        workspace: Workspace::create()?,
        adit: options.adit.clone().or_else(beside_this_program),
        threads: None,
        connections: 16,
    };
    let loads = [
        // What an encoder sends.
        Load {
            rate: 30,
            bytes: 10_417,
        },
        // The highest rate the tunnel is to carry as well as direct RTMP does.
        Load {
            rate: 50,
            bytes: 125_000,
        },
    ];
    let mut whole = true;
    for load in loads {
        let mut rows = Vec::new();
        for round in 0..options.rounds {
            for (name, publishing, playing) in CASES {
                eprintln!("{:.1} Mbit/s, round {}: {name}", load.mbit(), round + 1);
                let row = measure(&launcher, options, load, publishing, playing)?;
                whole &= row.lost == 0;
                rows.push((name, row));
            }
        }
        table::print(load, options, &CASES.map(|(name, ..)| name), &rows);
    }
    Ok(whole)
}

/// One case, once.
fn measure(
    launcher: &Launcher,
    options: &cli::Tunnel,
    load: Load,
    publishing: Leg,
    playing: Leg,
) -> Result<Row> {
    // Audio is not sent, so the latency mode makes no difference but for its clock.
    let mut server = launcher.start(Kind::Adit(Latency::Low), Setting::default())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .doing(|| "starting a runtime".to_owned())?;
    let round_trip = Duration::from_millis(u64::from(options.rtt));
    let up = runtime.block_on(Line::start(server.address(), round_trip))?;
    let down = runtime.block_on(Line::start(server.address(), round_trip))?;
    let stop = CancellationToken::new();
    let sending = publisher(publishing, up.address, load, stop.clone());
    thread::sleep(Duration::from_millis(500));
    let receiving = player(playing, down.address, stop.clone());
    thread::sleep(SETTLE);
    server.check_alive()?;
    let requests = up.requests() + down.requests();
    let cpu = cpu_seconds(server.pid())?;
    let begin = monotonic_ns();
    thread::sleep(Duration::from_secs(u64::from(options.seconds)));
    let end = monotonic_ns();
    let cpu = cpu_seconds(server.pid())? - cpu;
    let requests = up.requests() + down.requests() - requests;
    stop.cancel();
    let (publisher_cpu, _) = join(sending)?;
    let seen = join(receiving)?;
    server.stop()?;
    let within: Vec<_> = seen
        .messages
        .iter()
        .filter(|(_, _, came)| (begin..end).contains(came))
        .collect();
    let delays: Vec<u32> = within
        .iter()
        .map(|(_, sent, came)| u32::try_from((came - sent) / 1000).unwrap_or(u32::MAX))
        .collect();
    let delay = Percentiles::of(&delays)
        .ok_or_else(|| Error::Setup("the player received nothing".to_owned()))?;
    let seconds = (end - begin) as f64 / 1e9;
    Ok(Row {
        delay,
        mbit: within.len() as f64 * load.bytes as f64 * 8.0 / 1e6 / seconds,
        lost: gaps(seen.messages.iter().map(|(number, ..)| *number)),
        server_cpu: cpu / seconds,
        // The ends ran a little longer than the window; all cases by as much.
        ends_cpu: (publisher_cpu + seen.cpu) / (seconds + SETTLE.as_secs_f64()),
        requests: requests as f64 / seconds,
    })
}

/// Numbers that are missing, doubled or out of order.
fn gaps(numbers: impl Iterator<Item = u64>) -> usize {
    let numbers: Vec<u64> = numbers.collect();
    numbers
        .windows(2)
        .filter(|pair| !matches!(pair, [one, next] if *next == one + 1))
        .count()
}

fn join<T>(end: thread::JoinHandle<Result<T>>) -> Result<T> {
    end.join()
        .unwrap_or_else(|_| Err(Error::Setup("an end panicked".to_owned())))
}
