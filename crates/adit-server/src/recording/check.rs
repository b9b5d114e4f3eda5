//! Whether a recording is as its sidecar says.

use std::fmt;
use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;

use super::sidecar::{GapCause, Part, Sidecar, digest, path};

/// What the sidecar of a recording says, held against the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SidecarCheck {
    /// When the recording began, as in RFC 3339.
    pub start: Option<String>,
    /// What is missing in it, and was when it was made.
    pub gaps: Vec<RecordedGap>,
    /// Where the file is not as it was when it was finished.
    pub problems: Vec<SidecarProblem>,
}

/// Something that is missing in a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordedGap {
    /// Where, from the beginning of the recording.
    pub at: Duration,
    /// How much.
    pub lost: Duration,
    /// Why, in words.
    pub why: &'static str,
}

/// A difference between a recording and its sidecar; `Display` says it in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SidecarProblem {
    /// The sidecar cannot be read.
    Unreadable,
    /// The file is longer or shorter.
    Length {
        /// Bytes that it had.
        told: u64,
        /// Bytes that it has.
        is: u64,
    },
    /// The sidecar says nothing of what is here: its parts do not follow one another.
    Place {
        /// Where.
        offset: u64,
    },
    /// Other bytes are here than were.
    Changed {
        /// Where.
        offset: u64,
        /// How many were looked at together.
        bytes: u64,
    },
}

impl fmt::Display for SidecarProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable => write!(f, "the sidecar cannot be read"),
            Self::Length { told, is } => {
                write!(
                    f,
                    "the file has {is} bytes, and had {told} when it was finished"
                )
            }
            Self::Place { offset } => {
                write!(f, "the sidecar says nothing of what is at byte {offset}")
            }
            Self::Changed { offset, bytes } => write!(
                f,
                "the {bytes} bytes from byte {offset} on are not those that were recorded: their checksum is another one"
            ),
        }
    }
}

/// Holds the sidecar of `media` against it; none where there is no sidecar. Reads the whole file, and blocks.
///
/// # Errors
/// The file cannot be read.
pub fn check_sidecar(media: &Path) -> io::Result<Option<SidecarCheck>> {
    if !path(media).exists() {
        return Ok(None);
    }
    let mut check = SidecarCheck::default();
    let Some(sidecar) = Sidecar::read(media) else {
        check.problems.push(SidecarProblem::Unreadable);
        return Ok(Some(check));
    };
    let file = File::open(media)?;
    let is = file.metadata()?.len();
    if sidecar.bytes != is {
        let told = sidecar.bytes;
        check.problems.push(SidecarProblem::Length { told, is });
    }
    let mut end = 0;
    for part in &sidecar.parts {
        if part.offset != end {
            check.problems.push(SidecarProblem::Place { offset: end });
        }
        end = part.offset.saturating_add(part.bytes);
        if end <= is && !is_true(part, &file)? {
            check.problems.push(SidecarProblem::Changed {
                offset: part.offset,
                bytes: part.bytes,
            });
        }
    }
    if end < sidecar.bytes {
        check.problems.push(SidecarProblem::Place { offset: end });
    }
    check.gaps = sidecar
        .gaps
        .iter()
        .map(|gap| RecordedGap {
            at: Duration::from_millis(gap.at_ms),
            lost: Duration::from_millis(gap.lost_ms),
            why: match gap.cause {
                GapCause::Disk => "the disk was too slow",
                GapCause::Append => "nobody published until the file was gone on with",
            },
        })
        .collect();
    check.start = sidecar.start;
    Ok(Some(check))
}

/// Whether a part has its checksum; one of which none is known has any.
fn is_true(part: &Part, file: &File) -> io::Result<bool> {
    let Some(told) = &part.sha256 else {
        return Ok(true);
    };
    Ok(digest(file, part.offset, part.bytes)? == *told)
}
