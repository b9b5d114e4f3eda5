use super::{KeyTooLong, StreamKey};
use crate::limits::KEY_BYTES;

#[test]
fn keys_are_compared_part_by_part() {
    let key = |a, b, c, d| StreamKey::new(a, b, c, d).unwrap();
    assert_eq!(key("v", "a", "i", "n"), key("v", "a", "i", "n"));
    assert_ne!(key("v", "a", "i", "n"), key("v", "a", "in", ""));
    assert_ne!(key("v", "a", "i", "n"), key("v", "a", "i", "N"));
}

#[test]
fn a_key_gives_its_parts_back() {
    let key = StreamKey::new("vhost", "live", "room", "cam").unwrap();
    assert_eq!(
        (key.vhost(), key.application(), key.instance(), key.name()),
        ("vhost", "live", "room", "cam")
    );
    assert_eq!(key.to_string(), "vhost/live/room/cam");
}

#[test]
fn keys_are_accepted_up_to_the_limit() {
    let name = "n".repeat(KEY_BYTES - 4);
    assert!(StreamKey::new("", "live", "", &name).is_ok());
    let error = StreamKey::new("", "live", "x", &name).unwrap_err();
    assert_eq!(
        error,
        KeyTooLong {
            bytes: KEY_BYTES + 1
        }
    );
    assert_eq!(
        error.to_string(),
        "the stream key has 1025 bytes, 1024 are allowed"
    );
}
