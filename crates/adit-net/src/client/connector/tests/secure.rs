//! TLS: to servers, to proxies, inside each other.

use crate::client::testing::{
    Authority, Peer, Script, authority, authority_called, connector, connector_with, echo, echoes,
    head, own_authority, say, script, target,
};
use crate::client::{Cause, Fault, Progress, Route, Security, Stage, TlsClient, TlsFailure};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_rustls::TlsAcceptor;

fn tls_echo(authority: &Authority) -> Script {
    let acceptor = TlsAcceptor::from(Arc::clone(&authority.server));
    script(move |stream| async move {
        if let Ok(mut stream) = acceptor.accept(stream).await {
            echo(&mut stream).await;
        }
    })
}

fn trusting(authority: &Authority) -> crate::client::Connector {
    connector_with(TlsClient::with_ca_file(&authority.ca_file).unwrap(), &[])
}

#[tokio::test]
async fn an_added_authority_is_trusted_and_its_name_is_known() {
    let authority = authority("localhost");
    let peer = Peer::start(vec![tls_echo(&authority)]).await;
    let connection = trusting(&authority)
        .connect(
            &target("localhost", peer.address.port()),
            &Route::Direct,
            Security::Tls,
        )
        .await
        .unwrap();
    let certificate = connection.certificate().unwrap();
    assert_eq!(
        certificate.issuer.as_deref(),
        Some("Example Interceptor (Example Corp)")
    );
    assert_eq!(certificate.subject.as_deref(), Some("The Server"));
    assert_eq!(connection.tls().unwrap().version, "TLSv1.3");
    echoes(&mut connection.into_stream()).await;
    peer.finish().await;
}

#[tokio::test]
async fn a_servers_own_certificate_is_trusted_when_it_is_the_one_in_the_file() {
    let own = own_authority("localhost");
    let peer = Peer::start(vec![tls_echo(&own)]).await;
    let connection = trusting(&own)
        .connect(
            &target("localhost", peer.address.port()),
            &Route::Direct,
            Security::Tls,
        )
        .await
        .unwrap();
    echoes(&mut connection.into_stream()).await;
    peer.finish().await;
}

#[tokio::test]
async fn another_certificate_that_calls_itself_an_authority_is_one_that_nobody_trusts() {
    let other = own_authority("localhost");
    let failure = failure(&own_authority("localhost"), trusting(&other)).await;
    assert!(failure.is_unknown_issuer(), "{failure:?}");
    assert!(failure.hint().contains("--ca-file"), "{}", failure.hint());
}

#[tokio::test]
async fn a_servers_own_certificate_in_the_file_is_refused_for_another_name() {
    let own = own_authority("other.example");
    let failure = failure(&own, trusting(&own)).await;
    let TlsFailure::WrongName { names, .. } = failure else {
        panic!("{failure:?}");
    };
    assert_eq!(names, "other.example");
}

async fn failure(authority: &Authority, connector: crate::client::Connector) -> TlsFailure {
    let peer = Peer::start(vec![tls_echo(authority)]).await;
    let target = target("localhost", peer.address.port());
    let error = connector
        .connect(&target, &Route::Direct, Security::Tls)
        .await
        .unwrap_err();
    peer.finish().await;
    assert_eq!(error.stage(), Stage::Tls);
    match error.into_cause() {
        Cause::Tls { failure, .. } => failure,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_interceptor_is_named() {
    let known = authority_called("Somebody Else", "localhost");
    let unknown = authority("localhost");
    let failure = failure(&unknown, trusting(&known)).await;
    assert!(failure.is_unknown_issuer());
    let issuer = failure.peer_certificate().unwrap().issuer.clone();
    assert_eq!(
        issuer.as_deref(),
        Some("Example Interceptor (Example Corp)")
    );
    assert_eq!(failure.fault(), Fault::Network);
}

#[tokio::test]
async fn a_certificate_for_another_name_is_not_accepted() {
    let authority = authority("other.example");
    let failure = failure(&authority, trusting(&authority)).await;
    let TlsFailure::WrongName { names, .. } = failure else {
        panic!("{failure:?}");
    };
    assert_eq!(names, "other.example");
}

#[tokio::test]
async fn a_port_without_tls_is_said_to_be_one() {
    let peer = Peer::start(vec![script(|mut stream| async move {
        say(&mut stream, "HTTP/1.1 400 Bad Request\r\n\r\n").await;
        echo(&mut stream).await;
    })])
    .await;
    let target = target("localhost", peer.address.port());
    let error = connector(&[])
        .connect(&target, &Route::Direct, Security::Tls)
        .await
        .unwrap_err();
    let Cause::Tls { failure, .. } = error.cause() else {
        panic!("{error:?}");
    };
    assert_eq!(failure, &TlsFailure::NotTls);
    peer.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_silent_handshake_is_given_up() {
    let peer = Peer::start(vec![script(|stream| async move {
        tokio::time::sleep(Duration::from_hours(1)).await;
        drop(stream);
    })])
    .await;
    let target = target("localhost", peer.address.port());
    let error = connector(&[])
        .connect(&target, &Route::Direct, Security::Tls)
        .await
        .unwrap_err();
    let Cause::Tls { failure, .. } = error.cause() else {
        panic!("{error:?}");
    };
    assert!(matches!(failure, TlsFailure::Silent { .. }), "{failure:?}");
}

#[tokio::test]
async fn tls_goes_inside_tls_through_an_https_proxy() {
    let authority = authority("localhost");
    let outer = TlsAcceptor::from(Arc::clone(&authority.server));
    let inner = outer.clone();
    let peer = Peer::start(vec![script(move |stream| async move {
        let mut stream = outer.accept(stream).await.unwrap();
        let head = head(&mut stream).await;
        assert!(head.starts_with("CONNECT localhost:443 "), "{head}");
        say(&mut stream, "HTTP/1.1 200 OK\r\n\r\n").await;
        let mut stream = inner.accept(stream).await.unwrap();
        echo(&mut stream).await;
    })])
    .await;
    let connection = trusting(&authority)
        .connect(
            &target("localhost", 443),
            &peer.route("https"),
            Security::TlsForHttp,
        )
        .await
        .unwrap();
    echoes(&mut connection.into_stream()).await;
    peer.finish().await;
}

#[test]
fn a_ca_file_without_certificates_is_refused() {
    let authority = authority("localhost");
    let path = authority.directory.path().join("empty.pem");
    std::fs::write(&path, "nothing here").unwrap();
    let error = TlsClient::with_ca_file(&path).unwrap_err();
    assert!(error.to_string().contains("empty.pem"), "{error}");
}

#[tokio::test]
async fn a_certificate_that_nobody_has_looked_at_is_told_as_such() {
    let seen_by = async |connector: crate::client::Connector, authority: &Authority| {
        let peer = Peer::start(vec![tls_echo(authority)]).await;
        let seen = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&seen);
        let connector = connector.with_watch(move |progress| told.lock().unwrap().push(progress));
        let target = target("localhost", peer.address.port());
        let connection = connector
            .connect(&target, &Route::Direct, Security::Tls)
            .await
            .unwrap();
        drop(connection);
        seen.lock().unwrap().pop().unwrap()
    };
    let authority = authority("localhost");
    let progress = seen_by(trusting(&authority), &authority).await;
    assert!(matches!(progress, Progress::Certificate(_)), "{progress:?}");
    let progress = seen_by(connector(&[]), &authority).await;
    assert!(
        matches!(progress, Progress::UncheckedCertificate(_)),
        "{progress:?}"
    );
}
