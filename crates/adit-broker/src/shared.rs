//! A frame that all readers of a stream share, with its encoded forms.

use std::sync::OnceLock;
use std::time::Instant;

use adit_media::Frame;
use bytes::Bytes;

use crate::limits::FORMS_PER_FRAME;

/// A frame and the encoded forms of it that its readers asked for.
///
/// A form is the part of the wire representation that does not depend on the reader, such as the
/// chunked body for one chunk size. It is made by the first reader that wants it and shared by the
/// rest.
#[derive(Debug)]
pub struct SharedFrame {
    frame: Frame,
    arrival: Option<Instant>,
    /// Of all frames that are kept for those who will join most never have a form, so there is room for one only when it is
    /// wanted.
    forms: OnceLock<Box<Form>>,
}

/// A form, what it is for, and the one that was wanted after it.
#[derive(Debug)]
struct Form {
    key: u64,
    bytes: Bytes,
    next: OnceLock<Box<Self>>,
}

impl SharedFrame {
    /// Wraps a frame, without any form yet.
    pub const fn new(frame: Frame) -> Self {
        Self {
            frame,
            arrival: None,
            forms: OnceLock::new(),
        }
    }

    /// The same of a frame that came at `now`.
    pub(crate) const fn arrived(frame: Frame, now: Instant) -> Self {
        let mut shared = Self::new(frame);
        shared.arrival = Some(now);
        shared
    }

    /// When it came from its publisher; `None` of a header that is repeated for a new reader.
    pub const fn arrival(&self) -> Option<Instant> {
        self.arrival
    }

    /// The frame.
    pub const fn frame(&self) -> &Frame {
        &self.frame
    }

    /// How many bytes the payload has.
    pub(crate) fn bytes(&self) -> u64 {
        u64::try_from(self.frame.payload().len()).unwrap_or(u64::MAX)
    }

    /// The form for `key`: encoded by `encode` once, however many readers ask at the same moment,
    /// then shared. A reader that needs a form just being made waits for it.
    ///
    /// The same key must always mean the same form. A frame keeps four forms; for a fifth key each
    /// call encodes anew and nothing is kept.
    pub fn form(&self, key: u64, encode: impl FnOnce() -> Bytes) -> Bytes {
        // A place that runs `encode` holds `key` afterwards, so it runs at most once.
        let mut encode = Some(encode);
        let mut run = move || encode.take().map_or_else(Bytes::new, |encode| encode());
        let mut place = &self.forms;
        for _ in 0..FORMS_PER_FRAME {
            let form = place.get_or_init(|| Box::new(Form::new(key, run())));
            if form.key == key {
                return form.bytes.clone();
            }
            place = &form.next;
        }
        run()
    }
}

impl Form {
    const fn new(key: u64, bytes: Bytes) -> Self {
        Self {
            key,
            bytes,
            next: OnceLock::new(),
        }
    }
}

#[cfg(test)]
mod tests;
