//! One message of a stream, and what the rest of the house needs to know about it.

use std::fmt;

use bytes::Bytes;

use crate::classify::{self, Class, Coding};
use crate::{FrameFlags, FrameKind, HeaderSlot, Timestamp};

/// One audio, video or data message of a stream, classified once when it came in.
///
/// The payload is the body of the RTMP message, which is also the body of the FLV tag. A clone
/// shares the payload.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    at: Timestamp,
    kind: FrameKind,
    flags: FrameFlags,
    track: u8,
    payload: Bytes,
}

impl Frame {
    /// How long a frame lasts of which nothing is known, in milliseconds.
    pub const USUAL_MS: u32 = 40;

    /// Reads the header of `payload` as far as classification needs. It never fails: what is
    /// unknown, cut short or empty is an ordinary frame without flags.
    pub fn classify(at: Timestamp, kind: FrameKind, payload: Bytes) -> Self {
        let Class { flags, track } = classify::class(kind, &payload);
        Self {
            at,
            kind,
            flags,
            track,
            payload,
        }
    }

    /// When the frame is due on the stream's clock: decoding time.
    pub const fn at(&self) -> Timestamp {
        self.at
    }

    /// What the frame carries.
    pub const fn kind(&self) -> FrameKind {
        self.kind
    }

    /// What its header says.
    pub const fn flags(&self) -> FrameFlags {
        self.flags
    }

    /// The track, 0 without multitrack; of a message with many tracks the smallest.
    pub const fn track(&self) -> u8 {
        self.track
    }

    /// The message body.
    pub const fn payload(&self) -> &Bytes {
        &self.payload
    }

    /// What this sequence header describes: one slot for each track and purpose, without doubles,
    /// in the order of the message. Empty for every other frame.
    ///
    /// A later header for the same slot replaces an earlier one.
    pub fn header_slots(&self) -> Vec<HeaderSlot> {
        if self.flags.is_sequence_header() {
            classify::slots(self.kind, &self.payload)
        } else {
            Vec::new()
        }
    }

    /// Whether both are of one track and of different codecs, as far as each can be told by itself.
    pub fn is_coded_unlike(&self, other: &Self) -> bool {
        let codings = self.coding().zip(other.coding());
        codings.is_some_and(|(one, other)| one.differs_from(other))
    }

    /// How its first track is coded, if it is media or a sequence header.
    pub(crate) fn coding(&self) -> Option<Coding> {
        classify::coding(self.kind, &self.payload, self.flags)
    }

    /// The same frame at another time.
    #[must_use]
    pub fn with_timestamp(mut self, at: Timestamp) -> Self {
        self.at = at;
        self
    }
}

impl fmt::Debug for Frame {
    /// Without the payload, which may be megabytes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame")
            .field("at", &self.at)
            .field("kind", &self.kind)
            .field("flags", &self.flags)
            .field("track", &self.track)
            .field("bytes", &self.payload.len())
            .finish()
    }
}

#[cfg(test)]
mod tests;
