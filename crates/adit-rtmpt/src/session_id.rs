//! Session ids: bearer secrets of 128 random bits.

use std::fmt;

/// The name and only credential of a tunnel session: 128 bits from the caller's secure random source.
///
/// On the wire it is 32 lower-case hexadecimal digits; the reply to `/open/1` adds one line feed. FFmpeg keeps the reply in
/// 64 bytes and fails when it fills them, librtmp strips exactly one trailing byte.
///
/// Whoever knows it owns the session, so `Debug` hides it and there is no `Display`; [`SessionId::open_body`] is the one way
/// out. Equality is not constant-time and need not be: ids are only ever compared inside a hash map, after a keyed hash of the
/// whole id has led to the slot. How long that takes depends on a hash that a guesser cannot compute, not on how many digits
/// of a guess are right.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionId([u8; 16]);

/// The text is not 32 lower-case hexadecimal digits, so it names no session of ours.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not a session id")]
pub struct InvalidSessionId;

impl SessionId {
    /// Length on the wire, without the line feed.
    pub const TEXT_LEN: usize = 32;

    /// Makes an id of 16 bytes, which must come from a cryptographically secure random source.
    pub const fn from_random(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Reads the form of the wire: exactly 32 lower-case hexadecimal digits.
    ///
    /// # Errors
    ///
    /// Anything else is [`InvalidSessionId`].
    pub fn parse(text: &str) -> Result<Self, InvalidSessionId> {
        let text: &[u8; Self::TEXT_LEN] =
            text.as_bytes().try_into().map_err(|_| InvalidSessionId)?;
        let mut bytes = [0; 16];
        for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
            for &digit in pair {
                *byte = (*byte << 4) | nibble(digit)?;
            }
        }
        Ok(Self(bytes))
    }

    /// The body of the reply to `/open/1`: the id and one line feed, 33 bytes, without a poll byte.
    pub fn open_body(&self) -> [u8; Self::TEXT_LEN + 1] {
        let mut body = [b'\n'; Self::TEXT_LEN + 1];
        for (pair, byte) in body.chunks_exact_mut(2).zip(self.0) {
            for (digit, value) in pair.iter_mut().zip([byte >> 4, byte & 0x0f]) {
                *digit = if value < 10 {
                    b'0' + value
                } else {
                    b'a' + value - 10
                };
            }
        }
        body
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(redacted)")
    }
}

fn nibble(digit: u8) -> Result<u8, InvalidSessionId> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(InvalidSessionId),
    }
}

#[cfg(test)]
mod tests;
