use super::{Address, unexpected, without_secrets};

fn check(message: &str, arguments: &[&str], expected: &str) {
    let arguments = arguments.iter().map(ToString::to_string);
    assert_eq!(without_secrets(message, arguments), expected);
}

#[test]
fn keys_and_urls_are_hidden_where_they_stand_as_words() {
    check(
        "'--key=abc' and 'abc', abc",
        &["--key=abc"],
        "'--key=***' and '***', ***",
    );
    check(
        "invalid value 'rtmp://host/app/key'",
        &["rtmp://host/app/key"],
        "invalid value '***'",
    );
}

#[test]
fn a_short_key_hides_no_text() {
    check(
        "error: the 'e' flag; see e-e and e",
        &["--key", "e"],
        "error: the '***' flag; see e-e and ***",
    );
}

#[test]
fn an_unexpected_option_is_named_and_nothing_else() {
    for (argument, expected) in [
        ("--json", "--json"),
        ("--stream-key=abc", "--stream-key=***"),
        ("-x", "-x"),
        ("more", "***"),
        ("live_1234-abc", "***"),
        ("--live_1234_Abc", "***"),
        ("-1234-5678", "***"),
        ("--", "***"),
        ("", "***"),
    ] {
        assert_eq!(unexpected(argument), expected, "{argument}");
    }
}

#[test]
fn a_key_beside_a_url_that_names_a_stream_is_a_mistake() {
    let named = |url: &str| {
        let address: Address = url.parse().unwrap();
        address.target(Some("key")).map(|target| target.expose())
    };
    assert_eq!(named("rtmp://host/app").unwrap(), "rtmp://host/app/key");
    assert!(named("rtmp://host/app/other").is_err());
    let several = named("rtmp://host/app/instance//").unwrap();
    assert_eq!(several, "rtmp://host/app/instance/key");
    assert!(named("rtmp://host/app?vhost=x").is_ok());
}
