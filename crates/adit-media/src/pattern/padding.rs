//! Bytes that mean nothing, to reach a bit rate.
//!
//! They travel as user data in SEI messages [H264 D.1.7]. Filler NAL units would be simpler, but have no place in a file
//! [AVCC 5.3.2], and would be compressed to nothing by whoever compresses.

use super::{PatternOptions, PictureRate};

const NAL_SEI: u8 = 0x06;
const USER_DATA: u8 = 5;
/// Names the kind of user data: nobody's but ours. None of its bytes is 0.
const UUID: &[u8; 16] = b"Adit-padding-v1.";
/// Length, NAL header, payload type, one byte of size, stop bit.
const OVERHEAD: usize = 8;
/// Pictures before may have left as much room, which is too little for a unit or was lost to rounding.
const LEFT_OVER: u64 = 64;

/// How long the messages may become that a rate asks for. Pictures without padding are far shorter than what a message
/// takes: macroblocks have at most 16 bytes.
pub(super) fn largest_message(options: &PatternOptions) -> u64 {
    let rate = options.rate();
    let bits = u64::from(options.video_kbps()) * u64::from(rate.thousandths());
    bits.div_ceil(8 * u64::from(rate.nominal().max(1))) + LEFT_OVER
}

/// How long video messages are to be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Padding {
    kbps: u64,
    rate: PictureRate,
    spent: u64,
}

impl Padding {
    pub(super) fn new(options: &PatternOptions) -> Self {
        Self {
            kbps: options.video_kbps().into(),
            rate: options.rate(),
            spent: 0,
        }
    }

    /// How many bytes picture `n` may have, so that the pictures up to it have the rate.
    pub(super) fn room(&self, n: u64) -> usize {
        let thousandths = (u128::from(n) + 1) * u128::from(self.rate.thousandths());
        let bits = thousandths * u128::from(self.kbps) / u128::from(self.rate.nominal().max(1));
        let bytes = bits / 8;
        usize::try_from(bytes.saturating_sub(u128::from(self.spent))).unwrap_or(0)
    }

    /// Counts a picture.
    pub(super) fn spent(&mut self, bytes: usize) {
        self.spent = self
            .spent
            .saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
    }
}

/// A NAL unit that takes `room` bytes with its length, or a few less; `None` when there is too little room for one.
pub(super) fn unit(room: usize, seed: u64) -> Option<Vec<u8>> {
    let size = room.checked_sub(OVERHEAD)?;
    // Each 255 bytes of payload cost one more byte of size.
    let payload = size - size / 256;
    let noise = payload.checked_sub(UUID.len())?;
    let mut unit = vec![NAL_SEI, USER_DATA];
    unit.resize(unit.len() + payload / 255, 0xFF);
    unit.push(u8::try_from(payload % 255).unwrap_or(0));
    unit.extend_from_slice(UUID);
    unit.extend(Noise::new(seed).take(noise));
    unit.push(0x80);
    Some(unit)
}

/// Bytes between 1 and 255 that do not compress, the same for the same seed. Without zeros there is nothing to escape.
struct Noise(u64);

impl Noise {
    const fn new(seed: u64) -> Self {
        Self(seed)
    }
}

impl Iterator for Noise {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        // SplitMix64, of which one byte is taken.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        let [top, ..] = (mixed ^ mixed >> 31).to_be_bytes();
        Some(top.max(1))
    }
}
