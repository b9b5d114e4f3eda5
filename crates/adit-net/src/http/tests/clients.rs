//! What clients are known to send, byte for byte.

use super::{data, echo, fetch};
use crate::testing::{Echo, Raw, tls_client, tls_connect};
use crate::tls::{CertificateSource, Tls};
use crate::{AcceptorConfig, Transport};
use tokio::io::AsyncWriteExt;

#[tokio::test]
async fn a_session_is_opened_with_exactly_this_response() {
    let (_server, mut client) = echo().await;
    let answer = client.ask("/open/1", b"\0").await;
    let lines: Vec<_> = answer
        .head
        .split("\r\n")
        .filter(|line| !line.starts_with("Date: "))
        .collect();
    assert_eq!(
        lines,
        [
            "HTTP/1.1 200 OK",
            "Content-Type: application/x-fcs",
            "Cache-Control: no-cache, no-store",
            "Pragma: no-cache",
            "Adit-Tunnel: ordered",
            "Connection: Keep-Alive",
            "Content-Length: 33",
            "",
            "",
        ]
    );
    assert_eq!(answer.body.len(), 33);
    assert!(answer.body[..32].iter().all(u8::is_ascii_hexdigit));
    assert_eq!(answer.body[32], b'\n');
}

#[tokio::test]
async fn a_session_carries_bytes_both_ways_and_ends() {
    let (mut server, mut client) = echo().await;
    let id = client.open().await;
    let mut back = Vec::new();
    let answer = client.ask(&format!("/send/{id}/0"), b"\x03hello").await;
    back.extend_from_slice(data(&answer));
    assert_eq!(answer.field("Content-Type"), Some("application/x-fcs"));
    let rest = b"\x03hello"[back.len()..].to_vec();
    let next = fetch(&mut client, &id, 1, &rest).await;
    let answer = client.ask(&format!("/close/{id}/{next}"), b"\0").await;
    assert_eq!((answer.status, &answer.body[..]), (200, &b"\0"[..]));
    let served = server.served().await;
    assert_eq!(served.result.unwrap(), 6);
    assert_eq!(served.info.transport, Transport::Rtmpt);
    assert_eq!(served.info.peer, client.stream.local_addr().unwrap());
}

/// librtmp: header and body in two writes, two lines that end in LF alone, no wait for replies.
#[tokio::test]
async fn librtmp_pipelines_with_bare_line_feeds() {
    let (_server, mut client) = echo().await;
    let head = |path: &str, length: usize| {
        format!(
            "POST {path} HTTP/1.1\r\nHost: 127.0.0.1:1935\r\nAccept: */*\r\nUser-Agent: Shockwave Flash\n\
             Connection: Keep-Alive\nCache-Control: no-cache\r\nContent-type: application/x-fcs\r\n\
             Content-length: {length}\r\n\r\n"
        )
    };
    client.send(head("/open/1", 1)).await;
    client.send(b"\0").await;
    let answer = client.answer().await;
    let id = String::from_utf8(answer.body).unwrap();
    let id = id.trim_end();
    let mut sent = Vec::new();
    for number in 0..40_u8 {
        let body = vec![number; 100 + usize::from(number)];
        client
            .send(head(&format!("/send/{id}/{number}"), body.len()))
            .await;
        client.send(&body).await;
        sent.extend_from_slice(&body);
    }
    let mut back = Vec::new();
    for _ in 0..40 {
        back.extend_from_slice(data(&client.answer().await));
    }
    let rest = sent[back.len()..].to_vec();
    assert_eq!(back, sent[..back.len()]);
    fetch(&mut client, id, 40, &rest).await;
}

/// FFmpeg: other names' case, header and body in two writes, waits for each reply.
#[tokio::test]
async fn ffmpeg_sends_header_and_body_apart() {
    let (_server, mut client) = echo().await;
    let head = |path: &str, length: usize| {
        format!(
            "POST {path} HTTP/1.1\r\nAccept: */*\r\nConnection: keep-alive\r\nHost: 127.0.0.1:16102\r\n\
             Content-Length: {length}\r\nIcy-MetaData: 1\r\nCache-Control: no-cache\r\n\
             Content-type: application/x-fcs\r\nUser-Agent: Shockwave Flash\r\n\r\n"
        )
    };
    client.send(head("/open/1", 1)).await;
    client.send(b"\0").await;
    let id = String::from_utf8(client.answer().await.body).unwrap();
    let id = id.trim_end();
    let sent: Vec<u8> = (0..44_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    client
        .send(head(&format!("/send/{id}/0"), sent.len()))
        .await;
    tokio::task::yield_now().await;
    client.send(&sent).await;
    let back = data(&client.answer().await).to_vec();
    assert!(back == sent[..back.len()]);
    fetch(&mut client, id, 1, &sent[back.len()..]).await;
}

#[tokio::test]
async fn flash_player_repeats_its_header_fields() {
    let (_server, mut client) = echo().await;
    let id = client.open().await;
    for (number, repeats) in [1, 2, 3].into_iter().enumerate() {
        let fields =
            "User-Agent: Shockwave Flash\r\nConnection: Keep-Alive\r\nCache-Control: no-cache\r\n\
                      Content-Type: application/x-fcs\r\n"
                .repeat(repeats);
        client
            .send(format!(
                "POST /idle/{id}/{number} HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n{fields}Content-Length: 1\r\n\r\n\0"
            ))
            .await;
        let answer = client.answer().await;
        assert_eq!(data(&answer), b"");
        assert_eq!(answer.field("Connection"), Some("Keep-Alive"));
    }
}

#[tokio::test]
async fn http_1_0_is_answered_and_closed_unless_it_asks_to_stay() {
    let (server, _) = echo().await;
    let mut client = Raw::new(server.connect().await);
    client
        .send("POST /open/1 HTTP/1.0\r\nContent-Length: 1\r\n\r\n\0")
        .await;
    let answer = client.answer().await;
    assert!(answer.head.starts_with("HTTP/1.0 200 OK\r\n"), "{answer:?}");
    assert_eq!(answer.field("Connection"), Some("close"));
    assert_eq!(answer.body.len(), 33);
    client.ends().await;

    let mut client = Raw::new(server.connect().await);
    for _ in 0..2 {
        client
            .send("POST /open/1 HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\n\0")
            .await;
        let answer = client.answer().await;
        assert_eq!(answer.field("Connection"), Some("Keep-Alive"));
        assert_eq!(answer.body.len(), 33);
    }
}

#[tokio::test]
async fn a_client_that_asks_to_close_is_closed() {
    let (_server, mut client) = echo().await;
    client
        .send("POST /open/1 HTTP/1.1\r\nConnection: close\r\nContent-Length: 1\r\n\r\n\0")
        .await;
    let answer = client.answer().await;
    assert_eq!(answer.field("Connection"), Some("close"));
    client.ends().await;
}

#[tokio::test]
async fn a_proxy_may_turn_a_length_into_chunks() {
    let (_server, mut client) = echo().await;
    client
        .send("POST /open/1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n\0\r\n0\r\n\r\n")
        .await;
    let id = String::from_utf8(client.answer().await.body).unwrap();
    let id = id.trim_end();
    let head = format!(
        "POST /send/{id}/0 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\nTrailer: X\r\n\r\n"
    );
    // And the next request comes right behind.
    let body = "2\r\n\x03h\r\n4;a=b\r\nello\r\n0\r\nX: y\r\n\r\n";
    let next = format!("POST /idle/{id}/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n\0");
    client.send(format!("{head}{body}{next}")).await;
    let mut back = data(&client.answer().await).to_vec();
    back.extend_from_slice(data(&client.answer().await));
    let rest = b"\x03hello"[back.len()..].to_vec();
    fetch(&mut client, id, 2, &rest).await;
}

#[tokio::test]
async fn a_client_that_waits_for_100_is_told_to_go_on() {
    let (_server, mut client) = echo().await;
    client
        .send(
            "POST /open/1 HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n",
        )
        .await;
    let answer = client.answer().await;
    assert_eq!(answer.head, "HTTP/1.1 100 Continue\r\n\r\n");
    client.send(b"\0").await;
    assert_eq!(client.answer().await.body.len(), 33);
}

#[tokio::test]
async fn a_missing_type_and_that_of_a_form_are_taken() {
    let (_server, mut client) = echo().await;
    for field in [
        "",
        "Content-Type: application/x-www-form-urlencoded\r\n",
        "content-type: Application/X-FCS\r\n",
        "Content-Encoding: identity\r\n",
    ] {
        client
            .send(format!(
                "POST /open/1 HTTP/1.1\r\nHost: a\r\n{field}Content-Length: 1\r\n\r\n\0"
            ))
            .await;
        let answer = client.answer().await;
        assert_eq!(answer.status, 200, "{field}");
        assert_eq!(answer.field("Content-Type"), Some("application/x-fcs"));
    }
}

#[tokio::test]
async fn the_other_ways_to_close_are_known() {
    let (mut server, mut client) = echo().await;
    for path in ["/close/2", "/close/ID", "/close/ID/0"] {
        let id = client.open().await;
        let answer = client.ask(&path.replace("ID", &id), b"\0").await;
        assert_eq!(
            (answer.status, &answer.body[..]),
            (200, &b"\0"[..]),
            "{path}"
        );
        if path.contains("ID") {
            assert_eq!(server.served().await.result.unwrap(), 0);
        }
    }
}

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

#[tokio::test]
async fn the_tunnel_runs_inside_tls_and_takes_absolute_targets() {
    let directory = tempfile::tempdir().unwrap();
    let config = with_tls(&directory);
    let trusted = tls_client(
        &config.tls.as_ref().unwrap().certificate_path(),
        &["http/1.1"],
    );
    let mut server = Echo::start(config);
    let mut client = Raw::new(tls_connect(trusted, server.connect().await).await.unwrap());
    let id = client.open().await;
    let mut back = Vec::new();
    for (number, body) in [&b"\x03hello"[..], b"again"].into_iter().enumerate() {
        let path = format!("http://localhost:443/send/{id}/{number}");
        back.extend_from_slice(data(&client.ask(&path, body).await));
    }
    let mut number = 2;
    while back.len() < 11 {
        let path = format!("https://localhost/idle/{id}/{number}");
        back.extend_from_slice(data(&client.ask(&path, b"\0").await));
        number += 1;
    }
    assert_eq!(back, b"\x03helloagain");
    client.ask(&format!("/close/{id}"), b"\0").await;
    let info = server.served().await.info;
    assert_eq!(info.transport, Transport::Rtmpts);
    assert_eq!(info.tls.unwrap().alpn, Some("http/1.1"));
}

#[tokio::test]
async fn a_session_opened_with_tls_is_not_there_without() {
    let directory = tempfile::tempdir().unwrap();
    let config = with_tls(&directory);
    let trusted = tls_client(&config.tls.as_ref().unwrap().certificate_path(), &[]);
    let server = Echo::start(config);
    let mut secure = Raw::new(tls_connect(trusted, server.connect().await).await.unwrap());
    let mut plain = Raw::new(server.connect().await);
    let id = secure.open().await;
    assert_eq!(plain.ask(&format!("/idle/{id}/0"), b"\0").await.status, 404);
    assert_eq!(server.counters.tunnel_downgrades().value(), 1);
    assert_eq!(
        data(&secure.ask(&format!("/idle/{id}/0"), b"\0").await),
        b""
    );
    // The other way round is no loss.
    let id = plain.open().await;
    assert_eq!(
        data(&secure.ask(&format!("/idle/{id}/0"), b"\0").await),
        b""
    );
}

#[tokio::test]
async fn a_client_that_has_finished_sending_still_gets_its_answer() {
    let (_server, mut client) = echo().await;
    let id = client.open().await;
    client.post(&format!("/idle/{id}/0"), b"\0").await;
    client.stream.shutdown().await.unwrap();
    assert_eq!(data(&client.answer().await), b"");
    client.ends().await;
}

/// Sessions of real clients, as `adit-rtmpt` keeps them: the bytes of one connection with the id another server gave.
#[tokio::test]
async fn recorded_sessions_of_real_clients_come_through() {
    let captures =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../adit-rtmpt/tests/captures");
    for name in [
        "ffmpeg-rtmpt-play",
        "ffmpeg-rtmpt-publish",
        "rtmpdump-rtmpt-play",
        "ffmpeg-rtmpts-play",
    ] {
        let recorded = std::fs::read(captures.join(name).with_extension("bin")).unwrap();
        let mut config = AcceptorConfig::default();
        // They end with idles that nobody answers.
        config.tunnel.reply.hold = std::time::Duration::from_millis(20);
        let server = Echo::start(config);
        let mut client = Raw::new(server.connect().await);
        let first = find(&recorded, b"POST /send/").unwrap();
        client.send(&recorded[..first]).await;
        let id = client.answer().await.body;
        let id = id.trim_ascii_end();
        let (rest, requests, sent) = renamed(&recorded[first..], id);
        let mut back = Vec::new();
        let (mut reader, mut writer) = tokio::io::split(client.stream);
        let write = async { writer.write_all(&rest).await.unwrap() };
        let mut answers = Raw::new(tokio::io::join(&mut reader, tokio::io::sink()));
        let read = async {
            for _ in 0..requests {
                let answer = answers.answer().await;
                assert_eq!(answer.status, 200, "{name}");
                if answer.body != b"\0" {
                    back.extend_from_slice(data(&answer));
                }
            }
        };
        tokio::join!(write, read);
        assert!(requests > 5, "{name}");
        assert!(back.len() > 3000 && sent.starts_with(&back), "{name}");
    }
}

/// The whole requests of a recording under another id, how many they are, and the RTMP bytes in them.
fn renamed(mut recorded: &[u8], id: &[u8]) -> (Vec<u8>, usize, Vec<u8>) {
    let (mut requests, mut count, mut sent) = (Vec::new(), 0, Vec::new());
    while let Some(end) = find(recorded, b"\r\n\r\n") {
        let (head, rest) = recorded.split_at(end + 4);
        let text = String::from_utf8(head.to_vec()).unwrap();
        let lower = text.to_ascii_lowercase();
        let length = lower
            .split("content-length: ")
            .nth(1)
            .unwrap()
            .split('\r')
            .next()
            .unwrap();
        let length: usize = length.parse().unwrap();
        if rest.len() < length {
            break;
        }
        let (body, rest) = rest.split_at(length);
        requests.extend(
            text.replacen("S0000001", &String::from_utf8_lossy(id), 1)
                .bytes(),
        );
        requests.extend_from_slice(body);
        if text.starts_with("POST /send/") {
            sent.extend_from_slice(body);
        }
        count += 1;
        recorded = rest;
    }
    (requests, count, sent)
}

fn find(bytes: &[u8], pattern: &[u8]) -> Option<usize> {
    bytes
        .windows(pattern.len())
        .position(|window| window == pattern)
}
