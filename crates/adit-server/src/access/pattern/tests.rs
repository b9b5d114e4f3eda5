use super::*;

#[track_caller]
fn check(pattern: &str, name: &str, expected: bool) {
    let pattern: Pattern = pattern.parse().unwrap();
    assert_eq!(pattern.matches(name), expected, "{pattern} {name}");
}

#[test]
fn a_star_stands_for_any_text() {
    for (pattern, name) in [
        ("*", ""),
        ("*", "a/b"),
        ("live", "live"),
        ("live*", "live"),
        ("live*", "live/room"),
        ("*room", "live/room"),
        ("a*b*c", "abc"),
        ("a*b*c", "a-b-b-c"),
        ("*b*", "abc"),
        ("**", "x"),
        ("a**c", "abc"),
        ("*aa*a", "aaa"),
    ] {
        check(pattern, name, true);
    }
    for (pattern, name) in [
        ("", "a"),
        ("live", "lives"),
        ("live", "Live"),
        ("live*", "alive"),
        ("a*b", "a"),
        ("ab*ba", "aba"),
        ("a*b*c", "acb"),
        ("*aa*aa", "aaa"),
        ("li?e", "live"),
    ] {
        check(pattern, name, false);
    }
}

#[test]
fn a_pattern_is_as_long_as_allowed_and_not_longer() {
    assert!(Pattern::from_str(&"a".repeat(PATTERN_BYTES)).is_ok());
    assert!(Pattern::from_str(&"a".repeat(PATTERN_BYTES + 1)).is_err());
}

#[test]
fn an_application_is_meant_in_every_instance_unless_one_is_named() {
    let meant = |pattern: &str| {
        let pattern: Pattern = pattern.parse().unwrap();
        pattern.matches_application("live", "room")
    };
    assert!(meant("live") && meant("live/room") && meant("live/*") && meant("*"));
    assert!(!meant("live/other") && !meant("room"));
}
