//! `adit verify`: whether recordings are whole, and what is wrong with them.

use std::fs::File;
use std::path::Path;

use adit_client::media::verify::{Finding, Report, verify};
use adit_client::media::vod::VodError;
use serde_json::{Value, json};

use crate::cli;
use crate::connect::{Failure, in_words, millis};
use crate::progress::{Clock, Size};
use crate::ui;

/// Looks at every file, and prints what it finds as soon as it has.
///
/// # Errors
/// When one of them is not whole, or what is found cannot be told.
pub(crate) fn run(arguments: &cli::Verify) -> Result<(), Failure> {
    let mut bad: usize = 0;
    for path in &arguments.files {
        let outcome = look(path);
        if !outcome.as_ref().is_ok_and(Report::is_whole) {
            bad = bad.saturating_add(1);
        }
        let text = if arguments.json {
            for_programs(path, &outcome).to_string()
        } else {
            for_people(path, &outcome)
        };
        ui::print(&text).map_err(Failure::stdout)?;
    }
    if bad == 0 {
        return Ok(());
    }
    Err(Failure::NotWhole {
        bad,
        looked_at: arguments.files.len(),
    })
}

fn look(path: &Path) -> Result<Report, VodError> {
    verify(File::open(path)?)
}

/// Why nothing is known of a file.
fn why(error: &VodError) -> String {
    match error {
        VodError::Io(error) => in_words(error),
        other => other.to_string(),
    }
}

fn for_people(path: &Path, outcome: &Result<Report, VodError>) -> String {
    let path = path.display();
    let report = match outcome {
        Ok(report) => report,
        Err(error) => return format!("{path}: {}", why(error)),
    };
    let verdict = if report.is_whole() {
        "whole"
    } else {
        "not whole"
    };
    let mut lines = vec![format!(
        "{path}: {verdict}: {}, {}, {} tags, {} key frames",
        Clock(report.duration),
        Size(report.bytes),
        report.tags,
        report.key_frames
    )];
    lines.extend(report.findings.iter().map(|it| format!("    {it}")));
    if report.unlisted > 0 {
        lines.push(format!("    and {} more", report.unlisted));
    }
    lines.join("\n")
}

fn for_programs(path: &Path, outcome: &Result<Report, VodError>) -> Value {
    let file = path.to_string_lossy();
    match outcome {
        Ok(report) => json!({
            "file": file,
            "whole": report.is_whole(),
            "bytes": report.bytes,
            "duration_ms": millis(report.duration),
            "tags": report.tags,
            "key_frames": report.key_frames,
            "findings": report.findings.iter().map(finding).collect::<Vec<_>>(),
            "unlisted": report.unlisted,
        }),
        Err(error) => json!({ "file": file, "whole": false, "verdict": why(error) }),
    }
}

fn finding(finding: &Finding) -> Value {
    json!({ "offset": finding.offset(), "problem": finding.to_string() })
}
