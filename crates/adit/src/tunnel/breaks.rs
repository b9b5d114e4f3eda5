//! Which tries of a broken connection are worth a line: the first, those that fail for another reason, and now and then one more.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use adit_server::relay::Happening;

/// The breaks of all streams, by the number of the stream.
#[derive(Debug, Default)]
pub(super) struct Breaks(HashMap<u64, Break>);

/// One that lasts.
#[derive(Debug)]
struct Break {
    since: Instant,
    /// What was told of it already.
    causes: Vec<String>,
    /// When it is time for one more line, and how long after that for the next.
    due: Instant,
    pause: Duration,
}

/// What is told of something that happened to a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Telling {
    /// All of it.
    Whole,
    /// That the break has lasted for so long.
    Lasting(Duration),
    /// Nothing.
    Nothing,
}

impl Breaks {
    /// What to tell of what happened `now`.
    pub(super) fn note(&mut self, stream: u64, what: &Happening, now: Instant) -> Telling {
        match what {
            Happening::Broken { cause, .. } => self.broken(stream, without_numbers(cause), now),
            Happening::Recovered { .. } | Happening::Ended { .. } | Happening::GivenUp { .. } => {
                self.0.remove(&stream);
                Telling::Whole
            }
            _ => Telling::Whole,
        }
    }

    fn broken(&mut self, stream: u64, cause: String, now: Instant) -> Telling {
        let Some(known) = self.0.get_mut(&stream) else {
            // Streams whose end was not told are forgotten with the others; their breaks are told anew.
            if self.0.len() >= MOST {
                self.0.clear();
            }
            let begun = Break {
                since: now,
                causes: vec![cause],
                due: now + SHORTEST,
                pause: SHORTEST,
            };
            self.0.insert(stream, begun);
            return Telling::Whole;
        };
        let is_new = !known.causes.contains(&cause) && known.causes.len() < MOST;
        let is_due = now >= known.due;
        if is_new {
            known.causes.push(cause);
        }
        if is_due {
            known.pause = (known.pause * 2).min(LONGEST);
            known.due = now + known.pause;
        }
        if is_new || is_due {
            Telling::Lasting(now.saturating_duration_since(known.since))
        } else {
            Telling::Nothing
        }
    }
}

/// For how long a name is taken, and the like, makes no other cause.
fn without_numbers(cause: &str) -> String {
    cause.chars().filter(|c| !c.is_ascii_digit()).collect()
}

/// Breaks kept, and causes of each.
const MOST: usize = 64;
/// The shortest pause between lines about a break that changes nothing.
const SHORTEST: Duration = Duration::from_secs(30);
/// The longest.
const LONGEST: Duration = Duration::from_mins(10);

#[cfg(test)]
mod tests;
