//! What is remembered of one chunk stream.

use std::fmt;

use bytes::Bytes;

use super::ChunkError;
use super::header::{BodyFields, Fields};
use crate::id::{ChunkStreamId, MessageStreamId};
use crate::message::{Message, MessageKind};
use crate::time::Timestamp;

/// The header history of one chunk stream, and its unfinished message if there is one.
pub(super) struct Stream {
    pub(super) csid: ChunkStreamId,
    kind: MessageKind,
    msid: MessageStreamId,
    timestamp: Timestamp,
    /// What a message that begins with type 3 adds to the time.
    delta: u32,
    /// The extended timestamp field of the last chunk of type 0 to 2, if it had one.
    pub(super) extended: Option<u32>,
    /// Length of the present message.
    length: u32,
    /// Bytes of it that have not come; 0 between messages.
    remaining: u32,
    /// Bytes of it that have.
    body: Vec<u8>,
}

/// What a header means for its chunk stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// A message begins.
    Begins,
    /// One goes on.
    Continues,
}

impl Stream {
    /// A chunk stream without history; `None` if it cannot begin with such a header.
    ///
    /// Type 1 can: librtmp begins chunk stream 2 so. What it leaves out is taken as 0.
    pub(super) fn begin(csid: ChunkStreamId, fields: &Fields) -> Option<Self> {
        let (Fields::Type0 { body, .. } | Fields::Type1 { body, .. }) = fields else {
            return None;
        };
        Some(Self {
            csid,
            kind: body.kind,
            msid: MessageStreamId::CONNECTION,
            timestamp: Timestamp::ZERO,
            delta: 0,
            extended: None,
            length: 0,
            remaining: 0,
            body: Vec::new(),
        })
    }

    /// Takes a header into the history.
    ///
    /// Inside a message a header may be longer than it needs to be, as long as it announces the same
    /// message; its time is not looked at, but for the extended field that a type 3 header
    /// may repeat.
    pub(super) fn apply(&mut self, fields: &Fields) -> Result<Role, ChunkError> {
        let body = match *fields {
            Fields::Type0 { body, .. } | Fields::Type1 { body, .. } => body,
            Fields::Type2 { .. } | Fields::Type3 => BodyFields {
                length: self.length,
                kind: self.kind,
            },
        };
        if let Fields::Type0 { time: field, .. }
        | Fields::Type1 { delta: field, .. }
        | Fields::Type2 { delta: field } = fields
        {
            self.extended = field.extended();
        }
        if self.is_inside_message() {
            let msid = match fields {
                Fields::Type0 { msid, .. } => *msid,
                _ => self.msid,
            };
            let present = BodyFields {
                length: self.length,
                kind: self.kind,
            };
            return if body == present && msid == self.msid {
                Ok(Role::Continues)
            } else {
                Err(ChunkError::Interrupted { csid: self.csid })
            };
        }
        match *fields {
            Fields::Type0 { time, msid, .. } => {
                self.timestamp = Timestamp::from_ms(time.ms());
                // A message of type 3 behind this one adds it again [RTMP 5.3.1.2.4].
                self.delta = time.ms();
                self.msid = msid;
            }
            Fields::Type1 { delta, .. } | Fields::Type2 { delta } => {
                self.delta = delta.ms();
                self.timestamp = self.timestamp.wrapping_add(self.delta);
            }
            Fields::Type3 => self.timestamp = self.timestamp.wrapping_add(self.delta),
        }
        self.length = body.length;
        self.kind = body.kind;
        self.remaining = body.length;
        Ok(Role::Begins)
    }

    /// Whether a message has begun and not ended.
    pub(super) const fn is_inside_message(&self) -> bool {
        self.remaining > 0
    }

    pub(super) const fn kind(&self) -> MessageKind {
        self.kind
    }

    pub(super) const fn length(&self) -> u32 {
        self.length
    }

    pub(super) const fn remaining(&self) -> u32 {
        self.remaining
    }

    /// Appends bytes of the message, not more than remain; `waiting` bytes of input are at hand,
    /// these included.
    ///
    /// The buffer grows with what has come, never to what was promised: to what is at hand, to twice
    /// what it holds, or to a small amount, but not past the end of the message. So a message that is
    /// whole in the input gets its exact size at once.
    pub(super) fn append(&mut self, bytes: &[u8], waiting: usize) {
        let length = usize::try_from(self.length).unwrap_or(usize::MAX);
        let held = self.body.len();
        let needed = held.saturating_add(bytes.len());
        if needed > self.body.capacity() {
            let capacity = held
                .saturating_add(waiting)
                .max(held.saturating_mul(2))
                .max(SMALL_BODY)
                .min(length)
                .max(needed);
            self.body.reserve_exact(capacity.saturating_sub(held));
        }
        self.body.extend_from_slice(bytes);
        let count = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        self.remaining = self.remaining.saturating_sub(count);
    }

    /// The message, which has come whole.
    pub(super) fn take_message(&mut self) -> Message {
        Message {
            kind: self.kind,
            timestamp: self.timestamp,
            msid: self.msid,
            csid: self.csid,
            payload: Bytes::from(std::mem::take(&mut self.body)),
        }
    }

    /// Throws the unfinished message away; the history stays [RTMP 5.4.2].
    pub(super) fn abort(&mut self) {
        self.remaining = 0;
        self.body = Vec::new();
    }

    /// Memory that is kept between messages.
    #[cfg(test)]
    pub(super) fn heap(&self) -> usize {
        self.body.capacity()
    }
}

/// Does not show the unfinished message.
impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream")
            .field("csid", &self.csid.get())
            .field("kind", &self.kind)
            .field("length", &self.length)
            .field("remaining", &self.remaining)
            .finish_non_exhaustive()
    }
}

/// Room for a body that has only begun.
const SMALL_BODY: usize = 4096;
