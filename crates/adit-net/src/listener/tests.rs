#[cfg(target_os = "linux")]
use super::prepare;
use super::{Listener, without_ipv6};
#[cfg(target_os = "linux")]
use crate::config::SocketConfig;
use crate::error::BindError;
#[cfg(target_os = "linux")]
use crate::limits;
#[cfg(target_os = "linux")]
use socket2::SockRef;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::TcpStream;

#[tokio::test]
async fn the_unspecified_ipv6_address_takes_ipv4_too() {
    let listener = Listener::bind("[::]:0".parse().unwrap()).unwrap();
    let port = listener.local_addr().port();
    assert_ne!(port, 0);
    TcpStream::connect((Ipv4Addr::LOCALHOST, port))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_taken_address_is_named_as_taken() {
    let first = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let error = Listener::bind(first.local_addr()).unwrap_err();
    assert!(matches!(error, BindError::InUse { .. }), "{error:?}");
    assert_eq!(error.address(), first.local_addr());
    assert_eq!(
        error.to_string(),
        format!("{} is in use", first.local_addr())
    );
}

#[tokio::test]
async fn a_foreign_address_is_named_as_foreign() {
    let error = Listener::bind("192.0.2.1:0".parse().unwrap()).unwrap_err();
    assert!(matches!(error, BindError::NotAvailable { .. }), "{error:?}");
}

#[test]
fn a_missing_privilege_is_named_as_such() {
    let address = "0.0.0.0:80".parse().unwrap();
    let error = BindError::new(address, io::ErrorKind::PermissionDenied.into());
    assert!(matches!(error, BindError::Permission { .. }));
    assert_eq!(error.to_string(), "no permission to listen on 0.0.0.0:80");
}

#[test]
fn only_the_unspecified_address_falls_back_to_ipv4() {
    let any: SocketAddr = "[::]:1935".parse().unwrap();
    let one: SocketAddr = "[2001:db8::1]:1935".parse().unwrap();
    let missing = io::Error::from(io::ErrorKind::AddrNotAvailable);
    assert!(without_ipv6(any, &missing));
    assert!(!without_ipv6(one, &missing));
    assert!(!without_ipv6("0.0.0.0:1935".parse().unwrap(), &missing));
    assert!(!without_ipv6(any, &io::ErrorKind::AddrInUse.into()));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_accepted_socket_has_the_options_of_the_one_that_listens() {
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    prepare(&listener.socket, &SocketConfig::default());
    let _client = TcpStream::connect(listener.local_addr()).await.unwrap();
    let (stream, _) = listener.socket.accept().await.unwrap();
    let socket = SockRef::from(&stream);
    assert!(stream.nodelay().unwrap());
    assert!(socket.keepalive().unwrap());
    assert_eq!(socket.tcp_keepalive_time().unwrap(), limits::KEEPALIVE_IDLE);
    assert_eq!(
        socket.tcp_keepalive_interval().unwrap(),
        limits::KEEPALIVE_INTERVAL
    );
    assert_eq!(
        socket.tcp_keepalive_retries().unwrap(),
        limits::KEEPALIVE_PROBES
    );
    assert_eq!(
        socket.tcp_user_timeout().unwrap(),
        Some(limits::USER_TIMEOUT)
    );
    assert_eq!(socket.tcp_notsent_lowat().unwrap(), limits::UNSENT_BYTES);
}
