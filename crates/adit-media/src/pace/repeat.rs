//! A clip that is played again and again, as one stream.

use bytes::Bytes;

use super::{JUMP_MS, keeps_time};
use crate::{Frame, FrameKind, Timestamp};

/// Steps of tracks whose clip has one frame of them: 25 pictures a second, AAC at 44.1 kHz.
const PICTURE_MS: u32 = 40;
const SOUND_MS: u32 = 23;

/// Rewrites the timestamps of a clip that is read again from its beginning, so that time goes on.
///
/// The first turn passes as it is. In each further turn the first audio or video frame comes when the last frame of the
/// turn before has ended; sequence headers and data that stand before it in the clip are repeated at that time. Metadata
/// is told again only if it is not what was told last, and then at 0 (Q-164).
///
/// A clip that ends with the message for the end of a sequence would end the stream for players, so these messages are
/// left out.
///
/// ```
/// use adit_media::{pace::Loop, pattern::Pattern};
///
/// let clip: Vec<_> = Pattern::new("pattern:@25,no-audio".parse()?).take(52).collect();
/// let mut repeat = Loop::new();
/// let mut sent = Vec::new();
/// for _turn in 0..3 {
///     sent.extend(clip.iter().cloned().filter_map(|frame| repeat.frame(frame)));
///     repeat.begin_again()?;
/// }
/// assert_eq!(sent[51].at().ms(), 1960);
/// assert_eq!(sent[52].at().ms(), 2000, "sequence header again, and no metadata");
/// assert_eq!(sent[153].at().ms(), 5960);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Loop {
    /// The first frame of the clip that keeps time.
    first: Option<Timestamp>,
    /// What is added to timestamps, modulo 2^32; 0 in the first turn.
    shift: u32,
    audio: Option<Track>,
    video: Option<Track>,
    /// Frames of this turn that keep time.
    frames: u64,
    /// The metadata told last.
    metadata: Option<Bytes>,
}

/// A clip had no audio or video frame, so it cannot be repeated: it would be without end and without time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no audio or video to repeat")]
pub struct NothingToRepeat;

/// How far a track has come.
#[derive(Clone, Copy, Debug)]
struct Track {
    newest: Timestamp,
    step_ms: u32,
}

impl Loop {
    /// At the beginning of the first turn.
    pub fn new() -> Self {
        Self::default()
    }

    /// The next frame of the clip, at its time in the stream; `None` if it is to be left out.
    pub fn frame(&mut self, frame: Frame) -> Option<Frame> {
        if frame.flags().is_end_of_sequence() {
            return None;
        }
        if frame.flags().is_metadata() {
            return self.metadata(frame);
        }
        if frame.flags().clears_metadata() {
            self.metadata = None;
        }
        if !keeps_time(&frame) {
            let first = self
                .first
                .filter(|first| self.shift != 0 && frame.at().is_before(*first));
            let at = first.unwrap_or(frame.at()).wrapping_add(self.shift);
            return Some(frame.with_timestamp(at));
        }
        self.first.get_or_insert(frame.at());
        self.frames = self.frames.saturating_add(1);
        let at = frame.at().wrapping_add(self.shift);
        let (track, step_ms) = match frame.kind() {
            FrameKind::Audio => (&mut self.audio, SOUND_MS),
            _ => (&mut self.video, PICTURE_MS),
        };
        match track {
            Some(track) => track.advance(at),
            None => {
                *track = Some(Track {
                    newest: at,
                    step_ms,
                });
            }
        }
        Some(frame.with_timestamp(at))
    }

    fn metadata(&mut self, frame: Frame) -> Option<Frame> {
        let told = self.metadata.replace(frame.payload().clone());
        if self.shift == 0 {
            return Some(frame);
        }
        (told.as_ref() != Some(frame.payload()))
            .then(|| frame.with_timestamp(Timestamp::from_ms(0)))
    }

    /// Says that the clip has ended and its first frame comes next.
    ///
    /// # Errors
    /// [`NothingToRepeat`] when there was neither audio nor video since the beginning or the last call.
    pub fn begin_again(&mut self) -> Result<(), NothingToRepeat> {
        let first = self
            .first
            .filter(|_| self.frames > 0)
            .ok_or(NothingToRepeat)?;
        let ends = [self.audio, self.video]
            .into_iter()
            .flatten()
            .map(Track::end);
        let end = ends.reduce(|a, b| if a.is_before(b) { b } else { a });
        self.shift = end.unwrap_or(first).since(first).cast_unsigned();
        self.frames = 0;
        Ok(())
    }
}

impl Track {
    fn advance(&mut self, at: Timestamp) {
        let ahead = at.since(self.newest);
        if ahead > 0 {
            if ahead.unsigned_abs() <= JUMP_MS {
                self.step_ms = ahead.unsigned_abs();
            }
            self.newest = at;
        }
    }

    const fn end(self) -> Timestamp {
        self.newest.wrapping_add(self.step_ms)
    }
}
