//! MD5 and bytes as text: both ways of logging in rest on them.

use md5::{Digest as _, Md5};

/// MD5 as two lower case hexadecimal digits for each byte.
pub(super) fn md5_hex(text: &str) -> String {
    hex(&Md5::digest(text))
}

/// MD5 in base64 with its padding [RFC 4648 4].
pub(super) fn md5_base64(text: &str) -> String {
    base64(&Md5::digest(text))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 0x0f])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

fn base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3).saturating_mul(4));
    for group in bytes.chunks(3) {
        let at = |place: usize| u32::from(group.get(place).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for (place, shift) in [18, 12, 6, 0].into_iter().enumerate() {
            let letter = usize::try_from(bits >> shift & 0x3f).ok();
            let letter = letter
                .filter(|_| place <= group.len())
                .and_then(|letter| ALPHABET.get(letter));
            text.push(letter.map_or('=', |letter| char::from(*letter)));
        }
    }
    text
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
