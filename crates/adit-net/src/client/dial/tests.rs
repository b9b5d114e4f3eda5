use super::{Resolver, connect, interleave, more_telling, obstacle, resolve, within};
use crate::client::{Cause, DialError, Host, Stage, Target, limits};
use crate::config::SocketConfig;
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::sleep;

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

/// What a system's error means for an address to which there is a route, or is none.
fn meaning(error: i32, route: bool) -> &'static str {
    let address = SocketAddr::new(v4(1), 1935);
    match obstacle(address, io::Error::from_raw_os_error(error), |_| route) {
        Cause::Refused { .. } => "refused",
        Cause::TurnedAway { .. } => "turned away",
        Cause::Unreachable { .. } => "unreachable",
        other => panic!("{other:?}"),
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_rejection_on_the_way_is_told_from_a_machine_without_a_route() {
    // By the numbers of Linux, which are what it says in truth.
    let (perm, acces, net_unreach, conn_refused, host_unreach) = (1, 13, 101, 111, 113);
    for route in [true, false] {
        assert_eq!(meaning(conn_refused, route), "refused");
        assert_eq!(meaning(host_unreach, route), "turned away");
        assert_eq!(meaning(acces, route), "turned away");
        assert_eq!(meaning(perm, route), "turned away");
    }
    assert_eq!(meaning(net_unreach, true), "turned away");
    assert_eq!(meaning(net_unreach, false), "unreachable");
}

#[test]
fn of_several_addresses_the_one_that_came_farthest_is_told() {
    let kinds = [
        io::ErrorKind::NetworkUnreachable,
        io::ErrorKind::HostUnreachable,
        io::ErrorKind::ConnectionRefused,
    ];
    let causes = || kinds.map(|kind| obstacle(SocketAddr::new(v4(1), 1), kind.into(), |_| false));
    let forth = causes()
        .into_iter()
        .fold(None, |last, now| Some(more_telling(last, now)));
    assert!(matches!(forth, Some(Cause::Refused { .. })), "{forth:?}");
    let back = causes()
        .into_iter()
        .rev()
        .fold(None, |last, now| Some(more_telling(last, now)));
    assert!(matches!(back, Some(Cause::Refused { .. })), "{back:?}");
}

async fn looked_up_in(time: Duration) -> Result<Vec<IpAddr>, Cause> {
    let Host::Name(name) = Target::new("slow.example", 1).unwrap().host().clone() else {
        unreachable!("it is a name");
    };
    let lookup = async {
        sleep(time).await;
        Ok(vec![v4(1)])
    };
    within(limits::DNS_DEADLINE, &name, lookup).await
}

#[tokio::test(start_paused = true)]
async fn the_name_service_is_waited_for_so_long() {
    let just = limits::DNS_DEADLINE.checked_sub(TICK).unwrap();
    assert_eq!(looked_up_in(just).await.unwrap(), [v4(1)]);
    let silent = looked_up_in(limits::DNS_DEADLINE + TICK).await.unwrap_err();
    assert!(matches!(silent, Cause::Silent { after, .. } if after == limits::DNS_DEADLINE));
}

const TICK: Duration = Duration::from_millis(1);

/// A listener that takes no more connections, with those that it has.
async fn full() -> (TcpListener, Vec<TcpStream>) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queued = Vec::new();
    while let Ok(stream) = tokio::time::timeout(TICK * 50, TcpStream::connect(address)).await {
        queued.push(stream.unwrap());
    }
    (listener, queued)
}

/// A connection to two addresses, the first silent, the second tried so long after it.
async fn connected_after(stagger: Duration) -> Result<TcpStream, DialError> {
    let (full, _queued) = full().await;
    let open = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let addresses = [full.local_addr().unwrap(), open.local_addr().unwrap()];
    let target = Target::new("localhost", 1).unwrap();
    let socket = SocketConfig::default();
    connect(&target, &addresses, &socket, stagger, limits::TCP_DEADLINE).await
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_waited_for_so_long_over_all_addresses() {
    let just = limits::TCP_DEADLINE.checked_sub(TICK).unwrap();
    connected_after(just).await.unwrap();
    let error = connected_after(limits::TCP_DEADLINE + TICK)
        .await
        .unwrap_err();
    assert_eq!(error.stage(), Stage::Tcp);
    assert!(matches!(error.cause(), Cause::Silent { after, .. } if *after == limits::TCP_DEADLINE));
}
