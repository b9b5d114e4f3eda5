//! Replies in the order of their numbers.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;

use super::limits;
use super::reply::Answer;

/// The numbers that were asked, and the downstream bytes that came back.
///
/// ```text
///    answered     oldest   answered too early      next to ask
///   ─────────────┬───────┬──────────────────┬─────┬──────────▶ numbers
///    received    │   5   │   6   7          │  8  │  9
/// ```
#[derive(Debug, Default)]
pub(super) struct Downlink {
    /// The lowest number whose reply is missing.
    oldest: u64,
    /// The number the next request gets.
    next: u64,
    /// The number behind the newest send.
    sent: u64,
    early: BTreeMap<u64, Answer>,
    received: VecDeque<Bytes>,
    received_bytes: usize,
}

/// What a reply has led to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Progress {
    /// It waits for one with a lower number.
    Early,
    /// The session goes on.
    On,
    /// The server has said all it had to say.
    Ended,
}

impl Downlink {
    /// Whether another number may be asked.
    ///
    /// Until the first reply, one alone: a server that is still to learn whether the first number is 0 or 1 (Q-122) must not
    /// see a 1 before the 0. After an end was heard, none.
    pub(super) fn has_number(&self) -> bool {
        let window = if self.oldest == 0 { 1 } else { limits::WINDOW };
        let is_ending = self.early.values().any(|answer| *answer == Answer::Closed);
        self.next < self.oldest.saturating_add(window) && !is_ending
    }

    /// The number for the next request.
    pub(super) fn take_number(&mut self) -> u64 {
        let number = self.next;
        self.next = self.next.saturating_add(1);
        number
    }

    /// The number for the next request, which is a send.
    pub(super) fn take_send_number(&mut self) -> u64 {
        let number = self.take_number();
        self.sent = self.next;
        number
    }

    /// Whether a send has a later number than this one: then the server lets go of it.
    pub(super) fn is_overtaken(&self, number: u64) -> bool {
        self.sent > number.saturating_add(1)
    }

    /// Takes the reply to a number.
    pub(super) fn answer(&mut self, number: u64, answer: Answer) -> Progress {
        if number < self.oldest {
            return Progress::On;
        }
        self.early.insert(number, answer);
        if number > self.oldest {
            return Progress::Early;
        }
        while let Some(answer) = self.early.remove(&self.oldest) {
            self.oldest = self.oldest.saturating_add(1);
            match answer {
                Answer::Data { data, .. } => self.receive(data),
                Answer::Closed => {
                    self.early.clear();
                    return Progress::Ended;
                }
            }
        }
        Progress::On
    }

    /// The next bytes in order.
    pub(super) fn poll(&mut self) -> Option<Bytes> {
        let bytes = self.received.pop_front()?;
        self.received_bytes = self.received_bytes.saturating_sub(bytes.len());
        Some(bytes)
    }

    /// Whether the caller has left room for more: less than `most` bytes wait, and not too many replies.
    pub(super) fn has_room(&self, most: usize) -> bool {
        self.received_bytes < most && self.received.len() < limits::RECEIVED_REPLIES
    }

    /// All bytes held.
    pub(super) fn held_bytes(&self) -> usize {
        let early = self.early.values().map(|answer| match answer {
            Answer::Data { data, .. } => data.len(),
            Answer::Closed => 0,
        });
        early.fold(self.received_bytes, usize::saturating_add)
    }

    /// Drops what nobody will take.
    pub(super) fn drop_received(&mut self) {
        self.received.clear();
        self.received_bytes = 0;
    }

    fn receive(&mut self, data: Bytes) {
        if !data.is_empty() {
            self.received_bytes = self.received_bytes.saturating_add(data.len());
            self.received.push_back(data);
        }
    }
}

#[cfg(test)]
mod tests;
