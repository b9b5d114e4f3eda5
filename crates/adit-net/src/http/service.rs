//! One request in, one response out.

use super::body::{HttpBody, RequestBody, ResponseBody};
use super::elsewhere::Bridge;
use super::exchange::{BadRequest, Exchange};
use super::framing::BodyFrame;
use super::tunnel;
use crate::acceptor::Door;
use crate::admission::Charge;
use crate::carrier::{CarrierInfo, Origin};
use crate::connection::LEAVING;
use bytes::Bytes;
use hyper::body::{Body, Incoming};
use hyper::header::{self, HeaderValue};
use hyper::{HeaderMap, Method, Request, Response, StatusCode, Version};
use std::borrow::Cow;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

/// Answers the requests of one connection.
pub(super) struct Service {
    door: Arc<Door>,
    exchange: Arc<Exchange>,
    origin: Arc<Origin>,
    info: CarrierInfo,
    charge: Arc<Mutex<Option<Charge>>>,
    bridge: Arc<Bridge>,
    came: Came,
}

/// Whether the connection came while the server still let people in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Came {
    InTime,
    TooLate,
}

impl Service {
    pub(super) fn new(
        door: Arc<Door>,
        exchange: Arc<Exchange>,
        origin: Origin,
        charge: Option<Charge>,
    ) -> Self {
        let info = origin.clone().tunnel();
        let came = if door.refuses_strangers() {
            Came::TooLate
        } else {
            Came::InTime
        };
        Self {
            came,
            bridge: Arc::default(),
            door,
            exchange,
            origin: Arc::new(origin),
            info,
            charge: Arc::new(Mutex::new(charge)),
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
            let refusal = closing(StatusCode::BAD_REQUEST, bad.words());
            return Box::pin(std::future::ready(refusal));
        }
        match tunnel::target(&request) {
            Some(target) if self.came == Came::TooLate && !tunnel::is_of_session(Some(target)) => {
                Box::pin(std::future::ready(leaving()))
            }
            Some(target) => {
                let asked = tunnel::Asked {
                    door: Arc::clone(&self.door),
                    exchange: Arc::clone(&self.exchange),
                    origin: Arc::clone(&self.origin),
                    charge: Arc::clone(&self.charge),
                    bridge: Arc::clone(&self.bridge),
                };
                Box::pin(asked.answer(target, request))
            }
            None => self.page(request.map(RequestBody)),
        }
    }

    /// What a certificate authority is told that asks by http-01.
    fn challenge(&self, path: &str) -> Option<Response<HttpBody>> {
        let challenges = self.door.config.tls.as_ref()?.challenges();
        let mut response = Response::new(HttpBody::from(Bytes::from(challenges.at(path)?)));
        let kind = HeaderValue::from_static("application/octet-stream");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        Some(response)
    }

    /// What is not the tunnel's.
    fn page(&self, request: Request<RequestBody>) -> Answer {
        let handler = &self.door.config.http.handler;
        if self.came == Came::TooLate && !handler.tells_strangers(&request) {
            return Box::pin(std::future::ready(leaving()));
        }
        let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
        if is_read && let Some(answer) = self.challenge(request.uri().path()) {
            return Box::pin(std::future::ready(answer));
        }
        let http = &self.door.config.http;
        if let Some(text) = &http.front_page
            && request.uri().path() == "/"
            && is_read
            && !wants_html(request.headers())
        {
            return Box::pin(std::future::ready(front_page(text)));
        }
        let answer = handler.handle(request, &self.info);
        Box::pin(async {
            let response = answer.await;
            let status = response.status();
            let is_refusal = status.is_client_error() || status.is_server_error();
            if is_refusal && response.extensions().get::<Why>().is_none() {
                because(response, "no page of this server")
            } else {
                response
            }
        })
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
        let (door, peer) = (Arc::clone(&self.door), self.origin.peer);
        let asked = (request.method().clone(), request.uri().clone());
        let answer = self.respond(request);
        Box::pin(async move {
            let mut response = answer.await;
            if let Some(why) = response.extensions_mut().remove::<Why>() {
                let status = response.status().as_u16();
                let request = told(&asked.0, asked.1.path());
                door.turned_away.request(peer, &request, status, &why);
            }
            if response.status() == StatusCode::SWITCHING_PROTOCOLS
                && let Some(upgrade) = response.body_mut().take_upgrade()
            {
                exchange.upgrade(upgrade);
            }
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

/// Why a request is refused: as an extension of its response, for the log.
#[derive(Debug, Clone)]
pub struct Why {
    pub(crate) reason: Cow<'static, str>,
    pub(crate) stream: Option<Box<str>>,
}

impl Why {
    /// For this reason.
    pub fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            reason: reason.into(),
            stream: None,
        }
    }

    /// The stream that was asked for, as a log may show it.
    pub fn about(&mut self, stream: impl Into<Box<str>>) {
        self.stream = Some(stream.into());
    }
}

/// The same response with a line in the log.
pub(super) fn because(
    mut response: Response<HttpBody>,
    why: impl Into<Cow<'static, str>>,
) -> Response<HttpBody> {
    response.extensions_mut().insert(Why::new(why));
    response
}

/// An empty response after which the connection ends, and why.
pub(super) fn closing(status: StatusCode, why: impl Into<Cow<'static, str>>) -> Response<HttpBody> {
    let mut response = Response::new(HttpBody::default());
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONNECTION, HeaderValue::from_static(CLOSE));
    because(response, why)
}

/// Nobody is let in any more.
fn leaving() -> Response<HttpBody> {
    let mut refusal = closing(StatusCode::SERVICE_UNAVAILABLE, LEAVING);
    let soon = HeaderValue::from_static("5");
    refusal.headers_mut().insert(header::RETRY_AFTER, soon);
    refusal
}

/// What was asked for, as it can stand in a log: the first part of the path, for ids of tunnel sessions and names of streams,
/// which are secrets, stand behind it.
fn told(method: &Method, path: &str) -> String {
    let Some(path) = path.strip_prefix('/') else {
        return format!("{method} …");
    };
    let (first, rest) = path.split_once('/').unwrap_or((path, ""));
    let more = if rest.is_empty() { "" } else { "/…" };
    match first.char_indices().nth(TOLD_CHARACTERS) {
        Some((end, _)) => format!("{method} /{}…", first.get(..end).unwrap_or_default()),
        None => format!("{method} /{first}{more}"),
    }
}

/// Whether a browser asks, and not a person with `curl`.
fn wants_html(fields: &HeaderMap) -> bool {
    fields
        .get_all(header::ACCEPT)
        .iter()
        .flat_map(|value| value.as_bytes().split(|&byte| byte == b','))
        .filter_map(|range| range.split(|&byte| byte == b';').next())
        .any(|kind| kind.trim_ascii().eq_ignore_ascii_case(b"text/html"))
}

fn front_page(text: &Bytes) -> Response<HttpBody> {
    let mut response = Response::new(HttpBody::from(text.clone()));
    let fields = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::VARY, "Accept"),
    ] {
        fields.insert(name, HeaderValue::from_static(value));
    }
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
/// How much of a path the log shows.
const TOLD_CHARACTERS: usize = 100;

#[cfg(test)]
mod tests;
