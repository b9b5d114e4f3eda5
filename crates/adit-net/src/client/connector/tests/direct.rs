//! No proxy: names, addresses, deadlines.

use crate::client::testing::{Peer, connector, echo, echoes, script, target};
use crate::client::{Cause, Fault, Route, Security, Stage};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

#[tokio::test]
async fn a_plain_connection_carries_bytes_and_knows_its_steps() {
    let peer = Peer::start(vec![script(|mut stream| async move {
        echo(&mut stream).await;
    })])
    .await;
    let target = target("localhost", peer.address.port());
    let connection = connector(&[])
        .connect(&target, &Route::Direct, Security::Plain)
        .await
        .unwrap();
    assert_eq!(connection.peer(), peer.address);
    let stages: Vec<_> = connection.steps().iter().map(|(stage, _)| *stage).collect();
    assert_eq!(stages, [Stage::Dns, Stage::Tcp]);
    let mut carrier = connection.into_carrier();
    crate::testing::send(&mut carrier, b"hello").await.unwrap();
    let back = crate::testing::receive(&mut carrier).await.unwrap();
    assert_eq!(back.as_deref(), Some(&b"hello"[..]));
    drop(carrier);
    peer.finish().await;
}

#[tokio::test]
async fn an_unknown_name_is_said_to_be_one() {
    let error = connector(&[])
        .connect(
            &target("nowhere.example", 1935),
            &Route::Direct,
            Security::Plain,
        )
        .await
        .unwrap_err();
    assert_eq!((error.stage(), error.fault()), (Stage::Dns, Fault::Here));
    assert!(error.to_string().contains("nowhere.example"), "{error}");
}

#[tokio::test]
async fn a_dead_first_address_costs_only_the_stagger() {
    let peer = Peer::start(vec![script(|mut stream| async move {
        echo(&mut stream).await;
    })])
    .await;
    // Nothing is behind the first: either refused at once or silent until the next is tried.
    let addresses: &[IpAddr] = &[
        IpAddr::V4(Ipv4Addr::new(127, 0, 0, 254)),
        IpAddr::V6(Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 1)),
        IpAddr::V4(Ipv4Addr::LOCALHOST),
    ];
    let connection = connector(&[("many.example", addresses)])
        .connect(
            &target("many.example", peer.address.port()),
            &Route::Direct,
            Security::Plain,
        )
        .await
        .unwrap();
    assert_eq!(connection.peer(), peer.address);
    echoes(&mut connection.into_stream()).await;
    peer.finish().await;
}

#[tokio::test]
async fn a_closed_port_is_refused_by_the_server() {
    let peer = Peer::start(vec![]).await;
    let port = peer.address.port();
    peer.finish().await;
    let error = connector(&[])
        .connect(&target("localhost", port), &Route::Direct, Security::Plain)
        .await
        .unwrap_err();
    assert!(matches!(error.cause(), Cause::Refused { .. }), "{error:?}");
    assert_eq!((error.stage(), error.fault()), (Stage::Tcp, Fault::Server));
}
