//! One request in, one response out.

use super::body::{HttpBody, RequestBody, ResponseBody};
use super::exchange::{BadRequest, Exchange};
use super::framing::BodyFrame;
use super::tunnel;
use crate::acceptor::Door;
use crate::carrier::{CarrierInfo, Origin};
use hyper::body::{Body, Incoming};
use hyper::header::{self, HeaderValue};
use hyper::{HeaderMap, Request, Response, StatusCode, Version};
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// Answers the requests of one connection.
pub(super) struct Service {
    door: Arc<Door>,
    exchange: Arc<Exchange>,
    origin: Arc<Origin>,
    info: CarrierInfo,
}

impl Service {
    pub(super) fn new(door: Arc<Door>, exchange: Arc<Exchange>, origin: Origin) -> Self {
        let info = origin.clone().tunnel();
        Self {
            door,
            exchange,
            origin: Arc::new(origin),
            info,
        }
    }

    fn respond(&self, request: Request<Incoming>) -> Answer {
        self.door.counters.http_requests().count();
        if let Err(bad) = self
            .exchange
            .begin(frame(&request))
            .and_then(|()| encoding(&request))
        {
            self.door.counters.http_bad_headers().count();
            tracing::debug!(peer = %self.origin.peer, ?bad, "ambiguous http request");
            return Box::pin(std::future::ready(closing(StatusCode::BAD_REQUEST)));
        }
        match tunnel::target(&request) {
            Some(target) => {
                let asked = tunnel::Asked {
                    door: Arc::clone(&self.door),
                    exchange: Arc::clone(&self.exchange),
                    origin: Arc::clone(&self.origin),
                };
                Box::pin(asked.answer(target, request))
            }
            None => self
                .door
                .config
                .http
                .handler
                .handle(request.map(RequestBody), &self.info),
        }
    }
}

type Answer = Pin<Box<dyn Future<Output = Response<HttpBody>> + Send>>;

impl hyper::service::Service<Request<Incoming>> for Service {
    type Response = Response<ResponseBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<ResponseBody>, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let keep = keeps_alive(request.version(), request.headers());
        let exchange = Arc::clone(&self.exchange);
        let answer = self.respond(request);
        Box::pin(async move {
            let mut response = answer.await;
            let fields = response.headers_mut();
            if !fields.contains_key(header::CONNECTION) {
                fields.insert(
                    header::CONNECTION,
                    HeaderValue::from_static(if keep { KEEP } else { CLOSE }),
                );
            }
            Ok(response.map(|body| ResponseBody::new(body, exchange)))
        })
    }
}

/// An empty response after which the connection ends.
pub(super) fn closing(status: StatusCode) -> Response<HttpBody> {
    let mut response = Response::new(HttpBody::default());
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONNECTION, HeaderValue::from_static(CLOSE));
    response
}

/// How the body is framed, as the library read it.
fn frame(request: &Request<Incoming>) -> BodyFrame {
    if request.headers().contains_key(header::TRANSFER_ENCODING) {
        BodyFrame::CHUNKED
    } else {
        BodyFrame::Length(request.body().size_hint().exact().unwrap_or(0))
    }
}

/// Refuses every transfer coding but `chunked` alone.
fn encoding(request: &Request<Incoming>) -> Result<(), BadRequest> {
    let mut codings = request.headers().get_all(header::TRANSFER_ENCODING).iter();
    if codings.all(|coding| {
        coding
            .as_bytes()
            .trim_ascii()
            .eq_ignore_ascii_case(b"chunked")
    }) {
        Ok(())
    } else {
        Err(BadRequest::Coding)
    }
}

/// Whether the client wants to use the connection again [RFC 9112 9.3]. HTTP/1.0 must ask for it.
fn keeps_alive(version: Version, fields: &HeaderMap) -> bool {
    let says = |word: &[u8]| {
        fields
            .get_all(header::CONNECTION)
            .iter()
            .flat_map(|value| value.as_bytes().split(|&byte| byte == b','))
            .any(|option| option.trim_ascii().eq_ignore_ascii_case(word))
    };
    !says(b"close") && (version == Version::HTTP_11 || says(b"keep-alive"))
}

const KEEP: &str = "Keep-Alive";
const CLOSE: &str = "close";
