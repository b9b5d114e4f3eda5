use super::{End, broken};
use bytes::Bytes;
use std::io::{Error, ErrorKind};

#[track_caller]
fn check(end: &End, expected: &str) {
    assert_eq!(end.to_string(), expected);
}

#[test]
fn a_proxy_header_that_is_not_believed_names_the_flag_that_would_change_that() {
    check(
        &End::UntrustedProxy([198, 51, 100, 7].into()),
        "a PROXY header from an address that is not trusted; if it is your load balancer, \
         --trust-proxy 198.51.100.7 lets it name its clients",
    );
}

#[test]
fn the_first_bytes_of_something_unknown_are_shown_and_cannot_write_lines_of_their_own() {
    let bytes = Bytes::from_static(b"SSH\r\n\x1b\xff\"\\<a> and so on");
    check(
        &End::Unknown(bytes),
        "no protocol of this server begins with 'SSH<0d><0a><1b><ff><22><5c><3c>a> and'",
    );
}

#[test]
fn a_look_at_whether_the_port_is_open_is_told_from_a_connection_that_breaks() {
    let reset = Error::from(ErrorKind::ConnectionReset);
    assert!(matches!(broken(&reset, b""), End::Unsaid));
    check(&broken(&reset, b"PO"), "the peer reset the connection");
    check(
        &broken(&reset, b"").inside(),
        "the peer hung up after the tls handshake; does it trust the certificate?",
    );
}
