use std::time::Duration;

use super::*;

const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7));
const ELSEWHERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 8));

impl From<IpAddr> for Whence {
    fn from(peer: IpAddr) -> Self {
        Self {
            peer: peer_block(peer),
            client: None,
        }
    }
}

/// Who came from `peer`, and is said to have come from `client` before.
fn through(peer: &str, client: &str) -> Whence {
    let mut visitor = crate::access::tests::visitor(peer);
    visitor.behind = Some(client.parse().unwrap());
    Whence::of(&visitor)
}

fn guess(
    throttle: &Throttle,
    now: Instant,
    peer: impl Into<Whence>,
    guesses: impl IntoIterator<Item = usize>,
) {
    let whence = peer.into();
    for guess in guesses {
        throttle.note_wrong(now, whence, &guess.to_string());
    }
}

#[test]
fn so_many_wrong_keys_are_listened_to_and_one_more_blocks_the_address_for_a_minute() {
    let (throttle, now) = (Throttle::default(), Instant::now());
    guess(&throttle, now, HERE, 1..GUESSES);
    assert!(!throttle.is_blocked(now, HERE.into()));
    assert_eq!(
        throttle.note_wrong(now, HERE.into(), "one more"),
        Counted::Blocked
    );
    assert!(throttle.is_blocked(now, HERE.into()));
    assert!(!throttle.is_blocked(now, ELSEWHERE.into()), "others go on");
    let last = now + GUESS_BLOCK.saturating_sub(Duration::from_millis(1));
    assert!(throttle.is_blocked(last, HERE.into()));
    assert!(!throttle.is_blocked(now + GUESS_BLOCK, HERE.into()));
    // The count begins anew.
    let then = now + GUESS_BLOCK;
    guess(&throttle, then, HERE, 1..GUESSES);
    assert!(!throttle.is_blocked(then, HERE.into()));
}

#[test]
fn wrong_keys_are_forgotten_after_a_minute() {
    let (throttle, start) = (Throttle::default(), Instant::now());
    // Nine a minute, for ten minutes.
    for at in 0..90 {
        let now = start + GUESS_SPAN * at / 9;
        throttle.note_wrong(now, HERE.into(), &at.to_string());
        assert!(!throttle.is_blocked(now, HERE.into()), "after {at}");
    }
}

#[test]
fn an_encoder_that_tries_its_old_key_again_and_again_guesses_once() {
    let (throttle, now) = (Throttle::default(), Instant::now());
    guess(&throttle, now, HERE, std::iter::repeat_n(1, 1000));
    assert!(!throttle.is_blocked(now, HERE.into()));
}

#[test]
fn an_ipv6_network_of_64_bits_guesses_together() {
    let (throttle, now) = (Throttle::default(), Instant::now());
    for at in 0..GUESSES {
        let peer = format!("2001:db8::{at:x}").parse::<IpAddr>().unwrap();
        throttle.note_wrong(now, peer.into(), &at.to_string());
    }
    let is_blocked = |peer: &str| throttle.is_blocked(now, peer.parse::<IpAddr>().unwrap().into());
    assert!(is_blocked("2001:db8::ffff"));
    assert!(!is_blocked("2001:db8:0:1::1"));
}

#[test]
fn as_many_addresses_are_remembered_as_there_is_room_for_and_old_ones_make_room() {
    let (throttle, now) = (Throttle::default(), Instant::now());
    let address = |at: usize| Whence::from(IpAddr::from(u32::try_from(at).unwrap().to_be_bytes()));
    for at in 0..GUESS_ADDRESSES {
        assert_eq!(throttle.note_wrong(now, address(at), "x"), Counted::Yes);
    }
    let another = address(GUESS_ADDRESSES);
    assert_eq!(throttle.note_wrong(now, another, "x"), Counted::NoRoom);
    let later = now + GUESS_SPAN;
    assert_eq!(throttle.note_wrong(later, another, "x"), Counted::Yes);
    assert_eq!(throttle.memory().addresses.len(), 1);
}

#[test]
fn one_behind_a_proxy_nearby_does_not_lock_out_the_others() {
    for proxy in ["127.0.0.1", "::1", "10.0.0.7", "fd00::7"] {
        let (throttle, now) = (Throttle::default(), Instant::now());
        let stranger = through(proxy, "203.0.113.7");
        guess(&throttle, now, stranger, 0..GUESSES);
        assert!(throttle.is_blocked(now, stranger));
        assert!(!throttle.is_blocked(now, through(proxy, "203.0.113.8")));
        // Nor can it speak for one that comes here itself, or through another.
        let himself: IpAddr = "203.0.113.7".parse().unwrap();
        assert!(!throttle.is_blocked(now, himself.into()));
        assert!(!throttle.is_blocked(now, through("192.168.0.1", "203.0.113.7")));
    }
}

#[test]
fn who_says_from_afar_that_he_is_another_each_time_is_one_guesser() {
    let (throttle, now) = (Throttle::default(), Instant::now());
    for at in 0..GUESSES {
        let whence = through("203.0.113.7", &format!("198.51.100.{at}"));
        throttle.note_wrong(now, whence, &at.to_string());
    }
    assert!(throttle.is_blocked(now, through("203.0.113.7", "198.51.100.200")));
    assert!(throttle.is_blocked(now, IpAddr::from([203, 0, 113, 7]).into()));
}

#[test]
fn so_many_wrong_keys_come_through_one_proxy_and_one_more_blocks_it_for_a_minute() {
    let (throttle, start) = (Throttle::default(), Instant::now());
    let client = |at: usize| through("10.0.0.7", &format!("203.0.{}.{}", at / 200, at % 200));
    let (another, elsewhere) = (client(40_000), through("10.0.0.8", "203.0.113.7"));
    // As many as go unpunished, in the minute before, count no more.
    for now in [start, start + GUESS_SPAN] {
        for at in 1..GUESSES_BEHIND {
            // The same once more is no other.
            for _ in 0..2 {
                throttle.note_wrong(now, client(at), "x");
            }
        }
        assert!(!throttle.is_blocked(now, another));
    }
    let now = start + GUESS_SPAN;
    assert_eq!(throttle.note_wrong(now, another, "x"), Counted::Blocked);
    assert!(throttle.is_blocked(now, another) && throttle.is_blocked(now, client(1)));
    assert!(!throttle.is_blocked(now, elsewhere));
    assert!(!throttle.is_blocked(now + GUESS_BLOCK, another));
    throttle.memory().forget_idle(now + GUESS_BLOCK);
    assert!(throttle.memory().proxies.is_empty());
}
