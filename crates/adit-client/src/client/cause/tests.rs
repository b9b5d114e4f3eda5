use std::io;
use std::time::Duration;

use adit_net::client::{
    PeerCertificate, ProxyError, ProxyReply, TlsFailure, TunnelClientError, TunnelVerb,
};
use adit_rtmp::handshake::{HandshakeError, Packet};
use adit_rtmp::session::SessionError;

use super::{of_http, of_name, of_proxy, of_session, of_tls};
use crate::plan::{Cause, CertificateFault, PeerText};

fn check_proxy(error: &ProxyError, expected: &Cause) {
    assert_eq!(of_proxy(error), *expected);
}

#[test]
fn a_proxy_that_forbids_is_told_from_one_that_cannot() {
    let target = || "live.example.com:1935".to_owned();
    let forbidden = ProxyError::Forbidden {
        target: target(),
        reply: ProxyReply::Status(403),
    };
    let reply = ProxyReply::Status(403);
    check_proxy(&forbidden, &Cause::ProxyDenied { reply });
    let unreachable = ProxyError::TargetUnreachable {
        target: target(),
        reply: ProxyReply::Socks5(5),
    };
    let reply = ProxyReply::Socks5(5);
    check_proxy(&unreachable, &Cause::ProxyCannotReach { reply });
    let reply = ProxyReply::Status(500);
    check_proxy(&ProxyError::Other { reply }, &Cause::ProxyFails { reply });
}

#[test]
fn a_login_is_missing_refused_or_not_supported() {
    let offered = || "Negotiate".to_owned();
    let missing = ProxyError::CredentialsMissing { offered: offered() };
    check_proxy(&missing, &Cause::ProxyLoginMissing);
    let unsupported = ProxyError::UnknownSchemes { offered: offered() };
    let offered = PeerText::new("Negotiate");
    check_proxy(&unsupported, &Cause::ProxyLoginUnsupported { offered });
}

#[test]
fn what_is_no_proxy_or_says_nothing_is_told() {
    check_proxy(
        &ProxyError::NotAProxy { protocol: "HTTP" },
        &Cause::NotAProxy,
    );
    let after = Duration::from_secs(5);
    check_proxy(&ProxyError::Silent { after }, &Cause::TimedOut);
    check_proxy(&ProxyError::HungUp, &Cause::Closed);
    let page = Cause::HttpStatus { status: 200 };
    check_proxy(&ProxyError::Captive { status: 200 }, &page);
}

#[test]
fn certificates_fail_for_four_reasons() {
    let certificate = PeerCertificate::default;
    let check = |failure: TlsFailure, fault| {
        assert_eq!(of_tls(&failure), Cause::Certificate(fault));
    };
    let shown = certificate();
    check(
        TlsFailure::UnknownIssuer { certificate: shown },
        CertificateFault::Untrusted,
    );
    let shown = certificate();
    check(
        TlsFailure::WrongName {
            certificate: shown,
            names: "a.example".to_owned(),
        },
        CertificateFault::WrongName {
            names: PeerText::new("a.example"),
        },
    );
    let shown = certificate();
    check(
        TlsFailure::Date { certificate: shown },
        CertificateFault::Expired,
    );
    let shown = TlsFailure::Certificate {
        certificate: certificate(),
        reason: "revoked".to_owned(),
    };
    let reason = PeerText::new("revoked");
    check(shown, CertificateFault::Invalid { reason });
}

#[test]
fn tunnels_fail_with_the_status_that_was_seen() {
    let check = |error, status| assert_eq!(of_http(error, None), Cause::HttpStatus { status });
    check(TunnelClientError::NoTunnel { status: 404 }, 404);
    check(
        TunnelClientError::Unavailable {
            verb: TunnelVerb::Open,
            status: 503,
        },
        503,
    );
    assert_eq!(
        of_http(TunnelClientError::ProxyAuthentication, None),
        Cause::ProxyLoginMissing
    );
}

#[test]
fn a_redirect_says_where_to() {
    let redirected = TunnelClientError::Redirected {
        verb: TunnelVerb::Open,
        status: 302,
    };
    let to = PeerText::new("login.example");
    let expected = Cause::HttpRedirect { status: 302, to };
    assert_eq!(of_http(redirected, Some("login.example")), expected);
    let nowhere = of_http(redirected, None);
    assert_eq!(nowhere.to_string(), "HTTP status 302, redirected");
}

#[test]
fn what_answers_a_tunnel_without_http_is_another_kind_of_server() {
    let verb = TunnelVerb::Open;
    for error in [
        TunnelClientError::NotHttp { verb },
        TunnelClientError::HeadTooLong { verb },
    ] {
        assert_eq!(of_http(error, None), Cause::BadHttp);
    }
}

#[test]
fn what_answers_as_no_tunnel_should_is_said_to() {
    let verb = TunnelVerb::Open;
    for error in [
        TunnelClientError::NotASessionId,
        TunnelClientError::Full,
        TunnelClientError::EmptyReply { verb },
        TunnelClientError::ReplyTooLong { verb, limit: 1 },
    ] {
        let reason = PeerText::new(&error.to_string());
        assert_eq!(of_http(error, None), Cause::BadTunnel { reason });
    }
}

#[test]
fn first_bytes_tell_what_a_broken_session_has_met() {
    let eof = || {
        SessionError::Handshake(HandshakeError::Eof {
            packet: Packet::S1,
            missing: 1,
        })
    };
    let check = |error, first: &[u8], expected| assert_eq!(of_session(&error, first), expected);
    check(eof(), b"", Cause::Closed);
    check(SessionError::HandshakeDeadline, b"", Cause::TimedOut);
    check(SessionError::HandshakeDeadline, b"\x03", Cause::Slow);
    check(
        SessionError::ConnectDeadline,
        b"\x03\0\0\0",
        Cause::TimedOut,
    );
    check(eof(), b"SSH-", Cause::NotRtmp);
    check(eof(), b"HTTP", Cause::AnsweredHttp);
    check(eof(), b"\x16\x03", Cause::AnsweredTls);
    let reason = PeerText::new(&eof().to_string());
    check(eof(), b"\x03\0", Cause::BadRtmp { reason });
}

#[test]
fn a_name_server_that_fails_is_told_from_a_name_that_is_not() {
    let check = |text: &str, expected| {
        assert_eq!(of_name(&io::Error::other(text.to_owned())), expected);
    };
    check(
        "failed to lookup address information: Temporary failure in name resolution",
        Cause::NameServer,
    );
    check(
        "failed to lookup address information: Name or service not known",
        Cause::NameUnknown,
    );
}
