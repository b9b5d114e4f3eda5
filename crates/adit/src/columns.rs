//! Tables of text for a terminal. Names in them are text of strangers: nothing in them moves a cursor.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// To which side the cells of a column go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// Names.
    Left,
    /// Figures.
    Right,
}

/// The rows as lines, with two blanks between columns that are as wide as their widest cell.
pub(crate) fn lines(rows: &[Vec<String>], sides: &[Side]) -> Vec<String> {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.width()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..sides.len()).map(width).collect();
    rows.iter()
        .map(|row| {
            let cells = row.iter().zip(&widths).zip(sides);
            let cells = cells.map(|((cell, width), side)| {
                let blanks = " ".repeat(width.saturating_sub(cell.width()));
                match side {
                    Side::Left => format!("{cell}{blanks}"),
                    Side::Right => format!("{blanks}{cell}"),
                }
            });
            let line = cells.collect::<Vec<_>>().join("  ");
            line.trim_end().to_owned()
        })
        .collect()
}

/// As much of a text as fits, with `…` for the rest, and without what is no sign to be seen.
pub(crate) fn clipped(text: &str, columns: usize) -> String {
    let seen = |sign: char| {
        let is_unseen = sign.is_control()
            || ('\u{200b}'..='\u{200f}').contains(&sign)
            || ('\u{2028}'..='\u{202e}').contains(&sign)
            || ('\u{2060}'..='\u{206f}').contains(&sign)
            || sign == '\u{feff}';
        if is_unseen {
            char::REPLACEMENT_CHARACTER
        } else {
            sign
        }
    };
    // Longer texts are not even looked at.
    let text: String = text
        .chars()
        .take(columns.saturating_add(1))
        .map(seen)
        .collect();
    if text.width() <= columns {
        return text;
    }
    let mut clipped = String::new();
    let mut used: usize = 1;
    for sign in text.chars() {
        used = used.saturating_add(sign.width().unwrap_or(0));
        if used > columns {
            break;
        }
        clipped.push(sign);
    }
    clipped.push('…');
    clipped
}

#[cfg(test)]
mod tests;
