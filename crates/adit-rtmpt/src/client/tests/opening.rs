use super::*;
use crate::client::limits;

#[track_caller]
fn check(body: &[u8], expected: Option<&str>) {
    let mut bench = Bench::new();
    bench.answer(Lane::First, body);
    match expected {
        Some(session) => {
            assert_eq!(*bench.tunnel.state(), ClientState::Open);
            bench.write(b"x");
            bench.expect(Lane::First, &format!("/send/{session}/0"));
        }
        None => bench.check_error(ClientError::NotASessionId),
    }
}

#[test]
fn the_first_request_opens_with_one_zero_byte() {
    let bench = Bench::new();
    let request = bench.expect(Lane::First, "/open/1");
    assert_eq!(request.verb, Verb::Open);
    assert_eq!(*request.body, [0]);
}

#[test]
fn a_session_id_is_letters_digits_dots_dashes_and_underscores() {
    check(b"2-tmaQJe98nOkYd2\n", Some("2-tmaQJe98nOkYd2"));
    check(b"1234", Some("1234"));
    check(b"a.b_c-D\r\n", Some("a.b_c-D"));
    check(b"a/b\n", None);
    check(b"a b\n", None);
    check(b"a%2e\n", None);
    check(b"..\n", None);
    check(b" a\n", None);
    check(b"a\nb\n", None);
    check("ä\n".as_bytes(), None);
    check(b"\n", None);
    check(b"", None);
}

#[test]
fn a_session_id_has_at_most_62_characters() {
    let longest = "a".repeat(limits::SESSION_ID);
    check(format!("{longest}\n").as_bytes(), Some(&longest));
    check(format!("{longest}a\n").as_bytes(), None);
}

#[test]
fn the_session_id_is_not_shown_by_debug() {
    let mut bench = Bench::opened();
    bench.write(b"x");
    let shown = format!("{:?} {:?}", bench.tunnel, bench.asked);
    assert!(!shown.contains("Sid_1"), "{shown}");
}

#[test]
fn what_is_written_before_the_session_waits_for_it() {
    let mut bench = Bench::new();
    bench.write(b"C0C1");
    bench.open(ServerKind::Unknown);
    assert_eq!(bench.expect(Lane::First, "/send/Sid_1/0").body, "C0C1");
}

//
#[test]
fn ident2_is_asked_only_if_wanted_and_its_failures_are_ignored() {
    for status in [200, 400, 404, 500] {
        let mut bench = Bench::with(|config| config.ident2 = Ident2::Ask);
        bench.expect(Lane::First, "/fcs/ident2");
        bench.status(Lane::First, status);
        bench.expect(Lane::First, "/open/1");
        assert_eq!(bench.tunnel.address(), None);
    }
    let mut bench = Bench::with(|config| config.ident2 = Ident2::Ask);
    bench.lose(Lane::First);
    bench.expect(Lane::First, "/open/1");
    let mut bench = Bench::with(|config| config.ident2 = Ident2::Ask);
    bench.wait(2_000);
    let request = bench.expect(Lane::First, "/open/1");
    assert_eq!(request.connection, Connection::Fresh);
}

#[test]
fn an_address_from_ident2_is_used_if_a_server_can_have_it() {
    let ask = |body: &'static str| {
        let mut bench = Bench::with(|config| config.ident2 = Ident2::Ask);
        bench.reply(
            Lane::First,
            Reply::new(200, Bytes::from_static(body.as_bytes())),
        );
        let request = bench.expect(Lane::First, "/open/1");
        (bench.tunnel.address(), request.connection)
    };
    let found = "192.0.2.7".parse().ok();
    assert_eq!(ask("192.0.2.7"), (found, Connection::Fresh));
    assert_eq!(ask("192.0.2.7\n"), (found, Connection::Fresh));
    for useless in [
        "127.0.0.1",
        "::1",
        "0.0.0.0",
        "224.0.0.1",
        "example.com",
        "<html>",
    ] {
        assert_eq!(ask(useless), (None, Connection::Any), "{useless}");
    }
}

#[test]
fn a_server_says_that_it_orders_in_the_reply_to_open() {
    let mut bench = Bench::new();
    bench.open(ServerKind::Orders);
    assert_eq!(bench.tunnel.server(), ServerKind::Orders);
    let check = |value: Option<&[u8]>, expected| {
        assert_eq!(ServerKind::from_field(value), expected);
    };
    check(Some(b"ordered"), ServerKind::Orders);
    check(Some(b" Ordered "), ServerKind::Orders);
    check(Some(b"ordered2"), ServerKind::Unknown);
    check(Some(b""), ServerKind::Unknown);
    check(None, ServerKind::Unknown);
}

//
#[test]
fn content_types_are_read_without_case_and_parameters() {
    let check = |values: &[&str], expected| {
        let values = values.iter().map(|value| value.as_bytes());
        assert_eq!(ContentType::from_fields(values), expected);
    };
    check(&["application/x-fcs"], ContentType::Tunnel);
    check(&["Application/X-FCS; a=b"], ContentType::Tunnel);
    check(&["text/plain", "application/x-fcs"], ContentType::Tunnel);
    check(&["text/html; charset=utf-8"], ContentType::Html);
    check(&["text/html", "text/plain"], ContentType::Html);
    check(&["application/xhtml+xml"], ContentType::Html);
    check(&["text/plain"], ContentType::Other);
    check(&[], ContentType::Missing);
}
