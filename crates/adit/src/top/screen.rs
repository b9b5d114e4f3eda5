//! The terminal: all of it while something is shown, and as it was before afterwards.

use std::io::{self, Read as _};
use std::thread;

use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetwinsize, tcsetattr,
};
use tokio::sync::mpsc;

use super::view::Key;
use crate::ui;

/// A terminal that shows nothing else. Dropping it gives it back.
#[derive(Debug)]
pub(super) struct Screen {
    before: Termios,
}

impl Screen {
    /// Takes the terminal: keys come one by one, and are not shown.
    ///
    /// # Errors
    /// Standard input is no terminal.
    pub(super) fn enter() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut modes = before.clone();
        // Ctrl-C stays what it is.
        modes.local_modes -= LocalModes::ICANON | LocalModes::ECHO;
        modes.special_codes[SpecialCodeIndex::VMIN] = 1;
        modes.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(io::stdin(), OptionalActions::Flush, &modes)?;
        ui::screen("\x1b[?1049h\x1b[?25l");
        Ok(Self { before })
    }

    /// Shows these lines in place of those before.
    #[expect(clippy::unused_self, reason = "there has to be a screen")]
    pub(super) fn show(&self, lines: &[String]) {
        let ended: Vec<_> = lines.iter().map(|line| format!("{line}\x1b[K")).collect();
        ui::screen(&format!("\x1b[H{}\x1b[J", ended.join("\r\n")));
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        ui::screen("\x1b[?25h\x1b[?1049l");
        // The terminal may be gone.
        tcsetattr(io::stdin(), OptionalActions::Flush, &self.before).ok();
    }
}

/// Columns and rows.
pub(super) fn size() -> (usize, usize) {
    let size = tcgetwinsize(io::stdout());
    let or = |value: u16, usual: usize| match usize::from(value) {
        0 => usual,
        value => value,
    };
    size.map_or(USUAL, |size| {
        (or(size.ws_col, USUAL.0), or(size.ws_row, USUAL.1))
    })
}

const USUAL: (usize, usize) = (80, 24);

/// The keys that mean something, as they are pressed.
pub(super) fn keys() -> mpsc::Receiver<Key> {
    let (pressed, keys) = mpsc::channel(KEYS);
    thread::spawn(move || {
        let mut bytes = [0; 64];
        while let Ok(count @ 1..) = io::stdin().lock().read(&mut bytes) {
            for key in read(bytes.get(..count).unwrap_or_default()) {
                if pressed.blocking_send(key).is_err() {
                    return;
                }
            }
        }
    });
    keys
}

/// Keys that were pressed and not heard yet.
const KEYS: usize = 16;

/// What was typed; arrows come as three bytes, together.
fn read(mut typed: &[u8]) -> Vec<Key> {
    let mut keys = Vec::new();
    while let Some((first, rest)) = typed.split_first() {
        let (key, rest) = match (first, rest) {
            (0x1b, [b'[' | b'O', arrow, rest @ ..]) => (of_arrow(*arrow), rest),
            _ => (of_letter(*first), rest),
        };
        keys.extend(key);
        typed = rest;
    }
    keys
}

fn of_arrow(letter: u8) -> Option<Key> {
    Some(match letter {
        b'A' => Key::Up,
        b'B' => Key::Down,
        b'C' => Key::NextSort,
        b'D' => Key::SortBefore,
        _ => return None,
    })
}

fn of_letter(letter: u8) -> Option<Key> {
    Some(match letter {
        b'q' | b'Q' => Key::Quit,
        b's' | b'S' => Key::NextSort,
        b'r' | b'R' => Key::Reverse,
        b'k' => Key::Up,
        b'j' => Key::Down,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_and_arrows_are_keys_and_everything_else_is_nothing() {
        assert_eq!(
            read(b"s\x1b[A\x1bOBx\x1b[Cq"),
            [Key::NextSort, Key::Up, Key::Down, Key::NextSort, Key::Quit]
        );
        assert_eq!(read(b"\x1b[D\x1b"), [Key::SortBefore]);
        assert_eq!(read(b"\x1b[Z\xff\0"), []);
    }
}
