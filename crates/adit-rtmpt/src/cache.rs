//! The replies that were given last, for requests that come again.

use std::collections::VecDeque;

use crate::config::ReplyConfig;
use crate::limits;
use crate::reply::Reply;

/// The newest replies in the order of their numbers.
///
/// Holds at most [`ReplyConfig::cached`] replies and, beyond the newest [`limits::CACHED_ALWAYS`], at most
/// [`ReplyConfig::cached_bytes`] bytes.
#[derive(Debug, Default)]
pub(crate) struct ReplyCache {
    replies: VecDeque<(u64, Reply)>,
    bytes: usize,
}

impl ReplyCache {
    /// Keeps the reply to the next number; numbers come one after the other.
    pub(crate) fn push(&mut self, sequence: u64, reply: Reply, config: &ReplyConfig) {
        self.bytes = self.bytes.saturating_add(weight(&reply));
        self.replies.push_back((sequence, reply));
        while self.replies.len() > config.cached.max(limits::CACHED_ALWAYS)
            || (self.replies.len() > limits::CACHED_ALWAYS && self.bytes > config.cached_bytes)
        {
            if let Some((_, reply)) = self.replies.pop_front() {
                self.bytes = self.bytes.saturating_sub(weight(&reply));
            }
        }
    }

    /// The reply that was given to a number, if it is still kept.
    pub(crate) fn get(&self, sequence: u64) -> Option<&Reply> {
        let (first, _) = self.replies.front()?;
        let place = usize::try_from(sequence.checked_sub(*first)?).ok()?;
        self.replies
            .get(place)
            .filter(|(number, _)| *number == sequence)
            .map(|(_, reply)| reply)
    }

    /// Bytes of all replies kept.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

fn weight(reply: &Reply) -> usize {
    match reply {
        Reply::Ok { body } => body.len(),
        Reply::Closed | Reply::Superseded => 1,
    }
}

#[cfg(test)]
mod tests;
