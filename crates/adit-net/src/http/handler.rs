//! What answers the requests that are not the tunnel's.

use super::{HttpBody, RequestBody};
use crate::carrier::CarrierInfo;
use bytes::Bytes;
use hyper::{Request, Response, StatusCode, header};
use std::future::Future;
use std::pin::Pin;

/// A response to come.
pub type HttpFuture = Pin<Box<dyn Future<Output = Response<HttpBody>> + Send>>;

/// Answers the HTTP requests that are not for the tunnel: pages, HTTP-FLV, HLS, an API.
///
/// Header size, header and body deadlines and keep-alive are enforced before and around it. The size of
/// a request body is the handler's to bound.
pub trait HttpHandler: Send + Sync + 'static {
    /// Answers one request. `info` says who asks; its transport is the one a tunnel on this connection would have.
    ///
    /// A response that refuses may say [`Why`](super::Why) among its extensions: that stands in the log.
    ///
    /// The future is dropped when the peer is gone. A panic ends this connection only.
    fn handle(&self, request: Request<RequestBody>, info: &CarrierInfo) -> HttpFuture;

    /// Whether it tells for itself who is there already from who comes anew, for such requests: they are then handed to it also over
    /// connections that came when nobody was let in any more. All others are refused there.
    fn tells_strangers(&self, request: &Request<RequestBody>) -> bool {
        let _ = request;
        false
    }
}

/// Answers every request with 404.
#[derive(Debug, Clone, Copy, Default)]
pub struct NotFound;

impl HttpHandler for NotFound {
    fn handle(&self, _: Request<RequestBody>, _: &CarrierInfo) -> HttpFuture {
        let mut response = Response::new(HttpBody::from(Bytes::from_static(b"not found\n")));
        *response.status_mut() = StatusCode::NOT_FOUND;
        let plain = header::HeaderValue::from_static("text/plain; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, plain);
        Box::pin(std::future::ready(response))
    }
}
