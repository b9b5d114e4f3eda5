//! `CONNECT` through an HTTP proxy [RFC 9110 9.3.6].

use super::{Kept, Proxy, ProxyError, ProxyReply};
use crate::client::connector::Connector;
use crate::client::http::{HttpConnection, HttpFailure};
use crate::client::limits;
use crate::client::stream::ClientStream;
use crate::client::target::Target;
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HOST, HeaderValue, LOCATION, PROXY_AUTHORIZATION};
use hyper::{HeaderMap, Request, Response, StatusCode};

/// A connection to `target`, or why the proxy makes none.
pub(in crate::client) async fn connect(
    connector: &Connector,
    proxy: &Proxy,
    target: &Target,
) -> Result<ClientStream, ProxyError> {
    let mut authorizer = proxy.authorizer();
    let mut kept: Option<HttpConnection> = None;
    let authority = target.to_string();
    for _ in 0..limits::PROXY_ROUNDS {
        let mut connection = if let Some(connection) = kept.take() {
            connection
        } else {
            authorizer.reconnected();
            HttpConnection::open(connector.stream_to(proxy).await?).await?
        };
        let request = request(&authority, authorizer.header("CONNECT", &authority)?)?;
        let response = match connection.ask(request).await {
            // It closed the connection while we thought it open, as it may after any 407.
            Err(HttpFailure::HungUp) if connection.used => continue,
            response => response?,
        };
        let status = response.status();
        if status.is_success() {
            if captive(&response) {
                let status = status.as_u16();
                return Err(ProxyError::Captive { status });
            }
            return Ok(connection.into_stream());
        }
        if status != StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            return Err(refusal(&response, authority));
        }
        let (head, body) = response.into_parts();
        let drained = connection.body(body, limits::DRAIN_BYTES).await.is_some();
        let open = drained && connection.is_ready().await;
        authorizer.challenged(&head.headers, if open { Kept::Open } else { Kept::Closed })?;
        kept = open.then_some(connection);
    }
    Err(ProxyError::TooManyRounds)
}

fn request(
    authority: &str,
    authorization: Option<HeaderValue>,
) -> Result<Request<Full<Bytes>>, ProxyError> {
    let mut request = Request::connect(authority)
        .header(HOST, authority)
        .header("proxy-connection", "Keep-Alive")
        .body(Full::default())
        .map_err(|_| ProxyError::NotExpressible {
            target: authority.to_owned(),
            reason: "it does not fit into a request",
        })?;
    if let Some(value) = authorization {
        request.headers_mut().insert(PROXY_AUTHORIZATION, value);
    }
    Ok(request)
}

/// Any 2xx is a connection, whatever length it states, except a page: that is a portal, which says 200 to everything.
fn captive(response: &Response<Incoming>) -> bool {
    let length = response
        .headers()
        .get("content-length")
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    let chunked = response.headers().contains_key("transfer-encoding");
    is_page(response.headers()) && (chunked || length.is_some_and(|length| length > 0))
}

fn is_page(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|kind| {
        let kind = kind.as_bytes();
        kind.len() >= PAGE.len()
            && kind
                .get(..PAGE.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(PAGE))
    })
}

fn refusal(response: &Response<Incoming>, target: String) -> ProxyError {
    let status = response.status();
    let code = status.as_u16();
    let reply = ProxyReply::Status(code);
    match code {
        511 => ProxyError::Captive { status: code },
        300..=399 if response.headers().contains_key(LOCATION) => {
            ProxyError::Captive { status: code }
        }
        401 | 403 => ProxyError::Forbidden { target, reply },
        405 | 501 => ProxyError::NoConnect { reply },
        502..=504 => ProxyError::TargetUnreachable { target, reply },
        _ => ProxyError::Other { reply },
    }
}

const PAGE: &[u8] = b"text/html";
