//! A look at the server each second: how fast streams are, and whether the tasks of the server get their turns.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use adit_broker::Broker;
use tokio_util::sync::CancellationToken;

use crate::limits::{PULSE_LOOKS, PULSE_STREAMS};

/// How long it is from one look to the next.
const INTERVAL: Duration = Duration::from_secs(1);

/// What was seen lately. Clones see the same.
#[derive(Clone, Debug)]
pub(crate) struct Pulse(Arc<Mutex<Seen>>);

#[derive(Debug)]
struct Seen {
    /// When the last look was, or was to be first.
    at: Instant,
    /// How much later it was than it should have been.
    lag: Duration,
    /// By publication.
    streams: HashMap<u64, VecDeque<Look>>,
}

#[derive(Clone, Copy, Debug)]
struct Look {
    at: Instant,
    frames: u64,
    bytes: u64,
}

/// How fast media comes, on average over the last seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Rate {
    /// Bits of payload a second.
    pub bits: u64,
    /// Messages a second.
    pub frames: f64,
}

impl Pulse {
    /// Looks again and again until `stop`. Call it inside a tokio runtime.
    pub(crate) fn start(broker: Broker, stop: CancellationToken) -> Self {
        let pulse = Self(Arc::new(Mutex::new(Seen {
            at: Instant::now(),
            lag: Duration::ZERO,
            streams: HashMap::new(),
        })));
        let looking = pulse.clone();
        tokio::spawn(async move {
            stop.run_until_cancelled_owned(looking.look_on(broker))
                .await;
        });
        pulse
    }

    /// How late the tasks of the server get their turns: the last time, or now if that is worse.
    pub(crate) fn lag(&self) -> Duration {
        let seen = self.seen();
        seen.at.elapsed().saturating_sub(INTERVAL).max(seen.lag)
    }

    /// How fast a publication is; `None` before it was looked at twice.
    pub(crate) fn rate(&self, publication: u64) -> Option<Rate> {
        let seen = self.seen();
        let looks = seen.streams.get(&publication)?;
        rate(*looks.front()?, *looks.back()?)
    }

    async fn look_on(self, broker: Broker) {
        loop {
            tokio::time::sleep(INTERVAL).await;
            let streams = broker.streams();
            let now = Instant::now();
            let mut seen = self.seen();
            seen.lag = now
                .saturating_duration_since(seen.at)
                .saturating_sub(INTERVAL);
            seen.at = now;
            let running = streams.iter().filter_map(|stream| {
                let publication = stream.publication.as_ref()?;
                let look = Look {
                    at: now,
                    frames: stream.stats.frames,
                    bytes: stream.stats.bytes,
                };
                Some((publication.id, look))
            });
            seen.note(running.take(PULSE_STREAMS));
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn note(&mut self, running: impl Iterator<Item = (u64, Look)>) {
        let mut streams = HashMap::new();
        for (publication, look) in running {
            let mut looks = self.streams.remove(&publication).unwrap_or_default();
            if looks.len() >= PULSE_LOOKS {
                looks.pop_front();
            }
            looks.push_back(look);
            streams.insert(publication, looks);
        }
        self.streams = streams;
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an average for people"
)]
fn rate(first: Look, last: Look) -> Option<Rate> {
    let seconds = last.at.saturating_duration_since(first.at).as_secs_f64();
    if seconds <= 0.0 {
        return None;
    }
    let bits = last.bytes.saturating_sub(first.bytes).saturating_mul(8);
    let frames = last.frames.saturating_sub(first.frames);
    Some(Rate {
        bits: (bits as f64 / seconds) as u64,
        frames: frames as f64 / seconds,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(start: Instant, second: u64, bytes: u64) -> Look {
        Look {
            at: start + Duration::from_secs(second),
            frames: second * 25,
            bytes,
        }
    }

    #[test]
    fn a_rate_is_the_average_between_the_first_look_and_the_last() {
        let start = Instant::now();
        let (first, last) = (look(start, 0, 1_000), look(start, 10, 1_001_000));
        assert_eq!(rate(first, first), None);
        let found = rate(first, last).unwrap();
        assert_eq!(found.bits, 800_000);
        assert!((found.frames - 25.0).abs() < 0.01);
    }

    #[test]
    fn as_many_looks_are_kept_as_may_be_and_those_of_streams_that_are_gone_are_not() {
        let start = Instant::now();
        let mut seen = Seen {
            at: start,
            lag: Duration::ZERO,
            streams: HashMap::new(),
        };
        for second in 0..20 {
            seen.note([(1, look(start, second, 0)), (2, look(start, second, 0))].into_iter());
        }
        assert_eq!(seen.streams[&1].len(), PULSE_LOOKS);
        seen.note([(2, look(start, 21, 0))].into_iter());
        assert!(!seen.streams.contains_key(&1));
    }
}
