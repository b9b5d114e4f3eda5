//! Results as Markdown, ready to be pasted into `docs/performance.md`.

use std::fmt::Write as _;

use super::{
    Report,
    figures::Figure,
    goals,
    results::{Quantity, Results, Sample},
};

/// Above this part of a core the swarm is no longer certain to keep up.
const SWARM_LIMIT: f64 = 0.95;
/// Cores kept busy by others above which a round is marked.
const FOREIGN_LIMIT: f64 = 0.1;

/// A column behind those of the server and the load.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    pub(super) head: &'static str,
    pub(super) quantity: Quantity,
    /// What the figure is multiplied by to be in the unit of the head.
    pub(super) scale: f64,
    pub(super) digits: usize,
}

impl Column {
    pub(super) const fn new(head: &'static str, quantity: Quantity, digits: usize) -> Self {
        Self {
            head,
            quantity,
            scale: 1.0,
            digits,
        }
    }

    pub(super) const fn scaled(mut self, scale: f64) -> Self {
        self.scale = scale;
        self
    }
}

/// The whole report.
pub(super) fn report(report: &Report) -> String {
    let machine = &report.machine;
    let mut text = format!(
        "## Figures of {}\n\n{} cores of {}, {:.0} GiB, {}, kernel {}, everything on loopback. Medians of {} rounds of {} s in which the \
         servers take turns; ratios are medians of those within each round.\n\n",
        report.date.split('T').next().unwrap_or_default(),
        machine.cores,
        machine.cpu,
        machine.memory_mib as f64 / 1024.0,
        machine.system,
        machine.kernel,
        report.rounds,
        report.seconds,
    );
    for (name, version) in &report.versions {
        write_line(&mut text, &format!("* {name}: {version}"));
    }
    text.push('\n');
    text.push_str(&goals::table(&report.results));
    for results in &report.results {
        text.push_str(&section(results));
    }
    text
}

fn section(results: &Results) -> String {
    let section = &results.section;
    let mut text = format!("### {}\n\n{}\n\n", section.title, section.about);
    let heads: Vec<_> = section.columns.iter().map(|column| column.head).collect();
    write_line(
        &mut text,
        &format!(
            "| server | {} | {} | faults |",
            section.load,
            heads.join(" | ")
        ),
    );
    write_line(
        &mut text,
        &format!("|---|---|{}---|", "---|".repeat(heads.len())),
    );
    for case in &section.cases {
        let cells: Vec<_> = section
            .columns
            .iter()
            .map(|column| {
                let value = results.quantity(*case, column.quantity);
                cell(value.map(|value| value * column.scale), column.digits)
            })
            .collect();
        let faults = cell(results.quantity(*case, Quantity::Sum(Figure::Faults)), 0);
        write_line(
            &mut text,
            &format!(
                "| {} | {} | {} | {faults} |",
                case.name(),
                grouped(case.load.to_string()),
                cells.join(" | ")
            ),
        );
    }
    text.push('\n');
    let notes = notes(results);
    for note in &notes {
        write_line(&mut text, &format!("* {note}"));
    }
    if !notes.is_empty() {
        text.push('\n');
    }
    text
}

/// A number, or a dash where there is none.
pub(super) fn cell(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(
        || "–".to_owned(),
        |value| grouped(format!("{value:.digits$}")).replace('-', "−"),
    )
}

/// With commas between thousands.
fn grouped(number: String) -> String {
    let (whole, rest) = match number.find('.') {
        Some(point) => number.split_at(point),
        None => (number.as_str(), ""),
    };
    let (sign, digits) = match whole.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", whole),
    };
    if digits.len() < 5 && !(digits.len() == 4 && rest.is_empty()) {
        return number;
    }
    let mut out = sign.to_owned();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out + rest
}

/// What one must know to judge the figures.
fn notes(results: &Results) -> Vec<String> {
    let mut notes = results.broken.clone();
    for sample in &results.samples {
        for reason in &sample.faults.reasons {
            notes.push(format!("round {}, {}: {reason}", sample.round, sample.case));
        }
    }
    let swarm = |load: f64| {
        format!(
            "the swarm kept {load:.2} of its one core busy: delays, shares and rates may be its own"
        )
    };
    let foreign = |load: f64| format!("other processes kept up to {load:.1} cores busy");
    notes.extend(doubt(results, Figure::LoadCores, SWARM_LIMIT, swarm));
    notes.extend(doubt(results, Figure::OtherCores, FOREIGN_LIMIT, foreign));
    notes
}

/// Says in how many measurements a figure was above its limit, and in which most.
fn doubt(
    results: &Results,
    figure: Figure,
    limit: f64,
    tell: impl Fn(f64) -> String,
) -> Option<String> {
    let load = |sample: &&Sample| sample.figures.value(figure).unwrap_or_default();
    let over: Vec<_> = results
        .samples
        .iter()
        .filter(|sample| load(sample) > limit)
        .collect();
    let worst = over
        .iter()
        .copied()
        .max_by(|one, other| load(one).total_cmp(&load(other)))?;
    Some(format!(
        "in {} of {} measurements ({} most) {}",
        over.len(),
        results.samples.len(),
        worst.case,
        tell(load(&worst))
    ))
}

fn write_line(text: &mut String, line: &str) {
    writeln!(text, "{line}").unwrap_or_default();
}

#[cfg(test)]
mod tests;
