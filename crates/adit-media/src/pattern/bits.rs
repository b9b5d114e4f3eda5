//! Bits, most significant first, and the Exp-Golomb codes of H.264.

use bytes::{BufMut, BytesMut};

/// Collects bits into bytes.
#[derive(Clone, Debug, Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    /// Bits that do not make a byte yet: the lowest `held` of them.
    rest: u64,
    held: u32,
}

impl BitWriter {
    /// Appends the lowest `count` bits of `value`, 0 to 32.
    pub(super) fn bits(&mut self, value: u32, count: u32) {
        let count = count.min(32);
        let mask = (1_u64 << count) - 1;
        self.rest = self.rest << count | u64::from(value) & mask;
        self.held += count;
        while self.held >= 8 {
            self.held -= 8;
            let [.., byte] = (self.rest >> self.held).to_be_bytes();
            self.bytes.push(byte);
        }
        self.rest &= (1 << self.held) - 1;
    }

    /// `ue(v)` [H264 9.1].
    pub(super) fn unsigned(&mut self, value: u32) {
        let code = value.saturating_add(1);
        let zeros = code.ilog2();
        self.bits(0, zeros);
        self.bits(code, zeros + 1);
    }

    /// `se(v)` [H264 9.1.1].
    pub(super) fn signed(&mut self, value: i32) {
        let twice = value.unsigned_abs().saturating_mul(2);
        self.unsigned(if value > 0 { twice - 1 } else { twice });
    }

    /// The bytes, with zeros after the last bit.
    pub(super) fn aligned(mut self) -> Vec<u8> {
        let short = (8 - self.held % 8) % 8;
        self.bits(0, short);
        self.bytes
    }

    /// The bytes, with the stop bit that ends a NAL unit [H264 7.3.2.11].
    pub(super) fn stopped(mut self) -> Vec<u8> {
        self.bits(1, 1);
        self.aligned()
    }
}

/// A NAL unit: its header byte, then `body` with emulation prevention [H264 7.4.1].
pub(super) fn nal_unit(head: u8, body: &[u8]) -> Vec<u8> {
    let mut unit = vec![head];
    let mut zeros = 0;
    for byte in body {
        if zeros == 2 && *byte <= 3 {
            unit.push(3);
            zeros = 0;
        }
        zeros = if *byte == 0 { zeros + 1 } else { 0 };
        unit.push(*byte);
    }
    unit
}

/// Appends a NAL unit behind its length in 32 bits.
pub(super) fn put_unit(unit: &[u8], out: &mut BytesMut) {
    out.put_u32(u32::try_from(unit.len()).unwrap_or(u32::MAX));
    out.put_slice(unit);
}
