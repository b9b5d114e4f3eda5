//! What scripts of other pages may read.

use adit_net::http::header::HeaderValue;
use adit_net::http::{HttpBody, Response, StatusCode, header};

use super::config::Origins;
use super::reply::value;
use super::request::Asked;

/// Says in the response who may read it.
pub(super) fn allow(origins: &Origins, asked: &Asked, response: &mut Response<HttpBody>) {
    let fields = response.headers_mut();
    let allowed = match origins {
        Origins::Any => Some(value("*")),
        Origins::Listed(_) => {
            fields.append(header::VARY, value("Origin"));
            let origin = asked.field(header::ORIGIN);
            let origin = origin.filter(|origin| origins.contains(origin));
            origin.and_then(|origin| HeaderValue::from_str(origin).ok())
        }
    };
    if let Some(allowed) = allowed {
        fields.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
        fields.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            value("Content-Length, Content-Range"),
        );
    }
}

/// The answer to whoever asks before he asks.
pub(super) fn preflight() -> Response<HttpBody> {
    let mut response = Response::new(HttpBody::default());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let fields = response.headers_mut();
    for (name, text) in [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "Authorization, Range"),
        (header::ACCESS_CONTROL_MAX_AGE, "600"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        fields.insert(name, value(text));
    }
    response
}

/// Whether a page may open a WebSocket here. Browsers do not ask that of the response, so it is decided before.
pub(super) fn may_connect(origins: &Origins, asked: &Asked) -> bool {
    let Some(origin) = asked.field(header::ORIGIN) else {
        return !asked.fields.contains_key(header::ORIGIN);
    };
    let host = origin.split_once("://").map(|(_, host)| host);
    let is_ours = host.is_some() && host == asked.field(header::HOST);
    is_ours || origins.contains(origin)
}
