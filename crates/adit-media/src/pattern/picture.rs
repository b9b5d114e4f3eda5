//! What the clip shows: a picture of cells of one colour each, 16 by 16 pixels.

use super::PatternOptions;

/// Pixels of a side of a cell, which is a macroblock.
pub(super) const CELL: u16 = 16;

/// A colour in BT.709, limited range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Colour {
    pub(super) y: u8,
    pub(super) cb: u8,
    pub(super) cr: u8,
}

impl Colour {
    const fn new(y: u8, cb: u8, cr: u8) -> Self {
        Self { y, cb, cr }
    }
}

/// A grid of cells, row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Picture {
    columns: usize,
    cells: Vec<Colour>,
}

const WHITE: Colour = Colour::new(235, 128, 128);
const BLACK: Colour = Colour::new(16, 128, 128);

/// 75 % bars: white, yellow, cyan, green, magenta, red, blue, black.
pub(super) const BARS: [Colour; 8] = [
    Colour::new(180, 128, 128),
    Colour::new(168, 44, 136),
    Colour::new(145, 147, 44),
    Colour::new(133, 63, 52),
    Colour::new(63, 193, 204),
    Colour::new(51, 109, 212),
    Colour::new(28, 212, 120),
    BLACK,
];

/// The digits 0 to 9, five rows of three bits each, the top row in the highest bits.
const DIGITS: [u16; 10] = [
    0b111_101_101_101_111,
    0b010_110_010_010_111,
    0b111_001_111_100_111,
    0b111_001_111_001_111,
    0b101_101_111_001_001,
    0b111_100_111_001_111,
    0b111_100_111_101_111,
    0b111_001_001_001_001,
    0b111_101_111_101_111,
    0b111_101_111_001_111,
];
const DIGIT_COLUMNS: usize = 3;
const TEXT_ROWS: usize = 5;
/// A colon has dots in its second and fourth row.
const COLON: u16 = 0b0_1_0_1_0;

impl Picture {
    /// Picture `n` of the clip.
    pub(super) fn draw(options: &PatternOptions, n: u64) -> Self {
        let columns = usize::from(options.width().div_ceil(CELL));
        let rows = usize::from(options.height().div_ceil(CELL));
        let strip = (rows / 6).max(1);
        let bar_rows = rows.saturating_sub(strip);
        let mut picture = Self {
            columns,
            cells: vec![BLACK; columns * rows],
        };
        for (at, cell) in picture
            .cells
            .iter_mut()
            .take(columns * bar_rows)
            .enumerate()
        {
            let bar = at % columns * BARS.len() / columns;
            *cell = BARS.get(bar).copied().unwrap_or(BLACK);
        }
        let left = to_and_fro(n, columns.saturating_sub(strip));
        picture.fill((left, bar_rows), (strip, strip), WHITE);
        picture.clock(bar_rows, n, u64::from(options.rate().nominal().max(1)));
        picture
    }

    /// The grid's width.
    pub(super) const fn columns(&self) -> usize {
        self.columns
    }

    /// The cells, row by row.
    pub(super) fn cells(&self) -> &[Colour] {
        &self.cells
    }

    /// Writes the time on a plate in the middle of the bars: as much of it, then as large, as fits.
    fn clock(&mut self, bar_rows: usize, n: u64, fps: u64) {
        let (seconds, frame) = (n / fps, n % fps);
        let digits = if fps > 100 { 3 } else { 2 };
        let texts = [
            format!(
                "{:02}:{:02}:{frame:0digits$}",
                seconds / 60 % 100,
                seconds % 60
            ),
            format!("{:02}:{frame:0digits$}", seconds % 60),
            format!("{frame:0digits$}"),
        ];
        let fits = |text: &str, scale: usize| {
            text_columns(text) * scale + 2 <= self.columns && TEXT_ROWS * scale + 2 <= bar_rows
        };
        let Some(text) = texts.into_iter().find(|text| fits(text, 1)) else {
            return;
        };
        let scale = (1..=8).rev().find(|scale| fits(&text, *scale)).unwrap_or(1);
        let size = (text_columns(&text) * scale, TEXT_ROWS * scale);
        let left = self.columns.saturating_sub(size.0) / 2;
        let top = bar_rows.saturating_sub(size.1) / 2;
        let plate = (size.0 + 2, size.1 + 2);
        self.fill(
            (left.saturating_sub(1), top.saturating_sub(1)),
            plate,
            BLACK,
        );
        self.text(&text, (left, top), scale);
    }

    fn text(&mut self, text: &str, (mut left, top): (usize, usize), scale: usize) {
        for character in text.chars() {
            let (dots, width) = glyph(character);
            for place in 0..width * TEXT_ROWS {
                if dots >> (width * TEXT_ROWS - 1 - place) & 1 == 1 {
                    let corner = (left + place % width * scale, top + place / width * scale);
                    self.fill(corner, (scale, scale), WHITE);
                }
            }
            left += (width + 1) * scale;
        }
    }

    /// Fills a rectangle; what lies outside of the picture is left out.
    fn fill(
        &mut self,
        (left, top): (usize, usize),
        (width, height): (usize, usize),
        colour: Colour,
    ) {
        let columns = self.columns.max(1);
        for row in self.cells.chunks_mut(columns).skip(top).take(height) {
            for cell in row.iter_mut().skip(left).take(width) {
                *cell = colour;
            }
        }
    }
}

/// The dots of a character and its width.
fn glyph(character: char) -> (u16, usize) {
    let digit = character
        .to_digit(10)
        .and_then(|digit| usize::try_from(digit).ok());
    match digit.and_then(|digit| DIGITS.get(digit)) {
        Some(dots) => (*dots, DIGIT_COLUMNS),
        None => (COLON, 1),
    }
}

/// The width of a text, with a column between characters.
fn text_columns(text: &str) -> usize {
    let widths = text.chars().map(|character| glyph(character).1 + 1);
    widths.sum::<usize>().saturating_sub(1)
}

/// The place of something that goes from 0 to `far` and back, one step at a time.
fn to_and_fro(n: u64, far: usize) -> usize {
    let period = u64::try_from(far * 2).unwrap_or(0).max(1);
    let step = usize::try_from(n % period).unwrap_or(0);
    if step <= far { step } else { far * 2 - step }
}
