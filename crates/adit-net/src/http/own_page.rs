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
    is_page_of(origin, fields, is_fixed)
}

/// Whether a page of a stranger may make the browser of a visitor ask this, so that the address of the visitor says nothing about who
/// reads the answer. `is_tls` is how it came, `hosts` are names of this server without a port, and `pages` tells other pages that are
/// trusted by their origins.
///
/// A browser names a page of another site in `Origin` wherever a script is to read the answer. A page that made its own name
/// lead here (DNS rebinding) asks its own site, and may name nothing but the host: that has to be one that no stranger can give
/// another meaning, unless TLS has shown it to the browser. What sends neither field is no browser.
pub fn is_from_stranger(
    fields: &HeaderMap,
    is_tls: bool,
    hosts: &[String],
    pages: impl Fn(&str) -> bool,
) -> bool {
    let is_ours = |host: &str| {
        let name = without_port(host);
        let is_listed = |name: &str| hosts.iter().any(|own| own.eq_ignore_ascii_case(name));
        is_fixed(host) || name.is_some_and(|name| is_kept(name) || is_listed(name))
    };
    let mut origins = fields.get_all(header::ORIGIN).iter();
    let has_strange_page = origins
        .any(|origin| !is_page_of(origin, fields, is_ours) && !origin.to_str().is_ok_and(&pages));
    let mut asked = fields.get_all(header::HOST).iter();
    let has_strange_host = asked.any(|host| !host.to_str().is_ok_and(is_ours));
    has_strange_page || (has_strange_host && !is_tls)
}

fn is_page_of(origin: &HeaderValue, fields: &HeaderMap, is_ours: impl Fn(&str) -> bool) -> bool {
    let (Ok(origin), Some(Ok(host))) = (
        origin.to_str(),
        fields.get(header::HOST).map(HeaderValue::to_str),
    ) else {
        return false;
    };
    match origin.split_once("://") {
        Some(("https", page)) => page.eq_ignore_ascii_case(host),
        Some(("http", page)) => page.eq_ignore_ascii_case(host) && is_ours(host),
        _ => false,
    }
}

/// Whether a host with or without a port means the same machine whatever a name server says.
fn is_fixed(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    host.parse::<SocketAddr>().is_ok()
        || bare.unwrap_or(host).parse::<IpAddr>().is_ok()
        || without_port(host).is_some_and(|name| name.eq_ignore_ascii_case("localhost"))
}

/// Whether a name is nobody's in the Internet, because it has no domain or one that is kept for the network around a machine.
fn is_kept(name: &str) -> bool {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let mut labels = name.split('.');
    if !labels.all(|label| !label.is_empty() && label.bytes().all(is_name)) {
        return false;
    }
    let name = name.to_ascii_lowercase();
    // A bare number is an address written oddly, and no browser sends one.
    let has_domain = name.contains('.') || name.bytes().all(|byte| byte.is_ascii_digit());
    !has_domain || KEPT.iter().any(|domain| name.ends_with(domain))
}

/// The name of a host, also where it ends in a full stop; nothing if what follows it is no port.
fn without_port(host: &str) -> Option<&str> {
    let (name, port) = host.split_once(':').unwrap_or((host, ""));
    let is_port = port.bytes().all(|byte| byte.is_ascii_digit());
    is_port.then(|| name.strip_suffix('.').unwrap_or(name))
}

/// Domains that lead to no stranger: [RFC 6761 6.3], [RFC 6762 3], [RFC 8375 3], and the one ICANN has set aside for private use.
const KEPT: [&str; 4] = [".localhost", ".local", ".home.arpa", ".internal"];

#[cfg(test)]
mod tests;
