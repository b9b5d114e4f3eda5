//! A report for people: a row for each way, a column for each stage, and the sentence.

use std::time::Duration;

use adit_client::plan::{AttemptReport, Certificate, Outcome, Report, Stage, Trust};

use crate::connect::secrets;

/// The table with the sentence under it, without a line end.
pub(super) fn of(report: &Report) -> String {
    let mut rows = vec![heading()];
    rows.extend(report.attempts().iter().map(row));
    let widths: Vec<usize> = (0..COLUMNS)
        .map(|column| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for row in &rows {
        let cells = row.iter().zip(&widths).enumerate();
        let cells = cells.map(|(column, (cell, width))| match column {
            // Names to the left, figures to the right.
            0 => format!("{cell:<width$}"),
            LAST => cell.clone(),
            _ => format!("{cell:>width$}"),
        });
        let line = cells.collect::<Vec<_>>().join("  ");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    for line in certificates(report) {
        text.push_str(&line);
        text.push('\n');
    }
    text.push('\n');
    text.push_str(&secrets::without(report.verdict().sentence()));
    text
}

/// The way, the stages, the whole time, what came of it.
const COLUMNS: usize = LAST + 1;
const LAST: usize = Stage::ALL.len() + 2;

fn heading() -> Vec<String> {
    let stages = Stage::ALL.iter().map(|stage| stage.as_str());
    let names = ["way"].into_iter().chain(stages).chain(["ms", "outcome"]);
    names.map(str::to_owned).collect()
}

fn row(attempt: &AttemptReport) -> Vec<String> {
    let failed_at = attempt.failure().map(adit_client::plan::Failure::stage);
    let stages = Stage::ALL
        .iter()
        .map(|stage| match attempt.time_in(*stage) {
            _ if failed_at == Some(*stage) => "✗".to_owned(),
            Some(time) => millis(time),
            None => "·".to_owned(),
        });
    let mut row = vec![attempt.rung().to_string()];
    row.extend(stages);
    row.push(attempt.took().map_or_else(|| "·".to_owned(), millis));
    row.push(match attempt.outcome() {
        Outcome::Won | Outcome::Works => "works".to_owned(),
        // A server that refuses may repeat the name in its answer.
        Outcome::Failed(failure) => secrets::without(&failure.to_string()).into_owned(),
        other => other.as_str().to_owned(),
    });
    row
}

/// Who has signed what was shown on the way, once each.
fn certificates(report: &Report) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for attempt in report.attempts() {
        if let Some(certificate) = attempt.certificate() {
            let proxy = attempt.rung().route().proxy();
            let owner = match proxy.filter(|_| certificate.is_of_proxy()) {
                Some(proxy) => format!("of the proxy {proxy}"),
                None => format!("on port {}", attempt.rung().port()),
            };
            let line = format!("certificate {owner}: {}", signed(certificate));
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
    }
    if !lines.is_empty() {
        lines.insert(0, String::new());
    }
    lines
}

fn signed(certificate: &Certificate) -> String {
    let issuer = certificate.issuer();
    let wrong_name = format!("wrong name: is for {}", certificate.names());
    let trust = match certificate.trust() {
        Trust::Public => "trusted",
        Trust::Added => "trusted by this machine's own settings",
        Trust::WrongName => &wrong_name,
        Trust::OutOfDate => "out of date",
        Trust::Refused => "not trusted",
        Trust::Unchecked => "not checked",
        _ => "accepted",
    };
    match certificate.interceptor() {
        Some(name) => format!("signed by {issuer}, {trust}; {name} seems to open TLS on the way"),
        None => format!("signed by {issuer}, {trust}"),
    }
}

fn millis(time: Duration) -> String {
    time.as_millis().to_string()
}
