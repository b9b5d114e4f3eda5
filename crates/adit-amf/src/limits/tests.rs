use bytes::Bytes;

use super::{EXPANSION_FREE, Limits};
use crate::{DecodeError, Fault, LimitKind, amf0, testing::hex};

/// `fits` is the largest message within the limit and `over` the next larger one.
#[track_caller]
fn check(limits: &Limits, fits: impl Into<Bytes>, over: impl Into<Bytes>, limit: LimitKind) {
    let (fits, over) = (fits.into(), over.into());
    let accepted = amf0::decode_all(fits, limits);
    assert!(accepted.is_ok(), "{limit}: {:?}", accepted.err());
    let refused = amf0::decode_all(over, limits).unwrap_err();
    assert_eq!(refused.limit(), Some(limit), "{refused}");
    assert_eq!(refused.fault(), Fault::Limit);
}

fn limits(change: impl FnOnce(&mut Limits)) -> Limits {
    let mut limits = Limits::default();
    change(&mut limits);
    limits
}

/// `count` strict arrays in each other.
fn nested(count: usize) -> Vec<u8> {
    let mut bytes = hex("0A 00000001").repeat(count);
    bytes.push(5);
    bytes
}

/// A strict array of `count` nulls.
fn nulls(count: u32) -> Vec<u8> {
    let mut bytes = vec![0x0a];
    bytes.extend(count.to_be_bytes());
    bytes.extend((0..count).map(|_| 5));
    bytes
}

#[test]
fn depth_counts_containers() {
    check(&Limits::default(), nested(32), nested(33), LimitKind::Depth);
    // Side by side is not deep.
    let flat = nested(32).repeat(2);
    assert!(amf0::decode_all(flat.into(), &Limits::default()).is_ok());
}

#[test]
fn depth_goes_on_in_amf3() {
    let inside = |depth| {
        let arrays = hex("09 03 01").repeat(depth);
        [&nested(31)[..155], &hex("11"), &arrays, &[1]].concat()
    };
    check(&Limits::default(), inside(1), inside(2), LimitKind::Depth);
}

#[test]
fn every_amf3_container_counts_as_depth() {
    let containers = [
        "09 03 01 01",
        "09 01 03 'a' 01 01",
        "0A 0B 01 01",
        "0A 03 01",
        "0A 07 43 'flex.messaging.io.ArrayCollection' 01",
        "10 03 00 01 01",
        "11 03 00 01 01",
    ];
    for container in containers {
        let inside = |depth| [&nested(depth)[..5 * depth], &hex("11"), &hex(container)].concat();
        check(&Limits::default(), inside(31), inside(32), LimitKind::Depth);
    }
}

#[test]
fn nodes_count_every_value_of_the_message() {
    // 2 arrays and their items, then single nulls.
    let message = |singles| [&nulls(4_096)[..], &nulls(4_096), &vec![5; singles]].concat();
    check(
        &Limits::default(),
        message(1_806),
        message(1_807),
        LimitKind::Nodes,
    );
}

#[test]
fn nodes_count_members_and_amf3_values_and_trait_names() {
    let check = |bytes: &str, nodes| {
        let bytes = hex(bytes);
        let over = limits(|limits| limits.nodes = nodes - 1);
        let error = DecodeError::Limit {
            limit: LimitKind::Nodes,
            max: nodes - 1,
        };
        assert_eq!(amf0::decode_all(bytes.clone(), &over), Err(error));
        let fits = limits(|limits| limits.nodes = nodes);
        assert!(amf0::decode_all(bytes, &fits).is_ok());
    };
    check("03 0001 'a' 05 0001 'b' 05 000009", 3);
    check("11 09 05 03 'a' 01 01 01 01", 4);
    check("11 11 05 00 01 01 01 01", 5);
    check("11 10 03 00 01 01", 2);
    check("11 0A 2B 01 03 'a' 03 'b' 01 01 03 'c' 01 01", 6);
    check("11 0A 07 43 'flex.messaging.io.ArrayCollection' 01", 2);
}

#[test]
fn the_items_of_an_array_are_paid_for_before_they_are_read() {
    // Ten arrays in each other promise 4,096 items each; all together only the bytes for one.
    let promise = hex("0A 00001000").repeat(10);
    let bytes = [&promise[..], &[5; 4_096]].concat();
    let refused = amf0::decode_all(bytes.into(), &Limits::default()).unwrap_err();
    assert_eq!(refused.limit(), Some(LimitKind::Nodes));
}

#[test]
fn elements_count_the_items_of_one_container() {
    check(
        &Limits::default(),
        nulls(4_096),
        nulls(4_097),
        LimitKind::Elements,
    );
    let members = |count| {
        [
            &hex("03")[..],
            &hex("0001 'a' 05").repeat(count),
            &hex("000009"),
        ]
        .concat()
    };
    check(
        &Limits::default(),
        members(4_096),
        members(4_097),
        LimitKind::Elements,
    );
}

#[test]
fn elements_hold_for_every_amf3_container() {
    let two = limits(|limits| limits.elements = 2);
    let check = |fits: &str, over: &str| check(&two, hex(fits), hex(over), LimitKind::Elements);
    check("11 09 05 01 01 01", "11 09 07 01 01 01 01");
    check(
        "11 09 01 03 'a' 01 00 01 01",
        "11 09 01 03 'a' 01 00 01 00 01 01",
    );
    check(
        "11 0A 0B 01 03 'a' 01 00 01 01",
        "11 0A 0B 01 03 'a' 01 00 01 00 01 01",
    );
    check(
        "11 0A 23 01 03 'a' 00 01 01",
        "11 0A 33 01 03 'a' 00 00 01 01 01",
    );
    check(
        "11 0D 05 00 0000000100000002",
        "11 0D 07 00 000000010000000200000003",
    );
    check("11 10 05 00 01 01 01", "11 10 07 00 01 01 01 01");
    check("11 11 05 00 01 01 01 01", "11 11 07 00 01 01 01 01 01 01");
}

#[test]
fn references_bound_every_table() {
    let objects = |count| hex("03 000009").repeat(count);
    check(
        &Limits::default(),
        objects(4_096),
        objects(4_097),
        LimitKind::References,
    );
    let arrays = |count| hex("11 09 01 01").repeat(count);
    check(
        &Limits::default(),
        arrays(4_096),
        arrays(4_097),
        LimitKind::References,
    );
    let strings = |count| hex("11 06 03 'a'").repeat(count);
    check(
        &Limits::default(),
        strings(4_096),
        strings(4_097),
        LimitKind::References,
    );
    let two = limits(|limits| limits.references = 2);
    let traits = |count| hex("11 0A 03 01").repeat(count);
    check(&two, traits(2), traits(3), LimitKind::References);
}

#[test]
fn strings_and_names_have_a_limit_of_their_own() {
    let four = limits(|limits| limits.string = 4);
    let check = |fits: &str, over: &str| check(&four, hex(fits), hex(over), LimitKind::String);
    check("02 0004 'abcd'", "02 0005 'abcde'");
    check("03 0004 'abcd' 05 000009", "03 0005 'abcde' 05 000009");
    check("10 0004 'abcd' 000009", "10 0005 'abcde' 000009");
    check("11 0A 03 09 'abcd'", "11 0A 03 0B 'abcde'");
    check("11 0A 13 01 09 'abcd' 01", "11 0A 13 01 0B 'abcde' 01");
    check(
        "11 0A 0B 01 09 'abcd' 01 01",
        "11 0A 0B 01 0B 'abcde' 01 01",
    );
    check("11 09 01 09 'abcd' 01 01", "11 09 01 0B 'abcde' 01 01");
    check("11 10 01 00 09 'abcd'", "11 10 01 00 0B 'abcde'");
    // A long string value is no longer allowed when a name refers to it.
    check(
        "11 06 09 'abcd' 11 09 01 00 01 01",
        "11 06 0B 'abcde' 11 09 01 00 01 01",
    );
}

#[test]
fn the_default_string_limit_is_64_kib() {
    let name = |len: u32| {
        let head = hex("11 0A 03");
        let number = len << 1 | 1;
        let [_, _, _, last] = number.to_be_bytes();
        let more = |shift: u32| u8::try_from(number >> shift & 0x7f).unwrap() | 0x80;
        let number = [more(14), more(7), last & 0x7f];
        [
            &head[..],
            &number,
            &vec![b'n'; usize::try_from(len).unwrap()],
        ]
        .concat()
    };
    check(
        &Limits::default(),
        name(65_536),
        name(65_537),
        LimitKind::String,
    );
}

#[test]
fn long_strings_and_xml_have_a_limit_of_their_own() {
    let long = |len: u32| {
        let bytes = vec![b's'; usize::try_from(len).unwrap()];
        [&[0x0c][..], &len.to_be_bytes(), &bytes].concat()
    };
    check(
        &Limits::default(),
        long(1 << 20),
        long((1 << 20) + 1),
        LimitKind::LongString,
    );
    let four = limits(|limits| limits.long_string = 4);
    let check = |fits: &str, over: &str| check(&four, hex(fits), hex(over), LimitKind::LongString);
    check("0F 00000004 'abcd'", "0F 00000005 'abcde'");
    check("11 06 09 'abcd'", "11 06 0B 'abcde'");
    check("11 07 09 'abcd'", "11 07 0B 'abcde'");
    check("11 0B 09 'abcd'", "11 0B 0B 'abcde'");
}

#[test]
fn bytes_count_all_content() {
    let four = limits(|limits| limits.bytes = 4);
    let check = |fits: &str, over: &str| check(&four, hex(fits), hex(over), LimitKind::Bytes);
    check("02 0002 'ab' 02 0002 'cd'", "02 0002 'ab' 02 0003 'cde'");
    check("03 0004 'name' 05 000009", "03 0005 'names' 05 000009");
    check("0F 00000004 'abcd'", "0F 00000005 'abcde'");
    check("11 0C 09 01020304", "11 0C 0B 0102030405");
    check("11 0D 03 00 00000000", "11 0D 05 00 00000000 00000000");
    let eight = limits(|limits| limits.bytes = 8);
    super::tests::check(
        &eight,
        hex("11 0F 03 00 0000000000000000"),
        hex("11 0F 05 00 0000000000000000 0000000000000000"),
        LimitKind::Bytes,
    );
}

#[test]
fn bytes_count_again_where_a_reference_repeats_them() {
    let eight = limits(|limits| limits.bytes = 8);
    let check = |fits: &str, over: &str| check(&eight, hex(fits), hex(over), LimitKind::Bytes);
    check(
        "11 06 09 'abcd' 11 06 00",
        "11 06 09 'abcd' 11 06 00 11 06 00",
    );
    // The sealed name once in the traits and once for each object of them.
    check("11 0A 13 01 05 'ab' 01 11 0A 01 01 11 0A 01 01", {
        "11 0A 13 01 05 'ab' 01 11 0A 01 01 11 0A 01 01 11 0A 01 01"
    });
}

#[test]
fn the_default_bytes_limit_is_4_mib() {
    // Four byte arrays of 1,048,544 bytes, 0x1FFFC1 >> 1, leave 128 bytes for a string.
    let blobs = |last: usize| {
        let mut blob = hex("11 0C FFFF41").to_vec();
        blob.resize(blob.len() + 1_048_544, 0);
        let mut message = blob.repeat(4);
        message.push(2);
        message.extend(u16::try_from(last).unwrap().to_be_bytes());
        message.resize(message.len() + last, b's');
        message
    };
    check(&Limits::default(), blobs(128), blobs(129), LimitKind::Bytes);
}

#[test]
fn content_is_at_most_four_times_a_large_message() {
    // A string of 65,536 bytes and references to it. Each reference is 3 bytes of message.
    let message = |references: usize| {
        let text = [&hex("11 06 888001")[..], &vec![b's'; 65_536]].concat();
        [&text[..], &hex("11 06 00").repeat(references)].concat()
    };
    check(&Limits::default(), message(3), message(4), LimitKind::Bytes);
}

#[test]
fn a_small_message_may_repeat_its_names_often() {
    // 1,024 bytes, referred to as often as the free expansion allows.
    let message = |references: usize| {
        let text = [&hex("11 06 9001")[..], &[b's'; 1_024]].concat();
        [&text[..], &hex("11 06 00").repeat(references)].concat()
    };
    let most = EXPANSION_FREE / 1_024 - 1;
    check(
        &Limits::default(),
        message(most),
        message(most + 1),
        LimitKind::Bytes,
    );
}

#[test]
fn keys_name_the_configuration() {
    let kinds = [
        LimitKind::Depth,
        LimitKind::Nodes,
        LimitKind::Elements,
        LimitKind::References,
    ];
    assert_eq!(
        kinds.map(LimitKind::key),
        ["amf.depth", "amf.nodes", "amf.elements", "amf.references"]
    );
    assert_eq!(LimitKind::LongString.to_string(), "amf.long_string");
}
