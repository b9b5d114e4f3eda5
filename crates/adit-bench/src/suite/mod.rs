//! `adit-bench all` and `adit-bench fanout`: sections of cases that take turns, round by round.
//!
//! ```text
//!  Section ─ cases: server × way × load ─┐
//!                                         ├─▶ one Sample per case and round ─▶ medians, ratios ─▶ tables, goals, JSON
//!  Bench ─── launcher, window ────────────┘
//! ```

mod case;
mod figures;
mod goals;
mod json;
mod measures;
mod results;
mod sections;
mod table;

use std::{path::Path, time::Duration};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use self::{
    results::{Results, Sample},
    sections::Section,
};
use crate::{
    cli,
    error::{Error, Result},
    measure::{Machine, date},
    server::{Kind, Launcher, Workspace, beside_this_program},
};

/// Connections every server must be able to hold.
const CONNECTIONS: u32 = 5_000;
/// Descriptors this process needs beside the swarm's; a tunnelled player may have five connections.
const SPARE_DESCRIPTORS: u64 = 4_096;

/// What every measurement needs.
#[derive(Debug)]
struct Bench {
    launcher: Launcher,
    /// How long is measured.
    window: Duration,
    /// Time a server has to reach a steady state after each step.
    settle: Duration,
}

/// Runs all sections, or those asked for. True when Adit delivered everything.
///
/// # Errors
///
/// When nothing can be measured at all.
pub(crate) fn run_all(options: &cli::All) -> Result<bool> {
    let scale = if options.quick { 50 } else { 1 };
    let sections = sections::all(scale, &options.rivals)
        .into_iter()
        .filter(|section| options.only.is_empty() || options.only.contains(&section.name))
        .collect();
    let common = &options.common;
    let (seconds, rounds) = if options.quick {
        (1, 1)
    } else {
        (common.seconds, common.rounds)
    };
    run(common, CONNECTIONS, (seconds, rounds), sections)
}

/// Runs the one section that the options describe.
///
/// # Errors
///
/// When nothing can be measured at all.
pub(crate) fn run_fanout(options: &cli::Fanout) -> Result<bool> {
    let mut kinds: Vec<Kind> = Vec::new();
    for choice in &options.servers {
        let kind = choice.resolve(options.latency);
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    let common = &options.common;
    run(
        common,
        options.players + 16,
        (common.seconds, common.rounds),
        vec![sections::fanout(&kinds, options.players)],
    )
}

fn run(
    common: &cli::Common,
    connections: u32,
    (seconds, rounds): (u32, u32),
    sections: Vec<Section>,
) -> Result<bool> {
    raise_descriptor_limit(connections)?;
    let bench = Bench {
        launcher: Launcher {
            workspace: Workspace::create()?,
            adit: common.adit.clone().or_else(beside_this_program),
            threads: common.threads,
            connections,
        },
        window: Duration::from_secs(u64::from(seconds)),
        settle: Duration::from_millis(500),
    };
    check_adit(&bench.launcher, &sections)?;
    let mut report = Report {
        machine: Machine::read(),
        date: date(),
        versions: versions(&bench.launcher, &sections),
        seconds,
        rounds,
        results: Vec::new(),
    };
    for section in sections {
        report.results.push(take_turns(&bench, section, rounds)?);
    }
    print!("{}", table::report(&report));
    if let Some(path) = &common.json {
        json::write(&report, path)?;
    }
    Ok(report.results.iter().all(Results::is_faultless))
}

/// A binary that is not there must be told at once and not after all the others were measured.
fn check_adit(launcher: &Launcher, sections: &[Section]) -> Result<()> {
    let is_adit = |kind: Kind| matches!(kind, Kind::Adit(_));
    let mut cases = sections.iter().flat_map(|section| &section.cases);
    match &launcher.adit {
        Some(program) if cases.any(|case| is_adit(case.kind)) && !program.is_file() => {
            Err(Error::Setup(format!("there is no {}", program.display())))
        }
        _ => Ok(()),
    }
}

/// Everything a run has found.
#[derive(Debug)]
struct Report {
    machine: Machine,
    date: String,
    versions: Vec<(String, String)>,
    seconds: u32,
    rounds: u32,
    results: Vec<Results>,
}

/// Measures all cases of a section in each round, beginning with another one each time.
fn take_turns(bench: &Bench, section: Section, rounds: u32) -> Result<Results> {
    let mut results = Results::new(section);
    for number in 1..=rounds {
        let cases = results.section.cases.clone();
        let turn = usize::try_from(number - 1).unwrap_or_default() % cases.len().max(1);
        for case in cases.iter().cycle().skip(turn).take(cases.len()) {
            let name = format!("{} {number}/{rounds}, {case}", results.section.title);
            match (results.section.measure)(bench, *case) {
                Ok((figures, faults)) => {
                    eprintln!("{name}: {figures}; {} faults", faults.total());
                    results.samples.push(Sample {
                        round: number,
                        case: *case,
                        figures,
                        faults,
                    });
                }
                Err(error @ Error::Setup(_)) => return Err(error),
                // One server that breaks down must not cost the figures of all others.
                Err(error) => {
                    eprintln!("{name}: {error}");
                    results.broken.push(format!("{name}: {error}"));
                }
            }
        }
    }
    Ok(results)
}

/// What each server taking part says of its version.
fn versions(launcher: &Launcher, sections: &[Section]) -> Vec<(String, String)> {
    let mut versions = Vec::new();
    for case in sections.iter().flat_map(|section| &section.cases) {
        let name = match case.kind {
            Kind::Adit(_) => "adit".to_owned(),
            Kind::Loop(_) => "loop".to_owned(),
            Kind::Nginx | Kind::NodeMedia => case.kind.to_string(),
        };
        if !versions.iter().any(|(known, _)| *known == name) {
            versions.push((name, launcher.version(case.kind)));
        }
    }
    versions
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

/// The file's size in bytes.
fn size_of(path: &Path) -> Option<u64> {
    std::fs::metadata(path).ok().map(|data| data.len())
}
