use std::net::SocketAddr;

use adit_client::Target;
use adit_server::Listener;

use super::{bind, itself};
use crate::cli::LocalListen;

#[tokio::test]
async fn a_port_alone_is_bound_on_loopback_only() {
    let listeners = bind(LocalListen::Port(0)).unwrap();
    let addresses: Vec<_> = listeners.iter().map(Listener::local_addr).collect();
    assert!(!addresses.is_empty());
    for address in &addresses {
        assert!(address.ip().is_loopback(), "{address}");
        assert_eq!(address.port(), addresses[0].port());
    }
}

async fn leads(target: &str, listening: &[&str]) -> Option<String> {
    let target = Target::parse(target).unwrap();
    let listening: Vec<SocketAddr> = listening.iter().map(|text| text.parse().unwrap()).collect();
    let found = itself(&target, &listening).await;
    found.map(|address| address.to_string())
}

#[tokio::test]
async fn a_tunnel_to_a_port_of_its_own_is_found() {
    let both = ["127.0.0.1:1935", "[::1]:1935"];
    let first = Some("127.0.0.1:1935".to_owned());
    assert_eq!(leads("rtmp://127.0.0.1/live", &both).await, first);
    assert_eq!(leads("rtmp://localhost:1935/live/key", &both).await, first);
    assert_eq!(
        leads("rtmp://[::1]/live", &both).await.as_deref(),
        Some("[::1]:1935")
    );
    let any = ["[::]:80"];
    assert!(leads("rtmpt://127.0.0.1/live", &any).await.is_some());
    assert!(leads("rtmp://0.0.0.0:80/live", &any).await.is_some());
}

#[tokio::test]
async fn another_port_and_another_machine_are_not_the_tunnel() {
    let both = ["127.0.0.1:1935", "[::1]:1935"];
    assert_eq!(leads("rtmp://127.0.0.1:1936/live", &both).await, None);
    assert_eq!(leads("rtmpt://localhost/live", &both).await, None);
    // An address for documentation is nobody's.
    let any = ["0.0.0.0:1935", "[::]:1935"];
    assert_eq!(leads("rtmp://203.0.113.9/live", &any).await, None);
    assert_eq!(leads("rtmp://127.0.0.2/live", &both).await, None);
}
