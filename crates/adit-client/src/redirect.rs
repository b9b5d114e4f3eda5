//! Following servers that send a client elsewhere.
//!
//! Two ways: a refused `connect` with `code` 302 and a `redirect`, and the reconnect request
//! [E-RTMP v2 Reconnect Request] with a `tcUrl`, absolute or relative to the current one. Both name
//! an application; the stream stays the one the user gave. What a server may do to its client by
//! them is limited:
//!
//! * never from TLS to no TLS;
//! * user and password go on only to the same host;
//! * never from the open internet to this machine or its own network;
//! * at most [`limits::REDIRECTS`] redirects for one connection, never to where it was;
//! * at most [`limits::RECONNECTS`] reconnect requests within [`limits::RECONNECT_WINDOW`].

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Instant;

use crate::address::{AddressError, Host, Target};
use crate::limits;

/// Why a server is not followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedirectError {
    /// It names no server.
    #[error("the server sends us to what is no address: {0}")]
    Address(#[from] AddressError),
    /// It would give up TLS.
    #[error("the server sends us from TLS to a connection without it")]
    Downgrade,
    /// It points from the internet into this machine or network.
    #[error("the server sends us to an address of our own network")]
    Inward,
    /// It points to where we are or have just been.
    #[error("the server sends us in a circle")]
    Circle,
    /// It has sent us on too often.
    #[error(
        "the server has sent us on {} times and does so again",
        limits::REDIRECTS
    )]
    TooMany,
    /// It has asked to connect again too often.
    #[error(
        "the server has asked us to connect again {} times within {} s and does so again",
        limits::RECONNECTS,
        limits::RECONNECT_WINDOW.as_secs()
    )]
    TooManyReconnects,
}

/// What servers of one destination have asked for lately.
///
/// ```
/// use std::time::Instant;
///
/// use adit_client::Target;
/// use adit_client::redirect::{RedirectError, Redirects};
///
/// let current = Target::parse("rtmps://live.example.com/app/key")?;
/// let mut redirects = Redirects::new();
/// redirects.begin();
/// let next = redirects.redirect(&current, "rtmps://node7.example.com/app")?;
/// assert_eq!(next, Target::parse("rtmps://node7.example.com/app/key")?);
/// let refused = redirects.redirect(&next, "rtmp://node7.example.com/app");
/// assert_eq!(refused, Err(RedirectError::Downgrade));
/// // Later, on the connection that came about, perhaps with nothing but the request:
/// assert_eq!(redirects.reconnect(Instant::now(), &next, None)?, next);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Redirects {
    /// Where the connection in the making was sent away from; at most [`limits::REDIRECTS`].
    left: Vec<Target>,
    /// When reconnect requests were followed; at most [`limits::RECONNECTS`].
    reconnected: VecDeque<Instant>,
}

impl Redirects {
    /// None followed yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A new connection is made: redirects count anew, reconnect requests do not.
    pub fn begin(&mut self) {
        self.left.clear();
    }

    /// Where to connect instead of `current`, whose server has refused the `connect` with a redirect to `url`: an absolute
    /// address, or one relative to the current `tcUrl`.
    ///
    /// # Errors
    ///
    /// When the server must not be followed. The count is unchanged then.
    pub fn redirect(&mut self, current: &Target, url: &str) -> Result<Target, RedirectError> {
        let next = resolve(current, url)?;
        check(current, &next)?;
        let is_there = |target| is_same_place(target, &next);
        if is_there(current) || self.left.iter().any(is_there) {
            return Err(RedirectError::Circle);
        }
        if self.left.len() >= limits::REDIRECTS {
            return Err(RedirectError::TooMany);
        }
        self.left.push(current.clone());
        Ok(next)
    }

    /// Where to connect after `current`, whose server asks to connect again: to an absolute address, to one relative to the
    /// current `tcUrl`, or, if it gives none, to the same again.
    ///
    /// # Errors
    ///
    /// When the server must not be followed. The count is unchanged then.
    pub fn reconnect(
        &mut self,
        now: Instant,
        current: &Target,
        url: Option<&str>,
    ) -> Result<Target, RedirectError> {
        let is_old =
            |at: &mut Instant| now.saturating_duration_since(*at) >= limits::RECONNECT_WINDOW;
        while self.reconnected.pop_front_if(is_old).is_some() {}
        let next = resolve(current, url.unwrap_or(""))?;
        check(current, &next)?;
        if self.reconnected.len() >= limits::RECONNECTS {
            return Err(RedirectError::TooManyReconnects);
        }
        self.reconnected.push_back(now);
        Ok(next)
    }
}

/// The target that a reference names, with the stream of the current one.
fn resolve(current: &Target, url: &str) -> Result<Target, RedirectError> {
    let url = url.trim();
    let scheme = current.scheme();
    let server = || match current.port() {
        Some(port) => format!("{scheme}://{}:{port}", current.host().in_url()),
        None => format!("{scheme}://{}", current.host().in_url()),
    };
    let absolute = if url.is_empty() {
        return Ok(current.clone());
    } else if url.contains("://") && !url.starts_with('/') {
        url.to_owned()
    } else if url.starts_with("//") {
        format!("{scheme}:{url}")
    } else if url.starts_with('/') {
        format!("{}{url}", server())
    } else {
        let folder = current
            .app()
            .rsplit_once('/')
            .map_or("", |(folder, _)| folder);
        let slash = if folder.is_empty() { "" } else { "/" };
        format!("{}/{folder}{slash}{url}", server())
    };
    let next = Target::from_server_and_key(&absolute, "")?;
    // Credentials in the address of a server are the server's idea, not the user's.
    let kept = (next.host() == current.host())
        .then(|| current.credentials().cloned())
        .flatten();
    Ok(next.with_credentials(kept).with_stream_of(current))
}

fn check(current: &Target, next: &Target) -> Result<(), RedirectError> {
    if current.scheme().is_secure() && !next.scheme().is_secure() {
        return Err(RedirectError::Downgrade);
    }
    if is_inward(next.host()) && !is_inward(current.host()) && current.host() != next.host() {
        return Err(RedirectError::Inward);
    }
    Ok(())
}

fn is_same_place(one: &Target, other: &Target) -> bool {
    let place = |target: &Target| (target.port_or_default(), target.tc_url());
    place(one) == place(other)
}

fn is_inward(host: &Host) -> bool {
    match (host.ip(), host.name()) {
        (Some(ip), _) => is_inward_address(ip),
        (None, Some(name)) => {
            let last = name.trim_end_matches('.').rsplit('.').next();
            matches!(last, Some("localhost" | "local"))
        }
        (None, None) => false,
    }
}

/// Whether an address belongs to this machine or its own network, or to nobody.
///
/// Names are checked after they were looked up: a driver that follows a redirect asks this of each
/// address it is about to connect to.
///
/// ```
/// use adit_client::redirect::is_inward_address;
///
/// assert!(is_inward_address([192, 168, 0, 7].into()));
/// assert!(!is_inward_address([192, 0, 2, 7].into()));
/// ```
pub fn is_inward_address(ip: IpAddr) -> bool {
    match reached_address(ip) {
        IpAddr::V4(ip) => is_inward_v4(ip),
        IpAddr::V6(ip) => {
            let [first, ..] = ip.segments();
            ip.is_loopback()
                || ip.is_unspecified()
                || ip.is_multicast()
                || first & 0xfe00 == 0xfc00
                || first & 0xffc0 == 0xfe80
        }
    }
}

/// The address that is reached by another one: IPv4 where IPv6 only stands for it, be it mapped or by NAT64 [RFC 6052 2.1].
///
/// ```
/// use std::net::Ipv6Addr;
///
/// use adit_client::redirect::reached_address;
///
/// let nat64 = Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0x7f00, 1);
/// assert_eq!(reached_address(nat64.into()), std::net::Ipv4Addr::LOCALHOST);
/// ```
pub fn reached_address(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => match ip.segments() {
            [0x64, 0xff9b, 0, 0, 0, 0, _, _] => {
                let [.., a, b, c, d] = ip.octets();
                Ipv4Addr::new(a, b, c, d).into()
            }
            _ => ip.into(),
        },
        v4 @ IpAddr::V4(_) => v4,
    }
}

fn is_inward_v4(ip: Ipv4Addr) -> bool {
    let [first, second, ..] = ip.octets();
    let shared = first == 100 && second & 0xc0 == 64;
    ip.is_loopback()
        || ip.is_private()
        || ip.is_link_local()
        || ip.is_multicast()
        || ip.is_broadcast()
        || first == 0
        || shared
}
