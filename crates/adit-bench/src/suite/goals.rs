//! The goals, and whether they are met.

use std::fmt;

use super::{
    case::{Base, Case},
    figures::Figure,
    results::{Quantity, Results},
    table::cell,
};
use crate::{
    cli::{Latency, Section},
    server::Kind,
    swarm::Way,
};

/// One line of the table of goals.
#[derive(Debug)]
pub(super) struct Goal {
    pub(super) what: &'static str,
    section: Section,
    /// The latency mode and the way of the cases that must meet it, all of them.
    subject: (Latency, Way),
    quantity: Quantity,
    scale: f64,
    pub(super) bound: Bound,
}

/// What is good enough.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Bound {
    fn holds(self, value: f64) -> bool {
        match self {
            Self::AtMost(limit) => value <= limit,
            Self::AtLeast(limit) => value >= limit,
        }
    }

    fn worse(self, one: f64, other: f64) -> f64 {
        match self {
            Self::AtMost(_) => one.max(other),
            Self::AtLeast(_) => one.min(other),
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(limit) => write!(out, "≤ {limit}"),
            Self::AtLeast(limit) => write!(out, "≥ {limit}"),
        }
    }
}

/// A goal whose section was measured.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) goal: Goal,
    /// The worst of the cases; None where none could be measured.
    pub(super) measured: Option<f64>,
}

impl Verdict {
    pub(super) fn is_met(&self) -> bool {
        self.measured
            .is_some_and(|value| self.goal.bound.holds(value))
    }
}

/// All goals of the sections that were measured.
pub(super) fn verdicts(results: &[Results]) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for goal in goals() {
        let Some(results) = results
            .iter()
            .find(|results| results.section.name == goal.section)
        else {
            continue;
        };
        let is_meant =
            |case: &&Case| (case.kind, case.way) == (Kind::Adit(goal.subject.0), goal.subject.1);
        let mut cases = results.section.cases.iter().filter(is_meant).peekable();
        if cases.peek().is_none() {
            continue;
        }
        let measured = cases
            .filter_map(|case| results.quantity(*case, goal.quantity))
            .map(|value| value * goal.scale)
            .reduce(|one, other| goal.bound.worse(one, other));
        verdicts.push(Verdict { goal, measured });
    }
    verdicts
}

/// The table, with its heading; empty when no goal was measured.
pub(super) fn table(results: &[Results]) -> String {
    let verdicts = verdicts(results);
    if verdicts.is_empty() {
        return String::new();
    }
    let mut text = "### Goals\n\n| what | goal | measured | met |\n|---|---|---|---|\n".to_owned();
    for verdict in &verdicts {
        let digits = match verdict.measured {
            Some(value) if value.abs() < 10.0 => 2,
            Some(value) if value.abs() < 100.0 => 1,
            _ => 0,
        };
        text.push_str(&format_row(&[
            verdict.goal.what,
            &verdict.goal.bound.to_string(),
            &cell(verdict.measured, digits),
            if verdict.is_met() { "yes" } else { "**no**" },
        ]));
    }
    text.push('\n');
    text
}

fn format_row(cells: &[&str]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

const LOW: (Latency, Way) = (Latency::Low, Way::Rtmp);
const DEFAULT: (Latency, Way) = (Latency::Balanced, Way::Rtmp);
const THROUGHPUT: (Latency, Way) = (Latency::Throughput, Way::Rtmp);
const RTMPS: (Latency, Way) = (Latency::Balanced, Way::Rtmps);
const RTMPT: (Latency, Way) = (Latency::Balanced, Way::Rtmpt);

/// Bytes into kB, and into MB.
const KILO: f64 = 1e-3;
const MEGA: f64 = 1e-6;

fn goals() -> Vec<Goal> {
    [
        fanout_goals(),
        sweep_goals(),
        carrier_goals(),
        connection_goals(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn fanout_goals() -> Vec<Goal> {
    let cpu = |base| Quantity::Ratio(Figure::CpuSPerGbit, base);
    let of = |what, subject, quantity, limit| {
        goal(
            what,
            (Section::Fanout, subject),
            quantity,
            Bound::AtMost(limit),
        )
    };
    vec![
        of("fan-out, `low`: CPU × nginx", LOW, cpu(Base::Nginx), 0.90),
        of(
            "fan-out, `low`: CPU × loop, a write per message",
            LOW,
            cpu(Base::Loop),
            1.10,
        ),
        of(
            "fan-out, `low`: delay p50 × nginx",
            LOW,
            Quantity::Ratio(Figure::VideoP50Us, Base::Nginx),
            1.0,
        ),
        of(
            "fan-out, default: CPU × nginx",
            DEFAULT,
            cpu(Base::Nginx),
            0.50,
        ),
        of(
            "fan-out, default: CPU × loop, a write per frame",
            DEFAULT,
            cpu(Base::Loop),
            1.25,
        ),
        of(
            "fan-out, `throughput`: CPU × nginx",
            THROUGHPUT,
            cpu(Base::Nginx),
            0.15,
        ),
        of(
            "fan-out, `throughput`: CPU × loop, 3 writes a second",
            THROUGHPUT,
            cpu(Base::Loop),
            1.4,
        ),
    ]
}

fn sweep_goals() -> Vec<Goal> {
    let sweep = (Section::Sweep, DEFAULT);
    vec![
        goal(
            "100 to 4,000 players: CPU per gigabit × that of 100, the worst",
            sweep,
            Quantity::Ratio(Figure::CpuSPerGbit, Base::Lightest),
            Bound::AtMost(1.0),
        ),
        goal(
            "100 to 4,000 players: share delivered, the worst",
            sweep,
            Quantity::Value(Figure::Share),
            Bound::AtLeast(0.98),
        ),
    ]
}

fn carrier_goals() -> Vec<Goal> {
    let cpu = |base| Quantity::Ratio(Figure::CpuSPerGbit, base);
    vec![
        goal(
            "RTMPS: CPU × bare rustls loop",
            (Section::Rtmps, RTMPS),
            cpu(Base::Loop),
            Bound::AtMost(1.15),
        ),
        goal(
            "RTMPT: CPU × direct RTMP",
            (Section::Rtmpt, RTMPT),
            cpu(Base::Direct),
            Bound::AtMost(2.0),
        ),
        goal(
            "RTMPT, ffmpeg: CPU × direct RTMP",
            (Section::Ffmpeg, RTMPT),
            cpu(Base::Direct),
            Bound::AtMost(2.0),
        ),
        goal(
            "RTMPT: 500 players of 1 Mbit/s on one core, share delivered",
            (Section::Rtmpt, RTMPT),
            Quantity::Value(Figure::Share),
            Bound::AtLeast(0.98),
        ),
        goal(
            "one player, RTMP: delay p50 added to the loop's, µs",
            (Section::One, DEFAULT),
            Quantity::Excess(Figure::VideoP50Us, Base::Loop),
            Bound::AtMost(100.0),
        ),
        goal(
            "one player, RTMP: delay p99 added to the loop's, µs",
            (Section::One, DEFAULT),
            Quantity::Excess(Figure::VideoP99Us, Base::Loop),
            Bound::AtMost(300.0),
        ),
        goal(
            "one player, RTMP: video delay p50, µs",
            (Section::One, DEFAULT),
            Quantity::Value(Figure::VideoP50Us),
            Bound::AtMost(300.0),
        ),
        goal(
            "one player, RTMPT: video delay p50, µs",
            (Section::One, RTMPT),
            Quantity::Value(Figure::VideoP50Us),
            Bound::AtMost(300.0),
        ),
    ]
}

fn connection_goals() -> Vec<Goal> {
    let of = |what, section, figure, bound| {
        goal(what, (section, DEFAULT), Quantity::Value(figure), bound)
    };
    let memory = |what, figure, limit| of(what, Section::Memory, figure, Bound::AtMost(limit));
    vec![
        memory("an idle connection, kB", Figure::BytesPerIdle, 6.0).scaled(KILO),
        memory("a player, kB", Figure::BytesPerPlayer, 12.0).scaled(KILO),
        memory("1,000 players, MB", Figure::ResidentBytes, 25.0).scaled(MEGA),
        of(
            "a publisher, kB",
            Section::Publishers,
            Figure::BytesPerPublisher,
            Bound::AtMost(60.0),
        )
        .scaled(KILO),
        of(
            "500 publishers: CPU ms per second each",
            Section::Publishers,
            Figure::CpuMsPerPublisher,
            Bound::AtMost(0.20),
        ),
        of(
            "set-up: CPU µs a connection, the worse",
            Section::Setup,
            Figure::CpuUsPerConnection,
            Bound::AtMost(80.0),
        ),
        of(
            "set-up: connections a second, the worse",
            Section::Setup,
            Figure::ConnectionsPerS,
            Bound::AtLeast(8000.0),
        ),
        of(
            "start: ms from exec to the first answer",
            Section::Start,
            Figure::StartMs,
            Bound::AtMost(50.0),
        ),
        of(
            "the binary, stripped, MB",
            Section::Start,
            Figure::BinaryBytes,
            Bound::AtMost(15.0),
        )
        .scaled(MEGA),
    ]
}

fn goal(
    what: &'static str,
    (section, subject): (Section, (Latency, Way)),
    quantity: Quantity,
    bound: Bound,
) -> Goal {
    Goal {
        what,
        section,
        subject,
        quantity,
        scale: 1.0,
        bound,
    }
}

impl Goal {
    fn scaled(mut self, scale: f64) -> Self {
        self.scale = scale;
        self
    }
}
