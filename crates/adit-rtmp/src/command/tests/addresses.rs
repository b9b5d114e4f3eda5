use proptest::prelude::*;

use crate::command::{Address, AddressError, NamePrefix, Query, StreamName};
use crate::limits;

//
#[test]
fn a_query_is_split_at_ampersands_and_first_equals_signs_and_not_decoded() {
    let query = Query::from("a=b64+/==&b&=c&&a=2&d=%20");
    let pairs: Vec<_> = query.pairs().collect();
    assert_eq!(
        pairs,
        [
            ("a", "b64+/=="),
            ("b", ""),
            ("", "c"),
            ("a", "2"),
            ("d", "%20")
        ]
    );
    assert_eq!(query.value("a"), Some("b64+/=="));
    assert_eq!(query.value("x"), None);
}

#[test]
fn secrets_are_not_shown_by_debug() {
    let address = Address::parse("live?token=secret", Some("rtmp://u:secret@h/live")).unwrap();
    let name = StreamName::parse("cam?token=secret").unwrap();
    let shown = format!("{address:?} {name:?}");
    assert!(shown.contains("cam") && shown.contains("live"), "{shown}");
    assert!(!shown.contains("secret"), "{shown}");
}

#[test]
fn stream_names_are_taken_apart() {
    let check = |raw: &str, prefix: Option<NamePrefix>, name: &str, query: &str| {
        let parsed = StreamName::parse(raw).unwrap();
        assert_eq!((parsed.raw(), parsed.prefix()), (raw, prefix));
        assert_eq!((parsed.name(), parsed.query().as_str()), (name, query));
    };
    check("cam", None, "cam", "");
    check("cam?", None, "cam", "");
    check("?key=1", None, "", "key=1");
    check("cam?a?b", None, "cam", "a?b");
    check("mp4:dir/x.mp4", Some(NamePrefix::Mp4), "dir/x.mp4", "");
    check("mp3:x", Some(NamePrefix::Mp3), "x", "");
    check("id3:x", Some(NamePrefix::Id3), "x", "");
    check("f4v:x", Some(NamePrefix::F4v), "x", "");
    check("raw:x", Some(NamePrefix::Raw), "x", "");
    check("/flv:/x/", Some(NamePrefix::Flv), "x", "");
    check("avi:x", None, "avi:x", "");
    check("mp4:", Some(NamePrefix::Mp4), "", "");
    check("/", None, "", "");
}

#[test]
fn control_characters_are_refused_everywhere() {
    let part = |result: Result<(), AddressError>| match result {
        Err(AddressError::ControlCharacter { part }) => part,
        other => panic!("{other:?}"),
    };
    let address = |app: &str, url: &str| part(Address::parse(app, Some(url)).map(|_| ()));
    assert_eq!(address("a\tb", ""), "app");
    assert_eq!(address("a?b\0c", ""), "the query of app");
    assert_eq!(address("a", "rtmp://h\r\n/a"), "tcUrl");
    let name = |name: &str| part(StreamName::parse(name).map(|_| ()));
    assert_eq!(name("a\u{7f}b"), "the stream name");
    assert_eq!(name("a?\u{1b}[0m"), "the query of the stream name");
}

#[test]
fn names_without_a_path_have_no_place() {
    let address = Address::parse("", None).unwrap();
    let name = StreamName::parse("?only=query").unwrap();
    assert_eq!(address.locate(&name), Err(AddressError::NoName));
    let address = Address::parse("live/_definst_", None).unwrap();
    let location = address.locate(&name).unwrap();
    assert_eq!(
        (location.application.as_str(), location.name.as_str()),
        ("", "live")
    );
}

proptest! {
    #[test]
    fn any_text_is_an_address_or_an_error(app in ".*", url in ".*", name in ".*") {
        let (address, name) = (Address::parse(&app, Some(&url)), StreamName::parse(&name));
        if let (Ok(address), Ok(name)) = (&address, &name)
            && let Ok(location) = address.locate(name)
        {
            prop_assert!(!location.name.is_empty());
            prop_assert!(!location.application.contains(['/', '?']));
            prop_assert!(!location.name.starts_with('/') && !location.name.ends_with('/'));
        }
        if let Ok(address) = address {
            prop_assert!(address.application().len() <= limits::APPLICATION);
        }
    }

    #[test]
    fn addresses_of_slashes_quotes_and_queries(app in "[a/?'\":]{0,9}", url in "[a/?'\":@\\[\\]]{0,12}") {
        let address = Address::parse(&app, Some(&url)).unwrap();
        prop_assert!(!address.instance().is_empty());
        prop_assert!(!address.application().contains('/'));
    }
}
