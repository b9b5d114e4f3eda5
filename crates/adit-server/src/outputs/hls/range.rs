//! Parts of a file that is asked for by bytes.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use adit_net::http::header::HeaderValue;
use adit_net::http::{HttpBody, Method, Response, StatusCode, header};
use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use crate::outputs::reply;
use crate::outputs::request::Asked;

/// A file that consists of `pieces`, or the range of it that is asked for. Who asks for several ranges gets all of it, as the rules
/// allow [RFC 9110 14.2].
pub(super) fn answer(asked: &Asked, pieces: Vec<Bytes>) -> Response<HttpBody> {
    let length = pieces.iter().map(Bytes::len).sum();
    let wanted = asked.field(header::RANGE).map(|field| parse(field, length));
    let (from, to, status) = match wanted {
        Some(Range::Some(from, to)) => (from, to, StatusCode::PARTIAL_CONTENT),
        Some(Range::Nothing) => return beyond(length),
        Some(Range::All) | None => (0, length, StatusCode::OK),
    };
    let body = if asked.method == Method::HEAD {
        HttpBody::default()
    } else {
        HttpBody::streamed(Pieces::new(pieces, from, to))
    };
    let mut response = reply::media("", body);
    *response.status_mut() = status;
    let fields = response.headers_mut();
    fields.insert(header::ACCEPT_RANGES, reply::value("bytes"));
    fields.insert(
        header::CONTENT_LENGTH,
        HeaderValue::from(to.saturating_sub(from)),
    );
    if status == StatusCode::PARTIAL_CONTENT {
        let last = to.saturating_sub(1);
        content_range(&mut response, &format!("bytes {from}-{last}/{length}"));
    }
    response
}

fn beyond(length: usize) -> Response<HttpBody> {
    let mut response = reply::text(
        StatusCode::RANGE_NOT_SATISFIABLE,
        "there are no such bytes\n",
    );
    content_range(&mut response, &format!("bytes */{length}"));
    response
}

fn content_range(response: &mut Response<HttpBody>, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        response.headers_mut().insert(header::CONTENT_RANGE, value);
    }
}

/// What a `Range` field means for a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Range {
    /// Nothing that is understood: the whole file.
    All,
    /// From the first to before the second byte.
    Some(usize, usize),
    /// Nothing of the file.
    Nothing,
}

fn parse(field: &str, length: usize) -> Range {
    let Some((first, last)) = field
        .strip_prefix("bytes=")
        .and_then(|range| range.split_once('-'))
    else {
        return Range::All;
    };
    let number = |text: &str| {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse::<usize>().unwrap_or(usize::MAX))
    };
    let (from, to) = match (
        first.is_empty(),
        number(first),
        last.is_empty(),
        number(last),
    ) {
        (true, _, _, Some(count)) => (length.saturating_sub(count), length),
        (_, Some(from), true, _) => (from, length),
        (_, Some(from), _, Some(last)) if from <= last => {
            (from, last.saturating_add(1).min(length))
        }
        _ => return Range::All,
    };
    if from >= to {
        return Range::Nothing;
    }
    Range::Some(from, to)
}

/// Shared bytes one after the other, of a length that is known.
struct Pieces {
    pieces: VecDeque<Bytes>,
    left: usize,
}

impl Pieces {
    fn new(pieces: Vec<Bytes>, from: usize, to: usize) -> Self {
        let mut begin = 0_usize;
        let mut kept = VecDeque::with_capacity(pieces.len());
        for piece in pieces {
            let first = from.saturating_sub(begin).min(piece.len());
            let end = to.saturating_sub(begin).min(piece.len());
            begin = begin.saturating_add(piece.len());
            if first < end {
                kept.push_back(piece.slice(first..end));
            }
        }
        let left = kept.iter().map(Bytes::len).sum();
        Self { pieces: kept, left }
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let piece = self.pieces.pop_front();
        self.left = self
            .left
            .saturating_sub(piece.as_ref().map_or(0, Bytes::len));
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(u64::try_from(self.left).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_what_it_says_and_anything_odd_is_the_whole() {
        for (field, expected) in [
            ("bytes=0-9", Range::Some(0, 10)),
            ("bytes=90-", Range::Some(90, 100)),
            ("bytes=-5", Range::Some(95, 100)),
            ("bytes=-500", Range::Some(0, 100)),
            ("bytes=99-1000", Range::Some(99, 100)),
            ("bytes=0-99999999999999999999999999", Range::Some(0, 100)),
            ("bytes=100-", Range::Nothing),
            ("bytes=99999999999999999999999999-", Range::Nothing),
            ("bytes=-0", Range::Nothing),
            ("bytes=5-4", Range::All),
            ("bytes=0-1,3-4,6-7,9-10,12-13", Range::All),
            ("bytes=+1-2", Range::All),
            ("bytes=-", Range::All),
            ("bytes=", Range::All),
            ("lines=1-2", Range::All),
        ] {
            assert_eq!(parse(field, 100), expected, "{field}");
        }
    }

    #[test]
    fn pieces_are_cut_where_the_range_begins_and_ends() {
        let pieces = [&b"abc"[..], b"", b"def", b"ghi"].map(Bytes::from_static);
        let all = b"abcdefghi";
        for from in 0..all.len() {
            for to in from..=all.len() {
                let cut = Pieces::new(pieces.to_vec(), from, to);
                assert_eq!(cut.left, to - from);
                let bytes: Vec<u8> = cut.pieces.iter().flatten().copied().collect();
                assert_eq!(bytes, all[from..to]);
            }
        }
    }
}
