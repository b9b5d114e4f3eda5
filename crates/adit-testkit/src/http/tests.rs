use bytes::Bytes;

use super::{Message, Reader};

fn request(body: &'static [u8]) -> Message {
    Message::tunnel_request("/send/abc/7", "localhost", Bytes::from_static(body))
}

fn read_all(wire: &[u8]) -> Vec<Message> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let mut reader = Reader::new(wire);
    let mut messages = Vec::new();
    while let Some(message) = runtime.block_on(reader.message()).unwrap() {
        messages.push(message);
    }
    messages
}

#[test]
fn two_messages_on_one_stream_are_read_as_they_were_written() {
    let wire = [request(b"one").encode(), request(b"").encode()].concat();
    assert_eq!(read_all(&wire), [request(b"one"), request(b"")]);
}

#[test]
fn a_body_in_chunks_has_no_length_and_ends_with_an_empty_one() {
    let wire = request(b"abcde").encode_chunked(&[2, 2]);
    let text = String::from_utf8(wire).unwrap();
    assert!(
        text.ends_with("\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n"),
        "{text}"
    );
    assert!(
        !text.contains("Content-Length") && text.contains("Transfer-Encoding: chunked"),
        "{text}"
    );
}

#[test]
fn an_old_message_closes_unless_it_says_otherwise() {
    let check = |start: &str, connection: Option<&str>, expected: bool| {
        let mut message = request(b"");
        message.start = start.to_owned();
        message.set("Connection", connection);
        assert_eq!(message.closes(), expected, "{start} {connection:?}");
    };
    check("HTTP/1.1 200 OK", None, false);
    check("HTTP/1.1 200 OK", Some("close"), true);
    check("HTTP/1.0 200 OK", None, true);
    check("HTTP/1.0 200 OK", Some("Keep-Alive"), false);
}
