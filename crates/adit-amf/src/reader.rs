//! A cursor over one message that hands out shared slices.

use bytes::{Buf, Bytes};

use crate::{DecodeError, Text};

/// What is left of a message. Every read is checked against it.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    rest: Bytes,
}

impl Reader {
    pub(crate) fn new(message: Bytes) -> Self {
        Self { rest: message }
    }

    pub(crate) fn remaining(&self) -> usize {
        self.rest.len()
    }

    pub(crate) fn into_rest(self) -> Bytes {
        self.rest
    }

    /// Whether nothing is left, or only these bytes; they are then dropped.
    pub(crate) fn at_end(&mut self, trailer: &[u8]) -> bool {
        if self.rest == trailer {
            self.rest.clear();
        }
        self.rest.is_empty()
    }

    /// The next byte, not consumed.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    pub(crate) fn u8(&mut self) -> Result<u8, DecodeError> {
        self.rest.try_get_u8().map_err(|_| DecodeError::Truncated)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, DecodeError> {
        self.rest.try_get_u16().map_err(|_| DecodeError::Truncated)
    }

    pub(crate) fn i16(&mut self) -> Result<i16, DecodeError> {
        self.rest.try_get_i16().map_err(|_| DecodeError::Truncated)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, DecodeError> {
        self.rest.try_get_u32().map_err(|_| DecodeError::Truncated)
    }

    pub(crate) fn i64(&mut self) -> Result<i64, DecodeError> {
        self.rest.try_get_i64().map_err(|_| DecodeError::Truncated)
    }

    pub(crate) fn f64(&mut self) -> Result<f64, DecodeError> {
        self.rest.try_get_f64().map_err(|_| DecodeError::Truncated)
    }

    /// The next `len` bytes, shared with the message.
    pub(crate) fn bytes(&mut self, len: u32) -> Result<Bytes, DecodeError> {
        let len = self.fits(len, 1)?;
        Ok(self.rest.split_to(len))
    }

    /// The next `len` bytes as UTF-8, shared with the message.
    pub(crate) fn text(&mut self, len: u32) -> Result<Text, DecodeError> {
        Text::try_from(self.bytes(len)?).map_err(|_| DecodeError::InvalidUtf8)
    }

    /// Checks that `count` elements of at least `each` bytes can follow, before anything is
    /// allocated for them.
    pub(crate) fn fits(&self, count: u32, each: usize) -> Result<usize, DecodeError> {
        let remaining = self.remaining();
        usize::try_from(count)
            .ok()
            .filter(|count| {
                count
                    .checked_mul(each)
                    .is_some_and(|bytes| bytes <= remaining)
            })
            .ok_or(DecodeError::Overlong { count, remaining })
    }
}
