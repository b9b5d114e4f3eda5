use super::{decode, encode};

fn check(bytes: &[u8], text: &str) {
    assert_eq!(encode(bytes), text);
    assert_eq!(decode(text).as_deref(), Some(bytes));
}

#[test]
fn the_examples_of_the_rfc_hold() {
    check(b"", "");
    check(b"f", "Zg==");
    check(b"fo", "Zm8=");
    check(b"foo", "Zm9v");
    check(b"foob", "Zm9vYg==");
    check(b"fooba", "Zm9vYmE=");
    check(b"foobar", "Zm9vYmFy");
    check(&[0xfb, 0xff, 0xfe], "+//+");
}

#[test]
fn what_is_not_base64_is_not_read() {
    assert_eq!(decode("Zm9v\n"), None);
    assert_eq!(decode("Z"), None);
    assert_eq!(decode("Zm 9"), None);
    assert_eq!(decode("Zg").as_deref(), Some(&b"f"[..]));
}
