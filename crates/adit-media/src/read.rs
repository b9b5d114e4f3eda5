//! Checked big-endian reads over a borrowed message.

/// What is left of a message, and how far it has been read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, at: 0 }
    }

    /// Bytes read so far.
    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    /// Everything not read yet, without reading it.
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        self.at = self.at.saturating_add(len);
        Some(taken)
    }

    /// The next `len` bytes, to be read on their own; places still count from the start of the message.
    pub(crate) fn part(&mut self, len: usize) -> Option<Self> {
        let at = self.at;
        self.take(len).map(|rest| Self { rest, at })
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn u24(&mut self) -> Option<u32> {
        self.array()
            .map(|[a, b, c]| u32::from_be_bytes([0, a, b, c]))
    }

    /// A signed 24-bit number, as composition times are.
    pub(crate) fn i24(&mut self) -> Option<i32> {
        self.array()
            .map(|[a, b, c]| i32::from_be_bytes([a, b, c, 0]) >> 8)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    /// The version and the flags that many boxes of MP4 begin with.
    pub(crate) fn u24_behind_version(&mut self) -> Option<(u8, u32)> {
        Some((self.u8()?, self.u24()?))
    }

    pub(crate) fn four(&mut self) -> Option<[u8; 4]> {
        self.array()
    }
}

/// The high and the low half of a byte.
pub(crate) const fn nibbles(byte: u8) -> (u8, u8) {
    (byte >> 4, byte & 0x0F)
}
