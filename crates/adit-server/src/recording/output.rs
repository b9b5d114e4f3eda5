//! One file while it is being written.
//!
//! Whatever happens to the process, the file opens: what is appended are whole tags, and numbers near its beginning are changed in
//! place. Whatever happens to the machine, it opens up to what was made lasting last.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use adit_media::record::{Patch, Recorder, StartTime};
use adit_media::vod::VodError;
use adit_media::{Frame, Timestamp};
use bytes::BytesMut;
use tracing::{info, warn};

use super::aside::{note_suspect, set_aside};
use super::config::{RecordingConfig, SyncInterval};
use super::counters::Counters;
use super::disk::{Disk, Handle};
use super::failure::RecordError;
use super::journal::{Journal, Leftover};
use super::repair::{cut, make_whole, settle};
use super::{RecordMode, Target};

/// A recording under way.
#[derive(Debug)]
pub(super) struct Output {
    disk: Disk,
    config: RecordingConfig,
    counters: Counters,
    path: PathBuf,
    journal: Journal,
    /// There is none until there is something to write.
    file: Option<Handle>,
    recorder: Recorder,
    /// So much of what the recorder gave is written.
    written: u64,
    pending: BytesMut,
    gap: Gap,
    synced: Instant,
    state: State,
}

/// What is missing behind the last frame.
#[derive(Debug, Default)]
struct Gap {
    frames: u64,
    /// The time of that frame, by the stream's clock.
    last: Option<Timestamp>,
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

/// Whether a file may get longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    Left,
    /// The recording is to go on in another file.
    None,
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
        let prepared = disk.run(super::disk::Operation::Prepare, &target.path, || {
            target.root.prepare(&target.path)
        })?;
        let spare = if target.is_again { 2 } else { 1 };
        if let Some(reserve) = disk.lacks(&prepared, config.reserve, spare)? {
            counters.reserve_reached();
            return Err(RecordError::Reserve(reserve));
        }
        let journal = Journal::claim(disk, &prepared, config.wait)?;
        let mut output = Self {
            disk: disk.clone(),
            config,
            counters: counters.clone(),
            path: prepared,
            journal,
            file: None,
            recorder: Recorder::new(StartTime::Zero),
            written: 0,
            pending: BytesMut::new(),
            gap: Gap::default(),
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
        if self.journal.leftover() == Leftover::Yes
            && let Err(error) = make_whole(&self.disk, &self.path, &self.journal, &self.counters)
        {
            let file = self.path.display();
            warn!(%file, %error, "an unfinished recording was not repaired");
        }
        self.journal.note_good(0)?;
        self.disk.sync_directory(&self.path)?;
        if mode == RecordMode::Append && self.path.exists() {
            self.resume()?;
        }
        Ok(())
    }

    /// Goes on at the end of the file that is there.
    fn resume(&mut self) -> Result<(), RecordError> {
        let handle = self.disk.open(&self.path)?;
        self.state = State::Touched;
        let repair = match cut(&handle, 0) {
            Ok(repair) => repair,
            Err(VodError::Io(error)) => return Err(error.into()),
            Err(_) => {
                // It was not understood, so it was not changed.
                self.state = State::Sound;
                return Err(RecordError::NotFlv);
            }
        };
        self.state = State::Sound;
        if repair.lost_bytes() > 0 {
            let (file, lost_bytes) = (self.path.display(), repair.lost_bytes());
            info!(%file, lost_bytes, "the torn end of the recording to go on with is cut off");
        }
        self.recorder = repair.resume();
        self.written = repair.bytes();
        self.journal.note_good(self.written)?;
        self.file = Some(handle);
        Ok(())
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
            Err(error) => warn!(file = %self.path.display(), %error, "a frame is not recorded"),
        }
        if is_coded {
            self.gap.last = Some(frame.at());
        }
    }

    fn mark_gap(&mut self, lost: Duration) {
        if self.gap.frames > 0 {
            let cue = self
                .recorder
                .gap(lost, std::mem::take(&mut self.gap.frames));
            self.pending.extend_from_slice(&cue);
        }
    }

    /// Says that `frames` are missing before the next one.
    pub(super) fn skip(&mut self, frames: u64) {
        self.gap.frames = self.gap.frames.saturating_add(frames);
        self.counters.gap(frames);
        warn!(file = %self.path.display(), frames, "the disk is too slow: frames are missing in the recording");
    }

    /// Hands to the system what was pushed, from where it survives the end of the process, and makes it lasting when it is time.
    pub(super) fn write(&mut self) -> Result<Room, RecordError> {
        self.hand_over()?;
        if let SyncInterval::Every(interval) = self.config.sync
            && self.synced.elapsed() >= interval
        {
            self.sync()?;
        }
        if self.written >= self.config.file_bytes {
            return Ok(Room::None);
        }
        Ok(Room::Left)
    }

    /// How long the file is.
    pub(super) const fn bytes(&self) -> u64 {
        self.written
    }

    fn hand_over(&mut self) -> Result<(), RecordError> {
        if !self.pending.is_empty() {
            if self.file.is_none() {
                self.file = Some(self.create()?);
            }
            if let Some(file) = &self.file {
                file.write(&self.pending, self.written)?;
            }
            self.written = self.recorder.bytes();
            self.pending.clear();
        }
        Ok(())
    }

    /// A new file under the name, which an earlier one gives up.
    fn create(&self) -> Result<Handle, RecordError> {
        if let Some(aside) = set_aside(&self.disk, &self.path)? {
            info!(file = %self.path.display(), kept = %aside.display(), "the earlier recording is kept");
        }
        let file = self.disk.create(&self.path)?;
        self.disk.sync_directory(&self.path)?;
        Ok(file)
    }

    fn sync(&mut self) -> Result<(), RecordError> {
        self.synced = Instant::now();
        if self.written == self.journal.good() {
            return Ok(());
        }
        self.apply(&self.recorder.patches())?;
        self.make_lasting()?;
        self.journal.note_good(self.written)?;
        if let Some(reserve) = self.disk.lacks(&self.path, self.config.reserve, 1)? {
            self.counters.reserve_reached();
            return Err(RecordError::Reserve(reserve));
        }
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
            self.disk.sync_directory(&self.path)?;
        }
        Ok(())
    }

    /// Leaves the file as whole as can be after `error`, which is given back.
    pub(super) fn give_up(mut self, error: RecordError) -> RecordError {
        if self.state == State::Suspect
            && let Err(unnoted) = note_suspect(
                &self.disk,
                &self.path,
                self.journal.good(),
                &error.to_string(),
            )
        {
            warn!(file = %self.path.display(), error = %unnoted, "no note could be written that the file may be damaged");
        }
        // Whatever is wrong with the file, a crash would have left it so.
        drop(self.file.take());
        let (file, counters) = (self.path.clone(), self.counters.clone());
        if let Err(left) = settle(&self.disk, &file, self.journal, &counters) {
            warn!(file = %file.display(), error = %left, "the recording is left unfinished; the next start repairs it");
        }
        error
    }
}

/// A recording that is whole and on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Finished {
    pub(crate) bytes: u64,
    pub(crate) duration: Duration,
}
