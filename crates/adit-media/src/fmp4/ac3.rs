//! AC-3 and E-AC-3, which say in each frame what they are [TS 102 366].
//!
//! ```text
//! AC-3    0B77 · crc:16 · rate:2 · size:6 · version:5 <= 8 · mode:3 · layout:3 · … · low:1
//! E-AC-3  0B77 · kind:2 · substream:3 · words - 1:11 · rate:2 · blocks:2 · layout:3 · low:1 · version:5 = 16 · …
//! ```
//!
//! A message of E-AC-3 has one substream after the other: independent ones, and behind each those that add channels to it.

use shiguredo_mp4::boxes::{AudioSampleEntryFields, SampleEntry, UnknownBox};
use shiguredo_mp4::{BoxSize, BoxType, Encode};

use super::bits::{Bits, BitsOut};
use super::track::{Track, Unsupported};
use crate::FrameKind;

/// The entries in a table of samples.
pub(super) const AC3: BoxType = BoxType::Normal(*b"ac-3");
pub(super) const EAC3: BoxType = BoxType::Normal(*b"ec-3");
const SYNC: u32 = 0x0B77;
const RATES: [u32; 3] = [48_000, 44_100, 32_000];
/// Kilobits a second of AC-3.
const BIT_RATES: [u32; 19] = [
    32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640,
];
/// Samples of a block, and of the six blocks of a whole frame.
const BLOCK: u32 = 256;
const WHOLE: u32 = 6 * BLOCK;
/// Channels by their layout, without that of low frequencies.
const CHANNELS: [u16; 8] = [2, 1, 2, 3, 3, 4, 4, 5];
/// Channels at each of the places that a dependent substream may have, from the lowest bit on [TS 102 366 F.6.2.13].
const PLACES: [u16; 9] = [2, 2, 1, 1, 2, 2, 2, 1, 1];
/// The highest version of AC-3 at whole rates; those behind it are of half the rate and a quarter, which nobody makes.
const AC3_VERSION: u32 = 8;
/// The versions of E-AC-3.
const EAC3_VERSIONS: std::ops::RangeInclusive<u32> = 11..=16;
/// Independent substreams of a message.
const SUBSTREAMS: usize = 8;
/// Dependent substreams of one.
const DEPENDENT: u32 = 15;

/// What AC-3 and E-AC-3 say of a channel layout.
#[derive(Clone, Copy, Debug)]
struct Service {
    rate_code: u32,
    version: u32,
    mode: u32,
    layout: u32,
    low: u32,
}

impl Service {
    fn channels(&self) -> u16 {
        let channels = usize::try_from(self.layout).ok();
        let channels = channels.and_then(|layout| CHANNELS.get(layout));
        let low = u16::from(self.low == 1);
        channels.copied().unwrap_or(2).saturating_add(low)
    }

    /// As both boxes begin with it.
    fn write_head(&self, out: &mut BitsOut) {
        out.put(self.rate_code, 2);
        out.put(self.version, 5);
    }

    fn write_tail(&self, out: &mut BitsOut) {
        out.put(self.mode, 3);
        out.put(self.layout, 3);
        out.put(self.low, 1);
    }
}

/// The track that a message of AC-3 describes.
pub(super) fn ac3(message: &[u8]) -> Result<Track, Unsupported> {
    let frame = Plain::parse(message).ok_or(Unsupported::Configuration)?;
    let mut out = BitsOut::default();
    frame.service.write_head(&mut out);
    frame.service.write_tail(&mut out);
    out.put(frame.bit_rate_code, 5);
    out.put(0, 5);
    let channels = frame.service.channels();
    track(AC3, frame.rate, channels, *b"dac3", &out.into_bytes())
}

/// The header of a frame of AC-3 [TS 102 366 4.3].
struct Plain {
    service: Service,
    rate: u32,
    bit_rate_code: u32,
    bytes: usize,
}

impl Plain {
    fn parse(frame: &[u8]) -> Option<Self> {
        let mut bits = Bits::new(frame);
        (bits.take(16)? == SYNC).then_some(())?;
        let _check = bits.take(16)?;
        let rate_code = bits.take(2)?;
        let rate = *RATES.get(usize::try_from(rate_code).ok()?)?;
        let size = bits.take(6)?;
        let bit_rate_code = size >> 1;
        let bit_rate = *BIT_RATES.get(usize::try_from(bit_rate_code).ok()?)?;
        let (version, mode, layout) = (bits.take(5)?, bits.take(3)?, bits.take(3)?);
        (version <= AC3_VERSION).then_some(())?;
        if layout & 1 == 1 && layout != 1 {
            let _center = bits.take(2)?;
        }
        if layout & 4 == 4 {
            let _surround = bits.take(2)?;
        }
        if layout == 2 {
            let _surround = bits.take(2)?;
        }
        let words = match rate_code {
            0 => bit_rate.saturating_mul(2),
            1 => (bit_rate.saturating_mul(320) / 147).saturating_add(size & 1),
            _ => bit_rate.saturating_mul(3),
        };
        Some(Self {
            service: Service {
                rate_code,
                version,
                mode,
                layout,
                low: bits.take(1)?,
            },
            rate,
            bit_rate_code,
            bytes: usize::try_from(words).ok()?.saturating_mul(2),
        })
    }
}

/// The track that a message of E-AC-3 describes.
pub(super) fn eac3(message: &[u8]) -> Result<Track, Unsupported> {
    let unreadable = Unsupported::Configuration;
    let first = Substream::parse(message).ok_or(unreadable)?;
    let programs = programs(message).ok_or(unreadable)?;
    let mut out = BitsOut::default();
    let bits = programs.iter().map(|program| program.bytes).sum::<u32>();
    let bits = bits.saturating_mul(8);
    let kilobits = u64::from(bits).saturating_mul(first.rate.into())
        / u64::from(first.samples).saturating_mul(1000).max(1);
    out.put(u32::try_from(kilobits).unwrap_or(u32::MAX).min(0x1FFF), 13);
    let more = programs.len().saturating_sub(1);
    out.put(u32::try_from(more).map_err(|_| unreadable)?, 3);
    for program in &programs {
        program.service.write_head(&mut out);
        // Reserved, and that it is the main service.
        out.put(0, 2);
        program.service.write_tail(&mut out);
        out.put(0, 3);
        out.put(program.dependent, 4);
        if program.dependent > 0 {
            out.put(program.places, 9);
        } else {
            out.put(0, 1);
        }
    }
    let channels = programs.first().map_or(2, Program::channels);
    track(EAC3, first.rate, channels, *b"dec3", &out.into_bytes())
}

/// An independent substream of E-AC-3, with what those add that depend on it.
struct Program {
    service: Service,
    dependent: u32,
    /// Where the channels are that are added, as [`PLACES`] has them.
    places: u32,
    bytes: u32,
}

impl Program {
    fn channels(&self) -> u16 {
        let added = PLACES.iter().enumerate();
        let added = added.filter(|(bit, _)| self.places >> bit & 1 == 1);
        let added: u16 = added.map(|(_, channels)| channels).sum();
        self.service.channels().saturating_add(added)
    }
}

/// The substreams of the first moment of a message.
fn programs(message: &[u8]) -> Option<Vec<Program>> {
    let mut programs: Vec<Program> = Vec::new();
    for frame in Substreams(message) {
        let bytes = u32::try_from(frame.bytes).ok()?;
        if frame.is_dependent {
            let program = programs.last_mut()?;
            (program.dependent < DEPENDENT).then_some(())?;
            program.dependent = program.dependent.saturating_add(1);
            program.places |= frame.places;
            program.bytes = program.bytes.saturating_add(bytes);
            continue;
        }
        // Each moment begins with the first one.
        match (frame.number, programs.is_empty()) {
            (0, false) => break,
            (0, true) | (_, false) => {}
            (_, true) => return None,
        }
        (programs.len() < SUBSTREAMS).then_some(())?;
        programs.push(Program {
            service: frame.service,
            dependent: 0,
            places: 0,
            bytes,
        });
    }
    (!programs.is_empty()).then_some(programs)
}

/// The frames of a message of E-AC-3.
struct Substreams<'a>(&'a [u8]);

impl Iterator for Substreams<'_> {
    type Item = Substream;

    fn next(&mut self) -> Option<Substream> {
        let frame = Substream::parse(self.0)?;
        self.0 = self.0.get(frame.bytes..).unwrap_or_default();
        Some(frame)
    }
}

/// The header of a frame of E-AC-3 [TS 102 366 E.1.3].
struct Substream {
    service: Service,
    rate: u32,
    samples: u32,
    is_dependent: bool,
    number: u32,
    places: u32,
    bytes: usize,
}

impl Substream {
    fn parse(frame: &[u8]) -> Option<Self> {
        let mut bits = Bits::new(frame);
        (bits.take(16)? == SYNC).then_some(())?;
        let kind = bits.take(2)?;
        (kind < 3).then_some(())?;
        let number = bits.take(3)?;
        let words = bits.take(11)?.saturating_add(1);
        let rate_code = bits.take(2)?;
        let (rate, block_code) = match (rate_code, bits.take(2)?) {
            // Half the rate.
            (3, half) => (*RATES.get(usize::try_from(half).ok()?)? / 2, 3),
            (whole, blocks) => (*RATES.get(usize::try_from(whole).ok()?)?, blocks),
        };
        let blocks = [1, 2, 3, 6].get(usize::try_from(block_code).ok()?)?;
        let (layout, low, version) = (bits.take(3)?, bits.take(1)?, bits.take(5)?);
        EAC3_VERSIONS.contains(&version).then_some(())?;
        let mut service = Service {
            rate_code,
            version,
            mode: 0,
            layout,
            low,
        };
        let shape = Shape {
            kind,
            blocks: *blocks,
            layout,
            low,
        };
        let mut places = 0;
        // A header that ends in what only describes it further is of the usual mode.
        if let Some((map, mode)) = shape.read_rest(&mut bits) {
            places = places_of(map);
            service.mode = mode;
        }
        Some(Self {
            service,
            rate,
            samples: blocks.saturating_mul(BLOCK),
            is_dependent: kind == 1,
            number,
            places,
            bytes: usize::try_from(words).ok()?.saturating_mul(2),
        })
    }
}

/// What it depends on which fields a header has.
struct Shape {
    /// 0 independent, 1 dependent, 2 made of AC-3.
    kind: u32,
    blocks: u32,
    layout: u32,
    low: u32,
}

impl Shape {
    /// Reads on behind the version; gives the map of channels and the mode [TS 102 366 E.1.2.2].
    fn read_rest(&self, bits: &mut Bits<'_>) -> Option<(u32, u32)> {
        for _ in 0..if self.layout == 0 { 2 } else { 1 } {
            let _loudness = bits.take(5)?;
            skip_if_told(bits, 8)?;
        }
        let mut map = 0;
        if self.kind == 1 && bits.take(1)? == 1 {
            map = bits.take(16)?;
        }
        if bits.take(1)? == 1 {
            self.skip_mixing(bits)?;
        }
        let mode = if bits.take(1)? == 1 { bits.take(3)? } else { 0 };
        Some((map, mode))
    }

    fn skip_mixing(&self, bits: &mut Bits<'_>) -> Option<()> {
        if self.layout > 2 {
            bits.skip(2)?;
        }
        if self.layout & 1 == 1 && self.layout > 2 {
            bits.skip(6)?;
        }
        if self.layout & 4 == 4 {
            bits.skip(6)?;
        }
        if self.low == 1 {
            skip_if_told(bits, 5)?;
        }
        if self.kind != 0 {
            return Some(());
        }
        for _ in 0..if self.layout == 0 { 3 } else { 2 } {
            skip_if_told(bits, 6)?;
        }
        match bits.take(2)? {
            1 => bits.skip(5)?,
            2 => bits.skip(12)?,
            3 => {
                let bytes = usize::try_from(bits.take(5)?).ok()?;
                bits.skip(bytes.saturating_add(2).saturating_mul(8))?;
            }
            _ => {}
        }
        for _ in 0..2_u32.saturating_sub(self.layout) {
            skip_if_told(bits, 14)?;
        }
        if bits.take(1)? == 0 {
            return Some(());
        }
        if self.blocks == 1 {
            return bits.skip(5);
        }
        for _ in 0..self.blocks {
            skip_if_told(bits, 5)?;
        }
        Some(())
    }
}

/// Skips a field that is there if the bit before it says so.
fn skip_if_told(bits: &mut Bits<'_>, count: usize) -> Option<()> {
    if bits.take(1)? == 1 {
        bits.skip(count)?;
    }
    Some(())
}

/// The places of a map of channels, whose first bit is the left one [TS 102 366 E.1.3.1.8]: from the sixth on, and low frequencies.
fn places_of(map: u32) -> u32 {
    let places = (5..13)
        .zip(0_u32..)
        .filter(|(index, _)| map >> (15 - index) & 1 == 1);
    let places = places.fold(0, |places, (_, bit)| places | 1 << bit);
    places | (map >> 1 & 1) << 8
}

/// How many samples a message of AC-3 has.
pub(super) fn ac3_samples(message: &[u8]) -> Option<u32> {
    let mut rest = message;
    let mut samples = 0_u32;
    while let Some(frame) = Plain::parse(rest) {
        samples = samples.saturating_add(WHOLE);
        rest = rest.get(frame.bytes..).unwrap_or_default();
    }
    Some(samples).filter(|samples| *samples > 0)
}

/// How many samples a message of E-AC-3 has.
pub(super) fn eac3_samples(message: &[u8]) -> Option<u32> {
    let first = Substreams(message).filter(|frame| !frame.is_dependent && frame.number == 0);
    let samples = first.fold(0_u32, |sum, frame| sum.saturating_add(frame.samples));
    Some(samples).filter(|samples| *samples > 0)
}

/// An entry with one box of the codec, neither of which the library has.
fn track(
    entry: BoxType,
    rate: u32,
    channels: u16,
    name: [u8; 4],
    config: &[u8],
) -> Result<Track, Unsupported> {
    let unwritable = |_| Unsupported::Configuration;
    let fields: AudioSampleEntryFields = super::audio::sound(rate, channels);
    let mut payload = fields.encode_to_vec().map_err(unwritable)?;
    let inner = unknown(BoxType::Normal(name), config.to_vec());
    payload.extend(inner.encode_to_vec().map_err(unwritable)?);
    let entry = SampleEntry::Unknown(unknown(entry, payload));
    Track::new(FrameKind::Audio, rate, None, entry)
}

fn unknown(box_type: BoxType, payload: Vec<u8>) -> UnknownBox {
    let length = u64::try_from(payload.len()).unwrap_or(u64::MAX);
    UnknownBox {
        box_type,
        box_size: BoxSize::with_payload_size(box_type, length),
        payload,
    }
}

#[cfg(test)]
mod tests;
