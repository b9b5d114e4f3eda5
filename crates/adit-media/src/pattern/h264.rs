//! An H.264 encoder for pictures of flat macroblocks: constrained baseline profile, CAVLC, one slice a picture.
//!
//! Every macroblock is Intra 16x16, predicted from the one above or to the left, with at most one coefficient for each
//! of Y, Cb and Cr; in P pictures those that stay the same are skipped. The quantisers are chosen so that one step of a
//! coefficient is one step of a pixel, and there is no deblocking, so colours are decoded exactly.

use bytes::{BufMut, Bytes, BytesMut};

use super::PatternOptions;
use super::bits::{BitWriter, nal_unit, put_unit};
use super::padding;
use super::picture::{CELL, Colour, Picture};

const PROFILE: u8 = 66;
/// Constraint sets 0 and 1: constrained baseline.
const CONSTRAINTS: u8 = 0xC0;

/// With QP 28 a DC coefficient of 1 adds 1 to each pixel of luma [H264 8.5.10, 8.5.12].
const QP_MINUS_26: i32 = 2;
/// With QP 22 a DC coefficient of 1 adds 1 to each pixel of chroma [H264 8.5.11].
const CHROMA_QP_OFFSET: i32 = -6;

/// `frame_num` has eight bits.
const FRAME_NUM_BITS: u32 = 8;

const NAL_SLICE: u8 = 0x61;
const NAL_IDR: u8 = 0x65;
const NAL_SPS: u8 = 0x67;
const NAL_PPS: u8 = 0x68;

/// Makes the pictures of the clip, one after the other.
#[derive(Clone, Debug)]
pub(super) struct Encoder {
    options: PatternOptions,
    last: Option<Picture>,
}

impl Encoder {
    pub(super) const fn new(options: &PatternOptions) -> Self {
        Self {
            options: *options,
            last: None,
        }
    }

    /// The message with the AVC configuration record [AVCC 5.3.3.1].
    pub(super) fn sequence_header(&self) -> Bytes {
        let (sps, pps) = (self.sps(), pps());
        let mut out = BytesMut::new();
        out.put_slice(&[0x17, 0, 0, 0, 0]);
        out.put_slice(&[1, PROFILE, CONSTRAINTS, self.options.level(), 0xFF]);
        for (count, unit) in [(0xE1, &sps), (1, &pps)] {
            out.put_u8(count);
            out.put_u16(u16::try_from(unit.len()).unwrap_or(0));
            out.put_slice(unit);
        }
        out.freeze()
    }

    /// The message with picture `n`. `room` is told how long it would be and says by how much it shall be longer.
    pub(super) fn picture(&mut self, n: u64, room: impl FnOnce(usize) -> usize) -> Bytes {
        let place = n % u64::from(self.options.gop().max(1));
        let picture = Picture::draw(&self.options, n);
        let (first, slice) = if place == 0 {
            (
                0x17,
                idr_slice(&picture, n / u64::from(self.options.gop().max(1))),
            )
        } else {
            (0x27, p_slice(&picture, self.last.as_ref(), place))
        };
        self.last = Some(picture);

        let mut out = BytesMut::new();
        out.put_slice(&[first, 1, 0, 0, 0]);
        let extra = room(out.len() + 4 + slice.len());
        if let Some(unit) = padding::unit(extra, n) {
            put_unit(&unit, &mut out);
        }
        put_unit(&slice, &mut out);
        out.freeze()
    }

    /// The sequence parameter set [H264 7.3.2.1.1, E.1.1].
    fn sps(&self) -> Vec<u8> {
        let (width, height) = (self.options.width(), self.options.height());
        let (columns, rows) = (width.div_ceil(CELL), height.div_ceil(CELL));
        let mut bits = BitWriter::default();
        for byte in [PROFILE, CONSTRAINTS, self.options.level()] {
            bits.bits(byte.into(), 8);
        }
        bits.unsigned(0);
        bits.unsigned(FRAME_NUM_BITS - 4);
        // The order of output is that of decoding; one reference; no gaps.
        bits.unsigned(2);
        bits.unsigned(1);
        bits.bits(0, 1);
        bits.unsigned(u32::from(columns).saturating_sub(1));
        bits.unsigned(u32::from(rows).saturating_sub(1));
        // Frames only, direct 8x8 inference, cropping in units of two pixels, a VUI.
        bits.bits(0b111, 3);
        for crop in [0, columns * CELL - width, 0, rows * CELL - height] {
            bits.unsigned(u32::from(crop / 2));
        }
        bits.bits(1, 1);
        self.vui(&mut bits);
        nal_unit(NAL_SPS, &bits.stopped())
    }

    fn vui(&self, bits: &mut BitWriter) {
        // Square pixels; no overscan.
        bits.bits(1, 1);
        bits.bits(1, 8);
        bits.bits(0, 1);
        // Unspecified format, limited range, BT.709 for primaries, transfer and matrix; chroma in its usual place.
        bits.bits(0b11_0101, 6);
        bits.bits(0x01_0101, 24);
        bits.bits(0, 1);
        // A fixed rate, counted in fields.
        bits.bits(1, 1);
        let (second, field) = self.options.rate().time_scale();
        bits.bits(field, 32);
        bits.bits(second, 32);
        bits.bits(1, 1);
        // No HRD, no picture structure; restrictions: nothing is reordered.
        bits.bits(0b0_0011, 5);
        for number in [0, 0, 10, 10, 0, 1] {
            bits.unsigned(number);
        }
    }
}

/// The picture parameter set [H264 7.3.2.2].
fn pps() -> Vec<u8> {
    let mut bits = BitWriter::default();
    bits.unsigned(0);
    bits.unsigned(0);
    // CAVLC, no field order, one slice group, one reference each way, no weights.
    bits.bits(0, 2);
    for _ in 0..3 {
        bits.unsigned(0);
    }
    bits.bits(0, 3);
    bits.signed(QP_MINUS_26);
    bits.signed(0);
    bits.signed(CHROMA_QP_OFFSET);
    // Slices say how they are deblocked; intra prediction from anywhere; no redundant pictures.
    bits.bits(0b100, 3);
    nal_unit(NAL_PPS, &bits.stopped())
}

/// A picture on its own; neighbouring ones need different numbers [H264 7.4.3].
fn idr_slice(picture: &Picture, number: u64) -> Vec<u8> {
    let mut bits = BitWriter::default();
    bits.unsigned(0);
    bits.unsigned(7);
    bits.unsigned(0);
    bits.bits(0, FRAME_NUM_BITS);
    bits.unsigned(u32::from(number % 2 == 1));
    // Earlier pictures are shown, this one is a short-term reference.
    bits.bits(0, 2);
    end_slice_header(&mut bits);
    for at in 0..picture.cells().len() {
        macroblock(&mut bits, picture, at, 0);
    }
    nal_unit(NAL_IDR, &bits.stopped())
}

/// A picture that repeats all of `last` but what has changed; it is number `place` after its key frame.
fn p_slice(picture: &Picture, last: Option<&Picture>, place: u64) -> Vec<u8> {
    let mut bits = BitWriter::default();
    bits.unsigned(0);
    bits.unsigned(5);
    bits.unsigned(0);
    bits.bits(
        u32::try_from(place % (1 << FRAME_NUM_BITS)).unwrap_or(0),
        FRAME_NUM_BITS,
    );
    // One reference, in its usual place; references slide.
    bits.bits(0, 3);
    end_slice_header(&mut bits);
    let before = last.map_or(&[][..], Picture::cells);
    let mut skipped = 0;
    for (at, cell) in picture.cells().iter().enumerate() {
        if before.get(at) == Some(cell) {
            skipped += 1;
            continue;
        }
        bits.unsigned(skipped);
        skipped = 0;
        macroblock(&mut bits, picture, at, 5);
    }
    if skipped > 0 {
        bits.unsigned(skipped);
    }
    nal_unit(NAL_SLICE, &bits.stopped())
}

/// The quantiser of the picture parameter set, and no deblocking.
fn end_slice_header(bits: &mut BitWriter) {
    bits.signed(0);
    bits.unsigned(1);
}

/// A macroblock as Intra 16x16 [H264 7.3.5]; `first_type` is where such types begin in this kind of slice.
fn macroblock(bits: &mut BitWriter, picture: &Picture, at: usize, first_type: u32) {
    let cells = picture.cells();
    let columns = picture.columns();
    let above = at.checked_sub(columns).and_then(|above| cells.get(above));
    let left = (!at.is_multiple_of(columns.max(1)))
        .then(|| cells.get(at - 1))
        .flatten();
    // The prediction modes of luma and chroma: from above, from the left, from nothing.
    let (predicted, luma_mode, chroma_mode) = match (above, left) {
        (Some(above), _) => (*above, 0, 2),
        (None, Some(left)) => (*left, 1, 1),
        (None, None) => (NOTHING, 2, 0),
    };
    let cell = cells.get(at).copied().unwrap_or(predicted);
    let difference = |now: u8, then: u8| i32::from(now) - i32::from(then);
    let cb = difference(cell.cb, predicted.cb);
    let cr = difference(cell.cr, predicted.cr);
    let coloured = cb != 0 || cr != 0;

    bits.unsigned(first_type + 1 + luma_mode + if coloured { 4 } else { 0 });
    bits.unsigned(chroma_mode);
    bits.signed(0);
    coefficient(bits, difference(cell.y, predicted.y), &LUMA_TOKENS);
    if coloured {
        coefficient(bits, cb, &CHROMA_TOKENS);
        coefficient(bits, cr, &CHROMA_TOKENS);
    }
}

/// What is predicted from nothing.
const NOTHING: Colour = Colour {
    y: 128,
    cb: 128,
    cr: 128,
};

/// `coeff_token` for no coefficient, for a single ±1, for a single larger one: bits and their number [H264 table 9-5].
type Tokens = [(u32, u32); 3];
const LUMA_TOKENS: Tokens = [(0b1, 1), (0b01, 2), (0b00_0101, 6)];
const CHROMA_TOKENS: Tokens = [(0b01, 2), (0b1, 1), (0b00_0111, 6)];

/// A block whose first coefficient alone may differ from 0 [H264 9.2].
fn coefficient(bits: &mut BitWriter, level: i32, [none, one, more]: &Tokens) {
    let negative = u32::from(level < 0);
    match level.unsigned_abs() {
        0 => return bits.bits(none.0, none.1),
        1 => {
            bits.bits(one.0, one.1);
            bits.bits(negative, 1);
        }
        size => {
            bits.bits(more.0, more.1);
            // ±1 cannot occur here, so codes begin with ±2.
            match (size - 2) * 2 + negative {
                code @ 0..14 => bits.bits(1, code + 1),
                code @ 14..30 => {
                    bits.bits(1, 15);
                    bits.bits(code - 14, 4);
                }
                code => {
                    bits.bits(1, 16);
                    bits.bits(code - 30, 12);
                }
            }
        }
    }
    // No zeros before it.
    bits.bits(1, 1);
}
