//! An AAC-LC encoder for one tone: 48 kHz, stereo, long windows, one Huffman codebook.
//!
//! The beep begins at the frame boundary nearest to each full second, always with the same phase, so it is always the
//! same few frames, which are made once. All other frames are silence.

use std::f64::consts::PI;

use bytes::{BufMut, Bytes, BytesMut};

use super::bits::BitWriter;

/// Samples a second.
pub(super) const RATE_HZ: u32 = 48_000;
/// The tone.
pub(super) const TONE_HZ: f64 = 1000.0;

/// Samples of a frame, and lines of its spectrum.
const FRAME: usize = 1024;
/// The same, for counting.
const FRAME_SAMPLES: u64 = 1024;
/// Frames that the tone lasts, 85 ms.
const TONE_FRAMES: usize = 4;
/// Samples in which it becomes loud and silent again, 5 ms.
const RAMP: f64 = 240.0;
/// Its amplitude, of 32,768.
const LOUDNESS: f64 = 8192.0;

/// Scale factor bands that are written, and their lines: 17 bands end at 2.25 kHz [AAC table 4.110].
const BANDS: u32 = 17;
const LINES: usize = 96;
/// The largest value that codebook 7 has.
const LARGEST: u16 = 7;

/// Gives the frames of the sound.
#[derive(Clone, Debug)]
pub(super) struct Beeper {
    silence: Bytes,
    beep: [Bytes; TONE_FRAMES + 1],
}

impl Beeper {
    pub(super) fn new() -> Self {
        Self {
            silence: message(&Spectrum::default()),
            // A frame covers two frames' worth of samples, so the first begins one frame before the tone.
            beep: std::array::from_fn(|at| message(&Spectrum::of_tone(at))),
        }
    }

    /// The message with frame `n`.
    pub(super) fn frame(&self, n: u64) -> Bytes {
        beep_place(n)
            .and_then(|place| self.beep.get(place))
            .unwrap_or(&self.silence)
            .clone()
    }
}

/// When frame `n` is due, in milliseconds.
pub(super) fn frame_ms(n: u64) -> u64 {
    // 1024 samples at 48 kHz are 64/3 ms.
    n.saturating_mul(64) / 3
}

/// The message with the `AudioSpecificConfig` [AAC 1.6.2.1]: LC, 48 kHz, two channels.
pub(super) fn sequence_header() -> Bytes {
    Bytes::from_static(&[0xAF, 0, 0b0001_0001, 0b1001_0000])
}

/// Which frame of the beep frame `n` is, if any. Second 0 has none, because nothing comes before it.
fn beep_place(n: u64) -> Option<usize> {
    let first_tone_frame =
        |second: u64| (second * u64::from(RATE_HZ) + FRAME_SAMPLES / 2) / FRAME_SAMPLES;
    let second = (n.saturating_add(2).saturating_mul(FRAME_SAMPLES)) / u64::from(RATE_HZ);
    [second, second.saturating_sub(1)]
        .into_iter()
        .filter(|second| *second > 0)
        .filter_map(|second| (n + 1).checked_sub(first_tone_frame(second)))
        .filter_map(|place| usize::try_from(place).ok())
        .find(|place| *place <= TONE_FRAMES)
}

/// The sample of the beep at `at` samples after its begin.
fn tone(at: i32) -> f64 {
    let length = f64::from(u32::try_from(TONE_FRAMES * FRAME).unwrap_or(0));
    let at = f64::from(at);
    let from_edge = at.min(length - at);
    if from_edge <= 0.0 {
        return 0.0;
    }
    let ramp = (1.0 - (PI * (from_edge / RAMP).min(1.0)).cos()) / 2.0;
    LOUDNESS * ramp * (2.0 * PI * TONE_HZ * at / f64::from(RATE_HZ)).sin()
}

/// A spectrum, quantised: value · |value|^(1/3) · 2^((scale − 100) / 4) are the lines of the transform.
#[derive(Clone, Debug, Default)]
struct Spectrum {
    scale: u8,
    /// Either none or [`LINES`], each at most [`LARGEST`] in size.
    lines: Vec<i16>,
}

impl Spectrum {
    /// Frame `place` of the beep: a forward transform [AAC 4.6.11] of what the sine window shows of the tone.
    fn of_tone(place: usize) -> Self {
        let begin = i32::try_from(place * FRAME).unwrap_or(0) - 1024;
        let windowed: Vec<f64> = (0_u16..2048)
            .map(|n| (PI / 2048.0 * (f64::from(n) + 0.5)).sin() * tone(begin + i32::from(n)))
            .collect();
        let lines: Vec<f64> = (0_u16..)
            .take(LINES)
            .map(|line| transform(&windowed, line))
            .collect();
        Self::quantised(&lines)
    }

    fn quantised(lines: &[f64]) -> Self {
        let loudest = lines
            .iter()
            .fold(1.0_f64, |most, line| most.max(line.abs()));
        let most = f64::from(LARGEST).powf(4.0 / 3.0);
        let scale = (0_u8..=255)
            .find(|scale| loudest <= most * step(*scale))
            .unwrap_or(255);
        let value = |line: &f64| {
            let size = (line.abs() / step(scale)).powf(0.75) + 0.4054;
            let size = (1..=LARGEST).rev().find(|each| f64::from(*each) <= size);
            let size = i16::try_from(size.unwrap_or(0)).unwrap_or(0);
            if *line < 0.0 { -size } else { size }
        };
        Self {
            scale,
            lines: lines.iter().map(value).collect(),
        }
    }
}

/// What a scale factor multiplies by.
fn step(scale: u8) -> f64 {
    ((f64::from(scale) - 100.0) / 4.0).exp2()
}

/// One line of the modified discrete cosine transform of 2048 samples.
fn transform(windowed: &[f64], line: u16) -> f64 {
    let turn = 2.0 * PI / 2048.0 * (f64::from(line) + 0.5);
    let terms = (0_u16..).zip(windowed);
    2.0 * terms
        .map(|(n, sample)| sample * (turn * (f64::from(n) + 512.5)).cos())
        .sum::<f64>()
}

/// The message with a frame: a pair of channels that sound alike [AAC 4.4.2.1].
fn message(spectrum: &Spectrum) -> Bytes {
    let mut bits = BitWriter::default();
    // A channel pair, number 0, with a common window.
    bits.bits(0b0010_0001, 8);
    // A long window of sine shape, its bands, no prediction, no middle and side.
    let bands = if spectrum.lines.is_empty() { 0 } else { BANDS };
    bits.bits(0b0000, 4);
    bits.bits(bands, 6);
    bits.bits(0, 1 + 2);
    for _ in 0..2 {
        channel(&mut bits, spectrum, bands);
    }
    // The end.
    bits.bits(0b111, 3);
    let mut out = BytesMut::new();
    out.put_slice(&[0xAF, 1]);
    out.put_slice(&bits.aligned());
    out.freeze()
}

/// A channel [AAC table 4.50].
fn channel(bits: &mut BitWriter, spectrum: &Spectrum, bands: u32) {
    bits.bits(spectrum.scale.into(), 8);
    if bands > 0 {
        // One section of codebook 7. All bands have the scale of the first: a difference of 0 is the bit 0.
        bits.bits(7, 4);
        bits.bits(bands, 5);
        bits.bits(0, bands);
    }
    // No pulses, no noise shaping, no gain control.
    bits.bits(0, 3);
    for pair in spectrum.lines.chunks_exact(2) {
        let size = |at: usize| pair.get(at).map_or(0, |line| line.unsigned_abs());
        let word = PAIRS.get(usize::from(size(0) * 8 + size(1)));
        let (length, code) = word.copied().unwrap_or((1, 0));
        bits.bits(code, length);
        for line in pair.iter().filter(|line| **line != 0) {
            bits.bits(u32::from(*line < 0), 1);
        }
    }
}

/// Spectrum codebook 7: for the sizes of two lines, 8 · first + second, the length of a word and the word [AAC table
/// 4.A.8].
#[rustfmt::skip]
const PAIRS: [(u32, u32); 64] = [
    (1, 0x000), (3, 0x005), (6, 0x037), (7, 0x074), (8, 0x0F2), (9, 0x1EB), (10, 0x3ED), (11, 0x7F7),
    (3, 0x004), (4, 0x00C), (6, 0x035), (7, 0x071), (8, 0x0EC), (8, 0x0EE), (9, 0x1EE), (9, 0x1F5),
    (6, 0x036), (6, 0x034), (7, 0x072), (8, 0x0EA), (8, 0x0F1), (9, 0x1E9), (9, 0x1F3), (10, 0x3F5),
    (7, 0x073), (7, 0x070), (8, 0x0EB), (8, 0x0F0), (9, 0x1F1), (9, 0x1F0), (10, 0x3EC), (10, 0x3FA),
    (8, 0x0F3), (8, 0x0ED), (9, 0x1E8), (9, 0x1EF), (10, 0x3EF), (10, 0x3F1), (10, 0x3F9), (11, 0x7FB),
    (9, 0x1ED), (8, 0x0EF), (9, 0x1EA), (9, 0x1F2), (10, 0x3F3), (10, 0x3F8), (11, 0x7F9), (11, 0x7FC),
    (10, 0x3EE), (9, 0x1EC), (9, 0x1F4), (10, 0x3F4), (10, 0x3F7), (11, 0x7F8), (12, 0xFFD), (12, 0xFFE),
    (11, 0x7F6), (10, 0x3F0), (10, 0x3F2), (10, 0x3F6), (11, 0x7FA), (11, 0x7FD), (12, 0xFFC), (12, 0xFFF),
];

#[cfg(test)]
mod tests {
    use super::PAIRS;

    #[test]
    fn the_codebook_is_a_whole_prefix_code() {
        let space: u32 = PAIRS.iter().map(|(length, _)| 1 << (12 - length)).sum();
        assert_eq!(space, 1 << 12);
        for (at, (length, word)) in PAIRS.iter().enumerate() {
            for (other, _) in PAIRS.iter().enumerate().filter(|(other, _)| *other != at) {
                let (other_length, other_word) = PAIRS[other];
                let shorter = *length.min(&other_length);
                assert_ne!(
                    word >> (length - shorter),
                    other_word >> (other_length - shorter)
                );
            }
        }
    }
}
