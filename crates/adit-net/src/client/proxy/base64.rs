//! Base64 with the standard alphabet and padding [RFC 4648 4], which Basic and NTLM are written in.

/// Text for bytes.
pub(super) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let mut bits = group
            .iter()
            .fold(0u32, |bits, byte| (bits << 8) | u32::from(*byte));
        bits <<= 8 * (3 - group.len());
        for place in 0..4 {
            let index = (bits >> (18 - 6 * place)) & 0x3f;
            let character = ALPHABET.chars().nth(index as usize).unwrap_or('=');
            text.push(if place <= group.len() { character } else { '=' });
        }
    }
    text
}

/// Bytes for text; `None` if it is not Base64. Missing padding is forgiven.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=');
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    for group in text.as_bytes().chunks(4) {
        let mut bits = 0u32;
        for byte in group {
            bits = (bits << 6) | value(*byte)?;
        }
        bits <<= 6 * (4 - group.len());
        let [_, whole @ ..] = bits.to_be_bytes();
        let count = match group.len() {
            1 => return None,
            length => length - 1,
        };
        bytes.extend(whole.iter().take(count));
    }
    Some(bytes)
}

fn value(byte: u8) -> Option<u32> {
    let value = match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}

const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#[cfg(test)]
mod tests;
