use super::*;

#[track_caller]
fn check_mistake(text: &str, line: usize, what: &str) {
    let error = text.parse::<StreamKeys>().unwrap_err();
    assert_eq!(
        (error.line, error.what.contains(what)),
        (line, true),
        "{error}"
    );
    assert!(!error.to_string().contains("hush"), "{error}");
}

#[test]
fn lists_of_keys_are_read_and_mistakes_are_told_by_their_line() {
    let keys: StreamKeys = "# studio\n\nhush1234  live/studio\r\nhush5678\tlive/room/*\n"
        .parse()
        .unwrap();
    assert_eq!(keys.len(), 2);
    check_mistake("hush1234", 1, "not a key and a place");
    check_mistake("\nhush live/a", 2, "fewer than 8");
    check_mistake("hush1234 live", 1, "APPLICATION/STREAM");
    check_mistake("hush1234 live/", 1, "empty part");
    check_mistake("hush&1234 live/a", 1, "other signs");
    check_mistake("hush1234 a/b\nhush1234 a/c", 2, "in the list already");
}

#[test]
fn a_key_is_as_long_as_allowed_and_not_longer() {
    let mut keys = StreamKeys::default();
    let longest = "k".repeat(STREAM_KEY_BYTES);
    keys.insert(&longest, "*").unwrap();
    assert!(keys.grant(&longest).is_some());
    assert!(keys.insert(&format!("{longest}k"), "*").is_err());
}

#[test]
fn there_are_as_many_keys_as_allowed_and_not_one_more() {
    let mut keys = StreamKeys::default();
    for at in 0..STREAM_KEYS {
        keys.insert(&format!("key{at:08}"), "live/a").unwrap();
    }
    assert!(keys.insert("another-key", "live/a").is_err());
}

#[test]
fn instances_are_named_in_the_middle() {
    let keys: StreamKeys = "12345678 live/room/cam\n87654321 live/cam".parse().unwrap();
    let covers = |key: &str, instance: &str| {
        let place = Place::new("", "live", instance);
        keys.grant(key).unwrap().covers_application(&place)
    };
    assert!(covers("12345678", "room") && !covers("12345678", "_definst_"));
    assert!(covers("87654321", "room") && covers("87654321", "_definst_"));
}
