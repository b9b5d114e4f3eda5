//! The line on a terminal that says how it goes.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, IsTerminal as _};
use std::time::Duration;

use adit_client::media::pace::{DISORDER, JUMP};
use adit_client::media::{FrameKind, Timestamp};
use rustix::termios::tcgetwinsize;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use crate::ui;

/// How often the line on a terminal changes.
const REFRESH: Duration = Duration::from_millis(500);
/// How often there is a line where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(1);

/// Where there is no terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Elsewhere {
    /// Nothing is written.
    Nothing,
    /// A line each second.
    Lines,
}

/// Shows how it goes on standard error: one line that changes on a terminal. Dropping it removes that line.
#[derive(Debug)]
pub(crate) struct Progress {
    form: Form,
    ticks: Interval,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Terminal,
    Lines,
    None,
}

impl Progress {
    /// Nothing is shown yet. To be called within a runtime.
    pub(crate) fn new(elsewhere: Elsewhere) -> Self {
        let form = match elsewhere {
            _ if io::stderr().is_terminal() && !ui::is_in_log() => Form::Terminal,
            Elsewhere::Lines => Form::Lines,
            Elsewhere::Nothing => Form::None,
        };
        let period = match form {
            Form::Terminal => REFRESH,
            Form::Lines | Form::None => LINE_EVERY,
        };
        let mut ticks = interval_at(Instant::now() + period, period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { form, ticks }
    }

    /// Ready when it is time to show something new. Cancel-safe.
    pub(crate) async fn due(&mut self) {
        self.ticks.tick().await;
    }

    /// Shows how it goes.
    pub(crate) fn show(&self, text: &dyn fmt::Display) {
        match self.form {
            Form::Terminal => {
                let text: String = text.to_string().chars().take(width()).collect();
                ui::status(&text);
            }
            Form::Lines => ui::figures(&text.to_string()),
            Form::None => {}
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        ui::clear_status();
    }
}

/// Columns of the terminal but one: a full line would wrap.
fn width() -> usize {
    let columns = tcgetwinsize(io::stderr()).map_or(0, |size| size.ws_col);
    match usize::from(columns) {
        0 => USUAL_COLUMNS,
        columns => columns.saturating_sub(1),
    }
}

const USUAL_COLUMNS: usize = 79;

/// A length of time as `00:01:23`.
pub(crate) struct Clock(pub(crate) Duration);

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
        write!(f, "{hours:02}:{minutes:02}:{:02}", seconds % 60)
    }
}

/// Bytes as `12.3 MB`.
pub(crate) struct Size(pub(crate) u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            bytes @ 0..1_000 => write!(f, "{bytes} B"),
            bytes @ 1_000..1_000_000 => write!(f, "{} kB", bytes / 1_000),
            bytes @ 1_000_000..1_000_000_000 => {
                write!(f, "{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10)
            }
            bytes => write!(
                f,
                "{}.{:02} GB",
                bytes / 1_000_000_000,
                bytes / 10_000_000 % 100
            ),
        }
    }
}

/// Bits a second as `2.51 Mbit/s`.
pub(crate) struct BitRate(pub(crate) u64);

impl fmt::Display for BitRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            bits @ 0..1_000_000 => write!(f, "{} kbit/s", bits / 1_000),
            bits => write!(f, "{}.{:02} Mbit/s", bits / 1_000_000, bits / 10_000 % 100),
        }
    }
}

/// How much there was in the last seconds, by whatever clock.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rate {
    /// When, and the total then; the oldest first.
    marks: VecDeque<(Duration, u64)>,
}

impl Rate {
    /// How much there was in each second lately, now that at `time` there was `total` in all. Unknown while the time is too short to
    /// tell: the first frames come at once.
    pub(crate) fn per_second(&mut self, time: Duration, total: u64) -> Option<u64> {
        let (from, before) = self.marks.front().copied().unwrap_or((time, total));
        self.marks.push_back((time, total));
        if self.marks.len() > MARKS {
            self.marks.pop_front();
        }
        let time = time.saturating_sub(from);
        if time < SHORTEST && self.marks.len() < MARKS {
            return None;
        }
        let more = u128::from(total.saturating_sub(before));
        (more * 1000)
            .checked_div(time.as_millis())
            .and_then(|rate| u64::try_from(rate).ok())
    }
}

/// Marks that a rate looks back over: two seconds on a terminal.
const MARKS: usize = 4;
/// Before this time no rate is told.
const SHORTEST: Duration = Duration::from_millis(500);

/// How far a stream has come by its own clocks, one for each track, over jumps and breaks, which do not count: steps of more than ten
/// seconds ahead, or of more than one back, as where files stand one behind the other.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Played {
    audio: Option<Mark>,
    video: Option<Mark>,
    sum: Duration,
}

/// Where a track is.
#[derive(Debug, Clone, Copy)]
struct Mark {
    at: Timestamp,
    sum: Duration,
}

impl Mark {
    /// How far the stream is at `at` by this track, unless it jumps: ahead, or back by more than `back`.
    fn sum(self, at: Timestamp, back: Duration) -> Option<Duration> {
        let step = at.since(self.at);
        let time = Duration::from_millis(step.unsigned_abs().into());
        match step {
            ..0 if time <= back => Some(self.sum.saturating_sub(time)),
            0.. if time <= JUMP => Some(self.sum.saturating_add(time)),
            _ => None,
        }
    }
}

impl Played {
    /// Notes the time of a frame of audio or video.
    pub(crate) fn note(&mut self, kind: FrameKind, at: Timestamp) {
        let (own, other) = match kind {
            FrameKind::Audio => (&mut self.audio, self.video),
            _ => (&mut self.video, self.audio),
        };
        // A track that begins may stand far behind the other.
        let back = own.map_or(JUMP, |_| DISORDER);
        let by = |mark: Option<Mark>| mark.and_then(|mark| mark.sum(at, back));
        let sum = by(*own).or_else(|| by(other)).unwrap_or(self.sum);
        *own = Some(Mark { at, sum });
        self.sum = self.sum.max(sum);
    }

    /// How far the track has come that is ahead.
    pub(crate) fn time(&self) -> Duration {
        self.sum
    }
}

#[cfg(test)]
mod tests;
