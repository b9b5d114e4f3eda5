use super::is_exhaustion;
use crate::limits;
use crate::testing::{Echo, Raw, Served, close, receive, tls_client, tls_connect};
use crate::tls::{CertificateSource, Tls};
use crate::{Acceptor, AcceptorConfig, Counters, Transport};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const SECOND: Duration = Duration::from_secs(1);

/// C0 and something after it.
const HELLO: &[u8] = b"\x03hello";

fn with_tls(directory: &tempfile::TempDir) -> AcceptorConfig {
    let tls = Tls::load(CertificateSource::SelfSigned {
        state_directory: directory.path().to_owned(),
        names: Vec::new(),
    })
    .unwrap();
    AcceptorConfig {
        tls: Some(tls),
        ..Default::default()
    }
}

fn certificate(config: &AcceptorConfig) -> std::path::PathBuf {
    config.tls.as_ref().unwrap().certificate_path()
}

/// Sends, finishes, and expects the same back.
async fn check_echo<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, sent: &[u8]) {
    stream.write_all(sent).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut back = Vec::new();
    stream.read_to_end(&mut back).await.unwrap();
    assert_eq!(back, sent);
}

/// Sends and expects the connection to end without a word.
async fn check_closed(mut stream: TcpStream, sent: &[u8]) {
    stream.write_all(sent).await.unwrap();
    let mut back = Vec::new();
    let end = timeout(5 * SECOND, stream.read_to_end(&mut back))
        .await
        .unwrap();
    // A reset is an end too.
    assert_eq!(end.unwrap_or(0), 0);
    assert_eq!(back, b"");
}

async fn counted(counters: &Counters, name: &str) {
    let value = || counters.all().find(|(known, _)| *known == name).unwrap().1;
    timeout(5 * SECOND, async {
        while value() == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap_or_else(|_| panic!("{name} was not counted: {counters:?}"));
}

#[tokio::test]
async fn rtmp_travels_directly() {
    let mut server = Echo::start(AcceptorConfig::default());
    let client = server.connect().await;
    let (local, peer) = (client.peer_addr().unwrap(), client.local_addr().unwrap());
    check_echo(client, HELLO).await;
    let Served { info, result } = server.served().await;
    assert_eq!(result.unwrap(), HELLO.len());
    assert_eq!(info.transport, Transport::Rtmp);
    assert_eq!((info.local, info.peer), (local, peer));
    assert_eq!((info.proxied_by, info.tls), (None, None));
}

#[tokio::test]
async fn an_encrypted_rtmp_handshake_is_handed_on_to_be_refused_by_name() {
    let server = Echo::start(AcceptorConfig::default());
    check_echo(server.connect().await, b"\x06hello").await;
}

#[tokio::test]
async fn large_amounts_come_through_unchanged_both_ways() {
    let directory = tempfile::tempdir().unwrap();
    let config = with_tls(&directory);
    let certificate = certificate(&config);
    let server = Echo::start(config);
    let mut sent = vec![3];
    sent.extend((0..5_000_000_u32).map(|n| n.to_le_bytes()[(n % 3) as usize]));
    let plain = server.connect().await;
    let tls = tls_connect(tls_client(&certificate, &[]), server.connect().await)
        .await
        .unwrap();
    tokio::join!(check_bulk(plain, &sent), check_bulk(tls, &sent));
}

async fn check_bulk<S: AsyncRead + AsyncWrite + Unpin>(stream: S, sent: &[u8]) {
    let (mut reader, mut writer) = tokio::io::split(stream);
    let mut back = vec![0; sent.len()];
    let write = async { writer.write_all(sent).await };
    let (written, read) = tokio::join!(write, reader.read_exact(&mut back));
    written.unwrap();
    read.unwrap();
    assert!(back == sent);
}

#[tokio::test]
async fn rtmp_travels_inside_tls() {
    let directory = tempfile::tempdir().unwrap();
    let config = with_tls(&directory);
    let client = tls_client(&certificate(&config), &[]);
    let mut server = Echo::start(config);
    let stream = tls_connect(client, server.connect().await).await.unwrap();
    check_echo(stream, HELLO).await;
    let Served { info, result } = server.served().await;
    result.unwrap();
    assert_eq!(info.transport, Transport::Rtmps);
    let tls = info.tls.unwrap();
    assert_eq!(tls.version, "TLSv1_3");
    assert_eq!(tls.server_name.as_deref(), Some("localhost"));
    assert_eq!(tls.alpn, None);
}

#[tokio::test]
async fn half_a_close_leaves_the_other_half_open() {
    let server = Echo::start(AcceptorConfig::default());
    let mut client = server.connect().await;
    client.write_all(HELLO).await.unwrap();
    client.shutdown().await.unwrap();
    let mut back = vec![0; HELLO.len()];
    client.read_exact(&mut back).await.unwrap();
    assert_eq!(client.read(&mut back).await.unwrap(), 0);
}

#[tokio::test]
async fn garbage_is_shown_the_door() {
    let server = Echo::start(AcceptorConfig::default());
    check_closed(server.connect().await, b"SSH-2.0-x\r\n").await;
    counted(&server.counters, "unknown_protocols").await;
}

#[tokio::test]
async fn tls_without_a_certificate_is_shown_the_door() {
    let server = Echo::start(AcceptorConfig::default());
    check_closed(server.connect().await, b"\x16\x03\x01\x00\x05hello").await;
    counted(&server.counters, "tls_unconfigured").await;
}

#[tokio::test]
async fn tls_inside_tls_is_shown_the_door() {
    let directory = tempfile::tempdir().unwrap();
    let config = with_tls(&directory);
    let client = tls_client(&certificate(&config), &[]);
    let server = Echo::start(config);
    let mut stream = tls_connect(client, server.connect().await).await.unwrap();
    stream.write_all(b"\x16\x03\x01").await.unwrap();
    assert_eq!(stream.read(&mut [0; 8]).await.unwrap_or(0), 0);
    counted(&server.counters, "tls_nested").await;
}

#[tokio::test]
async fn a_broken_tls_handshake_ends() {
    let directory = tempfile::tempdir().unwrap();
    let server = Echo::start(with_tls(&directory));
    let mut stream = server.connect().await;
    stream
        .write_all(b"\x16\x03\x01\x00\x05\xff\xff\xff\xff\xff")
        .await
        .unwrap();
    let mut alert = [0; 16];
    let count = stream.read(&mut alert).await.unwrap_or(0);
    assert!(count == 0 || alert[0] == 0x15);
    counted(&server.counters, "tls_failures").await;
}

#[tokio::test]
async fn a_trusted_proxy_names_the_peer() {
    let cases: [(&str, &[u8]); 2] = [
        ("v1", b"PROXY TCP4 198.51.100.7 203.0.113.1 51234 1935\r\n"),
        (
            "v2",
            b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc6\x33\x64\x07\xcb\0\x71\x01\xc8\x22\x07\x8f",
        ),
    ];
    for (name, header) in cases {
        let trusted = vec!["127.0.0.0/8".parse().unwrap()];
        let mut server = Echo::start(AcceptorConfig {
            trusted_proxies: trusted,
            ..Default::default()
        });
        let mut client = server.connect().await;
        let proxy = client.local_addr().unwrap();
        client.write_all(header).await.unwrap();
        check_echo(client, HELLO).await;
        let info = server.served().await.info;
        assert_eq!(
            info.peer,
            "198.51.100.7:51234".parse::<SocketAddr>().unwrap(),
            "{name}"
        );
        assert_eq!(
            info.local,
            "203.0.113.1:1935".parse::<SocketAddr>().unwrap(),
            "{name}"
        );
        assert_eq!(info.proxied_by, Some(proxy), "{name}");
    }
}

#[tokio::test]
async fn a_trusted_proxy_may_name_nobody_or_stay_silent() {
    let trusted = vec!["127.0.0.1".parse().unwrap()];
    let mut server = Echo::start(AcceptorConfig {
        trusted_proxies: trusted,
        ..Default::default()
    });
    for header in [&b"PROXY UNKNOWN\r\n"[..], b""] {
        let mut client = server.connect().await;
        let peer = client.local_addr().unwrap();
        client.write_all(header).await.unwrap();
        check_echo(client, HELLO).await;
        let info = server.served().await.info;
        assert_eq!((info.peer, info.proxied_by), (peer, None));
    }
}

#[tokio::test]
async fn a_proxy_header_comes_once_and_in_front_of_tls() {
    let directory = tempfile::tempdir().unwrap();
    let trusted = vec!["127.0.0.1".parse().unwrap()];
    let config = AcceptorConfig {
        trusted_proxies: trusted,
        ..with_tls(&directory)
    };
    let client = tls_client(&certificate(&config), &[]);
    let mut server = Echo::start(config);
    let header = b"PROXY TCP4 198.51.100.7 203.0.113.1 51234 1935\r\n";

    let mut stream = server.connect().await;
    stream.write_all(header).await.unwrap();
    let mut stream = tls_connect(client.clone(), stream).await.unwrap();
    check_echo(&mut stream, HELLO).await;
    let info = server.served().await.info;
    assert_eq!(info.transport, Transport::Rtmps);
    assert_eq!(info.peer.to_string(), "198.51.100.7:51234");

    let twice = [&header[..], header].concat();
    check_closed(server.connect().await, &twice).await;
    counted(&server.counters, "bad_proxy_headers").await;

    let mut stream = tls_connect(client, server.connect().await).await.unwrap();
    stream.write_all(header).await.unwrap();
    assert_eq!(stream.read(&mut [0; 8]).await.unwrap_or(0), 0);
    counted(&server.counters, "untrusted_proxy_headers").await;
}

#[tokio::test]
async fn a_proxy_header_from_anybody_else_is_shown_the_door() {
    let server = Echo::start(AcceptorConfig::default());
    check_closed(server.connect().await, b"PROXY UNKNOWN\r\n\x03").await;
    counted(&server.counters, "untrusted_proxy_headers").await;
}

#[tokio::test]
async fn limits_count_the_peer_behind_a_proxy() {
    let mut config = AcceptorConfig {
        trusted_proxies: vec!["127.0.0.1".parse().unwrap()],
        ..Default::default()
    };
    config.admission.per_address = 1;
    let server = Echo::start(config);
    let mut first = server.connect().await;
    first
        .write_all(b"PROXY TCP4 198.51.100.7 203.0.113.1 1 2\r\n\x03")
        .await
        .unwrap();
    first.read_exact(&mut [0]).await.unwrap();
    check_closed(
        server.connect().await,
        b"PROXY TCP4 198.51.100.7 203.0.113.1 3 2\r\n\x03",
    )
    .await;
    assert_eq!(server.counters.refused_per_address().value(), 1);
    let mut other = server.connect().await;
    other
        .write_all(b"PROXY TCP4 198.51.100.8 203.0.113.1 1 2\r\n\x03")
        .await
        .unwrap();
    other.read_exact(&mut [0]).await.unwrap();
}

#[tokio::test]
async fn more_connections_than_allowed_are_turned_away() {
    let mut config = AcceptorConfig::default();
    config.admission.total = 2;
    let server = Echo::start(config);
    let mut inside = Vec::new();
    for _ in 0..2 {
        let mut client = server.connect().await;
        client.write_all(HELLO).await.unwrap();
        client.read_exact(&mut [0; 6]).await.unwrap();
        inside.push(client);
    }
    check_closed(server.connect().await, b"").await;
    assert_eq!(server.counters.refused_total().value(), 1);
    assert_eq!(server.counters.accepted().value(), 3);
}

#[tokio::test]
async fn more_newcomers_than_allowed_are_turned_away_until_one_is_let_in() {
    let mut config = AcceptorConfig::default();
    config.admission.unauthenticated = 2;
    let mut acceptor = Acceptor::bind(&["127.0.0.1:0".parse().unwrap()], config).unwrap();
    let address = acceptor.local_addrs()[0];
    let counters = acceptor.counters().clone();
    let mut direct = TcpStream::connect(address).await.unwrap();
    direct.write_all(HELLO).await.unwrap();
    let mut first = acceptor.accept().await.unwrap();
    // The session counts, and the connection that opened it no longer does.
    let mut tunnel = Raw::new(TcpStream::connect(address).await.unwrap());
    tunnel.open().await;
    let mut second = acceptor.accept().await.unwrap();
    check_closed(TcpStream::connect(address).await.unwrap(), b"").await;
    assert_eq!(tunnel.ask("/open/1", b"\0").await.status, 503);
    assert_eq!(counters.refused_unauthenticated().value(), 2);
    second.authenticated();
    first.authenticated();
    first.authenticated();
    tunnel.open().await;
    let _third = acceptor.accept().await.unwrap();
    let mut direct = TcpStream::connect(address).await.unwrap();
    direct.write_all(HELLO).await.unwrap();
    let _fourth = acceptor.accept().await.unwrap();
    assert_eq!(counters.refused_unauthenticated().value(), 2);
}

#[test]
fn no_key_of_a_limit_comes_twice() {
    let counters = Counters::default();
    let mut keys: Vec<_> = counters.limits().map(|(key, _)| key).collect();
    keys.sort_unstable();
    let all = keys.len();
    keys.dedup();
    assert_eq!(keys.len(), all);
    assert!(keys.contains(&"conn.unauth") && keys.contains(&"rtmpt.bodies"));
}

#[tokio::test(start_paused = true)]
async fn silence_is_waited_out_for_so_long() {
    let server = Echo::start(AcceptorConfig::default());
    for sent in [&b""[..], b"\r\n\r\n\0", b"PO"] {
        let begin = tokio::time::Instant::now();
        let mut client = server.connect().await;
        client.write_all(sent).await.unwrap();
        assert_eq!(client.read(&mut [0]).await.unwrap_or(0), 0);
        assert_eq!(begin.elapsed().as_secs(), 10);
    }
    assert_eq!(server.counters.sniff_timeouts().value(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_tls_handshake_is_waited_out_for_so_long() {
    let directory = tempfile::tempdir().unwrap();
    let server = Echo::start(with_tls(&directory));
    let mut client = server.connect().await;
    let begin = tokio::time::Instant::now();
    client.write_all(b"\x16\x03\x01\x02\0\x01").await.unwrap();
    assert_eq!(client.read(&mut [0]).await.unwrap_or(0), 0);
    assert_eq!(begin.elapsed().as_secs(), 10);
    assert_eq!(server.counters.tls_timeouts().value(), 1);
}

/// A server's end of a connection, the client's, and what keeps them going.
async fn pair() -> (Acceptor, crate::Carrier, TcpStream) {
    let mut acceptor =
        Acceptor::bind(&["127.0.0.1:0".parse().unwrap()], AcceptorConfig::default()).unwrap();
    let mut client = TcpStream::connect(acceptor.local_addrs()[0]).await.unwrap();
    client.write_all(HELLO).await.unwrap();
    let mut carrier = acceptor.accept().await.unwrap();
    receive(&mut carrier).await.unwrap();
    (acceptor, carrier, client)
}

#[tokio::test]
async fn a_read_returns_64_kib_and_never_more() {
    let (_acceptor, mut carrier, mut client) = pair().await;
    let writing = tokio::spawn(async move {
        client.write_all(&vec![7; 4 << 20]).await.unwrap();
        client
    });
    let mut longest = 0;
    let mut left = 4 << 20;
    while left > 0 {
        // Whoever takes his time finds more than a read returns.
        tokio::time::sleep(Duration::from_millis(2)).await;
        let piece = receive(&mut carrier).await.unwrap().unwrap();
        longest = longest.max(piece.len());
        left -= piece.len();
    }
    assert_eq!(longest, limits::READ_BYTES);
    drop(writing.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_closed_connection_waits_a_second_for_a_peer_that_stays() {
    let (_acceptor, mut carrier, client) = pair().await;
    let begin = tokio::time::Instant::now();
    close(&mut carrier).await.unwrap();
    assert_eq!(begin.elapsed().as_secs(), 1);
    drop(client);
}

#[tokio::test]
async fn a_closed_connection_throws_256_kib_away_and_not_much_more() {
    let (_acceptor, mut carrier, mut client) = pair().await;
    let sending = tokio::spawn(async move {
        // Without end, until it is cut off.
        while client.write_all(&[7; 8192]).await.is_ok() {}
    });
    let begin = tokio::time::Instant::now();
    close(&mut carrier).await.unwrap();
    assert!(begin.elapsed() < SECOND, "what comes is not waited out");
    drop(carrier);
    timeout(5 * SECOND, sending).await.unwrap().unwrap();
}

#[tokio::test]
async fn several_addresses_are_served_at_once() {
    let any = "127.0.0.1:0".parse().unwrap();
    let mut acceptor = Acceptor::bind(
        &[any, any, "[::]:0".parse().unwrap()],
        AcceptorConfig::default(),
    )
    .unwrap();
    assert_eq!(acceptor.local_addrs().len(), 3);
    for address in acceptor.local_addrs().to_vec() {
        let mut client = TcpStream::connect(("127.0.0.1", address.port()))
            .await
            .unwrap();
        client.write_all(HELLO).await.unwrap();
        let carrier = acceptor.accept().await.unwrap();
        assert_eq!(
            carrier.info().peer,
            client.local_addr().unwrap(),
            "never in mapped form"
        );
        assert_eq!(carrier.info().local.port(), address.port());
    }
}

#[tokio::test]
async fn closing_stops_listening_and_ends_accept() {
    let mut acceptor =
        Acceptor::bind(&["127.0.0.1:0".parse().unwrap()], AcceptorConfig::default()).unwrap();
    let address = acceptor.local_addrs()[0];
    let mut waiting = TcpStream::connect(address).await.unwrap();
    waiting.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let mut back = vec![0; 12];
    waiting.read_exact(&mut back).await.unwrap();
    assert_eq!(back, b"HTTP/1.1 404");
    timeout(5 * SECOND, acceptor.close()).await.unwrap();
    assert!(acceptor.accept().await.is_none());
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_dropped_acceptor_cuts_everybody_off_who_is_not_accepted() {
    let acceptor =
        Acceptor::bind(&["127.0.0.1:0".parse().unwrap()], AcceptorConfig::default()).unwrap();
    let mut client = TcpStream::connect(acceptor.local_addrs()[0]).await.unwrap();
    client
        .write_all(b"POST /open/1 HTTP/1.1\r\n")
        .await
        .unwrap();
    drop(acceptor);
    assert_eq!(
        timeout(5 * SECOND, client.read(&mut [0]))
            .await
            .unwrap()
            .unwrap_or(0),
        0
    );
}

#[tokio::test]
async fn a_dropped_acceptor_ends_tunnel_sessions() {
    let mut acceptor =
        Acceptor::bind(&["127.0.0.1:0".parse().unwrap()], AcceptorConfig::default()).unwrap();
    let mut client = Raw::new(TcpStream::connect(acceptor.local_addrs()[0]).await.unwrap());
    client.open().await;
    let mut carrier = acceptor.accept().await.unwrap();
    drop(acceptor);
    let end = timeout(5 * SECOND, receive(&mut carrier)).await.unwrap();
    assert_eq!(end.unwrap(), None);
    client.ends().await;
}

#[test]
fn a_want_of_descriptors_is_told_from_a_lost_connection() {
    #[cfg(unix)]
    for number in [24, 23] {
        assert!(is_exhaustion(&io::Error::from_raw_os_error(number)));
    }
    assert!(is_exhaustion(&io::ErrorKind::OutOfMemory.into()));
    assert!(!is_exhaustion(&io::ErrorKind::ConnectionAborted.into()));
}
