//! Numbers of a few bits each.

/// Bits from the top of each byte on.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Bits<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The next number; nothing where there are not so many bits.
    pub(super) fn take(&mut self, count: usize) -> Option<u32> {
        let mut value = 0;
        for _ in 0..count {
            let byte = self.bytes.get(self.at / 8)?;
            let bit = *byte >> (7_usize.saturating_sub(self.at % 8)) & 1;
            value = value << 1 | u32::from(bit);
            self.at = self.at.saturating_add(1);
        }
        Some(value)
    }

    /// Leaves numbers out; nothing where there are not so many bits.
    pub(super) fn skip(&mut self, count: usize) -> Option<()> {
        let at = self.at.checked_add(count)?;
        (at <= self.bytes.len().saturating_mul(8)).then_some(())?;
        self.at = at;
        Some(())
    }
}

/// Numbers written from the top of each byte on; what is left of the last byte is 0.
#[derive(Debug, Default)]
pub(super) struct BitsOut {
    bytes: Vec<u8>,
    used: usize,
}

impl BitsOut {
    /// The lowest `count` bits of `value`.
    pub(super) fn put(&mut self, value: u32, count: u32) {
        for shift in (0..count).rev() {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
            }
            let bit = u8::from(value >> shift & 1 == 1);
            if let Some(last) = self.bytes.last_mut() {
                *last |= bit << (7_usize.saturating_sub(self.used % 8));
            }
            self.used = self.used.saturating_add(1);
        }
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}
