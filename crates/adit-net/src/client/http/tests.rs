//! What is waiting on a connection before its first question.

use super::{HttpConnection, HttpFailure};
use crate::client::stream::ClientStream;
use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use std::net::Ipv4Addr;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

/// A question to a peer that has already done what it does; each end is there before it is asked.
async fn check<F>(behave: impl FnOnce(TcpStream) -> F, expected: HttpFailure)
where
    F: Future<Output = ()>,
{
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    let (peer, _) = listener.accept().await.unwrap();
    behave(peer).await;
    stream.readable().await.unwrap();
    let mut connection = HttpConnection::open(ClientStream::from_tcp(stream))
        .await
        .unwrap();
    let request = Request::get("/").body(Full::new(Bytes::new())).unwrap();
    assert_eq!(connection.ask(request).await.unwrap_err(), expected);
}

#[tokio::test]
async fn a_peer_that_hung_up_before_it_was_asked_hung_up() {
    check(async |peer| drop(peer), HttpFailure::HungUp).await;
    let reset = async |peer: TcpStream| peer.set_zero_linger().unwrap();
    check(reset, HttpFailure::HungUp).await;
}

#[tokio::test]
async fn a_peer_that_speaks_before_it_was_asked_does_not_speak_http() {
    let greets = async |mut peer: TcpStream| {
        peer.write_all(b"220 mail.example\r\n").await.unwrap();
    };
    check(greets, HttpFailure::NotHttp).await;
}
