//! Whether a page that asks something is a page of this server.

use hyper::HeaderMap;
use hyper::header::{self, HeaderValue};
use std::net::{IpAddr, SocketAddr};

/// Whether `origin`, the page that asks, surely came from the host that is asked.
///
/// Equal names are not enough: whoever owns a name can make it lead here once a page of his is loaded (DNS rebinding). So
/// the host is one that nobody can give another meaning, an address or `localhost`, or the page came by HTTPS, and the
/// browser has seen a certificate for the name on this connection as on the one before. Other names are for the
/// configuration to allow.
pub(super) fn is_own_page(origin: &HeaderValue, fields: &HeaderMap) -> bool {
    let (Ok(origin), Some(Ok(host))) = (
        origin.to_str(),
        fields.get(header::HOST).map(HeaderValue::to_str),
    ) else {
        return false;
    };
    match origin.split_once("://") {
        Some(("https", page)) => page.eq_ignore_ascii_case(host),
        Some(("http", page)) => page.eq_ignore_ascii_case(host) && is_fixed(host),
        _ => false,
    }
}

/// Whether a host with or without a port means the same machine whatever a name server says.
fn is_fixed(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    let name = host.split_once(':').map_or(host, |(name, _)| name);
    host.parse::<SocketAddr>().is_ok()
        || bare.unwrap_or(host).parse::<IpAddr>().is_ok()
        || name.eq_ignore_ascii_case("localhost")
}

#[cfg(test)]
mod tests;
