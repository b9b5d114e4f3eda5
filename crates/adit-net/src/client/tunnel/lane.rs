//! One HTTP connection at a time, and the request under way on it.

use super::Way;
use crate::client::connector::Connection;
use crate::client::error::{Cause, DialError, Stage};
use crate::client::http::{HttpConnection, HttpFailure, Moved};
use crate::client::limits;
use crate::client::proxy::{Authorizer, Kept, Proxy, ProxyError};
use adit_rtmpt::client::limits::REPLY_BODY;
use adit_rtmpt::client::{self as rtmpt, ContentType, LaneFailure, Reply, Request, ServerKind};
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HOST, HeaderMap, HeaderValue, LOCATION,
    PROXY_AUTHORIZATION, USER_AGENT,
};
use hyper::http::response::Parts;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// A lane's connection, kept between requests, and what its proxy was told.
#[derive(Default)]
pub(super) struct Kit {
    connection: Option<HttpConnection>,
    authorizer: Option<Authorizer>,
}

/// Why there is no reply.
pub(super) enum Lost {
    /// The connection went away, or what came over it is no answer.
    Connection(LaneFailure),
    /// There is none, and this is why.
    Dial(DialError),
}

type Work = Pin<Box<dyn Future<Output = (Box<Kit>, Result<Reply, Lost>)> + Send>>;

/// A lane.
#[derive(Default)]
pub(super) struct Lane {
    state: State,
    moved: Moved,
    /// What had moved when it was last looked at.
    seen: u64,
}

/// At rest with what is kept, or at work.
enum State {
    Rest(Box<Kit>),
    Work(Work),
}

impl Default for State {
    fn default() -> Self {
        Self::Rest(Box::default())
    }
}

impl Lane {
    /// A lane whose first connection is there already.
    pub(super) async fn of(connection: Connection) -> Self {
        let moved = Moved::default();
        let opened = HttpConnection::open_counted(connection.into_stream(), &moved).await;
        Self {
            state: State::Rest(Box::new(Kit {
                connection: opened.ok(),
                authorizer: None,
            })),
            moved,
            seen: 0,
        }
    }

    /// Begins a request. What was under way before is dropped with its connection.
    pub(super) fn begin(&mut self, way: Arc<Way>, request: Request) {
        let mut kit = match std::mem::take(&mut self.state) {
            State::Rest(kit) => kit,
            State::Work(_) => Box::default(),
        };
        if request.connection == rtmpt::Connection::Fresh {
            kit.connection = None;
        }
        let moved = self.moved.clone();
        self.seen = moved.bytes();
        self.state = State::Work(Box::pin(async move {
            let result = exchange(&way, &mut kit, &moved, &request).await;
            if result.is_err() {
                kit.connection = None;
            }
            (kit, result)
        }));
    }

    /// The reply of the request under way; pending when there is none.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Reply, Lost>> {
        let State::Work(work) = &mut self.state else {
            return Poll::Pending;
        };
        let (kit, result) = ready!(work.as_mut().poll(cx));
        self.state = State::Rest(kit);
        Poll::Ready(result)
    }

    /// Whether bytes have come from the other side.
    pub(super) fn has_heard(&self) -> bool {
        self.moved.read() > 0
    }

    /// Whether bytes have moved since this was last asked.
    pub(super) fn has_moved(&mut self) -> bool {
        let now = self.moved.bytes();
        std::mem::replace(&mut self.seen, now) != now
    }
}

/// Asks until it is not a proxy's question that comes back.
async fn exchange(
    way: &Way,
    kit: &mut Kit,
    moved: &Moved,
    request: &Request,
) -> Result<Reply, Lost> {
    let proxy = way.whole_urls();
    let uri = match proxy {
        Some(_) => format!("http://{}{}", way.host(), request.target),
        None => request.target.clone(),
    };
    let refused = |error| proxy.map_or(BROKEN_OFF, |proxy| refused_by(proxy, error));
    for _ in 0..limits::PROXY_ROUNDS {
        let mut connection = open(way, kit, moved).await?;
        let authorization = match (&mut kit.authorizer, proxy) {
            (Some(authorizer), Some(_)) => authorizer.header("POST", &uri).map_err(refused)?,
            _ => None,
        };
        let mut question = question(way, &uri, request).ok_or(BROKEN_OFF)?;
        if let Some(value) = authorization {
            question.headers_mut().insert(PROXY_AUTHORIZATION, value);
        }
        let response = connection
            .ask(question)
            .await
            .map_err(|failure| no_answer(proxy, failure))?;
        let (head, body) = response.into_parts();
        note_redirect(way, &head);
        let Some(asking) = proxy.filter(|_| head.status.as_u16() == 407) else {
            let body = connection.part(body, REPLY_BODY + 1).await;
            let body = body.map_err(|failure| no_answer(proxy, failure))?;
            if let Some(authorizer) = &mut kit.authorizer {
                authorizer.accepted();
            }
            // A body that was not read to its end takes its connection with it.
            kit.connection = (body.len() <= REPLY_BODY).then_some(connection);
            return Ok(reply(head.status.as_u16(), &head.headers, body));
        };
        let drained = connection.body(body, limits::DRAIN_BYTES).await.is_some();
        let kept = if drained && connection.is_ready().await {
            kit.connection = Some(connection);
            Kept::Open
        } else {
            Kept::Closed
        };
        kit.authorizer
            .get_or_insert_with(|| asking.authorizer())
            .challenged(&head.headers, kept)
            .map_err(refused)?;
    }
    Err(refused(ProxyError::TooManyRounds))
}

const BROKEN_OFF: Lost = Lost::Connection(LaneFailure::Lost);

/// What is not HTTP is the proxy's own where it is sent whole URLs.
fn no_answer(proxy: Option<&Arc<Proxy>>, failure: HttpFailure) -> Lost {
    match (proxy, failure) {
        (_, HttpFailure::HungUp) => BROKEN_OFF,
        (Some(proxy), failure) => refused_by(proxy, failure.into()),
        (None, HttpFailure::NotHttp) => Lost::Connection(LaneFailure::NotHttp),
        (None, HttpFailure::HeadTooLarge) => Lost::Connection(LaneFailure::HeadTooLong),
    }
}

fn refused_by(proxy: &Proxy, error: ProxyError) -> Lost {
    let proxy = proxy.to_string();
    Lost::Dial(DialError::new(Stage::Proxy, Cause::Proxy { proxy, error }))
}

/// Keeps for the report where a redirect points to.
fn note_redirect(way: &Way, head: &Parts) {
    if head.status.is_redirection()
        && let Some(Ok(location)) = head.headers.get(LOCATION).map(HeaderValue::to_str)
    {
        way.note_redirect(location);
    }
}

/// The kept connection if it still stands, else another.
async fn open(way: &Way, kit: &mut Kit, moved: &Moved) -> Result<HttpConnection, Lost> {
    if let Some(mut connection) = kit.connection.take()
        && connection.is_ready().await
    {
        return Ok(connection);
    }
    if let Some(authorizer) = &mut kit.authorizer {
        authorizer.reconnected();
    }
    let stream = way.connect().await.map_err(Lost::Dial)?.into_stream();
    HttpConnection::open_counted(stream, moved)
        .await
        .map_err(|failure| no_answer(way.whole_urls(), failure))
}

fn question(way: &Way, uri: &str, request: &Request) -> Option<hyper::Request<Full<Bytes>>> {
    let mut question = hyper::Request::post(uri)
        .header(HOST, way.host())
        .header(USER_AGENT, concat!("adit/", env!("CARGO_PKG_VERSION")))
        .header(CONTENT_TYPE, "application/x-fcs")
        .header(CONNECTION, "Keep-Alive")
        .header(CACHE_CONTROL, "no-cache");
    if way.whole_urls().is_some() {
        question = question.header("proxy-connection", "Keep-Alive");
    }
    question.body(Full::new(request.body.clone())).ok()
}

fn reply(status: u16, headers: &HeaderMap, body: Vec<u8>) -> Reply {
    let kinds = headers.get_all(CONTENT_TYPE).into_iter();
    let server = headers.get(ServerKind::FIELD);
    Reply::new(status, body.into())
        .with_content(ContentType::from_fields(kinds.map(HeaderValue::as_bytes)))
        .with_server(ServerKind::from_field(server.map(HeaderValue::as_bytes)))
}
