//! A frame that all readers of a stream share, with its encoded forms.

use std::sync::OnceLock;

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
    forms: [OnceLock<(u64, Bytes)>; FORMS_PER_FRAME],
}

impl SharedFrame {
    /// Wraps a frame, without any form yet.
    pub fn new(frame: Frame) -> Self {
        Self { frame, forms: [const { OnceLock::new() }; FORMS_PER_FRAME] }
    }

    /// The frame.
    pub const fn frame(&self) -> &Frame {
        &self.frame
    }

    /// The form for `key`: encoded by `encode` once, however many readers ask at the same moment,
    /// then shared. A reader that needs a form just being made waits for it.
    ///
    /// The same key must always mean the same form. A frame keeps four forms; for a fifth key each
    /// call encodes anew and nothing is kept.
    pub fn form(&self, key: u64, encode: impl FnOnce() -> Bytes) -> Bytes {
        let mut encode = Some(encode);
        let mut run = move || encode.take().map_or_else(Bytes::new, |encode| encode());
        for slot in &self.forms {
            let (held, form) = slot.get_or_init(|| (key, run()));
            if *held == key {
                return form.clone();
            }
        }
        // No slot ran `encode`: a slot that runs it holds `key` afterwards.
        run()
    }
}
