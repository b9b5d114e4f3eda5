use std::collections::HashMap;

use bytes::Bytes;

use super::Text;

#[test]
fn only_utf8_becomes_text() {
    assert!(Text::try_from(Bytes::from_static(b"\xff")).is_err());
    assert!(Text::try_from(Bytes::from_static(b"\xed\xa0\x80")).is_err());
    assert_eq!(
        Text::try_from(Bytes::from_static("é".as_bytes())).unwrap(),
        "é"
    );
}

#[test]
fn a_clone_shares_the_buffer_and_a_detached_copy_does_not() {
    let text = Text::from("live");
    assert_eq!(text.clone().as_bytes().as_ptr(), text.as_bytes().as_ptr());
    assert_ne!(
        text.detached().as_bytes().as_ptr(),
        text.as_bytes().as_ptr()
    );
    assert_eq!(text.detached(), text);
}

#[test]
fn a_map_keyed_by_text_is_searched_with_a_str() {
    let map = HashMap::from([(Text::from("key"), 1)]);
    assert_eq!(map.get("key"), Some(&1));
}

#[test]
fn text_prints_as_the_string_it_holds() {
    let text = Text::from_static("a\"b");
    assert_eq!(
        format!("{text} {text:?} {:>5}", Text::from("x")),
        "a\"b \"a\\\"b\"     x"
    );
    assert_eq!(String::from(text), "a\"b");
}

#[test]
fn length_counts_bytes() {
    assert_eq!(Text::from("é").len(), 2);
    assert!(Text::default().is_empty());
}
