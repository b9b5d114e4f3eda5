//! Aggregate messages taken apart [RTMP 7.1.6].

use bytes::{Buf, Bytes};

use super::{Message, MessageKind};
use crate::error::Fault;
use crate::limits::AGGREGATE_ITEMS;
use crate::time::Timestamp;

/// The messages inside an aggregate message, in order.
///
/// The body is a row of FLV tags:
///
/// ```text
/// type u8 | length u24 | time u24 | time bits 31..24 u8 | stream id u24 | payload | back pointer u32
/// ```
///
/// The first item has the time of the aggregate, the others keep their distance to the first. The
/// message stream is that of the aggregate. A wrong back pointer, and a missing last one, are
/// tolerated (Q-045). After an error the iterator ends.
///
/// Payloads are copied: whoever keeps a frame of a few bytes does not keep an aggregate of megabytes.
#[derive(Clone, Debug)]
pub struct Items {
    outer: Message,
    /// What is not read yet.
    rest: Bytes,
    /// Time of the first item as it stands in the body.
    base: Option<Timestamp>,
    count: u32,
}

impl Items {
    /// The items of a message, which is taken to be an aggregate whatever its type says.
    pub fn new(mut message: Message) -> Self {
        let rest = std::mem::take(&mut message.payload);
        Self {
            outer: message,
            rest,
            base: None,
            count: 0,
        }
    }

    fn read(&mut self) -> Result<Message, AggregateError> {
        if self.count >= AGGREGATE_ITEMS {
            return Err(AggregateError::TooMany);
        }
        self.count = self.count.saturating_add(1);
        let cut = AggregateError::Cut {
            rest: self.rest.len(),
        };
        let header = self.rest.split_to_checked(HEADER).ok_or(cut)?;
        let header: [u8; HEADER] = header.as_ref().try_into().map_err(|_| cut)?;
        let [id, l2, l1, l0, t2, t1, t0, t3, _, _, _] = header;
        let kind = MessageKind::from_id(id);
        if !matches!(
            kind,
            MessageKind::Audio | MessageKind::Video | MessageKind::DataAmf0
        ) {
            return Err(AggregateError::Kind(kind));
        }
        let length = u32::from_be_bytes([0, l2, l1, l0]);
        let payload = usize::try_from(length)
            .ok()
            .and_then(|length| self.rest.split_to_checked(length))
            .ok_or(AggregateError::Length {
                length,
                rest: self.rest.len(),
            })?;
        // The back pointer: nothing is read from it.
        self.rest.advance(BACK_POINTER.min(self.rest.len()));
        let time = Timestamp::from_ms(u32::from_be_bytes([t3, t2, t1, t0]));
        let base = *self.base.get_or_insert(time);
        let timestamp = self
            .outer
            .timestamp
            .wrapping_add(time.ms().wrapping_sub(base.ms()));
        Ok(Message {
            kind,
            timestamp,
            payload: Bytes::copy_from_slice(&payload),
            ..self.outer.clone()
        })
    }
}

impl Iterator for Items {
    type Item = Result<Message, AggregateError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let item = self.read();
        if item.is_err() {
            self.rest = Bytes::new();
        }
        Some(item)
    }
}

/// What is wrong with an aggregate message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AggregateError {
    /// It ends inside the header of an item.
    #[error("aggregate message ends inside an item header, after {rest} bytes of it")]
    Cut {
        /// Bytes of the header that are there.
        rest: usize,
    },
    /// An item is longer than what is left.
    #[error("aggregate item of {length} bytes where {rest} are left")]
    Length {
        /// The length it claims.
        length: u32,
        /// What is left.
        rest: usize,
    },
    /// An item that is not audio, video or data; in particular another aggregate.
    #[error("aggregate item of type {}", .0.id())]
    Kind(MessageKind),
    /// More than [`AGGREGATE_ITEMS`].
    #[error("more than {AGGREGATE_ITEMS} items in an aggregate message")]
    TooMany,
}

impl AggregateError {
    /// Whose fault it is.
    pub const fn fault(&self) -> Fault {
        match self {
            Self::TooMany => Fault::Limit,
            Self::Cut { .. } | Self::Length { .. } | Self::Kind(_) => Fault::Peer,
        }
    }
}

const HEADER: usize = 11;
const BACK_POINTER: usize = 4;

/// [`Bytes::split_to`] that answers instead of panicking.
trait SplitChecked: Sized {
    fn split_to_checked(&mut self, count: usize) -> Option<Self>;
}

impl SplitChecked for Bytes {
    fn split_to_checked(&mut self, count: usize) -> Option<Self> {
        (count <= self.len()).then(|| self.split_to(count))
    }
}

#[cfg(test)]
mod tests;
