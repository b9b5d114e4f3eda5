use super::*;

fn post(target: &str, body: usize) -> Message {
    Message::tunnel_request(
        target,
        "live.example.test",
        bytes::Bytes::from(vec![0; body]),
    )
}

#[test]
fn absolute_form_becomes_origin_form() {
    let mut request = post("http://live.example.test:80/send/abc/7", 1);
    request.set("Proxy-Authorization", Some("Basic x"));
    to_origin_form(&mut request);
    assert_eq!(request.start, "POST /send/abc/7 HTTP/1.1");
    assert_eq!(request.field("proxy-authorization"), None);
}

#[test]
fn bodies_are_refused_one_byte_past_the_limit() {
    assert_eq!(
        refusal(Fault::BodyLimit, &post("/send/a/1", BODY_LIMIT)),
        None
    );
    let refused = refusal(Fault::BodyLimit, &post("/send/a/1", BODY_LIMIT + 1)).unwrap();
    assert_eq!(refused.status(), 413);
}

#[test]
fn no_fault_proxy_gives_tunnels() {
    let mut request = post("/x", 0);
    request.start = "CONNECT live.example.test:443 HTTP/1.1".to_owned();
    assert_eq!(
        refusal(Fault::Http10, &request).unwrap().start,
        "HTTP/1.0 405 Method Not Allowed"
    );
}

#[test]
fn an_old_proxy_answers_in_1_0_and_closes() {
    let mut answer = Message {
        start: "HTTP/1.1 200 OK".to_owned(),
        fields: vec![("Connection".to_owned(), "keep-alive".to_owned())],
        body: bytes::Bytes::new(),
    };
    assert!(!finish(Fault::Http10, &post("/idle/a/1", 1), &mut answer));
    assert_eq!(answer.start, "HTTP/1.0 200 OK");
    assert_eq!(answer.field("connection"), None);
}

#[test]
fn every_fault_has_a_name() {
    for name in [
        "http10",
        "buffers",
        "closes-every-five",
        "body-limit",
        "shuffles",
        "wpad",
    ] {
        name.parse::<Fault>().unwrap();
    }
    assert!("none".parse::<Fault>().is_err());
}
