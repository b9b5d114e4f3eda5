use proptest::prelude::*;

use super::{AddressError, Scheme, Target};
use crate::limits;

/// What an address was taken apart into: host, port, app, app query, name, query.
type Parts<'a> = (
    &'a str,
    Option<u16>,
    &'a str,
    Option<&'a str>,
    &'a str,
    Option<&'a str>,
);

fn parts(target: &Target) -> Parts<'_> {
    (
        target.host().name().unwrap_or("ip"),
        target.port(),
        target.app(),
        target.app_query().map(super::Secret::expose),
        target.name().expose(),
        target.query().map(super::Secret::expose),
    )
}

#[track_caller]
fn check(address: &str, expected: Parts<'_>) {
    let target = Target::parse(address).unwrap();
    assert_eq!(parts(&target), expected, "{address}");
    assert_eq!(
        Target::parse(&target.expose()).unwrap(),
        target,
        "round trip of {address}"
    );
}

#[track_caller]
fn check_error(address: &str, expected: &AddressError) {
    assert_eq!(Target::parse(address).as_ref(), Err(expected), "{address}");
}

#[test]
fn paths_are_split_into_application_and_name() {
    for (path, app, name) in [
        ("", "", ""),
        ("/", "", ""),
        ("/live", "live", ""),
        ("/live/", "live", ""),
        ("/live/key", "live", "key"),
        ("/live/key/", "live", "key"),
        ("/live/room/key", "live/room", "key"),
        ("/live/room/dir/key", "live/room", "dir/key"),
        ("/vod/mp4:film", "vod", "mp4:film"),
        ("/vod/mp4:dir/film.mp4", "vod", "mp4:dir/film.mp4"),
        (
            "/vod/_definst_/mp4:dir/film",
            "vod/_definst_",
            "mp4:dir/film",
        ),
        ("//key", "", "key"),
        ("/live//key", "live", "key"),
        ("/a/b/c//key", "a/b/c", "key"),
        ("/a//b/c/d", "a", "b/c/d"),
        ("/a/b//", "a/b", ""),
        ("/live/a%20b%2Fc", "live", "a%20b%2Fc"),
        ("/live/key#1@2", "live", "key#1@2"),
    ] {
        check(
            &format!("rtmp://host{path}"),
            ("host", None, app, None, name, None),
        );
    }
}

#[test]
fn queries_belong_to_the_name_and_behind_a_lone_application_to_that() {
    for (path, app, app_query, name, query) in [
        ("/live/key?t=1", "live", None, "key", Some("t=1")),
        ("/live/key?", "live", None, "key", Some("")),
        (
            "/live/key?a=b/c//d?e",
            "live",
            None,
            "key",
            Some("a=b/c//d?e"),
        ),
        (
            "/live/room/key?t=a/b==",
            "live/room",
            None,
            "key",
            Some("t=a/b=="),
        ),
        ("/live/?t=1", "live", None, "", Some("t=1")),
        ("/live/?t=a/b", "live", None, "", Some("t=a/b")),
        ("/live?vhost=x", "live", Some("vhost=x"), "", None),
        ("/live?vhost=x/key", "live", Some("vhost=x"), "key", None),
        (
            "/live?vhost=x/dir/key?t=1",
            "live",
            Some("vhost=x"),
            "dir/key",
            Some("t=1"),
        ),
        ("?x=1", "", Some("x=1"), "", None),
        ("//?x=1", "", None, "", Some("x=1")),
        ("/a/b//?t=1", "a/b", None, "", Some("t=1")),
    ] {
        check(
            &format!("rtmp://host{path}"),
            ("host", None, app, app_query, name, query),
        );
    }
}

#[test]
fn schemes_hosts_and_ports_are_read() {
    check(
        "RTMP://Live.Example.COM/a/s",
        ("live.example.com", None, "a", None, "s", None),
    );
    check(
        "  rtmp://host:8080/a/s\n",
        ("host", Some(8080), "a", None, "s", None),
    );
    check(
        "rtmp://my_host.local./a",
        ("my_host.local.", None, "a", None, "", None),
    );
    check(
        "rtmp://192.0.2.7:65535/a",
        ("ip", Some(65535), "a", None, "", None),
    );
    check("rtmp://[2001:db8::1]/a", ("ip", None, "a", None, "", None));
    check(
        "rtmp://[2001:db8::1]:1/a",
        ("ip", Some(1), "a", None, "", None),
    );
    for (address, scheme, port) in [
        ("rtmp://h", Scheme::Rtmp, 1935),
        ("rtmpt://h", Scheme::Rtmpt, 80),
        ("rtmps://h", Scheme::Rtmps, 443),
        ("rtmpts://h", Scheme::Rtmpts, 443),
        ("rtmpts://h:8443", Scheme::Rtmpts, 8443),
    ] {
        let target = Target::parse(address).unwrap();
        assert_eq!(target.scheme(), scheme);
        assert_eq!(target.port_or_default(), port);
    }
    let six = Target::parse("rtmp://[2001:DB8::1]:99/a/s").unwrap();
    assert_eq!(six.host().to_string(), "2001:db8::1");
    assert_eq!(six.tc_url(), "rtmp://[2001:db8::1]:99/a");
}

#[test]
fn users_are_decoded() {
    for (typed, user, password) in [
        ("me", "me", ""),
        ("me:", "me", ""),
        ("me:secret", "me", "secret"),
        ("me:a:b", "me", "a:b"),
        ("me:p@ss", "me", "p@ss"),
        ("m%40e:%2Fp%3a%25%C3%A9", "m@e", "/p:%é"),
    ] {
        let target = Target::parse(&format!("rtmp://{typed}@host/a/s")).unwrap();
        let credentials = target.credentials().unwrap();
        assert_eq!(
            (credentials.user(), credentials.password().expose()),
            (user, password)
        );
        assert_eq!(Target::parse(&target.expose()).unwrap(), target);
    }
    assert_eq!(Target::parse("rtmp://@host/a").unwrap().credentials(), None);
}

#[test]
fn wrong_addresses_are_refused_for_the_right_reason() {
    use AddressError as E;
    for (address, error) in [
        ("", E::Empty),
        (" \t", E::Empty),
        ("host/app/key", E::NoScheme),
        ("localhost:1935/app/key", E::NoScheme),
        ("://host", E::NoScheme),
        ("C:\\film.flv", E::NoScheme),
        ("rtmp:/host/app", E::NoSlashes { scheme: "rtmp" }),
        ("rtmps:\\\\host\\app", E::NoSlashes { scheme: "rtmps" }),
        (
            "rtmpte://host/a",
            E::Obsolete {
                scheme: "rtmpte".into(),
            },
        ),
        (
            "https://host/a",
            E::OtherScheme {
                scheme: "https".into(),
            },
        ),
        ("rtmp://", E::NoHost),
        ("rtmp:///app/key", E::NoHost),
        ("rtmp://:1935/app", E::NoHost),
        ("rtmp://me@/app", E::NoHost),
        ("rtmp://:pw@host/app", E::NoUser),
        ("rtmp://me:%4@host/a", E::UserEncoding { part: "password" }),
        ("rtmp://%ff@host/a", E::UserEncoding { part: "user" }),
        ("rtmp://%00@host/a", E::UserEncoding { part: "user" }),
        ("rtmp://ho!st/a", E::HostCharacter { character: '!' }),
        ("rtmp://ho%73t/a", E::HostCharacter { character: '%' }),
        ("rtmp://bücher.example/a", E::HostNotAscii),
        ("rtmp://a..b/c", E::HostLabel),
        ("rtmp://./c", E::BadIpv4),
        ("rtmp://256.1.1.1/c", E::BadIpv4),
        ("rtmp://10.1/c", E::BadIpv4),
        ("rtmp://::1/a", E::Ipv6WithoutBrackets),
        ("rtmp://[::1/a", E::BadIpv6),
        ("rtmp://[host]/a", E::BadIpv6),
        ("rtmp://[::1]x/a", E::BadIpv6),
        ("rtmp://[fe80::1%25eth0]/a", E::Ipv6Zone),
        ("rtmp://host:/a", E::EmptyPort),
        ("rtmp://[::1]:/a", E::EmptyPort),
        ("rtmp://host:0/a", E::BadPort),
        ("rtmp://host:65536/a", E::BadPort),
        ("rtmp://host:+80/a", E::BadPort),
        ("rtmp://host:rtmp/a", E::BadPort),
        ("rtmp://me:pa/ss@host/a", E::PasswordNotEncoded),
        ("rtmp://me:pa?ss@host/a", E::PasswordNotEncoded),
        ("rtmp://host/a b", E::Space),
        ("rtmp://host/a\0", E::Space),
        ("rtmp://host/app live=1 playpath=x", E::LibrtmpOptions),
    ] {
        check_error(address, &error);
    }
}

#[test]
fn lengths_end_at_their_limits() {
    let of_length = |length: usize| {
        let mut address = "rtmp://host/app/".to_owned();
        address.extend(std::iter::repeat_n('k', length - address.len()));
        address
    };
    assert!(Target::parse(&of_length(limits::ADDRESS)).is_ok());
    check_error(
        &of_length(limits::ADDRESS + 1),
        &AddressError::TooLong {
            length: limits::ADDRESS + 1,
        },
    );
    let label = "a".repeat(limits::HOST_LABEL);
    assert!(Target::parse(&format!("rtmp://{label}/a")).is_ok());
    check_error(&format!("rtmp://{label}a/a"), &AddressError::HostLabel);
    let longest = format!("{label}.{label}.{label}.{}", "a".repeat(61));
    assert_eq!(longest.len(), limits::HOST_NAME);
    assert!(Target::parse(&format!("rtmp://{longest}/a")).is_ok());
    check_error(&format!("rtmp://{longest}a/a"), &AddressError::HostLabel);
}

#[test]
fn server_and_key_are_taken_as_they_are() {
    for (server, key, app, app_query, name, query) in [
        ("rtmp://h/live", "key", "live", None, "key", None),
        ("rtmp://h/live/", "/key", "live", None, "key", None),
        (
            "rtmp://h/a/b/c",
            "d/e?t=1/2",
            "a/b/c",
            None,
            "d/e",
            Some("t=1/2"),
        ),
        ("rtmp://h/live", "?t=1", "live", None, "", Some("t=1")),
        (
            "rtmp://h/live?v=x/",
            " key ",
            "live",
            Some("v=x"),
            "key",
            None,
        ),
        ("rtmp://h", "two words", "", None, "two words", None),
        ("rtmp://h/live", "", "live", None, "", None),
    ] {
        let target = Target::from_server_and_key(server, key).unwrap();
        assert_eq!(parts(&target), ("h", None, app, app_query, name, query));
        if !key.contains("two words") {
            assert_eq!(Target::parse(&target.expose()).unwrap(), target);
        }
    }
    assert_eq!(
        Target::from_server_and_key("rtmp://h/a", "k\ney"),
        Err(AddressError::Space)
    );
}

#[test]
fn what_goes_on_the_wire_is_complete() {
    let target = Target::parse("rtmps://me:pw@host:1/live?vhost=x/key?t=1").unwrap();
    assert_eq!(target.tc_url(), "rtmps://host:1/live?vhost=x");
    assert_eq!(target.app_argument(), "live?vhost=x");
    assert_eq!(target.stream_argument().expose(), "key?t=1");
}

#[test]
fn secrets_never_show() {
    let target = Target::parse("rtmps://user-s:pass-s@host:1/live?query-s/name-s?token-s").unwrap();
    assert_eq!(target.to_string(), "rtmps://***@host:1/live?***/***");
    for text in [
        format!("{target}"),
        format!("{target:?}"),
        format!("{:?}", target.stream_argument()),
        format!("{:?}", target.credentials().unwrap().password()),
    ] {
        for secret in ["pass-s", "query-s", "name-s", "token-s"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
    for address in [
        "rtmp://me:sec/ret@host/a",
        "rtmp://me:%sec@host/a",
        "rtmp://me:sec?ret@host/a",
        "rtmp://:sec@host/a",
        "rtmp://host:sec/key",
    ] {
        let error = Target::parse(address).unwrap_err().to_string();
        assert!(!error.contains("sec"), "{error}");
    }
}

#[test]
fn its_secrets_are_name_queries_values_and_password() {
    let check = |address: &str, expected: &[&str]| {
        assert_eq!(
            Target::parse(address).unwrap().secrets(),
            expected,
            "{address}"
        );
    };
    check("rtmp://host/app/a", &[]);
    check(
        "rtmp://me:pa55word@host/app?token=first/key-123?s=1&token=second2",
        &[
            "s=1&token=second2",
            "token=first",
            "pa55word",
            "key-123",
            "second2",
        ],
    );
    check(
        "rtmp://edge.example/studio/key-123?to=edge.example&app=studio&VHost=virtual",
        &["to=edge.example&app=studio&VHost=virtual", "key-123"],
    );
}

proptest! {
    #[test]
    fn no_text_makes_it_panic_and_what_is_read_reads_again(text in "\\PC*") {
        for text in [text.clone(), format!("rtmp://{text}"), format!("rtmps://host/{text}")] {
            if let Ok(target) = Target::parse(&text) {
                prop_assert_eq!(&Target::parse(&target.expose()).unwrap(), &target);
            }
            let _server = Target::from_server_and_key(&text, &text);
        }
    }

    #[test]
    fn any_mixture_of_the_signs_that_matter_reads_again(rest in "[ab:/?@%\\[\\].=&14]{0,24}") {
        for text in [format!("rtmp://{rest}"), format!("rtmp://h/{rest}"), format!("rtmp://h{rest}")] {
            if let Ok(target) = Target::parse(&text) {
                prop_assert_eq!(&Target::parse(&target.expose()).unwrap(), &target);
            }
        }
    }

    #[test]
    fn server_and_key_read_again_as_one_address(
        app in "[a-c]{1,3}(/[a-c:]{1,3}){0,3}",
        key in "[a-c:][a-c:/]{0,6}(\\?[a-c/=]{0,5})?",
    ) {
        let target = Target::from_server_and_key(&format!("rtmp://h/{app}"), &key).unwrap();
        prop_assert_eq!(Target::parse(&target.expose()).unwrap(), target);
    }
}
