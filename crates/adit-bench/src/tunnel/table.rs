//! The table that a run prints.

use super::legs::Load;
use crate::cli;
use crate::stats::{Percentiles, median};

/// One case, measured once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    /// From the publisher's hands to the player's, in microseconds.
    pub(super) delay: Percentiles,
    /// Payload that arrived.
    pub(super) mbit: f64,
    /// Messages missing, doubled or out of order.
    pub(super) lost: usize,
    /// CPU seconds a second of the server.
    pub(super) server_cpu: f64,
    /// CPU seconds a second of publisher and player together.
    pub(super) ends_cpu: f64,
    /// HTTP requests a second on both legs.
    pub(super) requests: f64,
}

/// Prints medians over the rounds, as Markdown. The first case is what the others are compared with.
pub(super) fn print(load: Load, options: &cli::Tunnel, cases: &[&str], rows: &[(&str, Row)]) {
    println!(
        "\n{:.1} Mbit/s in {} messages a second, {} ms round trip on each leg, {} rounds of {} s\n",
        load.mbit(),
        load.rate,
        options.rtt,
        options.rounds,
        options.seconds
    );
    println!(
        "| way | delay p50 | p99 | added p50 | added p99 | Mbit/s | server CPU | × direct | both ends CPU | × direct | requests a second | faults |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|");
    let of = |case: &str, value: fn(&Row) -> f64| {
        let values = rows.iter().filter(|(name, _)| *name == case);
        median(values.map(|(_, row)| value(row))).unwrap_or(f64::NAN)
    };
    let Some(direct) = cases.first() else {
        return;
    };
    for case in cases {
        let p50 = of(case, |row| f64::from(row.delay.p50) / 1000.0);
        let p99 = of(case, |row| f64::from(row.delay.p99) / 1000.0);
        let server = of(case, |row| row.server_cpu);
        let ends = of(case, |row| row.ends_cpu);
        let faults: usize = rows
            .iter()
            .filter(|(name, _)| name == case)
            .map(|(_, row)| row.lost)
            .sum();
        println!(
            "| {case} | {p50:.1} ms | {p99:.1} ms | {:.1} ms | {:.1} ms | {:.2} | {:.1} % | {:.2} | {:.1} % | {:.2} | {:.1} | {faults} |",
            p50 - of(direct, |row| f64::from(row.delay.p50) / 1000.0),
            p99 - of(direct, |row| f64::from(row.delay.p99) / 1000.0),
            of(case, |row| row.mbit),
            server * 100.0,
            server / of(direct, |row| row.server_cpu),
            ends * 100.0,
            ends / of(direct, |row| row.ends_cpu),
            of(case, |row| row.requests),
        );
    }
}
