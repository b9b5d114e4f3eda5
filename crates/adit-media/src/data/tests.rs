use super::{clears_metadata, name};
use crate::limits::DATA_NAME_BYTES;

#[track_caller]
fn check(payload: &[u8], expected: Option<&str>) {
    assert_eq!(name(payload), expected);
}

#[test]
fn the_name_is_the_leading_amf0_string() {
    check(
        b"\x02\x00\x0AonMetaData\x08\x00\x00\x00\x00\x00\x00\x09",
        Some("onMetaData"),
    );
    check(b"\x02\x00\x00", Some(""));
}

#[test]
fn the_name_may_be_an_amf3_string_behind_the_switch_marker() {
    check(b"\x11\x06\x15onMetaData\x0A", Some("onMetaData"));
}

#[test]
fn an_amf3_reference_is_no_name() {
    check(b"\x11\x06\x00", None);
    check(b"\x11\x06\x81\x80\x01x", None);
}

#[test]
fn what_does_not_begin_with_a_string_has_no_name() {
    check(b"", None);
    check(b"\x00\x00\x00\x01", None);
    check(b"\x05", None);
    check(b"\x11\x01", None);
}

#[test]
fn a_name_cut_short_or_not_utf8_is_no_name() {
    let whole = b"\x02\x00\x0AonMetaData";
    for end in 0..whole.len() {
        check(&whole[..end], None);
    }
    check(b"\x02\x00\x02\xFF\xFE", None);
}

#[test]
fn names_are_looked_at_up_to_the_limit() {
    for (len, known) in [(DATA_NAME_BYTES, true), (DATA_NAME_BYTES + 1, false)] {
        let amf0 = [
            &[0x02, 0, u8::try_from(len).unwrap()],
            "n".repeat(len).as_bytes(),
        ]
        .concat();
        assert_eq!(name(&amf0).is_some(), known);
        let size = u16::try_from(len << 1 | 1).unwrap();
        let u29 = [
            0x80 | (size >> 7).to_be_bytes()[1],
            (size & 0x7F).to_be_bytes()[1],
        ];
        let amf3 = [&[0x11, 0x06], &u29[..], "n".repeat(len).as_bytes()].concat();
        assert_eq!(name(&amf3).is_some(), known);
    }
}

#[test]
fn metadata_is_cleared_by_name_and_argument() {
    assert!(clears_metadata(
        b"\x02\x00\x0F@clearDataFrame\x02\x00\x0AonMetaData"
    ));
    assert!(!clears_metadata(
        b"\x02\x00\x0F@clearDataFrame\x02\x00\x06onText"
    ));
    assert!(!clears_metadata(b"\x02\x00\x0F@clearDataFrame"));
    assert!(!clears_metadata(
        b"\x02\x00\x0AonMetaData\x02\x00\x0AonMetaData"
    ));
}
