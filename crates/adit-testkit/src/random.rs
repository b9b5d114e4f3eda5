//! Numbers that look random and are the same for the same seed.

/// A small generator (`SplitMix64`); not for secrets.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// A generator that begins at `seed`; print the seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `limit - 1`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.bits() % limit
    }

    /// The same as a size.
    pub fn size_below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit).expect("a size has 64 bits at most");
        usize::try_from(self.below(limit)).expect("it is below a size")
    }

    /// True once in `times`, on average.
    pub fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// `length` bytes.
    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes: Vec<u8> = Vec::with_capacity(length + 8);
        while bytes.len() < length {
            bytes.extend(self.bits().to_le_bytes());
        }
        bytes.truncate(length);
        bytes
    }
}

/// A seed for this run: `ADIT_SEED` if it is set, else a new one each time. Whoever uses it prints it.
pub fn seed() -> u64 {
    use std::hash::{BuildHasher as _, RandomState};
    let given = std::env::var("ADIT_SEED").ok();
    given.map_or_else(
        || RandomState::new().hash_one(0),
        |text| text.parse().expect("ADIT_SEED is a number"),
    )
}
