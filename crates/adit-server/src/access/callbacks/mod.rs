//! Programs of the operator's that are asked, over HTTP, whether somebody may, and told when it is over.
//!
//! ```text
//! POST /hook                                     2xx            yes; perhaps {"stream": "public name"}
//! {"event":"publish","app":"live",…}             4xx            no; perhaps {"description": "what the client is told"}
//!                                                anything else  nobody knows: no
//! ```
//!
//! The addresses come from the operator alone, so they may lie anywhere; what answers is not followed elsewhere.

mod answer;
mod applications;
mod breaker;
mod http;
mod url;

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use self::answer::{Answer, Yes};
pub(super) use self::applications::HooksByApplication;
use self::breaker::Breaker;
use self::http::{Failure, Poster};
pub use self::url::{BadCallbackUrl, CallbackUrl};
use super::denial::{Denial, Denied};
use super::request::{Action, Reached, Request};
use super::{Granted, History};
use crate::application::{Decision, Refusal};
use crate::limits::{CALLBACK_ENDS, CALLBACK_TIME, CALLBACKS_IN_FLIGHT};
use crate::spans::{Scope, Trace};

/// Whom to ask, and about what. Without an address for an action the rules alone decide about it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Callbacks {
    /// Asked when somebody connects.
    pub connect: Option<CallbackUrl>,
    /// Asked when somebody publishes.
    pub publish: Option<CallbackUrl>,
    /// Asked when somebody plays.
    pub play: Option<CallbackUrl>,
    /// Asked when what is published is to be recorded.
    pub record: Option<CallbackUrl>,
    /// Told when a connection over RTMP, a publication or a play in one is over; what it answers does not matter.
    pub ended: Option<CallbackUrl>,
    /// With it each request is signed: `Adit-Signature: sha256=` and the HMAC-SHA256 of the body in hexadecimal digits.
    pub secret: Option<Secret>,
    /// How long is waited for an answer.
    pub time: Duration,
}

impl Default for Callbacks {
    fn default() -> Self {
        Self {
            connect: None,
            publish: None,
            play: None,
            record: None,
            ended: None,
            secret: None,
            time: CALLBACK_TIME,
        }
    }
}

impl Callbacks {
    fn url(&self, action: Action) -> Option<&CallbackUrl> {
        match action {
            Action::Connect => self.connect.as_ref(),
            Action::Publish => self.publish.as_ref(),
            Action::Play => self.play.as_ref(),
            Action::Record => self.record.as_ref(),
            Action::List => None,
        }
    }

    fn is_empty(&self) -> bool {
        let all = [
            &self.connect,
            &self.publish,
            &self.play,
            &self.record,
            &self.ended,
        ];
        all.iter().all(|url| url.is_none())
    }
}

/// Something that signs. Shown nowhere.
#[derive(Clone)]
pub struct Secret(Box<[u8]>);

impl Secret {
    /// A secret of these bytes.
    pub fn new(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Asks and tells.
#[derive(Debug)]
pub(super) struct Hooks {
    config: Callbacks,
    poster: Poster,
    /// For each action its own, so that those who wait for one do not keep the others waiting.
    lines: [Line; 4],
    runtime: Handle,
    history: Arc<History>,
}

/// Ends that are being told. What was granted ends whenever it does, so these outlive the configuration that it was granted by.
#[derive(Debug)]
pub(super) struct Ends {
    waiting: TaskTracker,
    told_at_once: Semaphore,
}

impl Default for Ends {
    fn default() -> Self {
        Self {
            waiting: TaskTracker::new(),
            told_at_once: Semaphore::new(CALLBACKS_IN_FLIGHT),
        }
    }
}

impl Ends {
    /// Ready when all ends are told, or cannot be.
    pub(super) async fn drained(&self) {
        self.waiting.close();
        self.waiting.wait().await;
    }
}

/// Questions of one kind.
#[derive(Debug)]
struct Line {
    in_flight: Semaphore,
    breaker: Breaker,
}

impl Hooks {
    /// Begins, if there is anybody to ask. To be called inside a tokio runtime then.
    fn start(config: &Callbacks, history: &Arc<History>) -> Option<Arc<Self>> {
        if config.is_empty() {
            return None;
        }
        let line = || Line {
            in_flight: Semaphore::new(CALLBACKS_IN_FLIGHT),
            breaker: Breaker::default(),
        };
        Some(Arc::new(Self {
            poster: Poster::new(config.secret.clone()),
            config: config.clone(),
            lines: [line(), line(), line(), line()],
            runtime: Handle::current(),
            history: Arc::clone(history),
        }))
    }

    /// Whether somebody decides about this besides the rules.
    pub(super) fn decides(&self, action: Action) -> bool {
        self.config.url(action).is_some()
    }

    /// The rules allow it: whoever else decides is asked.
    pub(super) fn ask(self: &Arc<Self>, request: &Request, granted: Granted) -> Decision<Granted> {
        let action = request.action;
        let Some(url) = self.config.url(action).cloned() else {
            return Decision::allow(self.with_ticket(request, granted));
        };
        let (hooks, request) = (Arc::clone(self), request.clone());
        Decision::later(async move {
            let body = body(request.action.as_str(), &request, &granted);
            let trace = request.spans.callback(action.as_str(), &url, url.host());
            let answered = hooks.question(action, &url, (&body, &trace)).await;
            tell_of(&trace, &answered);
            match answered {
                Ok(Answer::Yes(yes)) => hooks.yes(&request, granted, yes),
                Ok(Answer::No { description }) => {
                    let denied = Denied::new(Denial::Forbidden, "the callback said no");
                    let denied = match description {
                        Some(words) => denied.with_words(words),
                        None => denied,
                    };
                    Err(hooks.deny(denied, action))
                }
                Err(failure) => {
                    let reason = format!("the callback {url} {failure}");
                    Err(hooks.deny(Denied::new(Denial::Undecided, reason), action))
                }
            }
        })
    }

    fn yes(
        self: &Arc<Self>,
        request: &Request,
        mut granted: Granted,
        yes: Yes,
    ) -> Result<Granted, Refusal> {
        if let Some(redirect) = yes.redirect {
            let words = format!("go to {redirect}");
            let denied = Denied::new(Denial::Forbidden, "the callback sent it elsewhere");
            let refusal = self.deny(denied.with_words(words), request.action);
            return Err(refusal.with_redirect(redirect));
        }
        if let Some(stream) = yes.stream {
            granted.stream = Some(stream);
        }
        Ok(self.with_ticket(request, granted))
    }

    fn deny(&self, denied: Denied, action: Action) -> Refusal {
        self.history.counters.refused();
        denied.refusal(action)
    }

    /// One question, and its answer in time.
    async fn question(
        &self,
        action: Action,
        url: &CallbackUrl,
        (body, trace): (&Value, &Trace),
    ) -> Result<Answer, Failure> {
        let Some(line) = self.lines.get(place_of(action)) else {
            return Err(Failure::Rests);
        };
        if line.breaker.is_open(Instant::now()) {
            self.history.counters.callback_rested();
            return Err(Failure::Rests);
        }
        let asking = async {
            // Nobody closes it.
            let _permit = line.in_flight.acquire().await;
            self.poster.ask(url, body, trace).await
        };
        let answered = tokio::time::timeout(self.config.time, asking).await;
        let answered = answered.unwrap_or(Err(Failure::TooLate));
        let now = Instant::now();
        match &answered {
            Ok(_) => line.breaker.worked(),
            Err(failure) => {
                match failure {
                    Failure::TooLate => self.history.counters.callback_late(),
                    Failure::TooLong => self.history.counters.callback_long(),
                    _ => {}
                }
                tracing::debug!(%url, %action, %failure, "callback");
                if line.breaker.failed(now) {
                    tracing::warn!(%url, %action, %failure, "the callback fails again and again: it is left alone for a while, and all is refused");
                }
            }
        }
        answered
    }

    /// What is granted is to be told when it is over, if anybody wants to know.
    fn with_ticket(self: &Arc<Self>, request: &Request, mut granted: Granted) -> Granted {
        // HTTP viewers come and go with each request.
        let has_end = request.visitor.connection.is_some()
            && matches!(
                request.action,
                Action::Connect | Action::Publish | Action::Play
            );
        if self.config.ended.is_some() && has_end {
            let event = format!("{}_end", request.action);
            granted.ticket = Some(Ticket {
                hooks: Arc::clone(self),
                body: body(&event, request, &granted),
                event,
                since: Instant::now(),
                spans: request.spans.clone(),
            });
        }
        granted
    }

    fn tell_end(self: &Arc<Self>, mut body: Value, since: Instant, (event, spans): (&str, &Scope)) {
        let Some(url) = self.config.ended.clone() else {
            return;
        };
        let ends = &self.history.ends;
        if ends.waiting.len() >= CALLBACK_ENDS {
            self.history.counters.end_lost();
            return;
        }
        if let Value::Object(fields) = &mut body {
            let seconds = since.elapsed().as_secs_f64();
            fields.insert("seconds".into(), json!((seconds * 1000.0).round() / 1000.0));
        }
        let hooks = Arc::clone(self);
        let trace = spans.callback(event, &url, url.host());
        let telling = async move {
            // Nobody closes it.
            let _permit = hooks.history.ends.told_at_once.acquire().await;
            let telling = hooks.poster.ask(&url, &body, &trace);
            let told = tokio::time::timeout(hooks.config.time, telling).await;
            let told = told.unwrap_or(Err(Failure::TooLate));
            tell_of(&trace, &told);
            match told {
                Ok(_) => {}
                Err(failure) => {
                    hooks.history.counters.end_lost();
                    tracing::debug!(%url, %failure, "an end was not told");
                }
            }
        };
        // It ends by itself in a few seconds.
        drop(ends.waiting.spawn_on(telling, &self.runtime));
    }
}

/// Something that was granted and is going on; to drop it says that it is over.
#[derive(Debug)]
pub(crate) struct Ticket {
    hooks: Arc<Hooks>,
    event: String,
    body: Value,
    since: Instant,
    spans: Scope,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let body = std::mem::take(&mut self.body);
        let told = (self.event.as_str(), &self.spans);
        self.hooks.tell_end(body, self.since, told);
    }
}

/// What was answered, for the span of the question.
fn tell_of(trace: &Trace, answered: &Result<Answer, Failure>) {
    match answered {
        Ok(Answer::Yes(_)) => trace.note("adit.answer", "yes"),
        Ok(Answer::No { .. }) => trace.note("adit.answer", "no"),
        Err(failure) => {
            trace.note("adit.answer", "none");
            trace.failed(failure);
        }
    }
}

/// What is said about a request.
fn body(event: &str, request: &Request, granted: &Granted) -> Value {
    let Request {
        place,
        visitor,
        credentials,
        ..
    } = request;
    let stream = granted.stream.as_ref().or(place.stream.as_ref());
    let query = credentials.queries().collect::<Vec<_>>().join("&");
    json!({
        "event": event,
        "connection": visitor.connection,
        "vhost": place.vhost,
        "app": place.application,
        "instance": place.instance,
        "stream": stream,
        "query": query,
        "peer": visitor.peer,
        "forwarded": visitor.reached == Reached::Forwarded,
        "protocol": visitor.protocol,
        "secure": visitor.is_secure,
        "who": granted.who,
    })
}

const fn place_of(action: Action) -> usize {
    match action {
        Action::Connect => 0,
        Action::Publish => 1,
        Action::Record => 2,
        Action::Play | Action::List => 3,
    }
}

/// What is wrong, as far as it may be told to the operator.
fn cause(error: &(dyn std::error::Error + 'static)) -> String {
    // What is behind all others says the most.
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

#[cfg(test)]
mod tests;
