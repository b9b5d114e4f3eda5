//! When the frames of a file are due, and clips that begin again.
//!
//! Frames of a file come as fast as the disk gives them; a publisher sends them as a camera would. Neither type knows a
//! clock: [`Pacer`] is told what time it is, and [`Loop`] only rewrites timestamps.

mod repeat;

use std::time::{Duration, Instant};

pub use repeat::{Loop, NothingToRepeat};

use crate::{Frame, FrameKind, Timestamp};

/// A step ahead between two frames of a track that is longer is taken for a new clock.
pub const JUMP: Duration = Duration::from_secs(10);

/// So is a step back within a track that is longer: files stand one behind the other. Shorter ones are disorder.
pub const DISORDER: Duration = Duration::from_secs(1);

/// [`JUMP`] in milliseconds.
const JUMP_MS: u32 = 10_000;
/// [`DISORDER`] in milliseconds.
const DISORDER_MS: u32 = 1000;

/// Tells when each frame of a file is due.
///
/// The first frame is due at once, and each further one as long after it as their timestamps say. Audio and video are
/// followed each by themselves. Where a track jumps forwards by more than [`JUMP`], or backwards by more than a second,
/// nothing is waited for and time goes on from there, so neither a damaged file nor files one behind the other sleep for
/// hours or rush through. Metadata and sequence
/// headers are due with the frame before them, whatever their timestamps.
///
/// Being late costs nothing: what is due in the past is to be sent at once, until the source has caught up.
///
/// ```
/// use std::time::{Duration, Instant};
/// use adit_media::{pace::Pacer, pattern::Pattern};
///
/// let start = Instant::now();
/// let mut pacer = Pacer::new();
/// for frame in Pattern::new("pattern:no-audio".parse()?).take(33) {
///     let due = pacer.due(&frame, start);
///     assert_eq!(due, start + Duration::from_millis(frame.at().ms().into()));
///     // sleep until `due`, then send the frame
/// }
/// # Ok::<(), adit_media::pattern::PatternError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Pacer {
    audio: Option<Clock>,
    video: Option<Clock>,
    latest: Option<Instant>,
}

/// Where a track is.
#[derive(Clone, Copy, Debug)]
struct Clock {
    at: Timestamp,
    due: Instant,
}

impl Clock {
    /// When `at` is due by this clock, unless it jumps: ahead, or back by more than `back_ms`.
    fn due(&self, at: Timestamp, back_ms: u32) -> Option<Instant> {
        let ahead = at.since(self.at);
        let most = if ahead < 0 { back_ms } else { JUMP_MS };
        if ahead.unsigned_abs() > most {
            return None;
        }
        let step = Duration::from_millis(ahead.unsigned_abs().into());
        if ahead < 0 {
            self.due.checked_sub(step)
        } else {
            self.due.checked_add(step)
        }
    }
}

impl Pacer {
    /// A pacer whose first frame is due at once.
    pub const fn new() -> Self {
        Self {
            audio: None,
            video: None,
            latest: None,
        }
    }

    /// When `frame` is due. To be asked once for each frame, in the order of the file.
    ///
    /// `now` counts for the first frame only.
    pub fn due(&mut self, frame: &Frame, now: Instant) -> Instant {
        let latest = self.latest.unwrap_or(now);
        if !keeps_time(frame) {
            return latest;
        }
        let (own, other) = match frame.kind() {
            FrameKind::Audio => (&mut self.audio, self.video),
            _ => (&mut self.video, self.audio),
        };
        // A track that begins may stand in the file far behind the other.
        let back_ms = own.map_or(JUMP_MS, |_| DISORDER_MS);
        let by = |clock: Option<Clock>| clock.and_then(|clock| clock.due(frame.at(), back_ms));
        let due = by(*own).or_else(|| by(other)).unwrap_or(latest);
        *own = Some(Clock {
            at: frame.at(),
            due,
        });
        self.latest = Some(latest.max(due));
        due
    }

    /// How late the source is, if it is about to send what it asked about last.
    pub fn late(&self, now: Instant) -> Duration {
        let late = self.latest.map(|due| now.saturating_duration_since(due));
        late.unwrap_or_default()
    }

    /// Begins anew: the next frame is due when it is asked about. For after a break in which nothing could be sent.
    pub const fn restart(&mut self) {
        *self = Self::new();
    }
}

/// Whether the frame's timestamp is that of something heard or seen.
fn keeps_time(frame: &Frame) -> bool {
    frame.kind() != FrameKind::Data && !frame.flags().is_sequence_header()
}

#[cfg(test)]
mod tests;
