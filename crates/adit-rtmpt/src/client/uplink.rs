//! Bytes on their way to the server, waiting for a send.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes, BytesMut};

use super::config::SendConfig;
use super::limits;

/// A queue of bytes that remembers where writes ended, so that sends can hold whole ones.
///
/// ```text
///    returned (413)      bytes
///   ┌──────────────┬────────────────────────────┐
///   │ comes first  │ write 1 │ write 2 │ write 3│
///   └──────────────┴────────────────────────────┘
///                    writes: lengths, small ones together
/// ```
#[derive(Debug)]
pub(super) struct Uplink {
    config: SendConfig,
    returned: Bytes,
    bytes: BytesMut,
    writes: VecDeque<usize>,
    size: Size,
    flight: Flight,
    last: Option<Instant>,
}

/// How long the next send may be.
#[derive(Debug)]
struct Size {
    current: usize,
    most: usize,
    /// What 413 has taught.
    ceiling: usize,
}

/// How much may be under way together.
#[derive(Debug)]
struct Flight {
    /// Bytes of all sends under way.
    most: usize,
    /// The longest send that was accepted so far. Longer ones set out alone, because their rest must come next if they are
    /// refused.
    accepted: usize,
}

impl Uplink {
    pub(super) fn new(mut config: SendConfig) -> Self {
        config.bytes = config.bytes.max(limits::SEND_BYTES_MIN);
        config.bytes_max = config.bytes_max.max(config.bytes);
        Self {
            size: Size {
                current: config.bytes,
                most: config.bytes_max.min(limits::SEND_BYTES_MAX_UNKNOWN),
                ceiling: usize::MAX,
            },
            flight: Flight {
                most: limits::IN_FLIGHT,
                accepted: 0,
            },
            config,
            returned: Bytes::new(),
            bytes: BytesMut::new(),
            writes: VecDeque::new(),
            last: None,
        }
    }

    /// Bytes that wait.
    pub(super) fn len(&self) -> usize {
        self.returned.len().saturating_add(self.bytes.len())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Lets sends grow as far as the configuration allows: the server is known.
    pub(super) fn allow_most(&mut self) {
        self.size.most = self.config.bytes_max;
    }

    /// Takes at most `room` bytes and says how many.
    pub(super) fn write(&mut self, data: &mut dyn Buf, room: usize) -> usize {
        let written = data.remaining().min(room);
        let mut left = written;
        while left > 0 {
            let chunk = data.chunk();
            let step = chunk.len().min(left);
            if step == 0 {
                break;
            }
            self.bytes
                .extend_from_slice(chunk.get(..step).unwrap_or_default());
            data.advance(step);
            left -= step;
        }
        let written = written.saturating_sub(left);
        match self.writes.back_mut() {
            _ if written == 0 => {}
            Some(last) if last.saturating_add(written) <= TOGETHER => *last += written,
            _ => self.writes.push_back(written),
        }
        written
    }

    /// When what waits may go; `None` when nothing waits. `start` stands for "at once".
    pub(super) fn due(&self, start: Instant) -> Option<Instant> {
        self.due_at_most(start, self.limit())
    }

    fn due_at_most(&self, start: Instant, limit: usize) -> Option<Instant> {
        let delay = self.config.coalesce_delay;
        match self.last {
            _ if self.is_empty() => None,
            Some(last) if self.len() < self.config.coalesce_bytes.min(limit) => Some(last + delay),
            Some(last) if self.len() < limit => Some(last + delay / 4),
            _ => Some(start),
        }
    }

    /// When what waits may go beside sends that are under way; `None` when nothing waits or it must go alone.
    ///
    /// What is under way is given as lengths. Beside others no send is longer than the longest before. So when more than twice
    /// that waits, the next one goes alone: otherwise, with one always under way, they would stay short for ever.
    pub(super) fn due_beside(
        &self,
        start: Instant,
        under_way: impl Iterator<Item = usize>,
    ) -> Option<Instant> {
        if self.tries_longer() {
            return None;
        }
        let most = self.limit_beside();
        let (mut all, mut longest) = (self.len().min(most), 0);
        for len in under_way {
            all = all.saturating_add(len);
            longest = longest.max(len);
        }
        if all > self.flight.most || longest > self.flight.accepted {
            return None;
        }
        self.due_at_most(start, most)
    }

    /// The body of the next send, which sets out alone.
    pub(super) fn take(&mut self, now: Instant) -> Bytes {
        self.take_at_most(now, self.limit())
    }

    /// The body of the next send, which sets out beside others.
    pub(super) fn take_beside(&mut self, now: Instant) -> Bytes {
        self.take_at_most(now, self.limit_beside())
    }

    /// The oldest bytes, whole writes where that fills at least half of a send.
    fn take_at_most(&mut self, now: Instant, limit: usize) -> Bytes {
        self.last = Some(now);
        if self.len() < limit / 4 {
            self.size.current = (self.size.current / 2).max(self.config.bytes);
        }
        if !self.returned.is_empty() {
            let step = self.returned.len().min(limit);
            return self.returned.split_to(step);
        }
        if self.bytes.len() <= limit {
            self.writes.clear();
            return self.bytes.split().freeze();
        }
        let mut len = 0_usize;
        while let Some(write) = self.writes.front()
            && len.saturating_add(*write) <= limit
        {
            len += write;
            self.writes.pop_front();
        }
        if len < limit / 2 {
            if let Some(write) = self.writes.front_mut() {
                *write = write.saturating_sub(limit - len);
            }
            len = limit;
        }
        self.bytes.split_to(len).freeze()
    }

    /// Something came down: what is written now is an answer to it, and does not wait for more.
    pub(super) fn hurry(&mut self) {
        self.last = None;
    }

    /// A send of `len` bytes was answered `excess` later than a round trip takes. If more waits than fits the next one, sends
    /// grow.
    pub(super) fn answered(&mut self, len: usize, excess: Duration) {
        self.flight.accepted = self.flight.accepted.max(len);
        self.flight.most = if excess < limits::GROW_WITHIN {
            let more = self.flight.most.saturating_add(len);
            more.min(limits::IN_FLIGHT_MAX)
        } else {
            (self.flight.most / 2).max(self.config.bytes)
        };
        let was_full = len >= self.size.current / 2;
        if was_full && self.len() >= self.size.current && excess < limits::GROW_WITHIN {
            self.size.current = self.size.current.saturating_mul(2).min(self.size.most);
        }
    }

    /// A body was too large for somebody on the way. Gives the part to try instead and keeps the rest for later.
    pub(super) fn halve(&mut self, mut body: Bytes) -> Bytes {
        let half = body.len() / 2;
        self.size.ceiling = self.size.ceiling.min(half.max(limits::SEND_BYTES_MIN));
        let rest = body.split_off(half);
        // Bytes returned before were behind this body.
        self.returned = if self.returned.is_empty() {
            rest
        } else {
            let mut all = BytesMut::from(rest);
            all.extend_from_slice(&self.returned);
            all.freeze()
        };
        body
    }

    /// Drops everything.
    pub(super) fn clear(&mut self) {
        self.returned = Bytes::new();
        self.bytes = BytesMut::new();
        self.writes.clear();
    }

    fn limit(&self) -> usize {
        self.size.current.min(self.size.ceiling)
    }

    /// Whether so much waits that the next send is to be longer than any before.
    fn tries_longer(&self) -> bool {
        self.len().min(self.limit()) > self.flight.accepted.saturating_mul(2)
    }

    fn limit_beside(&self) -> usize {
        self.limit().min(self.flight.accepted)
    }
}

/// Writes up to this length together count as one, which bounds the number of lengths to remember.
const TOGETHER: usize = 1024;

#[cfg(test)]
mod tests;
