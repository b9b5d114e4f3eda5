//! The connections of a run, one after the other.

use std::time::{Duration, Instant};

use adit_client::connection::Ended as Closed;
use adit_client::connection::StreamError;
use adit_client::{Destination, NetConnection};
use serde_json::{Map, Value};

use super::{Ended, Failure, rung_fields};
use crate::ui;

/// What follows one connection.
pub(crate) enum Next {
    /// Nothing.
    End(Ended),
    /// Another: the server has asked to connect again.
    Again,
    /// It broke, so it depends.
    Broken(Failure),
}

impl Next {
    /// A connection that has ended by itself.
    pub(crate) fn broken(ended: Closed) -> Self {
        Self::Broken(StreamError::Ended(ended).into())
    }

    /// Another connection, as the server asks for, if that may be; if not it is said, and nothing follows.
    pub(crate) fn as_asked(
        destination: &mut Destination,
        connection: &NetConnection,
        url: Option<&str>,
    ) -> Option<Self> {
        match destination.reconnect_requested(Instant::now(), connection, url) {
            Ok(()) => Some(Self::Again),
            Err(error) => {
                let text = format!("a request to connect again is not followed: {error}");
                ui::note(&text);
                None
            }
        }
    }
}

/// The account of them.
#[derive(Debug)]
pub(crate) struct Connections {
    /// When the command was started.
    began: Instant,
    /// What is told about the way of the newest.
    pub(super) way: Map<String, Value>,
    /// From the start of the command to the first one.
    pub(super) first: Option<Duration>,
    /// How many came after it.
    pub(super) more: u64,
}

impl Connections {
    /// None yet. `began` is when the command was started.
    pub(crate) fn new(began: Instant) -> Self {
        Self {
            began,
            way: Map::new(),
            first: None,
            more: 0,
        }
    }

    /// There is one more.
    pub(crate) fn note(&mut self, connection: &NetConnection) {
        self.way = rung_fields(connection.rung());
        if self.first.is_some() {
            self.more = self.more.saturating_add(1);
        } else {
            self.first = Some(self.began.elapsed());
        }
    }
}
