use super::{Host, ParseTargetError, Target};

fn check(input: &str, expected: Result<&str, ParseTargetError>) {
    let found = Host::parse(input).map(|host| host.to_string());
    assert_eq!(found, expected.map(str::to_owned), "{input:?}");
}

#[test]
fn hosts_are_names_or_addresses() {
    check("Example.COM.", Ok("example.com"));
    check("my_server-1", Ok("my_server-1"));
    check("192.0.2.1", Ok("192.0.2.1"));
    check("[2001:db8::1]", Ok("[2001:db8::1]"));
    check("2001:db8::1", Ok("[2001:db8::1]"));
}

#[test]
fn what_is_no_host_is_told_why() {
    check("", Err(ParseTargetError::Empty));
    check("a..b", Err(ParseTargetError::Character));
    check("a b", Err(ParseTargetError::Character));
    check("a\r\nb", Err(ParseTargetError::Character));
    check("[::1", Err(ParseTargetError::Brackets));
    check("[1.2.3.4]", Err(ParseTargetError::Brackets));
    check("bücher.example", Err(ParseTargetError::NotAscii));
    check(&"a".repeat(64), Err(ParseTargetError::TooLong));
    check(&"a".repeat(63), Ok(&"a".repeat(63)));
    let long = |bytes: usize| format!("{}a", "a.".repeat((bytes - 1) / 2));
    check(&long(253), Ok(&long(253)));
    check(&long(255), Err(ParseTargetError::TooLong));
}

#[test]
fn a_target_has_a_port() {
    assert_eq!(Target::new("a", 0), Err(ParseTargetError::Port));
    assert_eq!(Target::new("::1", 80).unwrap().to_string(), "[::1]:80");
}
