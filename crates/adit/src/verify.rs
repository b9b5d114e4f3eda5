//! `adit verify`: whether recordings are whole, and what is wrong with them.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use adit_client::media::flv::FlvError;
use adit_client::media::verify::{Finding, Report, verify};
use adit_client::media::vod::VodError;
use adit_server::{SidecarCheck, check_sidecar};
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
    let (mut bad, mut others): (usize, usize) = (0, 0);
    for path in &arguments.files {
        let outcome = look(path);
        if !outcome.as_ref().is_ok_and(Look::is_whole) {
            bad = bad.saturating_add(1);
        }
        if let Err(Unknown::NoFlv(_)) = outcome {
            others = others.saturating_add(1);
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
    let looked_at = arguments.files.len();
    if bad == others {
        return Err(Failure::NoFlv { others, looked_at });
    }
    Err(Failure::NotWhole { bad, looked_at })
}

/// What is found in a file, and beside it.
struct Look {
    report: Report,
    /// None where nothing is beside it.
    sidecar: Option<SidecarCheck>,
}

impl Look {
    /// What was missing when a recording was made makes it no less whole.
    fn is_whole(&self) -> bool {
        let sidecar = self.sidecar.as_ref();
        self.report.is_whole() && sidecar.is_none_or(|it| it.problems.is_empty())
    }
}

fn look(path: &Path) -> Result<Look, Unknown> {
    match read(path) {
        Err(VodError::Flv(FlvError::NotFlv { .. })) => Err(Unknown::NoFlv(format_of(path))),
        outcome => outcome.map_err(Unknown::Unreadable),
    }
}

fn read(path: &Path) -> Result<Look, VodError> {
    // Whoever opens a pipe waits for another who does.
    if !fs::metadata(path)?.is_file() {
        return Err(VodError::Io(io::Error::other(
            "it is no regular file, and verify looks at nothing else",
        )));
    }
    Ok(Look {
        report: verify(File::open(path)?)?,
        sidecar: check_sidecar(path)?,
    })
}

/// Why nothing is known of a file.
enum Unknown {
    /// It is of another format; in words.
    NoFlv(&'static str),
    /// It cannot be read.
    Unreadable(VodError),
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFlv(what) => write!(f, "verify is for FLV files, and this is {what}"),
            Self::Unreadable(VodError::Io(error)) => f.write_str(&in_words(error)),
            Self::Unreadable(other) => write!(f, "{other}"),
        }
    }
}

/// What a file that is no FLV is instead.
fn format_of(path: &Path) -> &'static str {
    let mut first = [0; 8];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut first));
    match (read, &first[4..]) {
        (Ok(()), b"ftyp") => "an MP4 file",
        _ => "none",
    }
}

fn for_people(path: &Path, outcome: &Result<Look, Unknown>) -> String {
    let path = path.display();
    let look = match outcome {
        Ok(look) => look,
        Err(error) => return format!("{path}: {error}"),
    };
    let report = &look.report;
    let verdict = if look.is_whole() {
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
    lines.extend(report.findings.iter().map(|it| {
        let kind = if it.is_warning() { "warning: " } else { "" };
        format!("    {kind}{it}")
    }));
    if report.unlisted > 0 {
        lines.push(format!("    and {} more", report.unlisted));
    }
    if let Some(sidecar) = &look.sidecar {
        lines.extend(sidecar.problems.iter().map(|it| format!("    {it}")));
        lines.extend(sidecar.gaps.iter().map(|gap| {
            let (at, lost) = (Clock(gap.at), gap.lost.as_secs_f64());
            format!("    {lost:.3} s are missing from {at} on: {}", gap.why)
        }));
    }
    lines.join("\n")
}

fn for_programs(path: &Path, outcome: &Result<Look, Unknown>) -> Value {
    let file = path.to_string_lossy();
    match outcome {
        Ok(look @ Look { report, sidecar }) => json!({
            "file": file,
            "whole": look.is_whole(),
            "bytes": report.bytes,
            "duration_ms": millis(report.duration),
            "tags": report.tags,
            "key_frames": report.key_frames,
            "findings": report.findings.iter().map(finding).collect::<Vec<_>>(),
            "unlisted": report.unlisted,
            "sidecar": sidecar.as_ref().map(known),
        }),
        Err(error) => json!({ "file": file, "whole": false, "verdict": error.to_string() }),
    }
}

fn known(sidecar: &SidecarCheck) -> Value {
    let gaps = sidecar.gaps.iter().map(
        |gap| json!({ "at_ms": millis(gap.at), "lost_ms": millis(gap.lost), "cause": gap.why }),
    );
    json!({
        "start": sidecar.start,
        "gaps": gaps.collect::<Vec<_>>(),
        "problems": sidecar.problems.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

fn finding(finding: &Finding) -> Value {
    json!({
        "offset": finding.offset(),
        "problem": finding.to_string(),
        "warning": finding.is_warning(),
    })
}
