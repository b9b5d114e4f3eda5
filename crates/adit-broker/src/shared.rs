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
    first: OnceLock<Form>,
    /// Most frames have one form, so there is room for more only when it is wanted.
    more: OnceLock<Box<[OnceLock<Form>; MORE_FORMS]>>,
}

const MORE_FORMS: usize = FORMS_PER_FRAME - 1;

/// A form and what it is for.
type Form = (u64, Bytes);

impl SharedFrame {
    /// Wraps a frame, without any form yet.
    pub const fn new(frame: Frame) -> Self {
        Self {
            frame,
            arrival: None,
            first: OnceLock::new(),
            more: OnceLock::new(),
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
        // A slot that runs `encode` holds `key` afterwards, so it runs at most once.
        let mut encode = Some(encode);
        let mut run = move || encode.take().map_or_else(Bytes::new, |encode| encode());
        let mut of = |slot: &OnceLock<Form>| {
            let (held, form) = slot.get_or_init(|| (key, run()));
            (*held == key).then(|| form.clone())
        };
        if let Some(form) = of(&self.first) {
            return form;
        }
        let more = self
            .more
            .get_or_init(|| Box::new([const { OnceLock::new() }; MORE_FORMS]));
        let found = more.iter().find_map(of);
        found.unwrap_or_else(run)
    }
}

#[cfg(test)]
mod tests;
