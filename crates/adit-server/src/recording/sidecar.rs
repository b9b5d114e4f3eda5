//! What is known of a finished recording besides its media: `cam.flv.json` beside `cam.flv`.
//!
//! It is written when a file is closed, in one step, and is there for no file that is still being written. What it will say is kept in
//! the mark of the file meanwhile, so that a crash does not lose it.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use adit_media::record::Break;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::disk::{Disk, Handle, beside};
use crate::limits::{RECORD_NOTES, RECORD_NOTES_BYTES, RECORD_REPAIR_BYTES};

/// How its name ends.
const ENDING: &str = ".json";
/// How the name ends under which it is written first.
const NEW: &str = ".json.new";
/// Bytes of a file that are looked at together.
const PIECE: usize = 64 * 1024;

/// What is known of a recording. Times are UTC by the clock on the wall, in the way of RFC 3339; lengths are by a clock that nobody sets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sidecar {
    /// When it began; unknown of a file that something else wrote.
    pub(super) start: Option<String>,
    /// When its last part was finished; unknown where that was a crash.
    pub(super) end: Option<String>,
    pub(super) duration_ms: u64,
    pub(super) bytes: u64,
    /// Why it is a file of its own.
    pub(super) begun: Begun,
    /// The file before it, when both are of one stream.
    pub(super) follows: Option<String>,
    /// All of the file in order: its beginning, which is changed at the end, and what was recorded at a time.
    pub(super) parts: Vec<Part>,
    /// Where something is missing, the first thousand of them.
    pub(super) gaps: Vec<Gap>,
    /// Why it may be damaged.
    pub(super) suspect: Option<Suspect>,
    /// How much a crash or a failing disk had left behind the last whole tag, which is cut off.
    pub(super) lost_bytes: Option<u64>,
}

/// Why a recording has a file of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Begun {
    /// The stream was published, or its recording was asked for.
    #[default]
    Published,
    /// The file before could not be gone on with: there may be a gap in front of it.
    Failure,
    /// The file before was long enough.
    Length,
    /// The stream is coded in another way from here on.
    Codec,
    /// The time of the stream jumped.
    Time,
}

impl From<Break> for Begun {
    fn from(cause: Break) -> Self {
        match cause {
            Break::Time => Self::Time,
            _ => Self::Codec,
        }
    }
}

/// A piece of the file that does not change any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Part {
    pub(super) offset: u64,
    pub(super) bytes: u64,
    /// In hexadecimal digits; not of a piece of more than a gigabyte that a crash has left.
    pub(super) sha256: Option<String>,
    /// When it was recorded, from where it was appended to the file.
    pub(super) start: Option<String>,
}

/// Something that is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Gap {
    /// From the beginning of the recording.
    pub(super) at_ms: u64,
    pub(super) lost_ms: u64,
    /// How many, where that is known.
    pub(super) frames: u64,
    pub(super) cause: GapCause,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum GapCause {
    /// The disk was too slow.
    Disk,
    /// Nobody published until the file was appended to.
    Append,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Suspect {
    /// Up to here it was known to be on the disk.
    pub(super) behind_byte: u64,
    pub(super) cause: String,
}

impl Sidecar {
    pub(super) fn add_gap(&mut self, gap: Gap) {
        if self.gaps.len() < RECORD_NOTES {
            self.gaps.push(gap);
        }
    }

    /// What stands beside `media`, if it can be understood.
    pub(super) fn read(media: &Path) -> Option<Self> {
        let mut text = Vec::new();
        let file = File::open(path(media)).ok()?;
        file.take(RECORD_NOTES_BYTES).read_to_end(&mut text).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// Whether it is about a file of so many bytes that begins as this one does.
    pub(super) fn is_true_of(&self, file: &Handle, head: u64, bytes: u64) -> io::Result<bool> {
        let first = part(file, 0, head, None)?;
        Ok(self.bytes == bytes && self.parts.first() == Some(&first))
    }

    /// Puts it beside `media` for good.
    pub(super) fn write(&self, disk: &Disk, media: &Path) -> io::Result<()> {
        let mut text = serde_json::to_vec_pretty(self).map_err(io::Error::other)?;
        text.push(b'\n');
        let (new, _) = disk.open_or_create(&beside(media, ".", NEW))?;
        new.cut(0)?;
        new.write(&text, 0)?;
        new.sync()?;
        disk.rename(new.path(), &path(media))?;
        disk.sync_directory(media)
    }

    /// The parts of a file that is gone on with at `bytes`; what is not known of them is looked at.
    pub(super) fn parts_before(
        &self,
        file: &Handle,
        head: u64,
        bytes: u64,
    ) -> io::Result<Vec<Part>> {
        if self.bytes == bytes && (2..RECORD_NOTES).contains(&self.parts.len()) {
            return Ok(self.parts.clone());
        }
        Ok(vec![
            part(file, 0, head, None)?,
            part(file, head, bytes, self.start.clone())?,
        ])
    }

    /// Makes it true of a file that was made whole: `bytes` are left of it, of which the first `head` were changed.
    pub(super) fn complete(&mut self, file: &Handle, head: u64, bytes: u64) -> io::Result<()> {
        let begun = self.parts.pop_if(|last| last.sha256.is_none());
        self.parts.retain(|part| part.offset + part.bytes <= bytes);
        if self.parts.is_empty() {
            self.parts.push(part(file, 0, head, None)?);
        } else {
            self.renew_head(file, head)?;
        }
        let end = self
            .parts
            .last()
            .map_or(head, |last| last.offset + last.bytes);
        if bytes > end {
            let start = begun.map_or_else(|| self.start.clone(), |begun| begun.start);
            self.parts.push(part(file, end, bytes, start)?);
        }
        self.bytes = bytes;
        Ok(())
    }

    /// Looks at the beginning of the file, which was changed.
    pub(super) fn renew_head(&mut self, file: &Handle, head: u64) -> io::Result<()> {
        let renewed = part(file, 0, head, None)?;
        match self.parts.first_mut() {
            Some(first) => *first = renewed,
            None => self.parts.push(renewed),
        }
        Ok(())
    }
}

/// Where the sidecar of `media` is.
pub(super) fn path(media: &Path) -> PathBuf {
    beside(media, "", ENDING)
}

/// Takes it away, with what was begun of it.
pub(super) fn remove(disk: &Disk, media: &Path) -> io::Result<()> {
    for path in [path(media), beside(media, ".", NEW)] {
        if path.exists() {
            disk.remove(&path)?;
        }
    }
    Ok(())
}

/// What is between two places of a file.
fn part(file: &Handle, from: u64, to: u64, start: Option<String>) -> io::Result<Part> {
    let bytes = to.saturating_sub(from);
    let sha256 = if bytes > RECORD_REPAIR_BYTES {
        None
    } else {
        Some(digest(file.file(), from, bytes)?)
    };
    Ok(Part {
        offset: from,
        bytes,
        sha256,
        start,
    })
}

/// The SHA-256 of what is between two places of a file, in hexadecimal digits.
pub(super) fn digest(file: &File, mut offset: u64, bytes: u64) -> io::Result<String> {
    let mut sha256 = Sha256::new();
    let mut piece = vec![0; PIECE];
    let mut left = bytes;
    while left > 0 {
        let length = usize::try_from(left).map_or(PIECE, |left| left.min(PIECE));
        let piece = piece.get_mut(..length).unwrap_or_default();
        file.read_exact_at(piece, offset)?;
        sha256.update(&*piece);
        let read = u64::try_from(length).unwrap_or(left);
        offset = offset.saturating_add(read);
        left = left.saturating_sub(read);
    }
    Ok(hex::encode(sha256.finalize()))
}

/// A moment by the clock on the wall, from which time is counted by one that nobody sets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    wall: SystemTime,
    since: Instant,
}

impl Moment {
    pub(super) fn now() -> Self {
        Self {
            wall: SystemTime::now(),
            since: Instant::now(),
        }
    }

    pub(super) fn text(self) -> String {
        text(self.wall)
    }

    /// Now: what has passed since then was not changed by whoever set the clock.
    pub(super) fn end(self) -> String {
        let end = self.wall.checked_add(self.since.elapsed());
        text(end.unwrap_or(self.wall))
    }

    /// How long it was after `earlier`; none if that is unknown, or lies ahead because the clock was set.
    pub(super) fn since(self, earlier: Option<SystemTime>) -> Duration {
        let since = earlier.and_then(|earlier| self.wall.duration_since(earlier).ok());
        since.unwrap_or_default()
    }
}

/// The moment that a text means.
pub(super) fn moment(text: &str) -> Option<SystemTime> {
    humantime::parse_rfc3339(text).ok()
}

fn text(time: SystemTime) -> String {
    humantime::format_rfc3339_millis(time).to_string()
}

#[cfg(test)]
mod tests;
