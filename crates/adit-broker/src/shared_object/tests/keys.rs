//! Names of objects.

use super::*;
use crate::limits::OBJECT_NAME_BYTES;

#[track_caller]
fn check(name: &str, temporary: bool, persistent: bool) {
    let place = StreamKey::new("", "chat", "", name).unwrap();
    let is_ok = |persistence| ObjectKey::new(place.clone(), persistence).is_ok();
    let both = [Persistence::Temporary, Persistence::Persistent].map(is_ok);
    assert_eq!(both, [temporary, persistent], "{name:?}");
}

#[test]
fn names_of_persistent_objects_stay_inside_a_folder() {
    for name in ["room", "rooms/1", "räume", "a b", "...", "%2e%2e", "a.b"] {
        check(name, true, true);
    }
    for name in [
        "/",
        "/etc/passwd",
        "a/",
        "a//b",
        "..",
        "../x",
        "a/../b",
        "./a",
        "a\\b",
        "c:x",
        "a:",
    ] {
        check(name, true, false);
    }
    for name in ["", "a\0", "a\nb", "\u{7f}"] {
        check(name, false, false);
    }
}

#[test]
fn names_are_as_long_as_the_limit_and_not_longer() {
    check(&"n".repeat(OBJECT_NAME_BYTES), true, true);
    check(&"n".repeat(OBJECT_NAME_BYTES + 1), false, false);
}
