//! Requests for access, and what a client hears that is refused.

use adit_rtmp::MessageStreamId;
use adit_rtmp::command::{Address, Location, Query, StatusCode};
use adit_rtmp::session::server::{PlayRequest, PublishRequest};

use super::SessionDriver;
use super::summary::Part;
use crate::access::{Action, Credentials, Place, Request, Ticket, Visitor};
use crate::application::Refusal;

/// What was given with the right to do something, until that begins; at most one for each message stream.
#[derive(Default)]
pub(super) struct Tickets(Vec<(MessageStreamId, Ticket)>);

impl Tickets {
    /// Keeps it in place of an older one.
    pub(super) fn put(&mut self, msid: MessageStreamId, ticket: Option<Ticket>) {
        self.forget(msid);
        self.0.extend(ticket.map(|ticket| (msid, ticket)));
    }

    pub(super) fn take(&mut self, msid: MessageStreamId) -> Option<Ticket> {
        let at = self.0.iter().position(|(of, _)| *of == msid)?;
        Some(self.0.swap_remove(at).1)
    }

    /// It did not begin, or is over.
    pub(super) fn forget(&mut self, msid: MessageStreamId) {
        self.0.retain(|(of, _)| *of != msid);
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

impl SessionDriver {
    /// That this client wants to do something with a stream, and what it shows for it.
    pub(super) fn asked(&self, action: Action, location: &Location, query: &Query) -> Request {
        let vhost = self.guest.seat().map_or("", |seat| seat.instance().vhost());
        let place = Place::new(vhost, &location.application, &location.instance);
        let place = place.stream(&location.name);
        let credentials = Credentials::none()
            .with_query(query.as_str())
            .with_query(self.guest.query().as_str());
        Request::new(action, place, self.visitor())
            .with(self.with_user(credentials))
            .within(self.summary.presence().trace().scope())
    }

    /// That this client wants to connect.
    pub(super) fn asked_to_connect(&self, address: &Address) -> Request {
        let vhost = self.shared.instances.vhost(address);
        let place = Place::new(vhost, address.application(), address.instance());
        let credentials = self.with_user(Credentials::none().with_query(address.query().as_str()));
        Request::new(Action::Connect, place, self.visitor())
            .with(credentials)
            .within(self.summary.presence().trace().scope())
    }

    fn with_user(&self, credentials: Credentials) -> Credentials {
        match &self.guest.user {
            Some(user) => credentials.with_login(user),
            None => credentials,
        }
    }

    fn visitor(&self) -> Visitor {
        Visitor::of(self.carrier.info(), self.summary.id().get())
    }

    /// A name that may be a key with a mistake in it stands in no log.
    pub(super) fn deny_publish(
        &mut self,
        request: PublishRequest,
        asked: &Request,
        refusal: &Refusal,
    ) {
        let code = refusal.code.unwrap_or(StatusCode::PublishDenied);
        if self.shared.access().may_be_secret(asked) {
            self.summary
                .refused_unnamed(Part::Publish, refusal.logged());
        } else {
            let name = &request.location.name;
            self.summary.refused(Part::Publish, name, refusal.logged());
        }
        self.session
            .reject_publish(request, code, refusal.description());
    }

    /// Nothing follows a play that is refused, whatever the client has put behind it.
    pub(super) fn deny_play(&mut self, request: PlayRequest, refusal: &Refusal) {
        let code = refusal.code.unwrap_or(StatusCode::PlayFailed);
        let msid = request.msid;
        self.guest.tickets.forget(msid);
        let name = &request.location.name;
        self.summary.refused(Part::Play, name, refusal.logged());
        if self
            .session
            .reject_play(request, code, refusal.description())
        {
            self.guest.wishes.forget(msid);
        }
    }
}
