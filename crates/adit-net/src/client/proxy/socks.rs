//! SOCKS 4, 4a and 5 over a connection to the proxy.

use super::{AuthScheme, Proxy, ProxyError, ProxyKind, ProxyReply};
use crate::client::connector::Connector;
use crate::client::stream::ClientStream;
use crate::client::target::{Host, Target};
use std::borrow::Cow;
use std::net::SocketAddr;
use tokio_socks::tcp::{Socks4Stream, Socks5Stream};
use tokio_socks::{Error, TargetAddr};

/// A connection to `target` through `proxy`, or why it makes none.
pub(in crate::client) async fn socks(
    connector: &Connector,
    proxy: &Proxy,
    target: &Target,
) -> Result<ClientStream, ProxyError> {
    let place = place(connector, proxy, target).await?;
    let stream = connector.stream_to(proxy).await?;
    let credentials = proxy.credentials();
    let result = match (proxy.kind(), credentials) {
        (ProxyKind::Socks4 | ProxyKind::Socks4a, None) => {
            Socks4Stream::connect_with_socket(stream, place)
                .await
                .map(Socks4Stream::into_inner)
        }
        (ProxyKind::Socks4 | ProxyKind::Socks4a, Some(credentials)) => {
            Socks4Stream::connect_with_userid_and_socket(stream, place, &credentials.user)
                .await
                .map(Socks4Stream::into_inner)
        }
        (_, None) => Socks5Stream::connect_with_socket(stream, place)
            .await
            .map(Socks5Stream::into_inner),
        (_, Some(credentials)) => Socks5Stream::connect_with_password_and_socket(
            stream,
            place,
            &credentials.user,
            &credentials.password,
        )
        .await
        .map(Socks5Stream::into_inner),
    };
    result.map_err(|error| refusal(&error, proxy, target))
}

/// What the proxy is told: an address, or the name if it is to resolve it.
async fn place(
    connector: &Connector,
    proxy: &Proxy,
    target: &Target,
) -> Result<TargetAddr<'static>, ProxyError> {
    let v4_only = matches!(proxy.kind(), ProxyKind::Socks4 | ProxyKind::Socks4a);
    let fits = |address: &SocketAddr| !v4_only || address.is_ipv4();
    let far = matches!(proxy.kind(), ProxyKind::Socks4a | ProxyKind::Socks5h);
    if let (Host::Name(name), true) = (target.host(), far) {
        let name = Cow::Owned(name.as_str().to_owned());
        return Ok(TargetAddr::Domain(name, target.port()));
    }
    let unresolved = |error| ProxyError::NameUnresolved {
        target: target.to_string(),
        error: Box::new(error),
    };
    let addresses = connector.resolve(target).await.map_err(unresolved)?;
    let address = addresses.into_iter().find(fits);
    address
        .map(TargetAddr::Ip)
        .ok_or_else(|| ProxyError::NotExpressible {
            target: target.to_string(),
            reason: "SOCKS 4 knows no IPv6 addresses",
        })
}

fn refusal(error: &Error, proxy: &Proxy, target: &Target) -> ProxyError {
    if let Some(reply) = reply(error, proxy.kind()) {
        return replied(reply, target);
    }
    let not_expressible = |reason| ProxyError::NotExpressible {
        target: target.to_string(),
        reason,
    };
    match error {
        Error::Io(_) => ProxyError::HungUp,
        Error::NoAcceptableAuthMethods | Error::AuthorizationRequired
            if proxy.credentials().is_none() =>
        {
            ProxyError::CredentialsMissing {
                offered: "user name and password".to_owned(),
            }
        }
        Error::NoAcceptableAuthMethods | Error::UnknownAuthMethod => ProxyError::UnknownSchemes {
            offered: "another method".to_owned(),
        },
        Error::PasswordAuthFailure(_) | Error::AuthorizationRequired => {
            ProxyError::CredentialsRefused {
                scheme: AuthScheme::Basic,
            }
        }
        Error::InvalidTargetAddress(_) => not_expressible("the name does not fit into a request"),
        Error::InvalidAuthValues(_) => {
            not_expressible("SOCKS takes user names and passwords of 1 to 255 bytes")
        }
        _ => ProxyError::NotAProxy { protocol: "SOCKS" },
    }
}

/// The reply that the library has made an error of.
fn reply(error: &Error, kind: ProxyKind) -> Option<ProxyReply> {
    let v4 = matches!(kind, ProxyKind::Socks4 | ProxyKind::Socks4a);
    Some(match error {
        Error::GeneralSocksServerFailure if v4 => ProxyReply::Socks4(91),
        Error::IdentdAuthFailure => ProxyReply::Socks4(92),
        Error::InvalidUserIdAuthFailure => ProxyReply::Socks4(93),
        Error::GeneralSocksServerFailure => ProxyReply::Socks5(1),
        Error::ConnectionNotAllowedByRuleset => ProxyReply::Socks5(2),
        Error::NetworkUnreachable => ProxyReply::Socks5(3),
        Error::HostUnreachable => ProxyReply::Socks5(4),
        Error::ConnectionRefused => ProxyReply::Socks5(5),
        Error::TtlExpired => ProxyReply::Socks5(6),
        Error::CommandNotSupported => ProxyReply::Socks5(7),
        Error::AddressTypeNotSupported => ProxyReply::Socks5(8),
        _ => return None,
    })
}

fn replied(reply: ProxyReply, target: &Target) -> ProxyError {
    let target = target.to_string();
    match reply {
        ProxyReply::Socks5(2) => ProxyError::Forbidden { target, reply },
        ProxyReply::Socks5(1 | 3..=6) | ProxyReply::Socks4(91) => {
            ProxyError::TargetUnreachable { target, reply }
        }
        ProxyReply::Socks5(7) => ProxyError::NoConnect { reply },
        _ => ProxyError::Other { reply },
    }
}
