use super::{Bodies, Collected, NoRoom, PER_BODY, Share};
use crate::config::HttpConfig;

fn bodies(most: usize, small: usize) -> Bodies {
    Bodies::new(&HttpConfig {
        bodies: most,
        bodies_small: small,
        ..Default::default()
    })
}

/// A body that holds exactly so much, if there is room.
fn body(bodies: &Bodies, share: &Share, held: usize) -> Result<Collected, NoRoom> {
    let len = held - PER_BODY;
    let mut body = bodies.collect(share, len);
    body.append(&vec![7; len]).map(|()| body)
}

#[test]
fn all_of_it_is_given_out_and_not_one_byte_more() {
    let bodies = bodies(10_000, 10_000);
    let share = Share::default();
    let first = body(&bodies, &share, 9_000).unwrap();
    assert_eq!(body(&bodies, &share, 1_001).unwrap_err(), NoRoom);
    let second = body(&bodies, &share, 1_000).unwrap();
    assert_eq!(body(&bodies, &share, 257).unwrap_err(), NoRoom);
    assert_eq!(bodies.held(), 10_000);
    drop(second);
    body(&bodies, &share, 1_000).unwrap();
    drop(first);
    assert_eq!(bodies.held(), 0);
}

#[test]
fn half_of_it_is_kept_for_sessions_that_hold_little() {
    let bodies = bodies(10_000, 1_000);
    let (greedy, modest) = (Share::default(), Share::default());
    let _large = body(&bodies, &greedy, 5_000).unwrap();
    assert_eq!(body(&bodies, &greedy, 257).unwrap_err(), NoRoom);
    assert_eq!(body(&bodies, &modest, 1_001).unwrap_err(), NoRoom);
    let _small = body(&bodies, &modest, 1_000).unwrap();
    assert_eq!(body(&bodies, &modest, 257).unwrap_err(), NoRoom);
    body(&bodies, &Share::default(), 1_000).unwrap();
}

#[test]
fn a_body_counts_until_the_last_of_it_is_dropped() {
    let bodies = bodies(10_000, 10_000);
    let share = Share::default();
    let mut whole = body(&bodies, &share, 5_000).unwrap().finish();
    let end = whole.split_off(whole.len() - 1);
    drop(whole);
    assert_eq!(bodies.held(), 5_000);
    drop(end);
    assert_eq!(bodies.held(), 0);
}

#[test]
fn an_announced_body_gets_room_as_it_comes_and_exactly_its_size_in_the_end() {
    let bodies = bodies(1 << 20, 1 << 20);
    let mut body = bodies.collect(&Share::default(), 100_000);
    body.append(&[7; 10]).unwrap();
    assert_eq!(bodies.held(), 1024 + PER_BODY);
    for _ in 0..99 {
        body.append(&[7; 1_000]).unwrap();
    }
    body.append(&[7; 990]).unwrap();
    assert_eq!(body.bytes.len(), 100_000);
    assert_eq!(bodies.held(), 100_000 + PER_BODY);
    assert_eq!(body.bytes.capacity(), 100_000);
}

#[test]
fn a_body_of_unknown_length_holds_at_most_twice_what_came() {
    let bodies = bodies(1 << 20, 1 << 20);
    let mut body = bodies.collect(&Share::default(), 0);
    for count in 1..200_usize {
        body.append(&[7; 1_000]).unwrap();
        assert!(bodies.held() <= 2 * count * 1_000 + 1_280, "{count}");
        assert_eq!(bodies.held(), body.bytes.capacity() + PER_BODY);
    }
}

#[test]
fn an_empty_body_holds_nothing() {
    let bodies = bodies(0, 0);
    assert!(bodies.collect(&Share::default(), 0).finish().is_empty());
}
