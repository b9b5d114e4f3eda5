//! What a peer speaks, told from the first bytes it sends.
//!
//! ```text
//! 03                                     RTMP
//! 06, 08, 09                             RTMPE, which the RTMP side refuses by name (Q-191)
//! 16 03 0x                               TLS ClientHello
//! 50 52 4f 58 59 20  "PROXY "            PROXY v1
//! 0d 0a 0d 0a 00 0d 0a 51 49 54 0a       PROXY v2 (… 0d 0a 00 0d 0a 51 …)
//! "POST ", "GET " …                      HTTP, after any empty lines
//! ```
//!
//! In all of these the peer speaks first, so looking costs no time.

/// What the first bytes of a connection are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Sniff {
    /// Several answers are still possible. At most [`limits::SNIFF_BYTES`](crate::limits::SNIFF_BYTES) decide.
    NeedMore,
    /// A plain RTMP handshake.
    Rtmp,
    /// A TLS `ClientHello`.
    Tls,
    /// An HTTP/1 request.
    Http,
    /// A PROXY protocol header in text.
    ProxyV1,
    /// A PROXY protocol header in binary.
    ProxyV2,
    /// An encrypted RTMP handshake.
    Rtmpe,
    /// Nothing this server speaks.
    Unknown,
}

/// Tells what `bytes`, the beginning of a connection, are.
///
/// More bytes never change an answer other than [`Sniff::NeedMore`].
pub fn sniff(bytes: &[u8]) -> Sniff {
    match bytes {
        [] => Sniff::NeedMore,
        [0x03, ..] => Sniff::Rtmp,
        [0x06 | 0x08 | 0x09, ..] => Sniff::Rtmpe,
        [0x16, rest @ ..] => match rest {
            [] => Sniff::NeedMore,
            [0x03, ..] => Sniff::Tls,
            _ => Sniff::Unknown,
        },
        [b'\r' | b'\n', ..] => blank(bytes),
        _ => text(bytes),
    }
}

/// PROXY v2 begins like two empty lines, and empty lines may precede an HTTP request.
fn blank(bytes: &[u8]) -> Sniff {
    match starts(bytes, PROXY_V2) {
        Start::Whole => return Sniff::ProxyV2,
        Start::Partly => return Sniff::NeedMore,
        Start::Other => {}
    }
    let lines = bytes
        .iter()
        .take_while(|byte| matches!(byte, b'\r' | b'\n'))
        .count();
    if lines > BLANK_BYTES {
        return Sniff::Unknown;
    }
    match bytes.get(lines..) {
        Some([]) | None => Sniff::NeedMore,
        Some(rest) => match text(rest) {
            // Only the very first bytes of a connection can be a PROXY header.
            Sniff::ProxyV1 => Sniff::Unknown,
            other => other,
        },
    }
}

fn text(bytes: &[u8]) -> Sniff {
    let mut partly = false;
    let words = METHODS.iter().map(|word| (*word, Sniff::Http));
    for (word, answer) in words.chain([(PROXY_V1, Sniff::ProxyV1)]) {
        match starts(bytes, word) {
            Start::Whole => return answer,
            Start::Partly => partly = true,
            Start::Other => {}
        }
    }
    if partly {
        Sniff::NeedMore
    } else {
        Sniff::Unknown
    }
}

enum Start {
    Whole,
    Partly,
    Other,
}

fn starts(bytes: &[u8], word: &[u8]) -> Start {
    if bytes.starts_with(word) {
        Start::Whole
    } else if word.starts_with(bytes) {
        Start::Partly
    } else {
        Start::Other
    }
}

const METHODS: [&[u8]; 9] = [
    b"POST ",
    b"GET ",
    b"HEAD ",
    b"OPTIONS ",
    b"PUT ",
    b"DELETE ",
    b"CONNECT ",
    b"PATCH ",
    b"TRACE ",
];
const PROXY_V1: &[u8] = b"PROXY ";
const PROXY_V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// Bytes of empty lines accepted before a request line [RFC 9112 2.2].
const BLANK_BYTES: usize = 4;

#[cfg(test)]
mod tests;
