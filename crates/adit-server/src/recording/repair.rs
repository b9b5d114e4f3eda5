//! Makes whole what a crash left: every file that has a mark, and no other.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use adit_media::repair::{Repair, repair};
use adit_media::vod::VodError;
use tracing::{info, warn};

use super::counters::Counters;
use super::disk::{Disk, Handle};
use super::journal::{Journal, Unclaimed, marked};
use super::sidecar::{self, Sidecar};
use crate::limits::{MEDIA_NAME_PARTS, RECORD_REPAIR_BYTES};
use crate::media_root::MediaRoot;

/// What became of a file that was not finished.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It is whole.
    Whole {
        /// How much was cut off.
        lost_bytes: u64,
        /// How long it is.
        duration: Duration,
    },
    /// There is none.
    Never,
    /// Nothing was in it, and it is gone.
    Nothing,
    /// It is no FLV, and left as it is.
    NotFlv,
}

/// Repairs all files under the root that are marked and that nobody writes. Blocks.
pub(super) fn repair_all(disk: &Disk, root: &MediaRoot, counters: &Counters) {
    let mut directories = vec![(root.directory().to_path_buf(), 0)];
    while let Some((directory, depth)) = directories.pop() {
        for entry in entries(&directory) {
            // Links are not followed: what they lead to is reached without them, or is not ours.
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            let path = entry.path();
            if kind.is_dir() && depth < MEDIA_NAME_PARTS {
                directories.push((path, depth + 1));
            } else if kind.is_file()
                && let Some(media) = marked(&path)
            {
                repair_marked(disk, &media, counters);
            }
        }
    }
}

fn entries(directory: &Path) -> Vec<fs::DirEntry> {
    match fs::read_dir(directory) {
        Ok(entries) => entries.filter_map(Result::ok).collect(),
        Err(error) => {
            warn!(directory = %directory.display(), %error, "not looked through for unfinished recordings");
            Vec::new()
        }
    }
}

fn repair_marked(disk: &Disk, media: &Path, counters: &Counters) {
    let journal = match Journal::claim(disk, media, Duration::ZERO) {
        Ok(journal) => journal,
        // It is being recorded, which repaired it before.
        Err(Unclaimed::Busy) => return,
        Err(Unclaimed::Failed(error)) => {
            warn!(file = %media.display(), %error, "an unfinished recording was not repaired");
            return;
        }
    };
    match settle(disk, media, journal, counters) {
        Ok(outcome) => outcome.tell(media),
        Err(error) => {
            warn!(file = %media.display(), %error, "an unfinished recording was not repaired");
        }
    }
}

/// Makes `media` whole and takes its mark away.
pub(super) fn settle(
    disk: &Disk,
    media: &Path,
    journal: Journal,
    counters: &Counters,
) -> io::Result<Outcome> {
    let outcome = make_whole(disk, media, &journal, counters)?;
    journal.close()?;
    Ok(outcome)
}

/// Makes `media` whole.
pub(super) fn make_whole(
    disk: &Disk,
    media: &Path,
    journal: &Journal,
    counters: &Counters,
) -> io::Result<Outcome> {
    let handle = match disk.open(media) {
        Ok(handle) => handle,
        // The crash came before there was one.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            sidecar::remove(disk, media)?;
            return Ok(Outcome::Never);
        }
        Err(error) => return Err(error),
    };
    let size = handle.file().metadata()?.len();
    let known_good = if size > RECORD_REPAIR_BYTES {
        journal.good()
    } else {
        0
    };
    let outcome = match cut(&handle, known_good) {
        Ok(repair) if repair.bytes() == 0 => {
            drop(handle);
            disk.remove(media)?;
            sidecar::remove(disk, media)?;
            Outcome::Nothing
        }
        Ok(repair) => {
            note(disk, media, &handle, &repair, journal)?;
            Outcome::Whole {
                lost_bytes: repair.lost_bytes(),
                duration: repair.duration(),
            }
        }
        Err(VodError::Io(error)) => return Err(error),
        Err(_) => Outcome::NotFlv,
    };
    disk.sync_directory(media)?;
    counters.repaired();
    Ok(outcome)
}

/// Says beside the file what is known of it, unless that is said already.
fn note(
    disk: &Disk,
    media: &Path,
    file: &Handle,
    repair: &Repair,
    journal: &Journal,
) -> io::Result<()> {
    let (bytes, lost) = (repair.bytes(), repair.lost_bytes());
    let head = repair.resume().head_bytes();
    let is_suspect = journal.notes().is_some_and(|it| it.suspect.is_some());
    if let Some(known) = Sidecar::read(media)
        && lost == 0
        && known.suspect.is_some() >= is_suspect
        && known.is_true_of(file, head, bytes)?
    {
        return Ok(());
    }
    let mut notes = journal.notes().cloned().unwrap_or_default();
    notes.duration_ms = u64::try_from(repair.duration().as_millis()).unwrap_or(u64::MAX);
    notes.lost_bytes = (lost > 0).then_some(lost);
    notes.complete(file, head, bytes)?;
    notes.write(disk, media)
}

/// Cuts a file behind its last whole tag and makes its beginning agree with that.
pub(super) fn cut(handle: &Handle, known_good: u64) -> Result<Repair, VodError> {
    let repair = repair(handle.file(), known_good)?;
    handle.cut(repair.bytes())?;
    if repair.bytes() > 0 {
        for patch in repair.patches() {
            handle.write(&patch.bytes, patch.offset)?;
        }
        handle.sync()?;
    }
    Ok(repair)
}

impl Outcome {
    /// Writes a line about it.
    pub(super) fn tell(&self, media: &Path) {
        let file = media.display();
        match self {
            Self::Whole {
                lost_bytes,
                duration,
            } => info!(
                %file,
                lost_bytes,
                duration_ms = duration.as_millis(),
                "a recording that was not finished is whole again"
            ),
            Self::Never => {}
            Self::Nothing => {
                info!(%file, "of a recording that was not finished nothing was left");
            }
            Self::NotFlv => {
                warn!(%file, "a recording that was not finished is no FLV, and left as it is");
            }
        }
    }
}
