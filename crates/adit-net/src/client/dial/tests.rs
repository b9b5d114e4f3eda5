use super::{Resolver, connect, interleave, resolve};
use crate::client::{Cause, Stage, Target, limits};
use crate::config::SocketConfig;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

fn v4(last: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(192, 0, 2, last))
}

fn v6(last: u16) -> IpAddr {
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last))
}

#[test]
fn families_take_turns_and_the_first_one_begins() {
    let found = interleave(vec![v6(1), v6(2), v6(3), v4(1), v4(2), v6(1)]);
    assert_eq!(found, [v6(1), v4(1), v6(2), v4(2), v6(3)]);
    let found = interleave(vec![v4(1), v6(1), v6(2), v6(3)]);
    assert_eq!(found, [v4(1), v6(1), v6(2), v6(3)]);
}

#[test]
fn no_more_addresses_are_tried_than_the_limit() {
    let many = |count: u16| (0..count).map(v6).collect::<Vec<_>>();
    assert_eq!(interleave(many(16)).len(), limits::ADDRESSES);
    assert_eq!(interleave(many(17)).len(), limits::ADDRESSES);
}

#[tokio::test]
async fn a_name_without_addresses_is_no_way() {
    let table = HashMap::from([("empty.example".to_owned(), Vec::new())]);
    let target = Target::new("empty.example", 80).unwrap();
    let error = resolve(
        &Resolver::Table(Arc::new(table)),
        &target,
        limits::DNS_DEADLINE,
    )
    .await
    .unwrap_err();
    assert_eq!(error.stage(), Stage::Dns);
    assert!(matches!(error.cause(), Cause::NoAddress { .. }));
}

#[tokio::test]
async fn a_refusal_tells_more_than_a_family_that_does_not_work() {
    let closed = {
        let socket = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket.local_addr().unwrap()
    };
    let nowhere = SocketAddr::new(v6(1), closed.port());
    let target = Target::new("localhost", closed.port()).unwrap();
    let error = connect(
        &target,
        &[closed, nowhere],
        &SocketConfig::default(),
        Duration::from_millis(1),
        Duration::from_secs(1),
    )
    .await
    .unwrap_err();
    let told = match error.cause() {
        // Where IPv6 works, the documentation network is silent.
        Cause::Silent { .. } => return,
        Cause::Refused { address } => *address,
        other => panic!("{other:?}"),
    };
    assert_eq!(told, closed);
}
