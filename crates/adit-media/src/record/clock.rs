//! The time of a recording, out of that of what is recorded.

use std::time::Duration;

use crate::flv::Extent;
use crate::{Frame, FrameKind, Timestamp};

/// Steps ahead up to this long are gaps that are kept; longer ones are another clock.
const GAP_MS: i64 = 10_000;
/// Steps back up to this long are disorder; longer ones are another clock.
const DISORDER_MS: i64 = 1000;

/// Where the time of a recording begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StartTime {
    /// The first frame is at 0.
    #[default]
    Zero,
    /// The first frame is where the stream had it.
    Kept,
}

/// Gives every frame its time in the recording.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    start: StartTime,
    /// Where the tracks are, as long as they are of one publication.
    audio: Option<Track>,
    video: Option<Track>,
    /// The track that was written last.
    leader: Option<Track>,
    /// The latest time that is taken.
    newest: i64,
    /// When the first frame was.
    begin: Option<i64>,
    /// What is written, as whoever reads it counts.
    extent: Extent,
}

/// Where a track is, by both clocks.
#[derive(Clone, Copy, Debug)]
struct Track {
    input: Timestamp,
    output: i64,
    /// The latest time that was written.
    highest: i64,
    trust: Trust,
}

/// What is to be believed of a track's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trust {
    /// It goes on, with some disorder.
    Usual,
    /// Its sequence header came again: any step back is another clock.
    Renewed,
    /// It was another publication's.
    Stale,
}

impl Track {
    fn renew(&mut self) {
        if self.trust == Trust::Usual {
            self.trust = Trust::Renewed;
        }
    }

    /// The time of `at` by this track, if it is by the same clock.
    fn time(&self, at: Timestamp) -> Option<i64> {
        let ahead = i64::from(at.since(self.input));
        let back = match self.trust {
            Trust::Usual => DISORDER_MS,
            Trust::Renewed => 0,
            Trust::Stale => return None,
        };
        (-back..=GAP_MS)
            .contains(&ahead)
            .then_some(self.output + ahead)
    }
}

impl Clock {
    pub(super) const fn new(start: StartTime) -> Self {
        Self {
            start,
            audio: None,
            video: None,
            leader: None,
            newest: 0,
            begin: None,
            extent: Extent::new(),
        }
    }

    /// Goes on behind a recording: what comes first is 40 ms after its last frame.
    pub(super) fn behind(extent: &Extent) -> Self {
        Self {
            newest: extent.newest(),
            begin: extent.first(),
            extent: *extent,
            ..Self::new(StartTime::Kept)
        }
    }

    /// The latest time of a frame, in milliseconds that do not wrap; 0 without frames.
    pub(super) const fn newest_ms(&self) -> i64 {
        self.extent.newest()
    }

    /// The latest time of a video frame, likewise.
    pub(super) fn newest_video_ms(&self) -> i64 {
        self.video.map_or(0, |track| track.highest)
    }

    /// The latest time that is taken.
    pub(super) fn newest(&self) -> Timestamp {
        wrapped(self.newest)
    }

    /// Whether `frame` is by another clock than its track and the other one: it jumps.
    pub(super) fn is_left_by(&self, frame: &Frame) -> bool {
        let tracks = || [self.audio, self.video].into_iter().flatten();
        frame.flags().is_coded()
            && tracks().any(|track| track.trust != Trust::Stale)
            && tracks().all(|track| track.time(frame.at()).is_none())
    }

    /// Goes on so much later.
    pub(super) fn leap(&mut self, by: Duration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.newest = self.newest.saturating_add(by);
        self.restart();
    }

    /// Forgets the clock of the stream, not that of the recording.
    pub(super) fn restart(&mut self) {
        for track in [&mut self.audio, &mut self.video].into_iter().flatten() {
            track.trust = Trust::Stale;
        }
        self.leader = None;
    }

    pub(super) fn duration(&self) -> Duration {
        self.extent.duration()
    }

    /// When `frame` is due in the recording.
    pub(super) fn time(&mut self, frame: &Frame) -> Timestamp {
        let at = frame.at();
        let time = match frame.kind() {
            FrameKind::Data => self
                .leader
                .and_then(|leader| leader.time(at))
                .unwrap_or_else(|| self.before_media(at)),
            kind if frame.flags().is_sequence_header() => {
                if let Some(track) = self.track(kind) {
                    track.renew();
                }
                self.before_media(at)
            }
            kind => self.media_time(kind, at),
        };
        let time = wrapped(time);
        if frame.flags().is_coded() {
            self.extent.push(frame.kind(), time);
        }
        time
    }

    /// The time of what has none of its own.
    fn before_media(&self, at: Timestamp) -> i64 {
        match (self.begin, self.start) {
            (Some(_), _) => self.newest,
            (None, StartTime::Zero) => 0,
            (None, StartTime::Kept) => i64::from(at.ms()),
        }
    }

    fn media_time(&mut self, kind: FrameKind, at: Timestamp) -> i64 {
        let own = *self.track(kind);
        let other = match kind {
            FrameKind::Audio => self.video,
            _ => self.audio,
        };
        let by = |track: Option<Track>| track.and_then(|track| track.time(at));
        let output = by(own).or_else(|| by(other)).unwrap_or_else(|| {
            if self.begin.is_some() {
                self.newest + i64::from(Frame::USUAL_MS)
            } else {
                self.before_media(at)
            }
        });
        let begin = *self.begin.get_or_insert(output);
        let highest = own.map_or(begin, |own| own.highest).max(output);
        let track = Track {
            input: at,
            output,
            highest,
            trust: Trust::Usual,
        };
        *self.track(kind) = Some(track);
        self.leader = Some(track);
        self.newest = self.newest.max(highest);
        highest
    }

    const fn track(&mut self, kind: FrameKind) -> &mut Option<Track> {
        match kind {
            FrameKind::Audio => &mut self.audio,
            _ => &mut self.video,
        }
    }
}

fn wrapped(time: i64) -> Timestamp {
    let wrapped = u64::try_from(time).unwrap_or(0) & u64::from(u32::MAX);
    Timestamp::from_ms(u32::try_from(wrapped).unwrap_or(0))
}
