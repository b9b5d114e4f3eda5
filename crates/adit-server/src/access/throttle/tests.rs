use std::time::Duration;

use super::*;

const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7));
const ELSEWHERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 8));

fn guess(
    throttle: &Throttle,
    now: Instant,
    peer: IpAddr,
    guesses: impl IntoIterator<Item = usize>,
) {
    for guess in guesses {
        throttle.note_wrong(now, peer, &guess.to_string());
    }
}

#[test]
fn so_many_wrong_keys_are_listened_to_and_one_more_blocks_the_address_for_a_minute() {
    let (throttle, now) = (Throttle::default(), Instant::now());
    guess(&throttle, now, HERE, 1..GUESSES);
    assert!(!throttle.is_blocked(now, HERE));
    assert_eq!(throttle.note_wrong(now, HERE, "one more"), Counted::Blocked);
    assert!(throttle.is_blocked(now, HERE));
    assert!(!throttle.is_blocked(now, ELSEWHERE), "others go on");
    let last = now + GUESS_BLOCK.saturating_sub(Duration::from_millis(1));
    assert!(throttle.is_blocked(last, HERE));
    assert!(!throttle.is_blocked(now + GUESS_BLOCK, HERE));
    // The count begins anew.
    let then = now + GUESS_BLOCK;
    guess(&throttle, then, HERE, 1..GUESSES);
    assert!(!throttle.is_blocked(then, HERE));
}

#[test]
fn wrong_keys_are_forgotten_after_a_minute() {
    let (throttle, start) = (Throttle::default(), Instant::now());
    // Nine a minute, for ten minutes.
    for at in 0..90 {
        let now = start + GUESS_SPAN * at / 9;
        throttle.note_wrong(now, HERE, &at.to_string());
        assert!(!throttle.is_blocked(now, HERE), "after {at}");
    }
}

#[test]
fn an_encoder_that_tries_its_old_key_again_and_again_guesses_once() {
    let (throttle, now) = (Throttle::default(), Instant::now());
    guess(&throttle, now, HERE, std::iter::repeat_n(1, 1000));
    assert!(!throttle.is_blocked(now, HERE));
}

#[test]
fn an_ipv6_network_of_64_bits_guesses_together() {
    let (throttle, now) = (Throttle::default(), Instant::now());
    for at in 0..GUESSES {
        let peer = format!("2001:db8::{at:x}").parse().unwrap();
        throttle.note_wrong(now, peer, &at.to_string());
    }
    assert!(throttle.is_blocked(now, "2001:db8::ffff".parse().unwrap()));
    assert!(!throttle.is_blocked(now, "2001:db8:0:1::1".parse().unwrap()));
}

#[test]
fn as_many_addresses_are_remembered_as_there_is_room_for_and_old_ones_make_room() {
    let (throttle, now) = (Throttle::default(), Instant::now());
    let address = |at: usize| IpAddr::from(u32::try_from(at).unwrap().to_be_bytes());
    for at in 0..GUESS_ADDRESSES {
        assert_eq!(throttle.note_wrong(now, address(at), "x"), Counted::Yes);
    }
    let another = address(GUESS_ADDRESSES);
    assert_eq!(throttle.note_wrong(now, another, "x"), Counted::NoRoom);
    let later = now + GUESS_SPAN;
    assert_eq!(throttle.note_wrong(later, another, "x"), Counted::Yes);
    assert_eq!(throttle.addresses().len(), 1);
}
