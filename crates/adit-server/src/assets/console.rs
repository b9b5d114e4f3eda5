//! The files of the console, which the API listener serves.

use super::{CONTENT_POLICY, respond};
use adit_net::http::header::{self, HeaderValue};
use adit_net::http::{HeaderMap, Response, StatusCode};
use axum::http::uri::Authority;
use bytes::Bytes;
use std::net::SocketAddr;

/// Answers a request for `/console` or what is below it; `None` if there is no such file. `asked` are the fields of the
/// request, `public` the addresses of the public ports, from which previews are played.
pub(crate) fn console(
    path: &str,
    asked: &HeaderMap,
    public: &[SocketAddr],
) -> Option<Response<Bytes>> {
    match path {
        "/console" => Some(moved()),
        "/console/" => {
            let mut page = respond("console/index.html", asked)?;
            let policy = policy(asked, public);
            page.headers_mut()
                .insert(header::CONTENT_SECURITY_POLICY, policy);
            Some(page)
        }
        _ => {
            let file = path.strip_prefix("/console/_adit/")?;
            respond(file, asked)
        }
    }
}

/// The addresses in the page are relative to a directory.
fn moved() -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    let directory = HeaderValue::from_static("/console/");
    response.headers_mut().insert(header::LOCATION, directory);
    response
}

/// What the console may do: what every page may, and play from the public ports, which are other origins than its own.
fn policy(asked: &HeaderMap, public: &[SocketAddr]) -> HeaderValue {
    let host = asked
        .get(header::HOST)
        .and_then(|host| host.to_str().ok()?.parse::<Authority>().ok());
    let origins = public.iter().map(|address| {
        // A port on all addresses is asked for on the one that the console came from.
        let name = match (&host, address) {
            (Some(host), _) if address.ip().is_unspecified() => host.host().to_owned(),
            (_, SocketAddr::V4(address)) => address.ip().to_string(),
            (_, SocketAddr::V6(address)) => format!("[{}]", address.ip()),
        };
        let port = address.port();
        format!(" http://{name}:{port} ws://{name}:{port}")
    });
    let origins = format!("connect-src 'self'{}", origins.collect::<String>());
    let policy = CONTENT_POLICY.replace("connect-src 'self'", &origins);
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static(CONTENT_POLICY))
}

#[cfg(test)]
mod tests;
