//! Results as JSON: every round, the medians, the machine and the date.

use std::{fs, path::Path};

use serde_json::{Map, Value, json};

use super::{
    Report,
    figures::Figures,
    goals,
    results::{Quantity, Results, Sample},
};
use crate::{
    error::{Doing, Result},
    swarm::Faults,
};

/// Writes the report to a file.
pub(super) fn write(report: &Report, path: &Path) -> Result<()> {
    let mut text = format!("{:#}", value(report));
    text.push('\n');
    fs::write(path, text).doing(|| format!("writing {}", path.display()))
}

fn value(report: &Report) -> Value {
    let machine = &report.machine;
    let versions: Map<_, _> = report
        .versions
        .iter()
        .map(|(name, version)| (name.clone(), json!(version)))
        .collect();
    json!({
        "date": report.date,
        "machine": {
            "cores": machine.cores,
            "cpu": machine.cpu,
            "memory_mib": machine.memory_mib,
            "kernel": machine.kernel,
            "system": machine.system,
            "load_before": machine.load_before,
        },
        "versions": versions,
        "seconds": report.seconds,
        "rounds": report.rounds,
        "goals": goals::verdicts(&report.results).iter().map(|verdict| json!({
            "goal": verdict.goal.what,
            "bound": verdict.goal.bound.to_string(),
            "measured": verdict.measured,
            "met": verdict.is_met(),
        })).collect::<Vec<_>>(),
        "sections": report.results.iter().map(section).collect::<Vec<_>>(),
    })
}

fn section(results: &Results) -> Value {
    let section = &results.section;
    json!({
        "section": section.title,
        "load": section.load,
        "summary": section.cases.iter().map(|case| {
            let columns = section.columns.iter().filter(|column| {
                !matches!(column.quantity, Quantity::Value(_))
            });
            let compared: Map<_, _> = columns
                .map(|column| (
                    column.head.to_owned(),
                    json!(results.quantity(*case, column.quantity).map(|value| value * column.scale)),
                ))
                .collect();
            let medians: Map<_, _> = results.samples.iter()
                .find(|sample| sample.case == *case)
                .into_iter()
                .flat_map(|sample| sample.figures.iter())
                .map(|(figure, _)| (
                    figure.name().to_owned(),
                    json!(results.quantity(*case, Quantity::Value(figure))),
                ))
                .collect();
            json!({
                "server": case.name(),
                "load": case.load,
                "medians": medians,
                "compared": compared,
                "faults": results.samples.iter()
                    .filter(|sample| sample.case == *case)
                    .map(|sample| sample.faults.total())
                    .sum::<u64>(),
            })
        }).collect::<Vec<_>>(),
        "samples": results.samples.iter().map(sample).collect::<Vec<_>>(),
        "broken": results.broken,
    })
}

fn sample(sample: &Sample) -> Value {
    json!({
        "round": sample.round,
        "server": sample.case.name(),
        "load": sample.case.load,
        "figures": figures(&sample.figures),
        "faults": faults(&sample.faults),
    })
}

fn figures(figures: &Figures) -> Map<String, Value> {
    figures
        .iter()
        .map(|(figure, value)| (figure.name().to_owned(), json!(value)))
        .collect()
}

fn faults(faults: &Faults) -> Value {
    json!({
        "missing": faults.missing,
        "disordered": faults.disordered,
        "corrupt": faults.corrupt,
        "wrong_timestamp": faults.wrong_timestamp,
        "headers_missing": faults.headers_missing,
        "lost": faults.lost,
        "never_arrived": faults.never_arrived,
        "stalled": faults.stalled,
        "reasons": faults.reasons,
    })
}
