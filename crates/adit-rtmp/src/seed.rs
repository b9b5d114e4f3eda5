//! Randomness given from outside, stretched to any length.

use std::fmt;

use sha2::{Digest, Sha256};

/// 32 random bytes from the caller; the only source of unpredictability in this crate.
///
/// A core draws no randomness of its own. The shell takes 32 bytes from the operating system for
/// each session; everything random in that session is derived from them.
#[derive(Clone, PartialEq, Eq)]
pub struct Seed([u8; 32]);

impl Seed {
    /// A seed from 32 bytes that the caller drew from a cryptographic source.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// An endless byte stream derived from this seed for one purpose.
    ///
    /// Streams with different labels are independent of each other; the same seed and label give
    /// the same bytes.
    pub fn stream(&self, label: &'static str) -> SeedStream {
        let mut prefix = Sha256::new();
        prefix.update(self.0);
        prefix.update(label.as_bytes());
        SeedStream {
            key: prefix.finalize().into(),
            counter: 0,
        }
    }
}

/// Does not show the bytes.
impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(..)")
    }
}

/// Bytes derived from a [`Seed`]: SHA-256 over a key and a block counter.
#[derive(Clone)]
pub struct SeedStream {
    key: [u8; 32],
    counter: u64,
}

impl SeedStream {
    /// Overwrites `out` with the next bytes; the rest of a last, partly used block is thrown away.
    pub fn fill(&mut self, out: &mut [u8]) {
        for piece in out.chunks_mut(32) {
            let mut block = Sha256::new();
            block.update(self.key);
            block.update(self.counter.to_be_bytes());
            // 2^64 blocks are out of reach; wrapping only spares a check.
            self.counter = self.counter.wrapping_add(1);
            for (to, from) in piece.iter_mut().zip(block.finalize()) {
                *to = from;
            }
        }
    }
}

/// Does not show the key.
impl fmt::Debug for SeedStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SeedStream(..)")
    }
}

#[cfg(test)]
mod tests;
