use super::{Sniff, sniff};
use crate::limits::SNIFF_BYTES;
use proptest::prelude::*;

fn check(bytes: &[u8], expected: Sniff) {
    assert_eq!(
        sniff(bytes),
        expected,
        "{:?}",
        bytes.escape_ascii().to_string()
    );
}

#[test]
fn nothing_is_known_before_the_first_byte() {
    check(b"", Sniff::NeedMore);
}

#[test]
fn one_byte_tells_rtmp_and_its_encrypted_relatives() {
    check(b"\x03", Sniff::Rtmp);
    check(b"\x03\0\0\0\0", Sniff::Rtmp);
    for version in [6, 8, 9] {
        check(&[version], Sniff::Rtmpe);
    }
}

#[test]
fn a_client_hello_is_tls() {
    check(b"\x16", Sniff::NeedMore);
    check(b"\x16\x03", Sniff::Tls);
    check(b"\x16\x03\x01\x02\0\x01", Sniff::Tls);
    check(b"\x16\x02", Sniff::Unknown);
}

#[test]
fn every_http_method_is_http_at_its_space() {
    for method in [
        "POST", "GET", "HEAD", "OPTIONS", "PUT", "DELETE", "CONNECT", "PATCH", "TRACE",
    ] {
        for length in 1..=method.len() {
            check(&method.as_bytes()[..length], Sniff::NeedMore);
        }
        check(format!("{method} ").as_bytes(), Sniff::Http);
        check(format!("{method} / HTTP/1.1\r\n").as_bytes(), Sniff::Http);
    }
    check(b"GETX", Sniff::Unknown);
    check(b"post ", Sniff::Unknown);
    check(b"PRI * HTTP/2.0\r\n", Sniff::Unknown);
}

#[test]
fn empty_lines_before_a_request_are_passed_over() {
    check(b"\r\n", Sniff::NeedMore);
    check(b"\r\nPOST /open/1", Sniff::Http);
    check(b"\n\nGET ", Sniff::Http);
    check(b"\r\n\r\nGET ", Sniff::Http);
    check(b"\r\n\r\n\r\n", Sniff::Unknown);
    check(b"\r\n\x03", Sniff::Unknown);
}

#[test]
fn proxy_headers_are_told_from_their_signatures() {
    check(b"PROXY", Sniff::NeedMore);
    check(b"PROXY ", Sniff::ProxyV1);
    check(b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n", Sniff::ProxyV1);
    check(b"PROXX", Sniff::Unknown);
    check(b"\r\nPROXY ", Sniff::Unknown);
    let signature = b"\r\n\r\n\0\r\nQUIT\n";
    for length in 1..signature.len() {
        check(&signature[..length], Sniff::NeedMore);
    }
    check(signature, Sniff::ProxyV2);
}

#[test]
fn anything_else_is_unknown() {
    for bytes in [
        &b"\0"[..],
        b"\x01",
        b"\x04",
        b"\x05",
        b"SSH-2.0",
        b"\xff\xff",
        b"<policy-file-request/>",
    ] {
        check(bytes, Sniff::Unknown);
    }
}

proptest! {
    #[test]
    fn a_few_bytes_always_decide(bytes in proptest::collection::vec(any::<u8>(), SNIFF_BYTES)) {
        prop_assert_ne!(sniff(&bytes), Sniff::NeedMore);
    }

    #[test]
    fn more_bytes_never_change_an_answer(
        bytes in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..32),
            proptest::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'P'), Just(b'O'), Just(0)], 0..32),
        ],
    ) {
        let mut answer = Sniff::NeedMore;
        for length in 0..=bytes.len() {
            let now = sniff(&bytes[..length]);
            prop_assert!(answer == Sniff::NeedMore || answer == now);
            answer = now;
        }
    }
}
