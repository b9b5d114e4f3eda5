use super::{CertificateSource, Reload, Tls};
use crate::AcceptorConfig;
use crate::error::TlsError;
use crate::testing::{Echo, tls_client, tls_connect};
use rustls::client::{
    ClientSessionStore, Resumption, Tls12ClientSessionValue, Tls13ClientSessionValue,
};
use rustls::{ClientConfig, NamedGroup};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

fn self_signed(directory: &Path, names: &[&str]) -> Tls {
    Tls::load(CertificateSource::SelfSigned {
        state_directory: directory.to_owned(),
        names: names.iter().map(|&name| name.to_owned()).collect(),
    })
    .unwrap()
}

/// Two PEM files that can be replaced.
struct Pair {
    directory: tempfile::TempDir,
}

impl Pair {
    fn new() -> Self {
        let pair = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        pair.replace();
        pair
    }

    fn certificate(&self) -> PathBuf {
        self.directory.path().join("server.crt")
    }

    fn key(&self) -> PathBuf {
        self.directory.path().join("server.key")
    }

    /// Writes a fresh certificate and its key; says what the certificate is.
    fn replace(&self) -> CertificateDer<'static> {
        let (certificate, key) = Self::make();
        std::fs::write(self.certificate(), &certificate).unwrap();
        std::fs::write(self.key(), key).unwrap();
        CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()
    }

    /// A certificate and its key, both PEM.
    fn make() -> (String, String) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    fn source(&self) -> CertificateSource {
        CertificateSource::Files {
            certificate: self.certificate(),
            key: self.key(),
        }
    }

    fn load(&self) -> Result<Tls, TlsError> {
        Tls::load(self.source())
    }
}

fn served_with(tls: Tls) -> Echo {
    Echo::start(AcceptorConfig {
        tls: Some(tls),
        ..Default::default()
    })
}

/// A connection that has been in use.
async fn begun(server: &Echo, certificate: &Path) -> TlsStream<TcpStream> {
    let client = tls_client(certificate, &[]);
    let mut stream = tls_connect(client, server.connect().await).await.unwrap();
    stream.write_all(b"\x03before").await.unwrap();
    stream.read_exact(&mut [0; 7]).await.unwrap();
    stream
}

async fn assert_goes_on(stream: &mut TlsStream<TcpStream>) {
    stream.write_all(b"after").await.unwrap();
    let mut back = [0; 5];
    stream.read_exact(&mut back).await.unwrap();
    assert_eq!(&back, b"after");
}

/// The certificate a server shows now.
async fn shown(server: &Echo, certificate: &Path) -> CertificateDer<'static> {
    let stream = tls_connect(tls_client(certificate, &[]), server.connect().await)
        .await
        .unwrap();
    stream.get_ref().1.peer_certificates().unwrap()[0]
        .clone()
        .into_owned()
}

#[tokio::test]
async fn a_tls_client_waits_for_a_promised_certificate_and_nobody_else_does() {
    let directory = tempfile::tempdir().unwrap();
    let tls = Tls::promised(CertificateSource::SelfSigned {
        state_directory: directory.path().to_owned(),
        names: Vec::new(),
    })
    .unwrap();
    let path = tls.certificate_path();
    let server = served_with(tls.clone());
    let mut early = server.connect().await;
    let mut hello = Vec::new();
    let mut client = rustls::ClientConnection::new(
        Arc::new(tls_client(&Pair::new().certificate(), &[])),
        ServerName::try_from("localhost").unwrap(),
    )
    .unwrap();
    client.write_tls(&mut hello).unwrap();
    early.write_all(&hello).await.unwrap();

    let mut plain = server.connect().await;
    plain.write_all(b"\x03 without tls").await.unwrap();
    let mut echo = [0; 13];
    plain.read_exact(&mut echo).await.unwrap();
    assert_eq!(&echo, b"\x03 without tls");
    let mut answer = [0];
    let waited = tokio::time::timeout(Duration::from_millis(50), early.read_exact(&mut answer));
    assert!(waited.await.is_err(), "answered without a certificate");

    tls.prepare().unwrap();
    early.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, [22], "a handshake record");
    shown(&server, &path).await;
}

#[tokio::test]
async fn a_self_signed_certificate_is_made_once_and_kept() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("state");
    let first = self_signed(&state, &["media.example"]);
    let made = std::fs::read(first.certificate_path()).unwrap();
    let again = self_signed(&state, &["media.example"]);
    assert_eq!(std::fs::read(again.certificate_path()).unwrap(), made);
    let fewer = self_signed(&state, &[]);
    assert_eq!(std::fs::read(fewer.certificate_path()).unwrap(), made);
    let more = self_signed(&state, &["192.0.2.9"]);
    assert_ne!(std::fs::read(more.certificate_path()).unwrap(), made);
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_the_key() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    self_signed(directory.path(), &[]);
    let key = std::fs::metadata(directory.path().join("self-signed.key")).unwrap();
    assert_eq!(key.permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn a_self_signed_certificate_covers_loopback_and_the_given_names() {
    let directory = tempfile::tempdir().unwrap();
    let tls = self_signed(directory.path(), &["media.example", "192.0.2.9"]);
    let client = Arc::new(tls_client(&tls.certificate_path(), &[]));
    let server = served_with(tls);
    for name in [
        "localhost",
        "127.0.0.1",
        "::1",
        "media.example",
        "192.0.2.9",
    ] {
        let name = ServerName::try_from(name).unwrap();
        let connector = tokio_rustls::TlsConnector::from(Arc::clone(&client));
        connector
            .connect(name, server.connect().await)
            .await
            .unwrap();
    }
    let other = ServerName::try_from("other.example").unwrap();
    let connector = tokio_rustls::TlsConnector::from(client);
    assert!(
        connector
            .connect(other, server.connect().await)
            .await
            .is_err()
    );
}

#[test]
fn files_that_cannot_be_used_are_named() {
    let pair = Pair::new();
    std::fs::remove_file(pair.key()).unwrap();
    let error = pair.load().unwrap_err();
    assert!(
        matches!(&error, TlsError::File { path, .. } if *path == pair.key()),
        "{error}"
    );

    std::fs::write(pair.key(), "nothing").unwrap();
    let error = pair.load().unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("{} holds no usable private key", pair.key().display())
    );

    pair.replace();
    std::fs::write(pair.certificate(), "nothing").unwrap();
    let error = pair.load().unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "{} holds no usable certificate",
            pair.certificate().display()
        )
    );

    pair.replace();
    let other = Pair::new();
    std::fs::copy(other.key(), pair.key()).unwrap();
    let error = pair.load().unwrap_err();
    assert!(matches!(error, TlsError::Mismatch { .. }), "{error}");
    for file in [pair.certificate(), pair.key()] {
        let named = file.display().to_string();
        assert!(error.to_string().contains(&named), "{error}");
    }
}

#[tokio::test]
async fn a_connection_outlives_the_certificate_it_began_with() {
    let pair = Pair::new();
    let tls = pair.load().unwrap();
    let server = served_with(tls.clone());
    let mut old = begun(&server, &pair.certificate()).await;

    let new = pair.replace();
    assert_eq!(tls.reload().unwrap(), Reload::Swapped);
    assert_eq!(tls.reload().unwrap(), Reload::Unchanged);
    assert_eq!(shown(&server, &pair.certificate()).await, new);

    assert_goes_on(&mut old).await;
}

#[tokio::test]
async fn a_broken_replacement_changes_nothing() {
    let pair = Pair::new();
    let tls = pair.load().unwrap();
    let trusted = pair.directory.path().join("trusted.crt");
    std::fs::copy(pair.certificate(), &trusted).unwrap();
    let server = served_with(tls.clone());
    let old = shown(&server, &trusted).await;
    for broken in [
        &b""[..],
        b"nothing",
        &std::fs::read(Pair::new().certificate()).unwrap(),
    ] {
        std::fs::write(pair.certificate(), broken).unwrap();
        tls.reload().unwrap_err();
        assert_eq!(tls.reload().unwrap(), Reload::Unchanged, "said once");
        assert_eq!(shown(&server, &trusted).await, old);
    }
}

#[tokio::test]
async fn another_source_is_shown_once_it_is_adopted_and_its_files_are_watched() {
    let pair = Pair::new();
    let tls = pair.load().unwrap();
    let server = served_with(tls.clone());
    let mut old = begun(&server, &pair.certificate()).await;

    let other = Pair::new();
    let candidate = tls.candidate(other.source()).unwrap();
    shown(&server, &pair.certificate()).await;
    tls.adopt(candidate);
    assert_eq!(tls.certificate_path(), other.certificate());
    shown(&server, &other.certificate()).await;
    assert_goes_on(&mut old).await;

    // What becomes of the files before is nobody's business any more.
    std::fs::write(pair.key(), "nothing").unwrap();
    let new = other.replace();
    let swapped = async {
        while server.counters.certificate_swaps().value() < 2 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(40), swapped)
        .await
        .unwrap();
    assert_eq!(shown(&server, &other.certificate()).await, new);
    assert_eq!(server.counters.certificate_failures().value(), 0);
}

#[tokio::test]
async fn a_candidate_that_cannot_be_used_changes_nothing() {
    let pair = Pair::new();
    let tls = pair.load().unwrap();
    let server = served_with(tls.clone());
    let other = Pair::new();
    std::fs::copy(pair.key(), other.key()).unwrap();
    let error = tls.candidate(other.source()).unwrap_err();
    assert!(matches!(error, TlsError::Mismatch { .. }), "{error}");
    shown(&server, &pair.certificate()).await;
    assert_eq!(tls.certificate_path(), pair.certificate());
}

#[test]
fn what_is_written_for_a_source_that_is_gone_is_not_shown() {
    let (pair, gone) = (Pair::new(), Pair::new());
    let tls = pair.load().unwrap();
    let before = [pair.certificate(), pair.key()].map(|file| std::fs::read(file).unwrap());
    let (certificate, key) = Pair::make();
    tls.replace(&gone.source(), &certificate, &key).unwrap();
    let after = [pair.certificate(), pair.key()].map(|file| std::fs::read(file).unwrap());
    assert_eq!(before, after);
    let written = std::fs::read_to_string(gone.certificate()).unwrap();
    assert_eq!(written, certificate);
    assert_eq!(tls.reload().unwrap(), Reload::Unchanged);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_handshake_fails_during_a_hundred_swaps() {
    let pairs: Vec<_> = (0..4).map(|_| Pair::new()).collect();
    let live = Pair::new();
    let copy = |from: &Pair| {
        std::fs::copy(from.certificate(), live.certificate()).unwrap();
        std::fs::copy(from.key(), live.key()).unwrap();
    };
    let mut roots = rustls::RootCertStore::empty();
    for pair in &pairs {
        roots
            .add(CertificateDer::from_pem_file(pair.certificate()).unwrap())
            .unwrap();
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    copy(&pairs[0]);
    let tls = live.load().unwrap();
    let server = served_with(tls.clone());
    for swap in 1..=100 {
        copy(&pairs[swap % pairs.len()]);
        let reload = {
            let tls = tls.clone();
            tokio::task::spawn_blocking(move || tls.reload())
        };
        for _ in 0..3 {
            tls_connect(client.clone(), server.connect().await)
                .await
                .unwrap();
        }
        // The watcher may have been faster.
        reload.await.unwrap().unwrap();
    }
    assert_eq!(server.counters.tls_failures().value(), 0);
}

#[tokio::test]
async fn changed_files_are_noticed_by_themselves() {
    let pair = Pair::new();
    let server = served_with(pair.load().unwrap());
    // The watch begins when its task first runs.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let new = pair.replace();
    let swapped = async {
        while server.counters.certificate_swaps().value() == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(15), swapped)
        .await
        .unwrap();
    assert_eq!(shown(&server, &pair.certificate()).await, new);
}

/// A client's memory that only counts what it is told to remember.
#[derive(Debug, Default)]
struct Tickets(AtomicUsize);

impl ClientSessionStore for Tickets {
    fn set_kx_hint(&self, _: ServerName<'static>, _: NamedGroup) {}
    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        None
    }
    fn set_tls12_session(&self, _: ServerName<'static>, _: Tls12ClientSessionValue) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        None
    }
    fn remove_tls12_session(&self, _: &ServerName<'static>) {}
    fn insert_tls13_ticket(&self, _: ServerName<'static>, _: Tls13ClientSessionValue) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
    fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        None
    }
}

#[tokio::test]
async fn rtmpdump_is_not_killed_by_session_tickets() {
    let directory = tempfile::tempdir().unwrap();
    let tls = self_signed(directory.path(), &[]);
    let trusted = tls.certificate_path();
    let server = served_with(tls);
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let tickets = Arc::new(Tickets::default());
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut roots = rustls::RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_file(&trusted).unwrap())
            .unwrap();
        let mut client = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        client.resumption = Resumption::store(Arc::clone(&tickets) as Arc<dyn ClientSessionStore>);
        let mut stream = tls_connect(client, server.connect().await).await.unwrap();
        assert_eq!(stream.get_ref().1.protocol_version(), Some(version.version));
        // Tickets come with the first data.
        stream.write_all(b"\x03hello").await.unwrap();
        stream.read_exact(&mut [0; 6]).await.unwrap();
        assert_eq!(tickets.0.load(Ordering::Relaxed), 0, "{version:?}");
    }
}

#[tokio::test]
async fn a_tls_peer_that_hangs_up_without_a_farewell_has_just_finished() {
    let directory = tempfile::tempdir().unwrap();
    let tls = self_signed(directory.path(), &[]);
    let client = tls_client(&tls.certificate_path(), &[]);
    let mut server = served_with(tls);
    let mut stream = tls_connect(client, server.connect().await).await.unwrap();
    stream.write_all(b"\x03hello").await.unwrap();
    stream.read_exact(&mut [0; 6]).await.unwrap();
    // The end of TCP, and no close_notify before it.
    let (mut socket, _) = stream.into_inner();
    socket.shutdown().await.unwrap();
    assert_eq!(server.served().await.result.unwrap(), 6);
}

#[tokio::test]
async fn http_1_1_is_agreed_on_and_nothing_else_is_required() {
    let directory = tempfile::tempdir().unwrap();
    let tls = self_signed(directory.path(), &[]);
    let trusted = tls.certificate_path();
    let server = served_with(tls);
    let cases: [(&[&str], Option<&[u8]>); 5] = [
        (&[], None),
        (&["http/1.1"], Some(b"http/1.1")),
        (&["h2", "http/1.1"], Some(b"http/1.1")),
        (&["h2"], None),
        (&["rtmp"], None),
    ];
    for (offered, expected) in cases {
        let client = tls_client(&trusted, offered);
        let stream = tls_connect(client, server.connect().await).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), expected, "{offered:?}");
    }
}

/// Who swaps writes two files, one after the other, so that half of all looks find a certificate beside another one's key.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_handshakes_succeed_while_the_certificate_is_swapped_all_the_time() {
    const TASKS: usize = 8;
    const HANDSHAKES: usize = 1000;
    let pair = Arc::new(Pair::new());
    let mut made: Vec<_> = std::iter::repeat_with(Pair::make).take(20).collect();
    let first = [pair.certificate(), pair.key()].map(|file| std::fs::read_to_string(file).unwrap());
    made.push(first.into());
    let all: Vec<_> = made.iter().map(|(pem, _)| pem.clone()).collect();
    let bundle = pair.directory.path().join("all.pem");
    std::fs::write(&bundle, all.concat()).unwrap();
    let tls = pair.load().unwrap();
    let server = Arc::new(served_with(tls.clone()));
    let client = tls_client(&bundle, &[]);
    let is_over = Arc::<AtomicBool>::default();
    let swapping = {
        let (pair, is_over) = (Arc::clone(&pair), Arc::clone(&is_over));
        tokio::task::spawn_blocking(move || {
            let mut swaps = 0;
            while !is_over.load(Ordering::Relaxed) || swaps < 100 {
                let (certificate, key) = &made[swaps % made.len()];
                std::fs::write(pair.certificate(), certificate).unwrap();
                // Not usable as long as the key is another one's; what is shown stays.
                drop(tls.reload());
                std::fs::write(pair.key(), key).unwrap();
                tls.reload().unwrap();
                swaps += 1;
            }
            swaps
        })
    };
    let tasks = (0..TASKS).map(|_| {
        let (server, client) = (Arc::clone(&server), client.clone());
        tokio::spawn(async move {
            let mut seen = HashSet::new();
            for _ in 0..HANDSHAKES / TASKS {
                let stream = tls_connect(client.clone(), server.connect().await);
                let stream = stream.await.unwrap();
                let shown = stream.get_ref().1.peer_certificates().unwrap();
                seen.insert(shown[0].clone().into_owned());
            }
            seen
        })
    });
    let mut ended = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        ended.push(task.await);
    }
    // Whatever has happened, the swapping has to end.
    is_over.store(true, Ordering::Relaxed);
    let swaps = swapping.await.unwrap();
    let seen = ended
        .into_iter()
        .flat_map(|task| task.expect("no handshake fails"));
    let seen: HashSet<_> = seen.collect();
    assert!(
        swaps >= 100 && seen.len() >= 10,
        "{swaps} swaps, {} seen",
        seen.len()
    );
}
