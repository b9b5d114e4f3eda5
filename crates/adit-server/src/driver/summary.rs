//! What is told about a connection: one line when it opens, one when it closes.

use std::sync::Arc;

use adit_net::CarrierInfo;
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
    stream: String,
    received_bytes: u64,
    sent_bytes: u64,
    reason: Option<String>,
    shared: Arc<Shared>,
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
            stream: String::new(),
            received_bytes: 0,
            sent_bytes: 0,
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
            instance => format!("{application}/{instance}"),
        };
        debug!(connection = %self.id, app = self.application, "connected");
    }

    /// The newest stream the connection published or played.
    pub(super) fn uses_stream(&mut self, verb: &'static str, stream: &str) {
        stream.clone_into(&mut self.stream);
        debug!(connection = %self.id, app = self.application, stream, verb, "stream in use");
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
}

impl Drop for Summary {
    fn drop(&mut self) {
        self.shared
            .stats
            .session_closed(self.received_bytes, self.sent_bytes);
        info!(
            connection = %self.id,
            transport = %self.transport,
            peer = %self.peer,
            app = self.application,
            stream = self.stream,
            received_bytes = self.received_bytes,
            sent_bytes = self.sent_bytes,
            reason = self.reason.as_deref().unwrap_or(DEFECT),
            "closed"
        );
    }
}

/// Nobody gave a reason: the session was dropped in the middle of a turn, by a panic.
const DEFECT: &str = "a defect of the server";
