//! What a connection is to its application.

use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use adit_broker::{KeyTooLong, StreamKey};
use adit_rtmp::command::{Location, Query};
use adit_rtmp::session::ServerSession;

use super::access::Tickets;
use super::bandwidth::Line;
use super::calls::Calls;
use super::requests::Requests;
use super::wishes::Wishes;
use crate::application::{Client, Seat};
use crate::objects::{Members, Turn};
use crate::playback::Files;
use crate::relays::Via;

/// The place of a connection in an instance, what it waits for there, the calls that its client has not answered, and the shared objects it
/// uses.
pub(super) struct Guest {
    seat: Option<Seat>,
    /// What it asked for and has no answer to yet.
    pub(super) requests: Requests,
    /// What it said about plays that have not begun.
    pub(super) wishes: Wishes,
    /// Who it is, where it logged in.
    pub(super) user: Option<String>,
    /// What it may do and has not begun; the one of the connection is kept to its end.
    pub(super) tickets: Tickets,
    pub(super) calls: Calls,
    pub(super) bandwidth: Line,
    /// When the client last asked for something.
    pub(super) active: Option<Instant>,
    pub(super) objects: Members,
    /// The recordings as it may play them, where there are any.
    pub(super) files: Option<Files>,
    /// The servers that what it publishes has come through.
    pub(super) via: Via,
}

impl Guest {
    pub(super) fn new(objects: Members, files: Option<Files>) -> Self {
        Self {
            user: None,
            seat: None,
            wishes: Wishes::default(),
            requests: Requests::default(),
            tickets: Tickets::default(),
            calls: Calls::default(),
            bandwidth: Line::default(),
            active: None,
            objects,
            files,
            via: Via::default(),
        }
    }

    /// From here on the application knows the connection, and decides about it.
    pub(super) fn sit(&mut self, seat: Seat) {
        self.seat = Some(seat);
    }

    /// The client was let in.
    pub(super) fn admit(&mut self) {
        if let Some(seat) = &mut self.seat {
            seat.admit();
        }
    }

    /// Leaves the instance: whoever waits for an answer of the client hears that it has gone.
    pub(super) fn leave(&mut self) {
        self.objects.clear();
        self.calls.clear();
        self.tickets.clear();
        self.seat = None;
    }

    /// There is one from the request to connect on.
    pub(super) const fn seat(&self) -> Option<&Seat> {
        self.seat.as_ref()
    }

    pub(super) fn client(&self) -> Option<&Client> {
        self.seat().map(Seat::client)
    }

    /// Whether the application wants something of the client; to ask costs no lock.
    pub(super) fn has_mail(&self) -> bool {
        self.client().is_some_and(Client::has_mail)
    }

    /// Works off the message about a shared object that came last.
    pub(super) fn work_off_objects(
        &mut self,
        cx: &mut Context<'_>,
        now: Instant,
        patience: Duration,
        session: &mut ServerSession,
    ) -> Poll<()> {
        let turn = Turn {
            now,
            seat: self.seat.as_ref(),
            patience,
        };
        self.objects.poll_work(cx, &turn, session)
    }

    /// What the client said about itself when it connected.
    pub(super) fn query(&self) -> Query {
        let client = self.client();
        client.map_or_else(Query::default, |client| client.address().query().clone())
    }

    /// The virtual host it is on.
    pub(super) fn host(&self) -> &str {
        self.seat().map_or("", |seat| seat.instance().vhost())
    }

    /// The key of a stream.
    pub(super) fn key(&self, location: &Location) -> Result<StreamKey, KeyTooLong> {
        StreamKey::new(
            self.host(),
            &location.application,
            &location.instance,
            &location.name,
        )
    }
}
