use super::*;

const ID: &str = "00ff1a2b3c4d5e6f708192a3b4c5d6e7";

fn id() -> SessionId {
    SessionId::parse(ID).unwrap()
}

fn check(target: &str, expected: Result<Target, InvalidTarget>) {
    assert_eq!(parse(&target.replace("SID", ID)), expected, "{target}");
}

fn send(number: u64) -> Target {
    Target::Send {
        session: Some(id()),
        sequence: Sequence::new(number),
    }
}

#[test]
fn each_path_of_the_tunnel_is_known() {
    check("/fcs/ident", Ok(Target::Ident));
    check("/fcs/ident2", Ok(Target::Ident2));
    check("/open/1", Ok(Target::Open));
    check("/send/SID/0", Ok(send(0)));
    check(
        "/idle/SID/17",
        Ok(Target::Idle {
            session: Some(id()),
            sequence: Sequence::new(17),
        }),
    );
    let sequence = Some(Sequence::new(3));
    check(
        "/close/SID/3",
        Ok(Target::Close {
            session: Some(id()),
            sequence,
        }),
    );
}

#[test]
fn a_close_may_leave_out_its_number() {
    check(
        "/close/SID",
        Ok(Target::Close {
            session: Some(id()),
            sequence: None,
        }),
    );
}

#[test]
fn a_close_that_names_no_session_is_tolerated() {
    check("/close/2", Ok(Target::CloseNothing));
    check("/close/1", Ok(Target::CloseNothing));
}

#[test]
fn an_id_of_digits_alone_is_still_an_id() {
    let digits = "01234567890123456789012345678901";
    let session = Some(SessionId::parse(digits).unwrap());
    check(
        &format!("/close/{digits}"),
        Ok(Target::Close {
            session,
            sequence: None,
        }),
    );
}

#[test]
fn the_absolute_form_means_the_same_whatever_the_scheme_and_port() {
    for prefix in [
        "http://example.org",
        "http://example.org:443",
        "https://[2001:db8::1]:443",
        "HTTP://10.0.0.1:80",
        "http://user@host:443",
    ] {
        check(&format!("{prefix}/send/SID/5"), Ok(send(5)));
        check(&format!("{prefix}/open/1"), Ok(Target::Open));
    }
}

#[test]
fn the_query_is_ignored() {
    check("/send/SID/5?cache=123&x=/y", Ok(send(5)));
    check("http://host/open/1?%41", Ok(Target::Open));
    check("/fcs/ident2?", Ok(Target::Ident2));
}

#[test]
fn everything_else_is_left_to_the_http_server() {
    for target in [
        "/",
        "",
        "*",
        "/live/stream.flv",
        "/openx/1",
        "/OPEN/1",
        "//open/1",
        "/fcs/uInfo/x",
        "/fcs",
        "host:443",
        "http://host",
        "http://host?/open/1",
        "http://host#/open/1",
        "ftp://host/open/1",
        "open/1",
        "/%6fpen/1",
        "/crossdomain.xml",
    ] {
        check(target, Ok(Target::Other));
    }
}

#[test]
fn a_text_that_cannot_be_an_id_names_no_session() {
    check(
        "/send/S0000001/0",
        Ok(Target::Send {
            session: None,
            sequence: Sequence::new(0),
        }),
    );
    check(
        "/idle/<html>/0",
        Ok(Target::Idle {
            session: None,
            sequence: Sequence::new(0),
        }),
    );
    check(
        "/close/nobody",
        Ok(Target::Close {
            session: None,
            sequence: None,
        }),
    );
    check(
        "/close/2/5",
        Ok(Target::Close {
            session: None,
            sequence: Some(Sequence::new(5)),
        }),
    );
}

#[test]
fn the_part_after_open_is_never_an_id() {
    check("/open/SID", Ok(Target::Open));
    check("/open/2", Ok(Target::Open));
}

#[test]
fn missing_and_surplus_parts_are_refused() {
    for target in [
        "/open",
        "/open/",
        "/open/1/",
        "/open/1/2",
        "/send/SID",
        "/send/SID/",
        "/send//5",
        "/send/SID/5/",
        "/send/SID/5/6",
        "/idle",
        "/close",
        "/close/",
        "/close/SID/",
        "/close/SID/5/6",
    ] {
        check(target, Err(InvalidTarget::Shape));
    }
}

#[test]
fn a_number_is_nothing_but_digits() {
    for target in [
        "/send/SID/x",
        "/send/SID/+5",
        "/send/SID/-1",
        "/idle/SID/5#",
        "/idle/SID/ 5",
        "/close/SID/0x5",
    ] {
        check(target, Err(InvalidTarget::Sequence));
    }
}

#[test]
fn nineteen_digits_are_a_number_and_twenty_are_not() {
    check(
        "/send/SID/9999999999999999999",
        Ok(send(9_999_999_999_999_999_999)),
    );
    check(
        "/send/SID/10000000000000000000",
        Err(InvalidTarget::Sequence),
    );
}

#[test]
fn percent_encoding_is_refused_in_the_tunnels_paths() {
    for target in [
        "/open/%31",
        "/send/SID/%30",
        "/send/%30/0",
        "/idle/SID/0%00",
    ] {
        check(target, Err(InvalidTarget::Encoded));
    }
}

#[test]
fn a_target_of_2048_bytes_is_read_and_a_longer_one_is_not() {
    let fill = |len: usize| format!("/open/1?{}", "x".repeat(len - 8));
    assert_eq!(parse(&fill(limits::TARGET)), Ok(Target::Open));
    assert_eq!(
        parse(&fill(limits::TARGET + 1)),
        Err(InvalidTarget::TooLong)
    );
    assert_eq!(
        parse(&format!("/live/{}", "x".repeat(5000))),
        Ok(Target::Other)
    );
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC*", tail in "[/a-z0-9%?#.:]{0,40}") {
        let _parsed = parse(&text);
        for verb in ["open", "send", "idle", "close", "fcs"] {
            let _parsed = parse(&format!("/{verb}/{tail}{text}"));
        }
    }

    #[test]
    fn every_number_and_id_survives_the_path(bytes: [u8; 16], number in 0..10_u64.pow(19)) {
        let id = SessionId::from_random(bytes);
        let body = id.open_body();
        let text = std::str::from_utf8(&body[..32]).unwrap();
        let expected = Target::Send { session: Some(id), sequence: Sequence::new(number) };
        proptest::prop_assert_eq!(parse(&format!("/send/{text}/{number}")), Ok(expected));
    }
}
