#![expect(clippy::cast_possible_truncation, reason = "test values are small")]

use proptest::prelude::*;

use super::*;
use crate::id::{ChunkStreamId, MessageStreamId};

fn aggregate(timestamp: u32, body: Vec<u8>) -> Items {
    Items::new(Message {
        kind: MessageKind::Aggregate,
        timestamp: Timestamp::from_ms(timestamp),
        msid: MessageStreamId::new(5),
        csid: ChunkStreamId::VIDEO,
        payload: body.into(),
    })
}

/// An item without its back pointer.
fn item(kind: u8, time: u32, payload: &[u8]) -> Vec<u8> {
    let [t3, t2, t1, t0] = time.to_be_bytes();
    let [_, l2, l1, l0] = (payload.len() as u32).to_be_bytes();
    let header = [kind, l2, l1, l0, t2, t1, t0, t3, 0, 0, 9];
    [&header, payload].concat()
}

fn items(list: &[(u8, u32, &[u8])]) -> Vec<u8> {
    let with_pointer = |(kind, time, payload): &(u8, u32, &[u8])| {
        let item = item(*kind, *time, payload);
        let pointer = (item.len() as u32).to_be_bytes();
        [item.as_slice(), &pointer].concat()
    };
    list.iter().flat_map(with_pointer).collect()
}

type Seen = (u8, u32, Vec<u8>);

#[track_caller]
fn check(timestamp: u32, body: Vec<u8>, expected: &[Seen], end: Option<AggregateError>) {
    let mut got = Vec::new();
    let mut error = None;
    for item in aggregate(timestamp, body) {
        match item {
            Ok(message) => {
                assert_eq!(
                    (message.msid.get(), message.csid),
                    (5, ChunkStreamId::VIDEO)
                );
                got.push((
                    message.kind.id(),
                    message.timestamp.ms(),
                    message.payload.to_vec(),
                ));
            }
            Err(found) => {
                assert_eq!(error, None, "a second error");
                error = Some(found);
            }
        }
    }
    assert_eq!(got, expected);
    assert_eq!(error, end);
}

#[test]
fn items_keep_their_distance_to_the_first() {
    check(
        1000,
        items(&[(9, 70, b"v"), (8, 75, b"aa"), (18, 60, b""), (8, 90, b"b")]),
        &[
            (9, 1000, b"v".to_vec()),
            (8, 1005, b"aa".to_vec()),
            (18, 990, Vec::new()),
            (8, 1020, b"b".to_vec()),
        ],
        None,
    );
}

#[test]
fn times_lead_across_24_and_32_bits() {
    check(
        u32::MAX - 1,
        items(&[(9, 0xFF_FFFE, b"v"), (8, 0x100_0005, b"a")]),
        &[(9, u32::MAX - 1, b"v".to_vec()), (8, 5, b"a".to_vec())],
        None,
    );
    check(
        50,
        items(&[(9, u32::MAX, b"v"), (8, 1, b"a")]),
        &[(9, 50, b"v".to_vec()), (8, 52, b"a".to_vec())],
        None,
    );
}

#[test]
fn an_empty_aggregate_has_no_items() {
    check(0, Vec::new(), &[], None);
}

//
#[test]
fn back_pointers_are_not_read_and_the_last_may_be_missing() {
    let first = [item(8, 0, b"a"), vec![0xFF; 4]].concat();
    for left in 0..=4 {
        let body = [first.clone(), item(9, 1, b"v"), vec![0xFF; left]].concat();
        check(
            3,
            body,
            &[(8, 3, b"a".to_vec()), (9, 4, b"v".to_vec())],
            None,
        );
    }
}

#[test]
fn an_item_longer_than_the_rest_is_an_error() {
    let body = [items(&[(8, 0, b"a")]), item(9, 1, b"video")[..15].to_vec()].concat();
    let end = AggregateError::Length { length: 5, rest: 4 };
    check(3, body, &[(8, 3, b"a".to_vec())], Some(end));
    let promise = [9, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0].to_vec();
    check(
        3,
        promise,
        &[],
        Some(AggregateError::Length {
            length: 0xFF_FFFF,
            rest: 0,
        }),
    );
}

#[test]
fn an_item_header_that_is_cut_off_is_an_error() {
    for rest in 1..11 {
        let body = [items(&[(8, 0, b"a")]), vec![8; rest]].concat();
        check(
            3,
            body,
            &[(8, 3, b"a".to_vec())],
            Some(AggregateError::Cut { rest }),
        );
    }
}

#[test]
fn only_audio_video_and_data_are_items() {
    for kind in [0, 1, 2, 4, 15, 17, 20, 22, 255] {
        let end = AggregateError::Kind(MessageKind::from_id(kind));
        check(3, items(&[(kind, 0, b"x"), (8, 0, b"a")]), &[], Some(end));
        assert_eq!(end.fault(), Fault::Peer);
    }
}

#[test]
fn there_are_at_most_4096_items() {
    let count = |items_in: u32| {
        let body = vec![(8, 0, b"".as_slice()); items_in as usize];
        let found: Result<Vec<_>, _> = aggregate(0, items(&body)).collect();
        found.map(|found| found.len())
    };
    assert_eq!(count(AGGREGATE_ITEMS), Ok(4096));
    assert_eq!(count(AGGREGATE_ITEMS + 1), Err(AggregateError::TooMany));
    assert_eq!(AggregateError::TooMany.fault(), Fault::Limit);
}

#[test]
fn a_payload_that_is_kept_does_not_keep_the_aggregate() {
    let body = Bytes::from(items(&[(8, 0, b"abc"), (9, 0, &[0; 1000])]));
    let mut message = aggregate(0, Vec::new()).outer;
    message.payload = body.clone();
    let kept = Items::new(message).next().unwrap().unwrap().payload;
    assert_eq!(kept, "abc");
    assert!(body.is_unique());
}

proptest! {
    #[test]
    fn garbage_ends(body in prop::collection::vec(prop::sample::select(vec![8, 0, 1, 9, 11, 255]), 0..120)) {
        let len = body.len();
        let found: Vec<_> = aggregate(0, body).collect();
        prop_assert!(found.len() <= len / 11 + 1);
    }
}
