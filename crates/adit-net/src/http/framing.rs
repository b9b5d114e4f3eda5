//! Where a request begins and ends.
//!
//! The HTTP library parses requests, but takes whatever bytes there are. To know whether the *next* request has already
//! begun to arrive (a held reply must then be released), and to see header fields that the library folds together,
//! bytes are counted here first:
//!
//! ```text
//!  [empty lines] request line, fields, empty line │ body: n bytes, or chunks and trailers │ next request …
//!  └──────────────── head_end() ─────────────────┘└─────────── BodyFrame::take() ────────┘
//! ```
//!
//! Line ends are CR LF or a bare LF, because librtmp ends some header lines with LF alone (Q-184).

/// Length of the head at the beginning of `bytes`, its empty line included; `None` while it is not complete.
pub(super) fn head_end(bytes: &[u8]) -> Option<usize> {
    let start = bytes
        .iter()
        .take_while(|byte| matches!(byte, b'\r' | b'\n'))
        .count();
    let mut position = start;
    loop {
        let rest = bytes.get(position..)?;
        position += rest.iter().position(|&byte| byte == b'\n')? + 1;
        match bytes.get(position..)? {
            [b'\n', ..] => return Some(position + 1),
            [b'\r', b'\n', ..] => return Some(position + 2),
            _ => {}
        }
    }
}

/// Why a head is not to be trusted: two readers could see two different requests in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ambiguity {
    /// More than one `Content-Length`.
    TwoLengths,
    /// `Content-Length` and `Transfer-Encoding`.
    LengthAndEncoding,
    /// More than one `Transfer-Encoding`.
    TwoEncodings,
}

/// Looks for header fields that contradict each other, or would if another reader took the other one.
///
/// All other fields may be repeated, as Flash Player does (Q-186).
pub(super) fn ambiguity(head: &[u8]) -> Option<Ambiguity> {
    let (mut lengths, mut encodings) = (0_usize, 0_usize);
    for line in head.split(|&byte| byte == b'\n') {
        if is_field(line, b"content-length") {
            lengths += 1;
        } else if is_field(line, b"transfer-encoding") {
            encodings += 1;
        }
    }
    match (lengths, encodings) {
        (0 | 1, 0) | (0, 1) => None,
        (0, _) => Some(Ambiguity::TwoEncodings),
        (_, 0) => Some(Ambiguity::TwoLengths),
        _ => Some(Ambiguity::LengthAndEncoding),
    }
}

/// Whether `line` begins with the field `name`, however that is written.
fn is_field(line: &[u8], name: &[u8]) -> bool {
    line.split_at_checked(name.len())
        .is_some_and(|(field, rest)| {
            matches!(rest.first(), Some(b':' | b' ' | b'\t')) && field.eq_ignore_ascii_case(name)
        })
}

/// What is left of a request body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyFrame {
    /// So many bytes.
    Length(u64),
    /// Chunks [RFC 9112 7.1].
    Chunks(Chunk),
}

/// Where in a chunked body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chunk {
    /// In the digits of a chunk size; the size so far.
    Size(u64),
    /// Behind the digits, before the end of the line.
    Extension(u64),
    /// In the data; so many bytes are left.
    Data(u64),
    /// In the line end behind the data.
    DataEnd,
    /// At the beginning of a line behind the last chunk.
    TrailerStart,
    /// In a trailer field.
    Trailer,
    /// Behind the CR of the last line.
    LastLine,
    /// The body is complete.
    Done,
}

/// A chunk size that is no number or too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a chunked body")]
pub(super) struct BadChunk;

impl BodyFrame {
    pub(super) const CHUNKED: Self = Self::Chunks(Chunk::Size(0));

    pub(super) fn is_done(self) -> bool {
        matches!(self, Self::Length(0) | Self::Chunks(Chunk::Done))
    }

    /// Takes from `bytes` what belongs to the body, and says how many that are.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<usize, BadChunk> {
        match self {
            Self::Length(left) => {
                let (taken, rest) = split(*left, bytes.len());
                *left = rest;
                Ok(taken)
            }
            Self::Chunks(chunk) => {
                let mut taken = 0;
                while let Some(bytes @ [first, ..]) = bytes.get(taken..) {
                    match *chunk {
                        Chunk::Done => break,
                        Chunk::Data(left) => {
                            let (part, rest) = split(left, bytes.len());
                            *chunk = if rest == 0 {
                                Chunk::DataEnd
                            } else {
                                Chunk::Data(rest)
                            };
                            taken += part;
                        }
                        line => {
                            *chunk = line.step(*first)?;
                            taken += 1;
                        }
                    }
                }
                Ok(taken)
            }
        }
    }
}

impl Chunk {
    /// The state behind one byte outside of chunk data.
    fn step(self, byte: u8) -> Result<Self, BadChunk> {
        Ok(match (self, byte) {
            (Self::Size(size) | Self::Extension(size), b'\n') => {
                if size == 0 {
                    Self::TrailerStart
                } else {
                    Self::Data(size)
                }
            }
            (Self::Size(size), _) => match (byte as char).to_digit(16) {
                Some(digit) => {
                    let size = size.checked_mul(16).ok_or(BadChunk)?;
                    Self::Size(size.checked_add(u64::from(digit)).ok_or(BadChunk)?)
                }
                None => Self::Extension(size),
            },
            (Self::Extension(size), _) => Self::Extension(size),
            (Self::DataEnd, b'\n') => Self::Size(0),
            (Self::DataEnd, b'\r') => Self::DataEnd,
            (Self::DataEnd, _) => return Err(BadChunk),
            (Self::TrailerStart | Self::LastLine, b'\n') => Self::Done,
            (Self::TrailerStart, b'\r') => Self::LastLine,
            (Self::Trailer, b'\n') => Self::TrailerStart,
            (Self::TrailerStart | Self::Trailer | Self::LastLine, _) => Self::Trailer,
            (Self::Data(_) | Self::Done, _) => self,
        })
    }
}

/// How many of `present` bytes belong to the `left` ones, and how many are left then.
fn split(left: u64, present: usize) -> (usize, u64) {
    let taken = usize::try_from(left).unwrap_or(usize::MAX).min(present);
    (taken, left.saturating_sub(taken as u64))
}

#[cfg(test)]
mod tests;
