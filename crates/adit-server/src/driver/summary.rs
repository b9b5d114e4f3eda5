//! What is told about a connection: a line when it opens, one when it closes, and one each time a stream starts and stops.

mod listed;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use adit_broker::StreamKey;
use adit_net::{CarrierInfo, LogQuota, Verdict};
use adit_rtmp::command::DEFAULT_INSTANCE;
use adit_rtmp::session::{Asked, SessionError};
use tracing::{debug, info};

pub(super) use self::listed::{Listed, Stage};
use crate::access::HIDDEN;
use crate::control::{Origin, Presence, Role};
use crate::limits::{STREAM_LINES, STREAM_LINES_SPAN, STREAMS_LISTED};
use crate::server::{ConnectionId, Shared};

/// Collects what the closing line says; dropping it writes that line, also when the session panics.
pub(super) struct Summary {
    id: ConnectionId,
    transport: adit_net::Transport,
    peer: Arc<str>,
    application: String,
    used: Used,
    /// Of lines about streams that start or are refused.
    quota: LogQuota,
    presence: Presence,
    since: Instant,
    refusal: Option<String>,
    reason: Option<String>,
    shared: Arc<Shared>,
}

/// What a connection does with a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Publish,
    Play,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Publish => "publish",
            Self::Play => "play",
        })
    }
}

impl From<Role> for Part {
    fn from(role: Role) -> Self {
        match role {
            Role::Publish => Self::Publish,
            Role::Play | Role::Replay => Self::Play,
        }
    }
}

impl From<Asked> for Part {
    fn from(asked: Asked) -> Self {
        match asked {
            Asked::Publish => Self::Publish,
            Asked::Play => Self::Play,
        }
    }
}

impl Summary {
    pub(super) fn open(id: ConnectionId, info: &CarrierInfo, shared: Arc<Shared>) -> Self {
        let peer = match info.proxied_by {
            Some(proxy) => format!("{} via {proxy}", info.peer),
            None => info.peer.to_string(),
        };
        let presence = shared.connections.enter(id, Origin::of(info));
        let trace = presence.trace().id();
        info!(connection = id.get(), transport = %info.transport, %peer, local = %info.local, trace, "opened");
        shared.stats.session_opened();
        Self {
            id,
            transport: info.transport,
            peer: peer.into(),
            application: String::new(),
            used: Used::default(),
            quota: LogQuota::new(STREAM_LINES, STREAM_LINES_SPAN),
            presence,
            since: Instant::now(),
            refusal: None,
            reason: None,
            shared,
        }
    }

    pub(super) fn id(&self) -> ConnectionId {
        self.id
    }

    pub(super) fn peer(&self) -> &str {
        &self.peer
    }

    /// The application the connection asked for.
    pub(super) fn connected(&mut self, application: &str, instance: &str) {
        self.application = match instance {
            DEFAULT_INSTANCE => application.to_owned(),
            // A name can stand in the path of the connection.
            _ if self.shared.relay.is_some() => format!("{application}/{HIDDEN}"),
            instance => format!("{application}/{instance}"),
        };
        debug!(
            connection = self.id.get(),
            app = self.application,
            "connected"
        );
    }

    /// A stream may be published or played from now on, until what is given back is dropped. Publishing starts with it.
    pub(super) fn granted(&mut self, now: Instant, role: Role, key: StreamKey) -> Listed {
        let part = Part::from(role);
        let key = self.shared.access().shown(key);
        let stream = self.shown(key.name());
        self.used.add(part, stream);
        self.refusal = None;
        let mut listed = Listed {
            connection: self.id,
            transport: self.transport,
            peer: Arc::clone(&self.peer),
            part,
            application: self.application.clone(),
            stream: stream.to_owned(),
            since: now,
            stage: Stage::Granted,
            shown: self.may_write(now),
            tickets: Vec::new(),
            in_use: self.presence.uses(role, key),
        };
        if part == Part::Publish {
            listed.comes_to(Stage::Started);
        }
        listed
    }

    /// A stream was asked for in vain; the closing line says so too, unless a later one was granted.
    pub(super) fn refused(&mut self, part: Part, stream: &str, description: &str) {
        let description = match self.shared.relay {
            Some(_) => without(stream, description),
            None => Cow::Borrowed(description),
        };
        let stream = self.shown(stream);
        self.used.add(part, stream);
        self.refusal = Some(format!("its {part} was refused: {description}"));
        if self.may_write(Instant::now()) == Verdict::Write {
            info!(
                connection = self.id.get(),
                transport = %self.transport,
                peer = %self.peer,
                app = self.application,
                stream,
                reason = &*description,
                "{part} refused"
            );
        }
    }

    /// A shared object was asked for in vain. Its client is told a code, and nothing more.
    pub(super) fn refused_object(&mut self, object: &str, reason: &str) {
        if self.may_write(Instant::now()) == Verdict::Write {
            let object = self.shown(object);
            info!(
                connection = self.id.get(),
                peer = %self.peer,
                app = self.application,
                object,
                reason,
                "shared object refused"
            );
        }
    }

    /// The same for a stream whose name must not be told.
    pub(super) fn refused_unnamed(&mut self, part: Part, description: &str) {
        self.refused(part, HIDDEN, description);
    }

    /// The name of a stream as logs may have it: one that is relayed is a key of somebody else's server, and some are keys of ours.
    fn shown<'a>(&self, stream: &'a str) -> &'a str {
        match self.shared.relay {
            // The empty name is nobody's key.
            Some(_) if !stream.is_empty() => HIDDEN,
            _ if self.shared.access().is_secret(stream) => HIDDEN,
            _ => stream,
        }
    }

    fn may_write(&mut self, now: Instant) -> Verdict {
        if let Some(count) = self.quota.take_left_out(now) {
            info!(
                connection = self.id.get(),
                count, "more streams started or were refused, without a line each"
            );
        }
        self.quota.ask(now)
    }

    /// What others see of the connection.
    pub(super) const fn presence(&self) -> &Presence {
        &self.presence
    }

    /// Why the connection ends; the first reason stands.
    pub(super) fn ended(&mut self, reason: &str) {
        if self.reason.is_none() {
            self.reason = Some(reason.to_owned());
        }
    }

    /// The session failed: whose fault it is belongs in the log, but is no reason for alarm.
    pub(super) fn failed(&mut self, error: &SessionError) {
        if self.reason.is_none() {
            debug!(connection = self.id.get(), fault = ?error.fault(), %error, "failed");
        }
        self.ended(&error.to_string());
    }

    /// Why it ended, and what came before that explains it.
    fn whole_reason(&self) -> String {
        let reason = self.reason.as_deref().unwrap_or(DEFECT);
        match &self.refusal {
            Some(refusal) => format!("{reason}, after {refusal}"),
            None => reason.to_owned(),
        }
    }
}

impl Drop for Summary {
    fn drop(&mut self) {
        self.shared
            .stats
            .session_closed(self.presence.received_bytes(), self.presence.sent_bytes());
        if let Some(count) = self.quota.take_rest() {
            info!(
                connection = self.id.get(),
                count, "more streams started or were refused, without a line each"
            );
        }
        let reason = self.whole_reason();
        self.presence.ends(&reason);
        info!(
            connection = self.id.get(),
            transport = %self.transport,
            peer = %self.peer,
            app = self.application,
            role = self.used.roles(),
            stream = self.used.streams(),
            received_bytes = self.presence.received_bytes(),
            sent_bytes = self.presence.sent_bytes(),
            seconds = self.since.elapsed().as_secs(),
            reason,
            trace = self.presence.trace().id(),
            "closed"
        );
    }
}

/// What a connection published and played, without repetition.
#[derive(Default)]
struct Used {
    publishes: bool,
    plays: bool,
    /// The first of them.
    streams: Vec<String>,
    others: bool,
}

impl Used {
    fn add(&mut self, part: Part, stream: &str) {
        match part {
            Part::Publish => self.publishes = true,
            Part::Play => self.plays = true,
        }
        if stream.is_empty() || self.streams.iter().any(|name| name == stream) {
            return;
        }
        if self.streams.len() < STREAMS_LISTED {
            self.streams.push(stream.to_owned());
        } else {
            self.others = true;
        }
    }

    /// `publish`, `play` or both.
    fn roles(&self) -> &'static str {
        match (self.publishes, self.plays) {
            (true, true) => "publish, play",
            (true, false) => "publish",
            (false, true) => "play",
            (false, false) => "",
        }
    }

    fn streams(&self) -> String {
        let names = self.streams.join(", ");
        if self.others {
            format!("{names} and others")
        } else {
            names
        }
    }
}

/// A text in which the name of a stream must not stand.
fn without<'a>(stream: &str, text: &'a str) -> Cow<'a, str> {
    if stream.is_empty() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace(stream, HIDDEN))
}

/// Nobody gave a reason: the session was dropped in the middle of a turn, by a panic.
const DEFECT: &str = "a defect of the server";

#[cfg(test)]
mod tests;
