//! What is told about a connection: a line when it opens, one when it closes, and one each time a stream starts and stops.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use adit_net::{CarrierInfo, LogQuota, Verdict};
use adit_rtmp::command::DEFAULT_INSTANCE;
use adit_rtmp::session::SessionError;
use tracing::{debug, info};

use crate::server::{ConnectionId, Shared};

/// Collects what the closing line says; dropping it writes that line, also when the session panics.
pub(super) struct Summary {
    id: ConnectionId,
    transport: adit_net::Transport,
    peer: String,
    application: String,
    used: Used,
    /// Of lines about streams that start or are refused.
    quota: LogQuota,
    received_bytes: u64,
    sent_bytes: u64,
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

impl Summary {
    pub(super) fn open(id: ConnectionId, info: &CarrierInfo, shared: Arc<Shared>) -> Self {
        let peer = match info.proxied_by {
            Some(proxy) => format!("{} via {proxy}", info.peer),
            None => info.peer.to_string(),
        };
        info!(connection = %id, transport = %info.transport, %peer, local = %info.local, "opened");
        shared.stats.session_opened();
        Self {
            id,
            transport: info.transport,
            peer,
            application: String::new(),
            used: Used::default(),
            quota: LogQuota::new(STREAM_LINES, STREAM_LINES_SPAN),
            received_bytes: 0,
            sent_bytes: 0,
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
        debug!(connection = %self.id, app = self.application, "connected");
    }

    /// A stream is published or played from now on; until what is given back is dropped.
    pub(super) fn started(&mut self, now: Instant, part: Part, stream: &str) -> Listed {
        let stream = self.shown(stream);
        self.used.add(part, stream);
        self.refusal = None;
        let listed = Listed {
            connection: self.id,
            part,
            application: self.application.clone(),
            stream: stream.to_owned(),
            since: now,
            shown: self.may_write(now),
        };
        if listed.shown == Verdict::Write {
            info!(
                connection = %self.id,
                transport = %self.transport,
                peer = %self.peer,
                app = self.application,
                stream,
                "{part} started"
            );
        }
        listed
    }

    /// A stream was asked for in vain; the closing line says so too, unless a later one was granted.
    pub(super) fn refused(&mut self, part: Part, stream: &str, description: &str) {
        let hidden = description.replace(stream, HIDDEN);
        let (stream, description) = match self.shown(stream) {
            HIDDEN => (HIDDEN, hidden.as_str()),
            stream => (stream, description),
        };
        self.used.add(part, stream);
        self.refusal = Some(format!("its {part} was refused: {description}"));
        if self.may_write(Instant::now()) == Verdict::Write {
            info!(
                connection = %self.id,
                transport = %self.transport,
                peer = %self.peer,
                app = self.application,
                stream,
                reason = description,
                "{part} refused"
            );
        }
    }

    /// The name of a stream as logs may have it: one that is relayed is a key of somebody else's server.
    fn shown<'a>(&self, stream: &'a str) -> &'a str {
        match self.shared.relay {
            Some(_) => HIDDEN,
            None => stream,
        }
    }

    fn may_write(&mut self, now: Instant) -> Verdict {
        if let Some(count) = self.quota.take_left_out(now) {
            info!(connection = %self.id, count, "more streams started or were refused, without a line each");
        }
        self.quota.ask(now)
    }

    pub(super) fn received(&mut self, bytes: usize) {
        self.received_bytes = self
            .received_bytes
            .saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
    }

    pub(super) fn sent(&mut self, bytes: usize) {
        self.sent_bytes = self
            .sent_bytes
            .saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
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
            debug!(connection = %self.id, fault = ?error.fault(), %error, "failed");
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
            .session_closed(self.received_bytes, self.sent_bytes);
        if let Some(count) = self.quota.take_rest() {
            info!(connection = %self.id, count, "more streams started or were refused, without a line each");
        }
        info!(
            connection = %self.id,
            transport = %self.transport,
            peer = %self.peer,
            app = self.application,
            role = self.used.roles(),
            stream = self.used.streams(),
            received_bytes = self.received_bytes,
            sent_bytes = self.sent_bytes,
            seconds = self.since.elapsed().as_secs(),
            reason = self.whole_reason(),
            "closed"
        );
    }
}

/// A stream that is published or played; dropping it writes the line that says so no longer, if there was a first.
pub(super) struct Listed {
    connection: ConnectionId,
    part: Part,
    application: String,
    stream: String,
    since: Instant,
    shown: Verdict,
}

impl Drop for Listed {
    fn drop(&mut self) {
        if self.shown == Verdict::Write {
            info!(
                connection = %self.connection,
                app = self.application,
                stream = self.stream,
                seconds = self.since.elapsed().as_secs(),
                "{} stopped",
                self.part
            );
        }
    }
}

/// What a connection published and played, without repetition.
#[derive(Default)]
struct Used {
    streams: Vec<(Part, String)>,
    others: u64,
}

impl Used {
    fn add(&mut self, part: Part, stream: &str) {
        let known = |(other, name): &(Part, String)| *other == part && name == stream;
        if self.streams.iter().any(known) {
            return;
        }
        if self.streams.len() < STREAMS_LISTED {
            self.streams.push((part, stream.to_owned()));
        } else {
            self.others = self.others.saturating_add(1);
        }
    }

    /// `publish`, `play` or both.
    fn roles(&self) -> &'static str {
        let has = |part| self.streams.iter().any(|(other, _)| *other == part);
        match (has(Part::Publish), has(Part::Play)) {
            (true, true) => "publish, play",
            (true, false) => "publish",
            (false, true) => "play",
            (false, false) => "",
        }
    }

    fn streams(&self) -> String {
        let mut names: Vec<&str> = Vec::new();
        for (_, name) in &self.streams {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        let names = names.join(", ");
        match self.others {
            0 => names,
            others => format!("{names} and {others} more"),
        }
    }
}

/// Streams that the closing line names.
const STREAMS_LISTED: usize = 8;

/// Lines about the streams of one connection in [`STREAM_LINES_SPAN`]; those beyond are told in one line.
const STREAM_LINES: u32 = 20;
const STREAM_LINES_SPAN: Duration = Duration::from_secs(10);

/// Stands for what no log may show.
const HIDDEN: &str = "***";

/// Nobody gave a reason: the session was dropped in the middle of a turn, by a panic.
const DEFECT: &str = "a defect of the server";

#[cfg(test)]
mod tests;
