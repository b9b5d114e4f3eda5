use super::*;

#[test]
fn replies_are_read_one_after_the_other_however_they_come() {
    let one = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-fcs\r\nAdit-Tunnel: ordered\r\n\
                Content-Length: 3\r\n\r\n\x01ab";
    let both = [one.as_slice(), one.as_slice()].concat();
    for cut in 0..one.len() {
        assert_eq!(parse(&both[..cut]).unwrap(), None, "{cut} bytes");
    }
    let (reply, size) = parse(&both).unwrap().unwrap();
    assert_eq!((reply.status, size), (200, one.len()));
    assert_eq!(reply.content, ContentType::Tunnel);
    assert_eq!(reply.server, ServerKind::Orders);
    assert_eq!(reply.body, b"\x01ab".as_slice());
}

#[test]
fn what_is_no_reply_is_refused() {
    for wrong in [
        b"HTTP/1.1 200 OK\r\n\r\n".as_slice(),
        b"HTTP/1.1\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n",
        &[b'x'; MAX_HEAD + 1],
    ] {
        assert!(parse(wrong).is_err());
    }
}
