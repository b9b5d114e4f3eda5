use super::{Admission, Permit, Refusal};
use crate::config::AdmissionConfig;
use crate::limits;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

fn admission(total: usize, per_address: usize, rate_per_address: u32) -> Admission {
    Admission::new(AdmissionConfig {
        total,
        per_address,
        rate_per_address,
        ..Default::default()
    })
}

fn enter(admission: &Admission, address: &str, now: Instant) -> Result<Permit, Refusal> {
    let mut permit = admission.enter()?;
    permit.bind(address.parse().unwrap(), now)?;
    Ok(permit)
}

#[test]
fn the_total_is_let_in_and_one_more_is_not_until_one_leaves() {
    let admission = admission(3, 10, 10);
    let mut inside: Vec<_> = (0..3).map(|_| admission.enter().unwrap()).collect();
    assert_eq!(admission.enter().unwrap_err(), Refusal::Total);
    inside.pop();
    admission.enter().unwrap();
}

#[test]
fn limits_that_change_are_those_of_who_comes_then() {
    let one = "192.0.2.1";
    let now = Instant::now();
    let admission = admission(2, 1, 10);
    let _first = enter(&admission, one, now).unwrap();
    assert_eq!(
        enter(&admission, one, now).unwrap_err(),
        Refusal::PerAddress
    );
    let config = |total, per_address| AdmissionConfig {
        total,
        per_address,
        ..Default::default()
    };
    admission.apply(config(2, 2));
    let second = enter(&admission, one, now).unwrap();
    admission.apply(config(1, 2));
    drop(second);
    assert_eq!(
        enter(&admission, one, now).unwrap_err(),
        Refusal::Total,
        "who is in stays"
    );
}

#[test]
fn so_many_may_wait_to_be_let_in_and_one_more_is_refused_until_one_is() {
    let admission = Admission::new(AdmissionConfig {
        unauthenticated: 3,
        ..Default::default()
    });
    let mut first = admission.enter().unwrap();
    let second = admission.enter().unwrap();
    let _tunnel = admission.newcomer().unwrap();
    assert_eq!(admission.enter().unwrap_err(), Refusal::Unauthenticated);
    assert_eq!(admission.newcomer().unwrap_err(), Refusal::Unauthenticated);
    // One is let in, one gives up.
    drop(first.take_newcomer());
    drop(second);
    let _third = admission.enter().unwrap();
    let _fourth = admission.newcomer().unwrap();
    assert_eq!(admission.enter().unwrap_err(), Refusal::Unauthenticated);
    assert_eq!(admission.state().open, 2);
}

#[test]
fn a_thousand_may_wait_to_be_let_in_and_one_more_is_refused() {
    let admission = Admission::new(AdmissionConfig::default());
    let _inside: Vec<_> = (0..1000).map(|_| admission.enter().unwrap()).collect();
    assert_eq!(admission.enter().unwrap_err(), Refusal::Unauthenticated);
}

#[test]
fn ten_thousand_are_let_in_and_one_more_is_not() {
    let admission = Admission::new(AdmissionConfig::default());
    let enter = |_| {
        let mut permit = admission.enter().unwrap();
        drop(permit.take_newcomer());
        permit
    };
    let _inside: Vec<_> = (0..10_000).map(enter).collect();
    assert_eq!(admission.enter().unwrap_err(), Refusal::Total);
}

#[test]
fn one_address_gets_its_share_and_one_more_is_refused() {
    let now = Instant::now();
    let admission = admission(10, 2, 10);
    let first = enter(&admission, "192.0.2.1", now).unwrap();
    let _second = enter(&admission, "::ffff:192.0.2.1", now).unwrap();
    assert_eq!(
        enter(&admission, "192.0.2.1", now).unwrap_err(),
        Refusal::PerAddress
    );
    let _other = enter(&admission, "192.0.2.2", now).unwrap();
    drop(first);
    enter(&admission, "192.0.2.1", now).unwrap();
}

#[test]
fn an_ipv6_network_of_64_bits_counts_as_one_address() {
    let now = Instant::now();
    let admission = admission(10, 1, 10);
    let _first = enter(&admission, "2001:db8:0:1::1", now).unwrap();
    assert_eq!(
        enter(&admission, "2001:db8:0:1:ffff::2", now).unwrap_err(),
        Refusal::PerAddress
    );
    enter(&admission, "2001:db8:0:2::1", now).unwrap();
}

#[test]
fn the_rate_is_let_in_each_second_and_one_more_is_not() {
    let start = Instant::now();
    let admission = admission(10, 10, 3);
    for second in 0..2 {
        let now = start + Duration::from_secs(second);
        for _ in 0..3 {
            enter(&admission, "192.0.2.1", now).unwrap();
        }
        assert_eq!(
            enter(&admission, "192.0.2.1", now).unwrap_err(),
            Refusal::Rate
        );
    }
}

#[test]
fn a_connection_of_use_lets_another_one_come_a_thousand_times_a_second() {
    let now = Instant::now();
    let admission = admission(10, 10, 3);
    let enter_useful = |now| {
        let mut permit = enter(&admission, "192.0.2.1", now)?;
        permit.take_charge().unwrap().refund();
        assert!(permit.take_charge().is_none());
        Ok::<_, Refusal>(())
    };
    for _ in 0..limits::USEFUL_CONNECTIONS_PER_ADDRESS + 3 {
        enter_useful(now).unwrap();
    }
    assert_eq!(enter_useful(now), Err(Refusal::Rate));
    let later = now + Duration::from_secs(1);
    enter_useful(later).unwrap();
}

#[test]
fn a_connection_of_use_gives_nothing_to_the_next_second() {
    let start = Instant::now();
    let admission = admission(10, 10, 3);
    let mut first = enter(&admission, "192.0.2.1", start).unwrap();
    let later = start + Duration::from_secs(1);
    enter(&admission, "192.0.2.1", later).unwrap();
    first.take_charge().unwrap().refund();
    enter(&admission, "192.0.2.1", later).unwrap();
    enter(&admission, "192.0.2.1", later).unwrap();
    assert_eq!(
        enter(&admission, "192.0.2.1", later).unwrap_err(),
        Refusal::Rate
    );
}

#[test]
fn loopback_is_free_of_the_limits_per_address() {
    let now = Instant::now();
    let admission = admission(10, 1, 1);
    let _held: Vec<_> = (0..5)
        .map(|_| enter(&admission, "127.0.0.1", now).unwrap())
        .collect();
    let _v6: Vec<_> = (0..5)
        .map(|_| enter(&admission, "::1", now).unwrap())
        .collect();
    assert_eq!(admission.enter().unwrap_err(), Refusal::Total);
}

#[test]
fn a_place_moves_from_the_proxy_to_the_peer_behind_it() {
    let now = Instant::now();
    let admission = admission(10, 1, 10);
    let mut permit = enter(&admission, "192.0.2.1", now).unwrap();
    permit.bind("198.51.100.1".parse().unwrap(), now).unwrap();
    let _again = enter(&admission, "192.0.2.1", now).unwrap();
    assert_eq!(
        enter(&admission, "198.51.100.1", now).unwrap_err(),
        Refusal::PerAddress
    );
}

#[test]
fn addresses_are_forgotten_when_too_many_are_remembered() {
    let now = Instant::now();
    let admission = admission(10, 1, 10);
    let address = |n: usize| IpAddr::from(Ipv6Addr::from_bits((n as u128) << 64));
    for n in 0..limits::TRACKED_ADDRESSES {
        admission.enter().unwrap().bind(address(n), now).unwrap();
    }
    let newcomer = address(limits::TRACKED_ADDRESSES);
    assert_eq!(
        admission.enter().unwrap().bind(newcomer, now),
        Err(Refusal::Addresses)
    );
    let later = now + Duration::from_secs(1);
    admission.enter().unwrap().bind(newcomer, later).unwrap();
    assert_eq!(admission.state().addresses.len(), 1);
}
