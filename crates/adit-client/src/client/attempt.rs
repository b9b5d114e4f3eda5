//! One attempt: one rung, from the name to the end of the RTMP handshake, and on to `connect` if that is wanted.

use std::future::poll_fn;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::task::{Context, Poll, ready};

use adit_net::client::{
    Connector, Progress, Route as NetRoute, Security, Target as NetTarget, TunnelClientConfig,
};
use adit_net::{Carrier, Transport};
use adit_rtmp::command::{Connect, ConnectReply, Status};
use adit_rtmp::session::{ClientConfig, ClientEvent};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::cause;
use super::refusal::{self, asks_for_login, redirect_of};
use crate::address::Target;
use crate::auth::{Login, LoginError, append_query};
use crate::link::{Link, Lost, LostCause};
use crate::plan::{AttemptId, Cause, Certificate, Failure, PeerText, Stage, Trust};
use crate::secret::Secret;

/// How far an attempt goes before it counts as a success.
#[derive(Debug, Clone)]
pub(crate) enum Depth {
    /// To the end of the RTMP handshake.
    Handshake,
    /// To the answer to a `connect`, over as many connections as a login takes.
    Connect {
        /// Without what a login adds.
        connect: Box<Connect>,
        /// Where it goes, with the credentials.
        target: Box<Target>,
    },
}

/// What a server has asked for on the connections of an attempt so far.
#[derive(Default)]
struct SoFar {
    login: Option<Login>,
    /// What is added to the application on the next one.
    query: Option<Secret>,
}

/// How a connection has ended well.
enum Shaken {
    Through,
    /// The answer to a login is ready; it goes over a new connection.
    Again,
}

/// What an attempt needs.
pub(crate) struct Attempt {
    pub(crate) id: AttemptId,
    pub(crate) connector: Connector,
    pub(crate) target: NetTarget,
    pub(crate) route: NetRoute,
    pub(crate) transport: Transport,
    pub(crate) tunnel: TunnelClientConfig,
    pub(crate) session: ClientConfig,
    pub(crate) depth: Depth,
    pub(crate) news: mpsc::Sender<News>,
}

/// What a running attempt tells.
#[derive(Debug)]
pub(crate) enum News {
    Enters(AttemptId, Stage),
    Certificate(AttemptId, Certificate),
    /// The other side has begun to answer.
    Answers(AttemptId),
}

/// What is left of an attempt.
pub(crate) enum End {
    /// It has come as far as it should.
    Reached(Box<Link>),
    Failed(Failure),
    /// It was told to stop, and has closed what it had.
    Stopped,
}

impl Attempt {
    /// Runs until it has succeeded, failed or been told to stop.
    pub(crate) async fn run(self, stop: CancellationToken) -> End {
        let mut so_far = SoFar::default();
        loop {
            let linked = stop.run_until_cancelled(self.link(&so_far)).await;
            let mut link = match linked {
                None => return End::Stopped,
                Some(Err(failure)) => return End::Failed(failure),
                Some(Ok(link)) => link,
            };
            let shaken = stop.run_until_cancelled(self.shake(&mut link, &mut so_far));
            let end = match shaken.await {
                None => End::Stopped,
                Some(Err(failure)) => End::Failed(failure),
                Some(Ok(Shaken::Through)) => return End::Reached(Box::new(link)),
                Some(Ok(Shaken::Again)) => {
                    link.close().await;
                    continue;
                }
            };
            link.close().await;
            return end;
        }
    }

    async fn link(&self, so_far: &SoFar) -> Result<Link, Failure> {
        // The plan has seen the stages of the first connection.
        let connector = match so_far.query {
            None => self.watched(),
            Some(_) => self.connector.clone(),
        };
        let carrier = self.dial(connector).await?;
        if so_far.query.is_none() {
            self.enter(Stage::Handshake);
        }
        Link::new(carrier, self.session.clone()).map_err(|error| {
            let cause = Cause::Other(PeerText::new(&error.to_string()));
            Failure::new(Stage::Handshake, cause)
        })
    }

    async fn dial(&self, connector: Connector) -> Result<Carrier, Failure> {
        let security = match self.transport {
            Transport::Rtmps => Security::Tls,
            Transport::Rtmpts => Security::TlsForHttp,
            _ => Security::Plain,
        };
        if self.transport.is_tunnel() {
            return connector
                .connect_tunnel(&self.target, &self.route, security, self.tunnel)
                .await
                .map_err(|error| {
                    if let adit_net::client::TunnelError::Dial(error) = &error {
                        self.show_refused(error);
                    }
                    cause::of_tunnel(&error)
                });
        }
        match connector.connect(&self.target, &self.route, security).await {
            Ok(connection) => Ok(connection.into_carrier()),
            Err(error) => {
                self.show_refused(&error);
                Err(cause::of_dial(&error))
            }
        }
    }

    async fn shake(&self, link: &mut Link, so_far: &mut SoFar) -> Result<Shaken, Failure> {
        let mut heard = false;
        loop {
            let event = poll_fn(|cx| {
                let event = link.poll_event(cx);
                if !heard && link.has_heard() {
                    heard = true;
                    drop(self.news.try_send(News::Answers(self.id)));
                }
                event
            });
            let event = event
                .await
                .map_err(|lost| cause::of_lost(&lost, self.transport, Stage::Handshake))?;
            if let ClientEvent::HandshakeDone { .. } = event {
                break;
            }
        }
        let Depth::Connect { connect, target } = &self.depth else {
            return Ok(Shaken::Through);
        };
        let mut asked = (**connect).clone();
        match &so_far.query {
            None => self.enter(Stage::Connect),
            Some(query) => {
                asked.app = append_query(&asked.app, query).into();
                asked.tc_url = asked.tc_url.map(|url| append_query(&url, query).into());
            }
        }
        match request(link, asked).await {
            Ok(Answer::Accepted(_)) => Ok(Shaken::Through),
            Ok(Answer::Refused(status)) => match so_far.answer(status.as_ref(), target) {
                Ok(()) => Ok(Shaken::Again),
                Err(description) => Err(Failure::new(
                    Stage::Connect,
                    Cause::Rejected { description },
                )),
            },
            Err(lost) => {
                let app = &connect.app;
                Err(cause::of_lost_at_connect(&lost, self.transport, app))
            }
        }
    }

    /// The connector, which tells the plan how far it has come.
    fn watched(&self) -> Connector {
        let (id, news) = (self.id, self.news.clone());
        // Later connections of a tunnel begin again; the plan has seen the first one.
        let last = Mutex::new(None);
        self.connector.clone().with_watch(move |progress| {
            let told = match progress {
                Progress::Enters(stage) => {
                    let stage = cause::stage(stage);
                    let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
                    if last.is_some_and(|last| last >= stage) {
                        return;
                    }
                    *last = Some(stage);
                    News::Enters(id, stage)
                }
                Progress::Certificate(seen) => {
                    News::Certificate(id, cause::certificate(&seen, Trust::Accepted))
                }
                Progress::UncheckedCertificate(seen) => {
                    News::Certificate(id, cause::certificate(&seen, Trust::Unchecked))
                }
                Progress::Answers => News::Answers(id),
                _ => return,
            };
            // There is room for every stage of every attempt; after the plan nobody listens.
            drop(news.try_send(told));
        })
    }

    fn enter(&self, stage: Stage) {
        drop(self.news.try_send(News::Enters(self.id, stage)));
    }

    fn show_refused(&self, error: &adit_net::client::DialError) {
        if let Some(certificate) = cause::refused_certificate(error) {
            drop(self.news.try_send(News::Certificate(self.id, certificate)));
        }
    }
}

impl SoFar {
    /// Makes the answer to a refusal that asks for a login.
    ///
    /// # Errors
    ///
    /// It asks for nothing that can be answered; the text says why it was refused.
    fn answer(&mut self, status: Option<&Status>, target: &Target) -> Result<(), PeerText> {
        if let Some(url) = status.and_then(redirect_of) {
            let elsewhere = match Target::parse(&url) {
                Ok(other) => format!("it sends clients on to {}", other.host()),
                Err(_) => "it sends clients elsewhere".to_owned(),
            };
            return Err(PeerText::new(&elsewhere));
        }
        let description = status.map_or("", |status| status.description());
        if !asks_for_login(description) {
            return Err(refusal::in_words(status));
        }
        let query = refusal::answer(&mut self.login, self.query.as_ref(), target, description);
        self.query = Some(query.map_err(|error| match error {
            LoginError::NoCredentials => refusal::in_words(status),
            error => PeerText::new(&error.to_string()),
        })?);
        Ok(())
    }
}

/// What a server says to `connect`.
#[derive(Debug)]
pub(crate) enum Answer {
    Accepted(Box<ConnectReply>),
    Refused(Option<Status>),
}

/// Sends `connect` and waits for the answer. The session's own deadline bounds the wait.
async fn request(link: &mut Link, connect: Connect) -> Result<Answer, Lost> {
    ask(link, connect)?;
    poll_fn(|cx| poll_answer(link, cx)).await
}

/// Sends `connect`.
pub(crate) fn ask(link: &mut Link, connect: Connect) -> Result<(), Lost> {
    link.session().connect(connect).map_err(|error| {
        // Properties made here can be expressed, and a fresh session takes one `connect`.
        tracing::debug!(%error, "connect not sent");
        link.lost(LostCause::Ended)
    })
}

/// The answer to `connect`.
pub(crate) fn poll_answer(link: &mut Link, cx: &mut Context<'_>) -> Poll<Result<Answer, Lost>> {
    loop {
        match ready!(link.poll_event(cx))? {
            ClientEvent::Connected(reply) => return Poll::Ready(Ok(Answer::Accepted(reply))),
            ClientEvent::Rejected { status } => return Poll::Ready(Ok(Answer::Refused(status))),
            _ => {}
        }
    }
}
