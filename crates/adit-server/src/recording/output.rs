//! One file while it is being written.
//!
//! Whatever happens to the process, the file opens: what is appended are whole tags, and numbers near its beginning are changed in
//! place. Whatever happens to the machine, it opens up to what was made lasting last.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use adit_media::record::{Break, Patch, Recorder, StartTime};
use adit_media::repair::Repair;
use adit_media::vod::VodError;
use adit_media::{Frame, Timestamp};
use bytes::BytesMut;
use sha2::{Digest as _, Sha256};
use tracing::{info, warn};

use super::aside::set_aside;
use super::config::{RecordingConfig, SyncInterval};
use super::counters::Counters;
use super::disk::{Disk, Handle, Operation};
use super::failure::RecordError;
use super::journal::{Journal, Leftover, Unclaimed};
use super::lines::Lines;
use super::repair::{cut, make_whole, settle};
use super::sidecar::{self, Begun, Gap, GapCause, Moment, Part, Sidecar, Suspect};
use super::{BEGIN_BYTES, RecordMode, Target};
use crate::limits::RECORD_APPEND_GAP;

/// How many bytes are written, and for how long, before it is looked again how much of the disk is free.
const LOOK_BYTES: u64 = 256 * 1024;
const LOOK: Duration = Duration::from_secs(1);

/// A recording under way.
#[derive(Debug)]
pub(super) struct Output {
    means: Means,
    path: PathBuf,
    journal: Journal,
    /// There is none until there is something to write.
    file: Option<Handle>,
    pub(super) recorder: Recorder,
    /// So much of what the recorder gave is written.
    written: u64,
    pending: BytesMut,
    gap: Missing,
    part: Growing,
    notes: Sidecar,
    /// When it was made lasting last.
    synced: Instant,
    state: State,
}

/// What it works with.
#[derive(Debug)]
struct Means {
    disk: Disk,
    config: RecordingConfig,
    counters: Counters,
    lines: Lines,
    room: Room,
}

/// What may be written without another look at the disk.
#[derive(Debug, Default)]
struct Room {
    bytes: u64,
    looked: Option<Instant>,
}

/// What is missing behind the last frame.
#[derive(Debug, Default)]
struct Missing {
    frames: u64,
    /// The time of that frame, by the stream's clock.
    last: Option<Timestamp>,
}

/// What is recorded now: the part of the file that gets longer.
#[derive(Debug)]
struct Growing {
    begun: Moment,
    offset: u64,
    sha256: Sha256,
}

/// In which state a file would be left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Sound,
    /// It is not whole: its end is cut, or its beginning is being changed.
    Touched,
    /// The system could not write what it had taken, and would say that it can if it was asked again.
    Suspect,
}

impl Output {
    /// Gets hold of the file that `target` names. An earlier file of that name is kept under another as soon as there is something
    /// to write, or gone on with.
    pub(super) fn open(
        disk: &Disk,
        target: &Target,
        mode: RecordMode,
        config: RecordingConfig,
        counters: &Counters,
    ) -> Result<Self, RecordError> {
        let prepared = prepare(disk, target)?;
        let spare = if target.begun == Begun::Failure { 2 } else { 1 };
        if let Some(reserve) = disk.lacks(&prepared, config.reserve, spare, BEGIN_BYTES)? {
            counters.reserve_reached();
            return Err(RecordError::Reserve(reserve));
        }
        let journal = claim(disk, target, &prepared, config.wait)?;
        let mut output = Self {
            means: Means {
                disk: disk.clone(),
                config,
                counters: counters.clone(),
                lines: target.lines.clone(),
                room: Room::default(),
            },
            path: prepared,
            journal,
            file: None,
            recorder: Recorder::new(StartTime::Zero),
            written: 0,
            pending: BytesMut::new(),
            gap: Missing::default(),
            part: Growing {
                begun: Moment::now(),
                offset: 0,
                sha256: Sha256::new(),
            },
            notes: Sidecar {
                begun: target.begun,
                ..Sidecar::default()
            },
            synced: Instant::now(),
            state: State::Sound,
        };
        match output.begin(mode) {
            Ok(()) => Ok(output),
            Err(error) => {
                match (output.state, output.journal.leftover()) {
                    (State::Sound, Leftover::Yes) => {}
                    // Where nothing was begun no mark is left.
                    (State::Sound, Leftover::No) => drop(output.journal.close()),
                    _ => return Err(output.give_up(error)),
                }
                Err(error)
            }
        }
    }

    fn begin(&mut self, mode: RecordMode) -> Result<(), RecordError> {
        if self.journal.leftover() == Leftover::Yes {
            // Its mark stays if that fails: the next to try repairs it.
            let means = &self.means;
            let outcome = make_whole(&means.disk, &self.path, &self.journal, &means.counters)?;
            if means.lines.may_write() {
                outcome.tell(&self.path);
            }
        }
        self.journal.forget()?;
        self.means.disk.sync_directory(&self.path)?;
        if mode != RecordMode::Record && self.path.exists() {
            self.resume(mode)?;
        }
        Ok(())
    }

    /// Goes on at the end of the file that is there, if it is an FLV file; a new one takes its name otherwise.
    fn resume(&mut self, mode: RecordMode) -> Result<(), RecordError> {
        let known = Sidecar::read(&self.path);
        let handle = self.means.disk.open(&self.path)?;
        let changed = handle.file().metadata()?.modified().ok();
        self.state = State::Touched;
        let repair = match cut(&handle, 0) {
            Ok(repair) => repair,
            Err(VodError::Io(error)) => return Err(error.into()),
            Err(_) => {
                // It was not understood, so it was not changed.
                self.state = State::Sound;
                if self.means.lines.may_write() {
                    let file = self.path.display();
                    warn!(%file, "the file that is there is no FLV and cannot be gone on with: a new one is recorded, and it is kept under another name");
                }
                return Ok(());
            }
        };
        self.state = State::Sound;
        if repair.lost_bytes() > 0 && self.means.lines.may_write() {
            let (file, lost_bytes) = (self.path.display(), repair.lost_bytes());
            info!(%file, lost_bytes, "the torn end of the recording to go on with is cut off");
        }
        self.recorder = repair.resume();
        self.written = repair.bytes();
        self.notes = known.unwrap_or_default();
        let ended = self.notes.end.as_deref().and_then(sidecar::moment);
        self.note_resumed(mode, &handle, &repair, ended.or(changed))?;
        self.file = Some(handle);
        Ok(())
    }

    /// Notes what was there, and that time has passed since. From here on nothing says that the file is finished.
    fn note_resumed(
        &mut self,
        mode: RecordMode,
        handle: &Handle,
        repair: &Repair,
        ended: Option<std::time::SystemTime>,
    ) -> Result<(), RecordError> {
        let lost = self.part.begun.since(ended);
        if self.written > 0 {
            let head = self.recorder.head_bytes();
            self.notes.parts = self.notes.parts_before(handle, head, self.written)?;
            self.notes.add_gap(Gap {
                at_ms: millis(repair.duration()),
                lost_ms: millis(lost),
                frames: 0,
                cause: GapCause::Append,
            });
            if mode == RecordMode::AppendWithGap {
                let cue = self.recorder.gap(lost, 0);
                self.pending.extend_from_slice(&cue);
                self.recorder.leap(lost.min(RECORD_APPEND_GAP));
            }
        }
        self.part.offset = self.written;
        self.note_begun()?;
        self.journal.note_good(self.written)?;
        sidecar::remove(&self.means.disk, &self.path)?;
        Ok(())
    }

    /// Notes in the mark what is known of the recording so far.
    fn note_begun(&mut self) -> Result<(), RecordError> {
        let start = self.part.begun.text();
        if self.part.offset == 0 {
            self.notes.start = Some(start.clone());
        }
        let mut notes = self.notes.clone();
        notes.end = None;
        notes.parts.push(Part {
            offset: self.part.offset,
            bytes: 0,
            sha256: None,
            start: Some(start),
        });
        self.journal.note(notes)?;
        Ok(())
    }

    /// How long the file is.
    pub(super) const fn written(&self) -> u64 {
        self.written
    }

    /// Why a frame had better begin another file. Behind a gap time is expected to jump.
    pub(super) fn break_at(&self, frame: &Frame) -> Option<Break> {
        let cause = self.recorder.break_at(frame)?;
        (cause == Break::Codec || self.gap.frames == 0).then_some(cause)
    }

    /// Takes the next frame; it is written with [`write`](Self::write).
    pub(super) fn push(&mut self, frame: &Frame) {
        let is_coded = frame.flags().is_coded();
        if is_coded {
            let lost = self.gap.last.map_or(0, |last| frame.at().since(last));
            self.mark_gap(Duration::from_millis(u64::try_from(lost).unwrap_or(0)));
        }
        match self.recorder.push(frame) {
            Ok(tag) => self.pending.extend_from_slice(&tag),
            Err(error) if self.means.lines.may_write() => {
                warn!(file = %self.path.display(), %error, "a frame is not recorded");
            }
            Err(_) => {}
        }
        if is_coded {
            self.gap.last = Some(frame.at());
        }
    }

    fn mark_gap(&mut self, lost: Duration) {
        let frames = std::mem::take(&mut self.gap.frames);
        if frames > 0 {
            self.notes.add_gap(Gap {
                at_ms: millis(self.recorder.duration()),
                lost_ms: millis(lost),
                frames,
                cause: GapCause::Disk,
            });
            let cue = self.recorder.gap(lost, frames);
            self.pending.extend_from_slice(&cue);
            // What a crash would lose of it is in the file as well.
            drop(self.note_begun());
        }
    }

    /// Says that `frames` are missing before the next one.
    pub(super) fn skip(&mut self, frames: u64) {
        self.gap.frames = self.gap.frames.saturating_add(frames);
        self.means.counters.gap(frames);
        if self.means.lines.may_write() {
            warn!(file = %self.path.display(), frames, "the disk is too slow: frames are missing in the recording");
        }
    }

    /// Hands to the system what was pushed, from where it survives the end of the process, and makes it lasting when it is time.
    pub(super) fn write(&mut self) -> Result<(), RecordError> {
        self.look()?;
        self.hand_over()?;
        if let SyncInterval::Every(interval) = self.means.config.sync
            && self.synced.elapsed() >= interval
        {
            self.sync()?;
        }
        Ok(())
    }

    /// Stops before what waits would take room that is for others.
    fn look(&mut self) -> Result<(), RecordError> {
        let more = u64::try_from(self.pending.len()).unwrap_or(u64::MAX);
        let now = Instant::now();
        if more == 0 || self.means.room.take(now, more) {
            return Ok(());
        }
        let (disk, reserve) = (&self.means.disk, self.means.config.reserve);
        let room = more.max(LOOK_BYTES);
        if let Some(reserve) = disk.lacks(&self.path, reserve, 1, room)? {
            self.means.counters.reserve_reached();
            return Err(RecordError::Reserve(reserve));
        }
        self.means.room = Room {
            bytes: room.saturating_sub(more),
            looked: Some(now),
        };
        Ok(())
    }

    fn hand_over(&mut self) -> Result<(), RecordError> {
        if !self.pending.is_empty() {
            if self.file.is_none() {
                self.create()?;
            }
            if let Some(file) = &self.file {
                file.write(&self.pending, self.written)?;
            }
            let behind = self.part.offset.saturating_sub(self.written);
            let behind = usize::try_from(behind).unwrap_or(usize::MAX);
            let added = self.pending.get(behind..).unwrap_or_default();
            self.part.sha256.update(added);
            self.written = self.recorder.bytes();
            self.pending.clear();
        }
        Ok(())
    }

    /// A new file under the name, which an earlier one gives up.
    fn create(&mut self) -> Result<(), RecordError> {
        // If that stops half way the earlier one may be without its sidecar.
        self.state = State::Touched;
        let aside = set_aside(&self.means.disk, &self.path)?;
        self.state = State::Sound;
        if let Some(aside) = &aside
            && self.means.lines.may_write()
        {
            info!(file = %self.path.display(), kept = %aside.display(), "the earlier recording is kept");
        }
        let before = aside.filter(|_| self.notes.begun != Begun::Published);
        let name = before.as_deref().and_then(Path::file_name);
        self.notes.follows = name.map(|name| name.to_string_lossy().into_owned());
        self.note_begun()?;
        self.file = Some(self.means.disk.create(&self.path)?);
        self.means.disk.sync_directory(&self.path)?;
        self.part.offset = self.recorder.head_bytes();
        Ok(())
    }

    fn sync(&mut self) -> Result<(), RecordError> {
        self.synced = Instant::now();
        if self.written == self.journal.good() {
            return Ok(());
        }
        self.apply(&self.recorder.patches())?;
        self.make_lasting()?;
        self.journal.note_good(self.written)?;
        Ok(())
    }

    fn apply(&self, patches: &[Patch]) -> Result<(), RecordError> {
        if let Some(file) = &self.file {
            for patch in patches {
                file.write(&patch.bytes, patch.offset)?;
            }
        }
        Ok(())
    }

    fn make_lasting(&mut self) -> Result<(), RecordError> {
        if let Some(file) = &self.file {
            file.sync().inspect_err(|_| self.state = State::Suspect)?;
        }
        Ok(())
    }

    /// Makes the file whole, with its seek index, and lasting. Gives its length.
    pub(super) fn finish(mut self) -> Result<Finished, RecordError> {
        match self.complete() {
            Ok(()) => {
                let finished = Finished {
                    bytes: self.written,
                    duration: self.recorder.duration(),
                };
                self.journal.close()?;
                self.means.counters.finished();
                if self.means.lines.may_write() {
                    let (bytes, duration_ms) = (finished.bytes, finished.duration.as_millis());
                    info!(file = %self.path.display(), bytes, duration_ms, "recorded");
                }
                Ok(finished)
            }
            Err(error) => Err(self.give_up(error)),
        }
    }

    fn complete(&mut self) -> Result<(), RecordError> {
        // Nothing came behind it.
        self.mark_gap(Duration::ZERO);
        self.hand_over()?;
        if self.file.is_some() {
            self.apply(&self.recorder.finish())?;
            self.make_lasting()?;
            self.means.disk.sync_directory(&self.path)?;
        }
        if let Some(file) = &self.file {
            let mut notes = std::mem::take(&mut self.notes);
            notes.renew_head(file, self.recorder.head_bytes())?;
            notes.parts.push(Part {
                offset: self.part.offset,
                bytes: self.written.saturating_sub(self.part.offset),
                sha256: Some(hex::encode(self.part.sha256.clone().finalize())),
                start: Some(self.part.begun.text()),
            });
            notes.bytes = self.written;
            notes.duration_ms = millis(self.recorder.duration());
            notes.end = Some(self.part.begun.end());
            notes.write(&self.means.disk, &self.path)?;
        }
        Ok(())
    }

    /// Leaves the file as whole as can be after `error`, which is given back.
    pub(super) fn give_up(mut self, error: RecordError) -> RecordError {
        if self.state == State::Suspect {
            self.notes.suspect = Some(Suspect {
                behind_byte: self.journal.good(),
                cause: error.to_string(),
            });
            if let Err(unnoted) = self.note_begun() {
                warn!(file = %self.path.display(), error = %unnoted, "no note could be written that the file may be damaged");
            }
        }
        let (file, counters) = (self.path.clone(), self.means.counters.clone());
        let is_earlier = self.file.is_none() && self.state == State::Sound;
        let left = if is_earlier {
            // What has the name is not of this recording, and stays as it is.
            self.journal.close()
        } else {
            // Whatever is wrong with the file, a crash would have left it so.
            drop(self.file.take());
            // Nobody was told that it is broken, so nobody is told that it is whole.
            settle(&self.means.disk, &file, self.journal, &counters).map(drop)
        };
        if let Err(left) = left
            && self.means.lines.may_write()
        {
            warn!(file = %file.display(), error = %left, "the recording is left unfinished; the next start repairs it");
        }
        error
    }
}

impl Room {
    /// Whether so many bytes may be written, which are counted.
    fn take(&mut self, now: Instant, bytes: u64) -> bool {
        let is_known = self
            .looked
            .is_some_and(|looked| now.saturating_duration_since(looked) < LOOK);
        let left = self.bytes.checked_sub(bytes).filter(|_| is_known);
        self.bytes = left.unwrap_or(self.bytes);
        left.is_some()
    }
}

/// Makes the directories.
fn prepare(disk: &Disk, target: &Target) -> io::Result<PathBuf> {
    disk.run(Operation::Prepare, &target.path, || {
        target.root.prepare(&target.path)
    })
}

/// Gets hold of the file that is called so now.
fn claim(
    disk: &Disk,
    target: &Target,
    prepared: &Path,
    wait: Duration,
) -> Result<Journal, RecordError> {
    match Journal::claim(disk, prepared, wait) {
        // Somebody else has removed the directory, which was empty.
        Err(Unclaimed::Failed(error)) if error.kind() == io::ErrorKind::NotFound => {
            Ok(Journal::claim(disk, &prepare(disk, target)?, wait)?)
        }
        claimed => Ok(claimed?),
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A recording that is whole and on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Finished {
    pub(crate) bytes: u64,
    pub(crate) duration: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_disk_is_looked_at_again_after_so_many_bytes_or_a_second() {
        let begun = Instant::now();
        let mut room = Room::default();
        assert!(!room.take(begun, 1));
        let mut room = Room {
            bytes: 100,
            looked: Some(begun),
        };
        assert!(room.take(begun, 60));
        assert!(!room.take(begun, 41));
        assert!(room.take(begun + Duration::from_millis(999), 40));
        assert!(!room.take(begun, 1));
        room.bytes = 100;
        assert!(!room.take(begun + LOOK, 1));
    }
}
