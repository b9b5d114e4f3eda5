//! HTTP/1 on a connection: the tunnel first, everything else to a handler.

mod body;
mod handler;

pub use body::{HttpBody, RequestBody};
pub use handler::{HttpFuture, HttpHandler, NotFound};
pub use hyper::{HeaderMap, Method, Request, Response, StatusCode, Uri, header};
