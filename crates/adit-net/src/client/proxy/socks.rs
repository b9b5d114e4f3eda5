//! SOCKS 4, 4a and 5 over a connection to the proxy.

use super::{AuthScheme, Proxy, ProxyError, ProxyKind};
use crate::client::connector::Connector;
use crate::client::error::DialError;
use crate::client::stream::ClientStream;
use crate::client::target::{Host, Target};
use std::borrow::Cow;
use std::io;
use std::net::SocketAddr;
use tokio_socks::tcp::{Socks4Stream, Socks5Stream};
use tokio_socks::{Error, TargetAddr};

/// Why there is no connection: the server's name is unknown here, or the proxy makes none.
pub(in crate::client) enum SocksFailure {
    Name(DialError),
    Proxy(ProxyError),
}

impl From<ProxyError> for SocksFailure {
    fn from(error: ProxyError) -> Self {
        Self::Proxy(error)
    }
}

/// A connection to `target` through `proxy`.
pub(in crate::client) async fn socks(
    connector: &Connector,
    proxy: &Proxy,
    target: &Target,
) -> Result<ClientStream, SocksFailure> {
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
    result.map_err(|error| refusal(error, proxy, target).into())
}

/// What the proxy is told: an address, or the name if it is to resolve it.
async fn place(
    connector: &Connector,
    proxy: &Proxy,
    target: &Target,
) -> Result<TargetAddr<'static>, SocksFailure> {
    let v4_only = matches!(proxy.kind(), ProxyKind::Socks4 | ProxyKind::Socks4a);
    let fits = |address: &SocketAddr| !v4_only || address.is_ipv4();
    let far = matches!(proxy.kind(), ProxyKind::Socks4a | ProxyKind::Socks5h);
    if let (Host::Name(name), true) = (target.host(), far) {
        let name = Cow::Owned(name.as_str().to_owned());
        return Ok(TargetAddr::Domain(name, target.port()));
    }
    let addresses = connector
        .resolve(target)
        .await
        .map_err(SocksFailure::Name)?;
    let address = addresses.into_iter().find(fits);
    address.map(TargetAddr::Ip).ok_or_else(|| {
        SocksFailure::Proxy(ProxyError::NotExpressible {
            target: target.to_string(),
            reason: "SOCKS 4 knows no IPv6 addresses",
        })
    })
}

fn refusal(error: Error, proxy: &Proxy, target: &Target) -> ProxyError {
    let unreachable = |reason: &str| ProxyError::TargetUnreachable {
        target: target.to_string(),
        reason: reason.to_owned(),
    };
    match error {
        Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => ProxyError::HungUp,
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
        Error::PasswordAuthFailure(_)
        | Error::AuthorizationRequired
        | Error::IdentdAuthFailure
        | Error::InvalidUserIdAuthFailure => ProxyError::CredentialsRefused {
            scheme: AuthScheme::Basic,
        },
        Error::ConnectionNotAllowedByRuleset => ProxyError::Forbidden {
            target: target.to_string(),
            status: 2,
        },
        Error::GeneralSocksServerFailure => unreachable("general failure"),
        Error::NetworkUnreachable => unreachable("network unreachable"),
        Error::HostUnreachable => unreachable("host unreachable"),
        Error::ConnectionRefused => unreachable("connection refused"),
        Error::TtlExpired => unreachable("time to live expired"),
        Error::CommandNotSupported => ProxyError::NoConnect { status: 7 },
        Error::AddressTypeNotSupported => ProxyError::NotExpressible {
            target: target.to_string(),
            reason: "it does not take this kind of address",
        },
        Error::InvalidTargetAddress(_) => ProxyError::NotExpressible {
            target: target.to_string(),
            reason: "the name does not fit into a request",
        },
        Error::InvalidAuthValues(_) => ProxyError::NotExpressible {
            target: target.to_string(),
            reason: "SOCKS 5 takes user names and passwords of 1 to 255 bytes",
        },
        _ => ProxyError::NotAProxy { protocol: "SOCKS" },
    }
}
