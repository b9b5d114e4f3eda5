//! The mark beside a file that is being recorded, by which it is found and repaired after a crash.
//!
//! ```text
//! cam.flv              the recording
//! .cam.flv.open        is there while it is not finished, and locked by whoever writes it
//!   "00000000000000123456\n"   up to here it is known to be on the disk
//!   { "start": … }             what the sidecar will say, as far as it is known
//! ```

use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::disk::{Disk, Existed, Handle, beside};
use super::sidecar::Sidecar;
use crate::limits::RECORD_NOTES_BYTES;

/// How names of marks end; they begin with a dot, which no name of a stream does.
const ENDING: &str = ".open";
/// How many digits the offset has.
const DIGITS: usize = 20;
/// Where the notes begin.
const NOTES: u64 = 21;
/// How long to wait before looking again whether a file is free.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// The right to write one recording. Dropped without [`close`](Self::close) it leaves the mark for whoever repairs the file.
#[derive(Debug)]
pub(super) struct Journal {
    disk: Disk,
    mark: Handle,
    good: u64,
    notes: Option<Box<Sidecar>>,
    leftover: Leftover,
}

/// Whether an earlier recording was not finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leftover {
    Yes,
    No,
}

/// Why a file cannot be had.
#[derive(Debug)]
pub(super) enum Unclaimed {
    /// Somebody else writes it.
    Busy,
    Failed(io::Error),
}

impl From<io::Error> for Unclaimed {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

impl Journal {
    /// The right to write `media`, as soon as nobody else has it.
    pub(super) fn claim(disk: &Disk, media: &Path, wait: Duration) -> Result<Self, Unclaimed> {
        let path = beside(media, ".", ENDING);
        let since = Instant::now();
        loop {
            let (mark, existed) = disk.open_or_create(&path)?;
            if mark.try_lock()? {
                // Who had it may have removed it in the meantime.
                if mark.is_there()? {
                    return Ok(Self::read(disk, mark, existed));
                }
            } else if since.elapsed() >= wait {
                return Err(Unclaimed::Busy);
            } else {
                std::thread::sleep(LOOK_AGAIN);
            }
        }
    }

    fn read(disk: &Disk, mark: Handle, existed: Existed) -> Self {
        let mut digits = [0; DIGITS];
        let good = match mark.file().read_exact_at(&mut digits, 0) {
            Ok(()) => std::str::from_utf8(&digits).ok(),
            Err(_) => None,
        };
        Self {
            disk: disk.clone(),
            good: good.and_then(|digits| digits.parse().ok()).unwrap_or(0),
            notes: notes(&mark).map(Box::new),
            // What stood in it may be lost.
            leftover: match existed {
                Existed::Yes => Leftover::Yes,
                Existed::No => Leftover::No,
            },
            mark,
        }
    }

    /// Nothing is known yet of what is recorded from here on.
    pub(super) fn forget(&mut self) -> io::Result<()> {
        self.note_good(0)?;
        self.notes = None;
        if self.leftover == Leftover::Yes {
            self.mark.cut(NOTES)?;
        }
        Ok(())
    }

    /// Keeps what is known of the recording for whoever repairs it.
    pub(super) fn note(&mut self, notes: Sidecar) -> io::Result<()> {
        let text = serde_json::to_vec(&notes).map_err(io::Error::other)?;
        // Also when it cannot be written: the file may be made whole without a crash.
        self.notes = Some(Box::new(notes));
        self.mark.write(&text, NOTES)?;
        let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
        self.mark.cut(NOTES.saturating_add(length))
    }

    /// What is known of the recording.
    pub(super) fn notes(&self) -> Option<&Sidecar> {
        self.notes.as_deref()
    }

    /// Whether an earlier recording was not finished.
    pub(super) const fn leftover(&self) -> Leftover {
        self.leftover
    }

    /// Up to where the file is known to be on the disk.
    pub(super) const fn good(&self) -> u64 {
        self.good
    }

    /// Says that it is so far. Lasting with the next time that anything is.
    pub(super) fn note_good(&mut self, offset: u64) -> io::Result<()> {
        self.good = offset;
        self.mark.write(format!("{offset:020}\n").as_bytes(), 0)
    }

    /// The file is finished and on the disk.
    pub(super) fn close(self) -> io::Result<()> {
        self.disk.remove(self.mark.path())?;
        self.disk.sync_directory(self.mark.path())
    }
}

fn notes(mark: &Handle) -> Option<Sidecar> {
    let length = mark.file().metadata().ok()?.len().min(RECORD_NOTES_BYTES);
    let mut text = vec![0; usize::try_from(length.checked_sub(NOTES)?).ok()?];
    mark.file().read_exact_at(&mut text, NOTES).ok()?;
    serde_json::from_slice(&text).ok()
}

/// Whether a file has a mark: it is being recorded, or was not finished and waits to be repaired.
pub(crate) fn is_marked(media: &Path) -> bool {
    beside(media, ".", ENDING).exists()
}

/// The file that a mark belongs to, if `path` is one.
pub(super) fn marked(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let name = name.strip_prefix('.')?.strip_suffix(ENDING)?;
    Some(path.with_file_name(name))
}
