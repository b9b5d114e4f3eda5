//! Spans of what goes on, for whoever collects traces: connections, what they publish and play, recordings, callbacks, relays.
//!
//! ```text
//!  connection ─┬─ callback publish
//!              ├─ publish ── record
//!              └─ play
//!  relay push ─── relay connection
//! ```
//!
//! They are made only where the embedding program gives a [`TraceContext`]; elsewhere each costs a look at a pointer. A span names what it
//! is inside of, and none is entered while work goes on: no turn of a task and no frame pays for them. Nothing secret stands in them:
//! they hold what the log holds.

mod post;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use adit_broker::StreamKey;
use tracing::field::{Empty, Value};
use tracing::span::Id;
use tracing::{Level, Span, span};

pub use self::post::{Post, PostError};
use crate::control::{Origin, Role};
use crate::server::ConnectionId;

/// The target of all spans that are made for whoever collects them; those of the log have others.
pub const SPANS: &str = "adit_server::spans";

/// Whoever collects spans: he knows how they are called outside of this process.
pub trait TraceContext: fmt::Debug + Send + Sync {
    /// What `traceparent`, as W3C Trace Context writes it, says of a span of ours; nothing if it is not known.
    fn traceparent(&self, span: &Span) -> Option<String>;
}

/// What a span may be inside of: another one, or nothing. The default is that nobody collects any.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope(Option<Box<Inside>>);

#[derive(Clone, Debug)]
struct Inside {
    context: Arc<dyn TraceContext>,
    parent: Option<Span>,
}

/// Something that goes on, as others see it in a trace. Dropping it is its end.
#[derive(Debug, Default)]
pub(crate) struct Trace(Option<Box<Open>>);

#[derive(Debug)]
struct Open {
    span: Span,
    context: Arc<dyn TraceContext>,
    /// Of the trace that it is part of.
    id: Option<Box<str>>,
}

impl Scope {
    /// Nobody collects any.
    pub(crate) const NOBODY: Self = Self(None);

    /// Spans that are inside of none, for this one who collects them.
    pub(crate) fn new(context: Arc<dyn TraceContext>) -> Self {
        Self(Some(Box::new(Inside {
            context,
            parent: None,
        })))
    }

    /// Somebody is connected.
    pub(crate) fn connection(&self, id: ConnectionId, who: &Origin) -> Trace {
        self.open(|parent| {
            let proxy = who.proxied_by.as_ref().map(host);
            span!(
                target: SPANS, parent: parent, Level::TRACE, "connection",
                otel.kind = "server",
                adit.connection = count(id.get()),
                adit.transport = who.way.as_str(),
                client.address = host(&who.peer),
                client.port = who.peer.port(),
                server.address = host(&who.local),
                server.port = who.local.port(),
                network.peer.address = proxy,
                adit.app = Empty,
                adit.received_bytes = Empty,
                adit.sent_bytes = Empty,
                adit.reason = Empty,
            )
        })
    }

    /// A stream is published or played. Its name is one that others may see.
    pub(crate) fn stream(&self, role: Role, key: &StreamKey) -> Trace {
        let name = match role {
            Role::Publish => "publish",
            Role::Play | Role::Replay => "play",
        };
        self.open(|parent| {
            span!(
                target: SPANS, parent: parent, Level::TRACE, "stream",
                otel.name = name,
                adit.app = key.application(),
                adit.instance = key.instance(),
                adit.stream = key.name(),
                adit.recorded = role == Role::Replay,
            )
        })
    }

    /// A stream is recorded in a file below the directory of media.
    pub(crate) fn recording(&self, key: &StreamKey, file: &str) -> Trace {
        self.open(|parent| {
            span!(
                target: SPANS, parent: parent, Level::TRACE, "record",
                adit.app = key.application(),
                adit.stream = key.name(),
                adit.file = file,
                adit.bytes = Empty,
                adit.gaps = Empty,
                adit.lost_frames = Empty,
                adit.failures = Empty,
                otel.status_description = Empty,
            )
        })
    }

    /// A program of the operator's is asked or told something. The address is without its secrets.
    pub(crate) fn callback(&self, event: &str, url: &dyn fmt::Display, host: &str) -> Trace {
        self.open(|parent| {
            span!(
                target: SPANS, parent: parent, Level::TRACE, "callback",
                otel.name = %format_args!("callback {event}"),
                otel.kind = "client",
                adit.event = event,
                server.address = host,
                url.full = %url,
                adit.answer = Empty,
                otel.status_description = Empty,
            )
        })
    }

    /// A stream goes to a far server, or comes from there. The address is without its secrets.
    pub(crate) fn relay(&self, direction: &str, relay: u64, key: &StreamKey, far: &str) -> Trace {
        self.open(|parent| {
            span!(
                target: SPANS, parent: parent, Level::TRACE, "relay",
                otel.name = %format_args!("relay {direction}"),
                adit.relay = count(relay),
                adit.direction = direction,
                adit.app = key.application(),
                adit.stream = key.name(),
                adit.far = far,
                server.address = Empty,
                adit.connections = Empty,
                adit.failures = Empty,
                adit.skipped = Empty,
                adit.messages = Empty,
                adit.bytes = Empty,
                otel.status_description = Empty,
            )
        })
    }

    /// One connection of a relay, from when the far side has let it in.
    pub(crate) fn relay_connection(&self, way: &dyn fmt::Display) -> Trace {
        self.open(|parent| {
            span!(
                target: SPANS, parent: parent, Level::TRACE, "relay connection",
                otel.kind = "client",
                adit.way = %way,
                otel.status_description = Empty,
            )
        })
    }

    fn open(&self, make: impl FnOnce(Option<Id>) -> Span) -> Trace {
        let Some(inside) = &self.0 else {
            return Trace(None);
        };
        let parent = inside.parent.as_ref().and_then(Span::id);
        let span = make(parent);
        if span.is_disabled() {
            return Trace(None);
        }
        let context = Arc::clone(&inside.context);
        let traceparent = context.traceparent(&span);
        let id = traceparent.as_deref().and_then(trace_id).map(Box::from);
        Trace(Some(Box::new(Open { span, context, id })))
    }
}

impl Trace {
    /// For what is inside of it. That may last longer.
    pub(crate) fn scope(&self) -> Scope {
        Scope(self.0.as_ref().map(|open| {
            Box::new(Inside {
                context: Arc::clone(&open.context),
                parent: Some(open.span.clone()),
            })
        }))
    }

    /// The number of the trace, as the log has it: 32 hexadecimal digits; nothing of one that nobody collects.
    pub(crate) fn id(&self) -> Option<&str> {
        self.0.as_ref()?.id.as_deref()
    }

    /// What is told to a server that is asked something as part of this.
    pub(crate) fn traceparent(&self) -> Option<String> {
        let open = self.0.as_ref()?;
        open.context.traceparent(&open.span)
    }

    /// Notes what is known only now. It has to be one of the fields that the span was made with.
    pub(crate) fn note(&self, field: &'static str, value: impl Value) {
        if let Some(open) = &self.0 {
            open.span.record(field, value);
        }
    }

    /// The same for something that is counted.
    pub(crate) fn note_count(&self, field: &'static str, number: u64) {
        self.note(field, count(number));
    }

    /// It went wrong.
    pub(crate) fn failed(&self, why: &dyn fmt::Display) {
        if let Some(open) = &self.0 {
            let why = tracing::field::display(why);
            open.span.record("otel.status_description", why);
        }
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        if let Some(open) = &self.0 {
            // Whoever collects takes the moment when it was last left for its end. Otherwise that were the end of the last span in it.
            open.span.in_scope(|| {});
        }
    }
}

/// The number of the trace in a `traceparent`: version, trace, span and flags, with hyphens between them. One that is not collected has
/// none that would be of use.
fn trace_id(traceparent: &str) -> Option<&str> {
    let mut parts = traceparent.split('-').skip(1);
    let (trace, flags) = (parts.next()?, parts.nth(1)?);
    let flags = u8::from_str_radix(flags, 16).ok()?;
    (flags & SAMPLED != 0).then_some(trace)
}

/// What counts numbers as signed ones, as traces do, takes larger ones for text.
fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn host(address: &SocketAddr) -> String {
    address.ip().to_string()
}

/// The flag of traces that are collected.
const SAMPLED: u8 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_nobody_collects_spans_there_are_none() {
        let nobody = Scope::NOBODY;
        let key = StreamKey::new("", "live", "_definst_", "cam").unwrap();
        let trace = nobody.stream(Role::Publish, &key);
        assert!(trace.0.is_none());
        assert!(trace.scope().0.is_none());
        assert_eq!((trace.id(), trace.traceparent()), (None, None));
    }

    #[test]
    fn the_number_of_a_trace_that_is_collected_is_the_second_part_of_a_traceparent() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let parent = |flags: &str| format!("00-{trace}-00f067aa0ba902b7-{flags}");
        assert_eq!(trace_id(&parent("01")), Some(trace));
        assert_eq!(trace_id(&parent("00")), None);
        assert_eq!(trace_id("nothing"), None);
    }
}
