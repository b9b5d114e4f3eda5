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
}
