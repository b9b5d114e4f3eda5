//! From what the network says to what a plan reports.

use std::io;

use adit_net::Transport;
use adit_net::client::{
    Cause as NetCause, DialError, PeerCertificate, ProxyError, Stage as NetStage, TlsFailure,
    TunnelBroken, TunnelClientError, TunnelError,
};
use adit_rtmp::handshake::HandshakeError;
use adit_rtmp::session::SessionError;

use crate::link::{Lost, LostCause};
use crate::plan::{Cause, Certificate, CertificateFault, Failure, PeerText, Stage, Trust};

/// The stage of a plan that a step of the network is.
pub(super) fn stage(stage: NetStage) -> Stage {
    match stage {
        NetStage::Dns => Stage::Dns,
        NetStage::Tcp => Stage::Tcp,
        NetStage::Proxy => Stage::Proxy,
        NetStage::Tls => Stage::Tls,
        // What the network may add later comes after what it has now.
        _ => Stage::Http,
    }
}

/// A certificate as reports show it.
pub(super) fn certificate(certificate: &PeerCertificate, trust: Trust) -> Certificate {
    Certificate::new(
        certificate.issuer.as_deref().unwrap_or("nobody named"),
        trust,
    )
}

/// The certificate that was the reason for a failure: the server's, or that of a proxy.
pub(super) fn refused_certificate(error: &DialError) -> Option<Certificate> {
    let failure = match error.cause() {
        NetCause::Tls { failure, .. } => failure,
        NetCause::Proxy {
            error: ProxyError::Unreachable(error),
            ..
        } => return refused_certificate(error).map(Certificate::of_proxy),
        _ => return None,
    };
    let seen = failure.peer_certificate()?;
    Some(match failure {
        TlsFailure::WrongName { names, .. } => {
            certificate(seen, Trust::WrongName).for_names(PeerText::new(names))
        }
        TlsFailure::Date { .. } => certificate(seen, Trust::OutOfDate),
        _ => certificate(seen, Trust::Refused),
    })
}

/// A connection that did not come about.
pub(super) fn of_dial(error: &DialError) -> Failure {
    Failure::new(stage_of(error), of_cause(error.cause()))
}

/// The stage in which there was no connection. Name and TCP of a proxy are stages of their own, its TLS is not.
fn stage_of(error: &DialError) -> Stage {
    match error.cause() {
        NetCause::Proxy {
            error: ProxyError::Unreachable(error),
            ..
        } => stage(error.stage()).min(Stage::Proxy),
        _ => stage(error.stage()),
    }
}

fn of_cause(cause: &NetCause) -> Cause {
    match cause {
        NetCause::Name { source, .. } => of_name(source),
        NetCause::NoAddress { .. } => Cause::NameUnknown,
        NetCause::Silent { .. } => Cause::TimedOut,
        NetCause::Refused { .. } => Cause::Refused,
        NetCause::Unreachable { .. } => Cause::Unreachable,
        NetCause::TurnedAway { .. } => Cause::TurnedAway,
        NetCause::Proxy { error, .. } => of_proxy(error),
        NetCause::Tls { failure, .. } => of_tls(failure),
        other => Cause::Other(PeerText::new(&other.to_string())),
    }
}

/// A tunnel that did not come about.
pub(super) fn of_tunnel(error: &TunnelError) -> Failure {
    let cause = match error {
        TunnelError::Dial(error) => return of_dial(error),
        TunnelError::Tunnel {
            error,
            redirected_to,
            ..
        } => of_http(*error, redirected_to.as_deref()),
        TunnelError::Ended { .. } => Cause::BadTunnel {
            reason: PeerText::new("the server ends the tunnel as soon as there is one"),
        },
        other => Cause::Other(PeerText::new(&other.to_string())),
    };
    Failure::new(Stage::Http, cause)
}

/// A connection that was lost before it was of use.
pub(super) fn of_lost(lost: &Lost, transport: Transport, stage: Stage) -> Failure {
    let cause = match &lost.cause {
        LostCause::Session(error) => of_session(error, lost.first_bytes()),
        LostCause::Io(error) if transport.is_tunnel() => of_broken_tunnel(error),
        LostCause::Stuck => Cause::TimedOut,
        LostCause::Io(_) | LostCause::Ended => Cause::Closed,
    };
    Failure::new(stage, cause)
}

/// A connection that was lost while its server was asked for the application `app`.
pub(super) fn of_lost_at_connect(lost: &Lost, transport: Transport, app: &str) -> Failure {
    let failure = of_lost(lost, transport, Stage::Connect);
    if *failure.cause() != Cause::Closed {
        return failure;
    }
    // The query behind it may be a secret.
    let application = PeerText::new(app.split('?').next().unwrap_or_default());
    Failure::new(Stage::Connect, Cause::HungUp { application })
}

/// What a session makes of the first bytes that have come.
fn of_session(error: &SessionError, first: &[u8]) -> Cause {
    use SessionError as E;
    match (first, error) {
        ([b'H', b'T', b'T', b'P', ..], _) => Cause::AnsweredHttp,
        ([0x15 | 0x16, 3, ..], _) => Cause::AnsweredTls,
        ([0..=2 | 4.., ..], _) => Cause::NotRtmp,
        (_, E::ConnectDeadline) | ([], E::HandshakeDeadline) => Cause::TimedOut,
        (_, E::HandshakeDeadline) => Cause::Slow,
        ([], E::Handshake(HandshakeError::Eof { .. })) => Cause::Closed,
        (_, error) => Cause::BadRtmp {
            reason: PeerText::new(&error.to_string()),
        },
    }
}

/// A tunnel that stood and is no more.
fn of_broken_tunnel(error: &io::Error) -> Cause {
    let broken = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<TunnelBroken>());
    match broken.map(TunnelBroken::error) {
        Some(TunnelClientError::Silence { .. }) => Cause::TimedOut,
        Some(TunnelClientError::ProxyAuthentication) => Cause::ProxyLoginMissing,
        _ => Cause::BadTunnel {
            reason: PeerText::new(&error.to_string()),
        },
    }
}

fn of_name(source: &io::Error) -> Cause {
    // The C library's words for a name server that did not answer; it has no error kind for it.
    let text = source.to_string();
    if text.contains("Temporary failure") || text.contains("try again") {
        Cause::NameServer
    } else {
        Cause::NameUnknown
    }
}

fn of_tls(failure: &TlsFailure) -> Cause {
    match failure {
        TlsFailure::UnknownIssuer { .. } => Cause::Certificate(CertificateFault::Untrusted),
        TlsFailure::WrongName { names, .. } => Cause::Certificate(CertificateFault::WrongName {
            names: PeerText::new(names),
        }),
        TlsFailure::Date { .. } => Cause::Certificate(CertificateFault::Expired),
        TlsFailure::Certificate { reason, .. } => Cause::Certificate(CertificateFault::Invalid {
            reason: PeerText::new(reason),
        }),
        TlsFailure::NotTls => Cause::NotTls,
        TlsFailure::Refused { alert } => Cause::TlsRefused {
            alert: PeerText::new(alert),
        },
        TlsFailure::HungUp => Cause::Closed,
        TlsFailure::Silent { .. } => Cause::TimedOut,
        other => Cause::Other(PeerText::new(&other.to_string())),
    }
}

fn of_proxy(error: &ProxyError) -> Cause {
    match error {
        ProxyError::Unreachable(inner) => of_cause(inner.cause()),
        ProxyError::CredentialsMissing { .. } => Cause::ProxyLoginMissing,
        ProxyError::CredentialsRefused { .. } => Cause::ProxyLoginRefused,
        ProxyError::UnknownSchemes { offered } => Cause::ProxyLoginUnsupported {
            offered: PeerText::new(offered),
        },
        ProxyError::Forbidden { reply, .. } | ProxyError::NoConnect { reply } => {
            Cause::ProxyDenied { reply: *reply }
        }
        ProxyError::TargetUnreachable { reply, .. } => Cause::ProxyCannotReach { reply: *reply },
        ProxyError::NameUnresolved { .. } => Cause::NameNotForProxy,
        ProxyError::Captive { status } => Cause::HttpStatus { status: *status },
        ProxyError::Other { reply } => Cause::ProxyFails { reply: *reply },
        ProxyError::NotAProxy { .. } | ProxyError::HeadTooLarge => Cause::NotAProxy,
        ProxyError::HungUp | ProxyError::NtlmConnectionClosed => Cause::Closed,
        ProxyError::Silent { .. } => Cause::TimedOut,
        other => Cause::Other(PeerText::new(&other.to_string())),
    }
}

fn of_http(error: TunnelClientError, redirected_to: Option<&str>) -> Cause {
    use TunnelClientError as E;
    match error {
        E::Page { .. } => Cause::HttpStatus { status: 200 },
        E::Redirected { status, .. } => Cause::HttpRedirect {
            status,
            to: PeerText::new(redirected_to.unwrap_or_default()),
        },
        E::NoTunnel { status }
        | E::Forbidden { status, .. }
        | E::SessionGone { status, .. }
        | E::Unavailable { status, .. }
        | E::Status { status, .. } => Cause::HttpStatus { status },
        E::ProxyAuthentication => Cause::ProxyLoginMissing,
        E::LengthRequired { .. } => Cause::HttpStatus { status: 411 },
        E::TooLarge { .. } | E::TooLargeLate => Cause::HttpStatus { status: 413 },
        E::Silence { .. } => Cause::TimedOut,
        E::ConnectionLost { .. } => Cause::Closed,
        E::NotHttp { .. } | E::HeadTooLong { .. } => Cause::BadHttp,
        other => Cause::BadTunnel {
            reason: PeerText::new(&other.to_string()),
        },
    }
}

#[cfg(test)]
mod tests;
