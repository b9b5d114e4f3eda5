//! Bytes as base64 with padding, and back.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub(super) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let index = usize::try_from(bits >> (18 - 6 * place) & 63).unwrap_or_default();
            let letter = ALPHABET.get(index).copied().unwrap_or_default();
            text.push(if place <= group.len() {
                char::from(letter)
            } else {
                '='
            });
        }
    }
    text
}

/// Nothing if it is not base64: wrong letters, a wrong length, or bits left over that are not 0.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (groups, rest) = text.as_bytes().as_chunks::<4>();
    for (index, group) in groups.iter().enumerate() {
        let letters = group.iter().position(|letter| *letter == b'=').unwrap_or(4);
        let is_padded = letters < 4;
        let pads = group.iter().skip(letters).all(|letter| *letter == b'=');
        if letters < 2 || !pads || (is_padded && index + 1 < groups.len()) {
            return None;
        }
        let mut bits = 0;
        for letter in group.iter().take(letters) {
            bits = bits << 6
                | u32::try_from(ALPHABET.iter().position(|known| known == letter)?).ok()?;
        }
        let bits = bits << (6 * (4 - letters));
        let [_, whole @ ..] = bits.to_be_bytes();
        let (kept, left) = whole.split_at(letters - 1);
        if left.iter().any(|byte| *byte != 0) {
            return None;
        }
        bytes.extend_from_slice(kept);
    }
    rest.is_empty().then_some(bytes)
}
