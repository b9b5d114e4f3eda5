//! How fast the line to a client is: `checkBandwidth`, `onBWCheck`, `onBWDone`.
//!
//! ```text
//! server                        client
//!   │── onBWCheck (nothing) ──────▶│   twice: the quicker round trip is the latency
//!   │◀──────────── any value ──────│
//!   │── onBWCheck (16 KiB) ───────▶│   then twice as much each time, as long as there is time
//!   │◀──────────── any value ──────│
//!   │── onBWDone(kbit/s, …) ──────▶│
//! ```

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use adit_amf::Text;
use adit_amf::amf0::Value;
use adit_rtmp::command::BandwidthDialect;
use bytes::Bytes;

use crate::limits::{BANDWIDTH_BYTES, BANDWIDTH_BYTES_FIRST, BANDWIDTH_TIME};

/// One measurement under way; whoever drives it calls the client and tells when it has answered.
#[derive(Debug)]
pub(crate) struct Measurement {
    dialect: BandwidthDialect,
    begun: Instant,
    /// Bytes of the probe that is under way, and since when.
    probe: (usize, Instant),
    /// Probes of nothing answered, and the quickest of them.
    round_trips: u32,
    latency: Duration,
    /// Of all probes answered.
    bytes: usize,
    time: Duration,
}

/// What comes after an answer.
#[derive(Debug, PartialEq)]
pub(crate) enum Next {
    /// Another probe with this argument.
    Probe(Value),
    /// The arguments of the last call.
    Done(Vec<Value>),
}

impl Measurement {
    /// A measurement, and the argument of its first probe.
    pub(crate) const fn begin(now: Instant, dialect: BandwidthDialect) -> (Self, Value) {
        let measurement = Self {
            dialect,
            begun: now,
            probe: (0, now),
            round_trips: 0,
            latency: Duration::MAX,
            bytes: 0,
            time: Duration::ZERO,
        };
        (measurement, Value::Null)
    }

    pub(crate) const fn dialect(&self) -> BandwidthDialect {
        self.dialect
    }

    /// The client has answered the probe.
    pub(crate) fn answered(&mut self, now: Instant) -> Next {
        let (bytes, since) = self.probe;
        let took = now.saturating_duration_since(since);
        if bytes == 0 {
            self.round_trips = self.round_trips.saturating_add(1);
            self.latency = self.latency.min(took);
        } else {
            self.bytes = self.bytes.saturating_add(bytes);
            // A line that is quicker than the clock is taken for one that takes a millisecond.
            let took = took
                .saturating_sub(self.latency)
                .max(Duration::from_millis(1));
            self.time = self.time.saturating_add(took);
        }
        let next = match bytes {
            0 if self.round_trips < ROUND_TRIPS => 0,
            0 => BANDWIDTH_BYTES_FIRST,
            bytes => bytes.saturating_mul(2),
        };
        // The next probe takes twice as long as this one.
        let ends = self.begun + BANDWIDTH_TIME;
        if next > BANDWIDTH_BYTES || (bytes > 0 && now + took.saturating_mul(2) > ends) {
            return Next::Done(self.results());
        }
        self.probe = (next, now);
        Next::Probe(payload(next))
    }

    /// What is told at the end: kbit/s, kbit sent, the seconds that took, and the latency in milliseconds; nothing if there was no answer to
    /// tell it from.
    pub(crate) fn results(&self) -> Vec<Value> {
        let seconds = self.time.as_secs_f64();
        if self.bytes == 0 {
            return Vec::new();
        }
        let kbits = f64::from(u32::try_from(self.bytes).unwrap_or(u32::MAX)) * 8.0 / 1000.0;
        let latency = self.latency.as_secs_f64() * 1000.0;
        vec![
            (kbits / seconds).round().into(),
            kbits.round().into(),
            seconds.into(),
            latency.round().into(),
        ]
    }
}

/// Probes of nothing before the first of something.
const ROUND_TRIPS: u32 = 2;

/// Letters that do not get shorter on their way, of which each probe has the first so many.
fn payload(bytes: usize) -> Value {
    static LETTERS: OnceLock<Bytes> = OnceLock::new();
    if bytes == 0 {
        return Value::Null;
    }
    let letters = LETTERS.get_or_init(|| {
        let mut state = 0x9e37_79b9_u32;
        let letter = |_| {
            // xorshift: good enough against compression.
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            let [top, ..] = state.to_be_bytes();
            b'0' + (top & 0x3f)
        };
        (0..BANDWIDTH_BYTES).map(letter).collect()
    });
    let payload = letters.slice(..bytes.min(letters.len()));
    Text::try_from(payload).map_or(Value::Null, Value::String)
}

#[cfg(test)]
mod tests;
