use super::{Ambiguity, BadChunk, BodyFrame, ambiguity, head_end};
use proptest::prelude::*;

fn check_head(bytes: &[u8], expected: Option<usize>) {
    assert_eq!(
        head_end(bytes),
        expected,
        "{:?}",
        bytes.escape_ascii().to_string()
    );
}

#[test]
fn a_head_ends_at_its_empty_line() {
    let head = b"POST /open/1 HTTP/1.1\r\nHost: a\r\n\r\n";
    check_head(head, Some(head.len()));
    check_head(&[head, &b"\0POST"[..]].concat(), Some(head.len()));
    for length in 0..head.len() {
        check_head(&head[..length], None);
    }
}

#[test]
fn bare_line_feeds_end_lines_too() {
    check_head(b"POST / HTTP/1.1\nHost: a\n\n", Some(25));
    check_head(b"POST / HTTP/1.1\r\nHost: a\n\r\n", Some(27));
    check_head(b"POST / HTTP/1.1\r\nHost: a\n\nX", Some(26));
}

#[test]
fn empty_lines_before_a_request_do_not_end_it() {
    check_head(b"\r\n\r\nGET / HTTP/1.1\r\n\r\n", Some(22));
    check_head(b"\r\n\n", None);
}

fn check_ambiguity(fields: &str, expected: Option<Ambiguity>) {
    let head = format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
    assert_eq!(ambiguity(head.as_bytes()), expected, "{fields:?}");
}

#[test]
fn a_length_must_be_said_once_and_in_one_way() {
    check_ambiguity("", None);
    check_ambiguity("Content-Length: 3\r\n", None);
    check_ambiguity("Transfer-Encoding: chunked\r\n", None);
    check_ambiguity(
        "Content-Length: 3\r\nContent-length: 3\r\n",
        Some(Ambiguity::TwoLengths),
    );
    check_ambiguity(
        "Content-Length: 3\ncontent-length:4\n",
        Some(Ambiguity::TwoLengths),
    );
    let both = "Content-Length: 3\r\nTRANSFER-ENCODING: chunked\r\n";
    check_ambiguity(both, Some(Ambiguity::LengthAndEncoding));
    let twice = "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n";
    check_ambiguity(twice, Some(Ambiguity::TwoEncodings));
}

#[test]
fn only_whole_field_names_count() {
    check_ambiguity(
        "Content-Length: 3\r\nX-Content-Length: 4\r\nContent-Lengthy: 5\r\n",
        None,
    );
    check_ambiguity("Content-Length: 3\r\nX: Content-Length: 4\r\n", None);
}

fn check_body(mut frame: BodyFrame, bytes: &[u8], expected: Result<usize, BadChunk>) {
    assert_eq!(frame.take(bytes), expected);
    if let Ok(taken) = expected {
        assert!(frame.is_done() || taken == bytes.len());
    }
}

#[test]
fn a_body_of_a_length_ends_there() {
    check_body(BodyFrame::Length(3), b"abcPOST", Ok(3));
    check_body(BodyFrame::Length(3), b"ab", Ok(2));
    check_body(BodyFrame::Length(0), b"POST", Ok(0));
}

#[test]
fn a_chunked_body_ends_after_its_trailers() {
    for body in [
        &b"0\r\n\r\n"[..],
        b"3\r\nabc\r\n0\r\n\r\n",
        b"A;x=y\r\n0123456789\r\n00\r\n\r\n",
        b"3\r\nabc\r\n0\r\nX: y\r\nZ: a\r\n\r\n",
        b"3\nabc\n0\n\n",
    ] {
        check_body(
            BodyFrame::CHUNKED,
            &[body, &b"POST"[..]].concat(),
            Ok(body.len()),
        );
        check_body(
            BodyFrame::CHUNKED,
            &body[..body.len() - 1],
            Ok(body.len() - 1),
        );
    }
}

#[test]
fn a_chunk_that_does_not_end_where_it_says_is_refused() {
    check_body(BodyFrame::CHUNKED, b"3\r\nabcd\r\n", Err(BadChunk));
    check_body(BodyFrame::CHUNKED, b"10000000000000000\r\n", Err(BadChunk));
    check_body(BodyFrame::CHUNKED, b"ffffffffffffffff\r\n", Ok(18));
}

proptest! {
    #[test]
    fn any_split_of_a_chunked_body_ends_at_the_same_byte(
        sizes in proptest::collection::vec(1_usize..40, 0..5),
        step in 1_usize..20,
    ) {
        let mut body = Vec::new();
        for size in sizes {
            body.extend(format!("{size:x}\r\n").bytes());
            body.extend(std::iter::repeat_n(b'\n', size));
            body.extend(b"\r\n");
        }
        body.extend(b"0\r\nA: b\r\n\r\n");
        let end = body.len();
        body.extend(b"POST / HTTP/1.1\r\n");
        let mut frame = BodyFrame::CHUNKED;
        let mut taken = 0;
        for piece in body.chunks(step) {
            let count = frame.take(piece).unwrap();
            taken += count;
            if count < piece.len() {
                break;
            }
        }
        prop_assert_eq!(taken, end);
        prop_assert!(frame.is_done());
    }

    #[test]
    fn no_bytes_upset_the_frame(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
        let mut frame = BodyFrame::CHUNKED;
        prop_assert!(frame.take(&bytes).is_ok_and(|taken| taken <= bytes.len()) || !frame.is_done());
        prop_assert!(head_end(&bytes).is_none_or(|end| end <= bytes.len()));
        ambiguity(&bytes);
    }
}
