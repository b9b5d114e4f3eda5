//! Choices taken from the front of the fuzzer's input.

/// The bytes of an input that are not used yet.
#[derive(Clone, Debug)]
pub struct Input<'a> {
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    /// All of an input.
    pub const fn new(data: &'a [u8]) -> Self {
        Self { rest: data }
    }

    /// The next byte; 0 behind the end.
    pub fn byte(&mut self) -> u8 {
        self.next().unwrap_or_default()
    }

    /// The next two bytes; 0 for each behind the end.
    pub fn short(&mut self) -> u16 {
        u16::from_be_bytes([self.byte(), self.byte()])
    }

    /// Up to `len` bytes.
    pub fn bytes(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at(len.min(self.rest.len()));
        self.rest = rest;
        taken
    }

    /// What is left.
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Whether nothing is left.
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }
}

impl Iterator for Input<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }
}

/// A stream of numbers that one byte decides: where to cut an input, for instance.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// The stream that begins with this byte.
    pub const fn new(seed: u8) -> Self {
        Self(seed as u64 ^ 0x9e37_79b9_7f4a_7c15)
    }

    /// A number from 0 to `last`.
    pub fn up_to(&mut self, last: usize) -> usize {
        // xorshift64
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let range = u64::try_from(last).unwrap_or(u64::MAX).saturating_add(1);
        usize::try_from(self.0.checked_rem(range).unwrap_or_default()).unwrap_or(last)
    }

    /// Cuts data into pieces: single bytes, small ones and large ones, decided piece by piece.
    pub fn cut(mut self, mut data: &[u8]) -> impl Iterator<Item = &[u8]> {
        std::iter::from_fn(move || {
            if data.is_empty() {
                return None;
            }
            let most = match self.up_to(3) {
                0 => 1,
                1 => 16,
                2 => 300,
                _ => data.len(),
            };
            let (piece, rest) = data.split_at(self.up_to(most).clamp(1, data.len()));
            data = rest;
            Some(piece)
        })
    }
}
