//! Calls: methods of the application, in both directions.

use std::{collections::VecDeque, fmt};

use adit_amf::{Text, amf0::Value};

use super::SendError;
use crate::{
    MessageStreamId,
    command::{Invocation, TransactionId},
};

/// A peer that calls a method of ours which is not part of RTMP.
///
/// Answered by `reply_call` or `fail_call` of the session it came from, also when it
/// [wants no answer](Self::wants_answer): then nothing is sent.
///
/// [`Debug`](fmt::Debug) shows neither object nor arguments, which may hold secrets.
#[must_use = "the peer waits for an answer"]
#[non_exhaustive]
pub struct CallRequest {
    /// The message stream, 0 for the connection.
    pub msid: MessageStreamId,
    /// The method, perhaps with dots in it.
    pub name: Text,
    /// The command object, mostly null.
    pub object: Value,
    /// The arguments.
    pub arguments: Vec<Value>,
    pub(super) transaction: TransactionId,
}

impl CallRequest {
    /// Whether the peer waits for an answer.
    pub fn wants_answer(&self) -> bool {
        self.transaction.wants_answer()
    }
}

impl fmt::Debug for CallRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallRequest")
            .field("msid", &self.msid)
            .field("name", &self.name)
            .field("transaction", &self.transaction)
            .finish_non_exhaustive()
    }
}

/// Calls without an answer; `K` is what we remember about one of ours.
#[derive(Debug)]
pub(super) struct Calls<K> {
    /// Ours, in order.
    ours: VecDeque<(TransactionId, K)>,
    /// The number of our last call.
    last: u32,
    /// How many of the peer's.
    theirs: usize,
    /// How many in each direction.
    limit: usize,
}

impl<K> Calls<K> {
    /// No calls; the first of ours comes after `last`.
    pub(super) const fn new(limit: usize, last: u32) -> Self {
        Self {
            ours: VecDeque::new(),
            last,
            theirs: 0,
            limit,
        }
    }

    /// A number for our next call. After 2^32 calls the count starts again at 1, because 0 would
    /// want no answer.
    pub(super) fn next(&mut self) -> TransactionId {
        self.last = self.last.checked_add(1).unwrap_or(1);
        TransactionId::from_number(f64::from(self.last))
    }

    /// Whether there is room for one more call of ours.
    ///
    /// # Errors
    ///
    /// There is not.
    pub(super) fn check(&self) -> Result<(), SendError> {
        if self.ours.len() < self.limit {
            Ok(())
        } else {
            Err(SendError::TooManyCalls(self.ours.len()))
        }
    }

    /// Remembers a call of ours that was sent.
    pub(super) fn sent(&mut self, transaction: TransactionId, what: K) {
        self.ours.push_back((transaction, what));
    }

    /// Takes the answer to a call of ours; nothing if there was none of that number.
    pub(super) fn answered(&mut self, transaction: TransactionId) -> Option<K> {
        let position = self
            .ours
            .iter()
            .position(|(sent, _)| *sent == transaction)?;
        self.ours.remove(position).map(|(_, what)| what)
    }

    /// Takes a call of the peer.
    ///
    /// # Errors
    ///
    /// So many have no answer that one more is too many.
    pub(super) fn receive(
        &mut self,
        msid: MessageStreamId,
        invocation: Invocation,
    ) -> Result<CallRequest, TooManyCalls> {
        let Invocation {
            name,
            transaction,
            object,
            arguments,
        } = invocation;
        if transaction.wants_answer() {
            if self.theirs >= self.limit {
                return Err(TooManyCalls {
                    name,
                    transaction,
                    waiting: self.theirs,
                });
            }
            self.theirs = self.theirs.saturating_add(1);
        }
        Ok(CallRequest {
            msid,
            name,
            object,
            arguments,
            transaction,
        })
    }

    /// Takes a call of the peer off the account.
    pub(super) fn settle(&mut self, request: &CallRequest) {
        if request.wants_answer() {
            self.theirs = self.theirs.saturating_sub(1);
        }
    }
}

/// A call that was not taken.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{name} was not called: {waiting} calls of this connection have no answer yet")]
pub(super) struct TooManyCalls {
    pub(super) name: Text,
    pub(super) transaction: TransactionId,
    waiting: usize,
}
