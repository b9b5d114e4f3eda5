//! Bytes as text.

/// Two lower case hexadecimal digits for each byte.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 0x0f])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// Base64 with its padding [RFC 4648 4].
pub(super) fn base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let at = |place: usize| u32::from(group.get(place).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..4 {
            text.push(if place <= group.len() {
                letter(bits >> (18 - 6 * place) & 0x3f)
            } else {
                '='
            });
        }
    }
    text
}

fn letter(six_bits: u32) -> char {
    usize::try_from(six_bits)
        .ok()
        .and_then(|place| ALPHABET.get(place))
        .map_or('=', |letter| char::from(*letter))
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
