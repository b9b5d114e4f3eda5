//! Tunnel sessions that live in another process: requests for them go there, and come back with its answers.
//!
//! ```text
//! client ─▶ connection ─▶ session of ours? ─▶ answered here
//!                            └─ not known ─▶ Bridge ═ Link ═▶ Visitors of the other process ─▶ answered there
//! ```
//!
//! A process that has taken over the ports of another one gets all requests that come over new connections, also those of sessions
//! that the other one still has.

use super::body::HttpBody;
use crate::acceptor::{Acceptor, Door};
use crate::carrier::{Origin, Stream, TlsInfo};
use adit_rtmpt::{SecurityLevel, limits};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{self, HeaderValue};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::{Arc, Weak};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Mutex;

/// A connection between two processes of one machine.
pub trait Link: AsyncRead + AsyncWrite + fmt::Debug + Send + Unpin + 'static {}

impl<S: AsyncRead + AsyncWrite + fmt::Debug + Send + Unpin + 'static> Link for S {}

/// Another process that has tunnel sessions.
pub trait Elsewhere: fmt::Debug + Send + Sync + 'static {
    /// A connection on which the other process hears what `asker` asks here; none when it cannot be had.
    fn connect(&self, asker: Asker) -> LinkFuture<'_>;

    /// Whether it is still there.
    fn is_there(&self) -> bool;
}

/// A connection to come.
pub type LinkFuture<'a> = Pin<Box<dyn Future<Output = Option<Box<dyn Link>>> + Send + 'a>>;

/// Who asks for something on one connection, as one process tells the other: `PEER LOCAL plain|tls`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asker {
    peer: SocketAddr,
    local: SocketAddr,
    level: SecurityLevel,
}

impl Asker {
    pub(super) fn of(origin: &Origin) -> Self {
        Self {
            peer: origin.peer,
            local: origin.local,
            level: super::tunnel::level(origin),
        }
    }

    fn origin(self) -> Origin {
        Origin {
            peer: self.peer,
            local: self.local,
            proxied_by: None,
            tls: (self.level == SecurityLevel::Tls).then_some(TlsInfo {
                version: "TLS",
                server_name: None,
                alpn: None,
            }),
            forwarded: None,
        }
    }
}

impl fmt::Display for Asker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.level {
            SecurityLevel::Plain => PLAIN,
            SecurityLevel::Tls => TLS,
        };
        write!(f, "{} {} {level}", self.peer, self.local)
    }
}

/// A text that names no asker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this does not say who asks")]
pub struct NoAsker;

impl FromStr for Asker {
    type Err = NoAsker;

    fn from_str(text: &str) -> Result<Self, NoAsker> {
        let mut words = text.split(' ');
        let (peer, local, level) = (words.next(), words.next(), words.next());
        let address = |word: Option<&str>| word.and_then(|it| it.parse().ok()).ok_or(NoAsker);
        let asker = Self {
            peer: address(peer)?,
            local: address(local)?,
            level: match level {
                Some(PLAIN) => SecurityLevel::Plain,
                Some(TLS) => SecurityLevel::Tls,
                _ => return Err(NoAsker),
            },
        };
        words.next().is_none().then_some(asker).ok_or(NoAsker)
    }
}

const PLAIN: &str = "plain";
const TLS: &str = "tls";

/// Serves connections of another process, which has requests for tunnel sessions of this one.
#[derive(Debug, Clone)]
pub struct Visitors(Weak<Door>);

impl Visitors {
    pub(crate) fn new(door: &Arc<Door>) -> Self {
        Self(Arc::downgrade(door))
    }

    /// Answers what `asker` asks on `link`, until it ends. Call it inside a tokio runtime.
    pub fn serve(&self, link: impl Link, asker: Asker) {
        if let Some(door) = self.0.upgrade() {
            door.serve_link(Stream::Link(Box::new(link)), asker.origin());
        }
    }
}

impl Acceptor {
    /// For the connections of another process that has requests for tunnel sessions of this one.
    pub fn visitors(&self) -> Visitors {
        Visitors::new(self.door())
    }
}

/// The way from one connection of a client to the other process; made when it is first needed, and kept.
#[derive(Debug, Default)]
pub(super) struct Bridge(Mutex<Option<SendRequest<Incoming>>>);

impl Bridge {
    /// What the other process answers; `Err` gives the request back that it does not get.
    pub(super) async fn ask(
        &self,
        elsewhere: &dyn Elsewhere,
        asker: Asker,
        request: Request<Incoming>,
    ) -> Result<Option<Response<HttpBody>>, Request<Incoming>> {
        // A connection asks one thing after the other, so nobody waits here.
        let mut kept = self.0.lock().await;
        let ready = match kept.as_mut() {
            Some(sender) => sender.ready().await.is_ok(),
            None => false,
        };
        if !ready {
            *kept = open(elsewhere, asker).await;
        }
        let Some(sender) = kept.as_mut() else {
            return Err(request);
        };
        let answer = sender.send_request(passed_on(request)).await;
        Ok(match answer {
            Ok(answer) => whole(answer).await,
            Err(error) => {
                tracing::debug!(%error, "the process that has the tunnel session does not answer");
                None
            }
        })
    }
}

async fn open(elsewhere: &dyn Elsewhere, asker: Asker) -> Option<SendRequest<Incoming>> {
    let link = elsewhere.connect(asker).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(link)).await.ok()?;
    // It ends with the sender, or with the other process.
    tokio::spawn(connection);
    sender.ready().await.is_ok().then_some(sender)
}

/// The same request as this process asks it: what the connection of the client is like does not concern the other one.
fn passed_on(request: Request<Incoming>) -> Request<Incoming> {
    let (parts, body) = request.into_parts();
    let mut passed = Request::new(body);
    *passed.method_mut() = parts.method;
    // Absolute targets, too, are asked for by their path.
    *passed.uri_mut() = parts.uri.path().parse().unwrap_or_default();
    let fields = passed.headers_mut();
    fields.insert(header::HOST, HeaderValue::from_static("adit"));
    passed
}

/// An answer as far as tunnels have any.
async fn whole(answer: Response<Incoming>) -> Option<Response<HttpBody>> {
    let status = answer.status();
    let body = Limited::new(answer.into_body(), ANSWER_BYTES);
    let body = body.collect().await.ok()?.to_bytes();
    Some(super::tunnel::answered(status, body))
}

/// What an answer to a tunnel has at most: the poll byte and a reply.
const ANSWER_BYTES: usize = limits::REPLY_BYTES_CEILING + 1;

#[cfg(test)]
mod tests;
