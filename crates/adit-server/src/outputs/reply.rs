//! Responses that are the same for all outputs.

use adit_net::http::header::HeaderValue;
use adit_net::http::{HttpBody, Response, StatusCode, Why, header};
use bytes::Bytes;

pub(super) const fn value(text: &'static str) -> HeaderValue {
    HeaderValue::from_static(text)
}

/// A line for whoever looks, and for the log where it refuses; nothing of what was asked is repeated in it.
pub(super) fn text(status: StatusCode, words: &'static str) -> Response<HttpBody> {
    let mut response = Response::new(HttpBody::from(Bytes::from_static(words.as_bytes())));
    *response.status_mut() = status;
    let fields = response.headers_mut();
    fields.insert(header::CONTENT_TYPE, value("text/plain; charset=utf-8"));
    fields.insert(header::CACHE_CONTROL, value("no-store"));
    fields.insert(header::X_CONTENT_TYPE_OPTIONS, value("nosniff"));
    if status.is_client_error() || status.is_server_error() {
        response.extensions_mut().insert(Why::new(words.trim_end()));
    }
    response
}

pub(super) fn not_live() -> Response<HttpBody> {
    let mut response = text(
        StatusCode::NOT_FOUND,
        "this stream is not live; ?wait=10 waits ten seconds for it\n",
    );
    response.extensions_mut().insert(Why::new("it is not live"));
    response
}

/// There is no room now.
pub(super) fn busy() -> Response<HttpBody> {
    let mut response = text(
        StatusCode::SERVICE_UNAVAILABLE,
        "too many viewers; try again later\n",
    );
    let fields = response.headers_mut();
    fields.insert(header::RETRY_AFTER, value("5"));
    response
}

/// Nobody is let in any more.
pub(super) fn leaving() -> Response<HttpBody> {
    let mut response = text(
        StatusCode::SERVICE_UNAVAILABLE,
        "the server is being taken down; try again later\n",
    );
    let fields = response.headers_mut();
    fields.insert(header::RETRY_AFTER, value("5"));
    // Whoever stands in front takes another connection, and so another server.
    fields.insert(header::CONNECTION, value("close"));
    response
}

/// Media of this type that begins now.
pub(super) fn media(kind: &'static str, body: HttpBody) -> Response<HttpBody> {
    let mut response = Response::new(body);
    let fields = response.headers_mut();
    fields.insert(header::CONTENT_TYPE, value(kind));
    fields.insert(header::CACHE_CONTROL, value("no-store"));
    fields.insert(header::X_CONTENT_TYPE_OPTIONS, value("nosniff"));
    response
}
