//! The tunnel's requests: what is refused, what goes into a session, what comes back.

use super::bodies::NoRoom;
use super::body::HttpBody;
use super::elsewhere::{Asker, Bridge, Elsewhere};
use super::exchange::Exchange;
use super::forwarded::Forwarded;
use super::own_page::is_own_page;
use super::service::{because, closing};
use super::session::Session;
use super::sessions::{Found, Opened};
use crate::acceptor::Door;
use crate::admission::Charge;
use crate::carrier::{Carrier, Origin};
use crate::config::IdentReply;
use crate::connection::LEAVING;
use adit_rtmpt::client::ServerKind;
use adit_rtmpt::path::{self, InvalidTarget, Target};
use adit_rtmpt::{Reply, ReplyBody, Request as Tunnelled, SecurityLevel, SessionId, limits};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use hyper::header::{self, HeaderValue};
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::time::Instant;

/// One request of a connection, with what is needed to answer it.
pub(super) struct Asked {
    pub(super) door: Arc<Door>,
    pub(super) exchange: Arc<Exchange>,
    pub(super) origin: Arc<Origin>,
    /// What the connection has taken of its address's rate, until it has been of use.
    pub(super) charge: Arc<Mutex<Option<Charge>>>,
    /// To the process that has the sessions this one does not know.
    pub(super) bridge: Arc<Bridge>,
}

/// What the tunnel is asked for; `None` when the request is not for the tunnel. The target may be absolute, inside TLS
/// too.
///
/// A stream of an application that is called like a path of the tunnel is watched as `/open/NAME.flv` or `/open/NAME/index.m3u8`: what
/// ends like a file and is not posted is never the tunnel's, whose ids and numbers have no dots.
pub(super) fn target(request: &Request<Incoming>) -> Option<Result<Target, InvalidTarget>> {
    let path = request.uri().path();
    let names_a_file = path.rsplit('/').next().is_some_and(|it| it.contains('.'));
    if names_a_file && request.method() != Method::POST {
        return None;
    }
    match path::parse(path) {
        Ok(Target::Other) => None,
        target => Some(target),
    }
}

/// Whether a request is for a tunnel session, ours or not.
pub(super) fn is_of_session(target: Option<Result<Target, InvalidTarget>>) -> bool {
    matches!(
        target,
        Some(Ok(Target::Send { .. }
            | Target::Idle { .. }
            | Target::Close { .. }))
    )
}

/// The session that a request names, if it names one.
fn session_of(target: Target) -> Option<SessionId> {
    match target {
        Target::Send { session, .. }
        | Target::Idle { session, .. }
        | Target::Close { session, .. } => session,
        _ => None,
    }
}

/// An answer that keeps a request from the tunnel.
type Refusal = Box<Response<HttpBody>>;

impl Asked {
    /// Answers one request for the tunnel.
    pub(super) async fn answer(
        mut self,
        target: Result<Target, InvalidTarget>,
        request: Request<Incoming>,
    ) -> Response<HttpBody> {
        if target == Ok(Target::Open)
            && let Some(forwarded) = Forwarded::of(request.headers())
        {
            Arc::make_mut(&mut self.origin).forwarded = Some(forwarded);
        }
        let result = match target {
            Err(error) => Err(Box::new(closing(
                StatusCode::BAD_REQUEST,
                error.to_string(),
            ))),
            Ok(target) => match self.check(target, &request) {
                Ok(()) => match self.ask_elsewhere(target, request).await {
                    Ok(answer) => Ok(answer),
                    Err(request) => self.serve(target, request.into_body()).await,
                },
                Err(refusal) => {
                    self.door.counters.tunnel_refused().count();
                    Err(refusal)
                }
            },
        };
        result.unwrap_or_else(|refusal| *refusal)
    }

    /// Refuses what no client of a tunnel sends.
    fn check(&self, target: Target, request: &Request<Incoming>) -> Result<(), Refusal> {
        let fields = request.headers();
        if self.is_foreign_page(fields) {
            let why = "a web page of another site asks";
            return Err(Box::new(closing(StatusCode::FORBIDDEN, why)));
        }
        let asks = matches!(target, Target::Ident | Target::Ident2);
        if !(request.method() == Method::POST || (asks && request.method() == Method::GET)) {
            let mut refusal = closing(StatusCode::METHOD_NOT_ALLOWED, "the tunnel is not asked so");
            let allowed = HeaderValue::from_static(if asks { "GET, POST" } else { "POST" });
            refusal.headers_mut().insert(header::ALLOW, allowed);
            return Err(Box::new(refusal));
        }
        let is_encoded = fields
            .get_all(header::CONTENT_ENCODING)
            .iter()
            .any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity"));
        if is_encoded
            || !fields
                .get_all(header::CONTENT_TYPE)
                .iter()
                .all(is_plausible_type)
        {
            let why = "a type or coding of body that no client of a tunnel sends";
            return Err(Box::new(closing(StatusCode::UNSUPPORTED_MEDIA_TYPE, why)));
        }
        Ok(())
    }

    /// Whether a page of another site makes a visitor's browser ask this.
    fn is_foreign_page(&self, fields: &HeaderMap) -> bool {
        let allowed = &self.door.config.http.allowed_origins;
        let is_allowed = |origin: &HeaderValue| {
            allowed
                .iter()
                .any(|known| origin.as_bytes() == known.as_bytes())
                || is_own_page(origin, fields)
        };
        let mut origins = fields.get_all(header::ORIGIN).iter().peekable();
        if origins.peek().is_some() {
            return !origins.all(is_allowed);
        }
        fields
            .get_all("sec-fetch-site")
            .iter()
            .any(|site| site.as_bytes() == b"cross-site")
    }

    /// The answer of another process, if the session is not ours; else the request, which is to be answered here.
    async fn ask_elsewhere(
        &self,
        target: Target,
        request: Request<Incoming>,
    ) -> Result<Response<HttpBody>, Request<Incoming>> {
        let Some(elsewhere) = self.elsewhere(target) else {
            return Err(request);
        };
        let asker = Asker::of(&self.origin);
        let answer = self.bridge.ask(elsewhere, asker, request).await?;
        Ok(match answer {
            Some(answer) => {
                if answer.status() == StatusCode::OK {
                    self.refund();
                }
                answer
            }
            None => *unavailable("the process that has the tunnel session does not answer"),
        })
    }

    /// The process that has the session of a request, if it is not this one.
    fn elsewhere(&self, target: Target) -> Option<&dyn Elsewhere> {
        let elsewhere = self.door.config.http.elsewhere.as_deref()?;
        let id = session_of(target)?;
        (elsewhere.is_there() && !self.door.sessions.knows(now(), id)).then_some(elsewhere)
    }

    async fn serve(&self, target: Target, body: Incoming) -> Result<Response<HttpBody>, Refusal> {
        match target {
            Target::Ident => {
                self.control_body(body).await?;
                Ok(ident(self.door.config.http.ident))
            }
            Target::Ident2 => {
                self.control_body(body).await?;
                Ok(ident(self.door.config.http.ident2))
            }
            Target::CloseNothing => {
                self.control_body(body).await?;
                Ok(reply(ReplyBody::closed()))
            }
            Target::Open => {
                self.control_body(body).await?;
                self.open()
            }
            Target::Send { session, sequence } => {
                let session = match self.find(session) {
                    Ok(session) => session,
                    Err(refusal) => {
                        self.discard(body, limits::SEND_BODY_UNPROVEN).await?;
                        return Err(refusal);
                    }
                };
                let body = self.collect(body, &session).await?;
                self.pass_on(session, Tunnelled::Send { sequence, body })
                    .await
            }
            Target::Idle { session, sequence } => {
                let session = self.find(session);
                self.control_body(body).await?;
                self.pass_on(session?, Tunnelled::Idle { sequence }).await
            }
            Target::Close { session, sequence } => {
                let session = self.find(session);
                self.control_body(body).await?;
                self.pass_on(session?, Tunnelled::Close { sequence }).await
            }
            _ => Err(refused(StatusCode::NOT_FOUND, "nothing of the tunnel")),
        }
    }

    /// Opens a session, hands its carrier to whoever accepts, and tells the client its id.
    fn open(&self) -> Result<Response<HttpBody>, Refusal> {
        if self.door.refuses_strangers() {
            return Err(unavailable(LEAVING));
        }
        // The place in the queue comes first, so that a session never has to be taken back.
        let place = self.door.carriers.try_reserve().map_err(|_| {
            self.door.counters.refused_queue().count();
            unavailable("too many connections wait for their session")
        })?;
        let newcomer = self.door.admission.newcomer().map_err(|refusal| {
            self.door.count_refusal(refusal);
            unavailable(refusal.to_string())
        })?;
        let opened = self.door.sessions.open(now(), &self.origin);
        let Opened { session, id } = opened.map_err(|error| unavailable(error.to_string()))?;
        self.door.counters.tunnel_opened().count();
        let info = Origin::clone(&self.origin).tunnel();
        let carrier = Carrier::tunnel(session, self.door.sessions.clone(), info);
        place.send(carrier.with_newcomer(Some(newcomer)));
        let mut response = tunnelled(HttpBody::from(Bytes::copy_from_slice(&id.open_body())));
        let ordered = HeaderValue::from_static(ServerKind::ORDERED);
        response.headers_mut().insert(ServerKind::FIELD, ordered);
        Ok(response)
    }

    fn find(&self, id: Option<SessionId>) -> Result<Arc<Session>, Refusal> {
        let level = level(&self.origin);
        match self
            .door
            .sessions
            .find(now(), self.origin.peer.ip(), level, id)
        {
            Found::Session(session) => {
                self.refund();
                Ok(session)
            }
            Found::Ended => Err(Box::new(reply(ReplyBody::closed()))),
            Found::Gone => Err(refused(StatusCode::GONE, "the tunnel session has ended")),
            Found::Unknown => Err(refused(StatusCode::NOT_FOUND, "no such tunnel session")),
        }
    }

    /// Some proxies make a connection for each request: those of a session do not count among the new connections of an address
    ///
    fn refund(&self) {
        let mut charge = self.charge.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(charge) = charge.take() {
            charge.refund();
        }
    }

    async fn pass_on(
        &self,
        session: Arc<Session>,
        request: Tunnelled,
    ) -> Result<Response<HttpBody>, Refusal> {
        let exchange = Arc::clone(&self.exchange);
        let waiting = session.ask(request, self.origin.peer, exchange);
        self.door.sessions.look_after(now(), &session);
        let answer = waiting.await;
        self.door.sessions.look_after(now(), &session);
        match answer {
            Reply::Superseded => Err(Box::new(status(StatusCode::SERVICE_UNAVAILABLE))),
            answer => Ok(reply(answer.into_body())),
        }
    }

    async fn control_body(&self, body: Incoming) -> Result<(), Refusal> {
        self.discard(body, limits::CONTROL_BODY).await
    }

    /// Reads a body that says nothing.
    async fn discard(&self, body: Incoming, limit: usize) -> Result<(), Refusal> {
        self.read(body, limit, |_| Ok(())).await
    }

    /// Collects a whole body; a session never sees a part of one.
    async fn collect(&self, body: Incoming, session: &Session) -> Result<Bytes, Refusal> {
        let expected = expected(&body);
        let mut collected = self.door.bodies.collect(session.bodies(), expected);
        self.read(body, session.send_limit(), |data| {
            collected.append(data).map_err(|NoRoom| {
                self.door.counters.http_body_budget().count();
                let why = "no memory for request bodies is left";
                Box::new(closing(StatusCode::SERVICE_UNAVAILABLE, why))
            })
        })
        .await?;
        Ok(collected.finish())
    }

    /// Hands the pieces of a body to `take`, as long as there are no more than `limit` bytes.
    async fn read(
        &self,
        mut body: Incoming,
        limit: usize,
        mut take: impl FnMut(&[u8]) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        let too_large = || {
            self.door.counters.http_body_limits().count();
            let why = "the body is too long";
            Box::new(closing(StatusCode::PAYLOAD_TOO_LARGE, why))
        };
        if expected(&body) > limit {
            return Err(too_large());
        }
        let mut length = 0_usize;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| {
                tracing::debug!(peer = %self.origin.peer, %error, "request body not whole");
                Box::new(closing(StatusCode::BAD_REQUEST, "the body is not whole"))
            })?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            length = length.saturating_add(data.len());
            if length > limit {
                return Err(too_large());
            }
            take(&data)?;
        }
        Ok(())
    }
}

/// The length that was announced, 0 for none.
fn expected(body: &Incoming) -> usize {
    usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX)
}

/// The library's clock, which tests can set.
pub(super) fn now() -> std::time::Instant {
    Instant::now().into_std()
}

pub(super) fn level(origin: &Origin) -> SecurityLevel {
    if origin.tls.is_some() {
        SecurityLevel::Tls
    } else {
        SecurityLevel::Plain
    }
}

/// Types that a client of a tunnel may claim. HTML forms, which any page can send anywhere, can claim `text/plain` and
/// `multipart/form-data`, so these are refused; a browser client can avoid a preflight with
/// `application/x-www-form-urlencoded`, but has an `Origin`.
fn is_plausible_type(value: &HeaderValue) -> bool {
    let prefix = b"application/";
    value
        .as_bytes()
        .get(..prefix.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

fn ident(configured: IdentReply) -> Response<HttpBody> {
    match configured {
        IdentReply::NotFound => status(StatusCode::NOT_FOUND),
        IdentReply::Empty200 => status(StatusCode::OK),
        IdentReply::Address(address) => {
            let mut response = status(StatusCode::OK);
            let plain = HeaderValue::from_static("text/plain");
            response.headers_mut().insert(header::CONTENT_TYPE, plain);
            response.map(|_| HttpBody::from(Bytes::from(address.to_string())))
        }
    }
}

/// An empty response with a line in the log.
fn refused(code: StatusCode, why: impl Into<Cow<'static, str>>) -> Refusal {
    Box::new(because(status(code), why))
}

fn unavailable(why: impl Into<Cow<'static, str>>) -> Refusal {
    refused(StatusCode::SERVICE_UNAVAILABLE, why)
}

/// An empty response that says only this.
fn status(code: StatusCode) -> Response<HttpBody> {
    let mut response = Response::new(HttpBody::default());
    *response.status_mut() = code;
    uncached(response.headers_mut());
    response
}

fn reply(body: ReplyBody) -> Response<HttpBody> {
    tunnelled(HttpBody::reply(body))
}

fn tunnelled(body: HttpBody) -> Response<HttpBody> {
    let mut response = Response::new(body);
    let fields = response.headers_mut();
    fields.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/x-fcs"),
    );
    uncached(fields);
    response
}

/// What another process has answered.
pub(super) fn answered(code: StatusCode, body: Bytes) -> Response<HttpBody> {
    if code == StatusCode::OK {
        return tunnelled(HttpBody::from(body));
    }
    status(code)
}

fn uncached(fields: &mut HeaderMap) {
    fields.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("no-cache, no-store"),
    );
    fields.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
}
