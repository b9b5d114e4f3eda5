//! `publish`: a stream gets its publisher, and media of it.

use std::sync::Arc;
use std::time::Instant;

use adit_amf::Text;
use adit_amf::amf0::{self, Value};
use adit_broker::{NameInUse, Publication, PublisherInfo};
use adit_media::{Frame, FrameKind};
use adit_rtmp::command::{PublishKind, StatusCode};
use adit_rtmp::session::MediaKind;
use adit_rtmp::session::server::PublishRequest;
use adit_rtmp::{MessageStreamId, Timestamp};
use bytes::{Bytes, BytesMut};

use super::SessionDriver;
use super::player::frame_kind;
use super::requests::About;
use super::roles::{Misfit, Publisher, Role};
use super::summary::Part;
use crate::access::{self, Action, Request};
use crate::application::{Decision, Publishing, Recorded, Refusal};
use crate::codecs::CodecGate;
use crate::control;
use crate::relay::Push;

/// A `publish` that nothing here speaks against.
pub(super) struct Granted {
    pub(super) request: PublishRequest,
    /// Holds the name.
    pub(super) publication: Publication,
    pub(super) recorded: Recorded,
}

impl SessionDriver {
    pub(super) fn publish(&mut self, now: Instant, request: PublishRequest) {
        let asked = self.asked(Action::Publish, &request.location, request.query());
        if let Some(refusal) = self.shared.phase.memory().refuses_newcomer() {
            return self.deny_publish(request, &asked, &refusal);
        }
        let decision = self.shared.access().authorize(&asked);
        let about = About::Stream(request.msid);
        self.when_decided(now, about, decision, |driver, now, answer| match answer {
            Ok(granted) => driver.publish_authorized(now, request, asked, granted),
            Err(refusal) => driver.deny_publish(request, &asked, &refusal),
        });
    }

    /// Nothing is known of the key from here on, if it stood where the name belongs.
    fn publish_authorized(
        &mut self,
        now: Instant,
        mut request: PublishRequest,
        asked: Request,
        granted: access::Granted,
    ) {
        self.guest.tickets.put(request.msid, granted.ticket);
        if let Some(name) = granted.stream {
            request.location.name = name.into();
        }
        let decision = self.may_publish(&request);
        let about = About::Stream(request.msid);
        self.when_decided(now, about, decision, |driver, now, answer| match answer {
            Ok(Recorded::NotRecorded) => {
                driver.publish_allowed(now, request, Recorded::NotRecorded);
            }
            Ok(recorded) => driver.may_record(now, request, asked, recorded),
            Err(refusal) => {
                let code = refusal.code.unwrap_or(StatusCode::PublishBadName);
                driver.refuse_publish(request, code, &refusal.description);
            }
        });
    }

    /// That it is recorded takes a right of its own.
    fn may_record(
        &mut self,
        now: Instant,
        request: PublishRequest,
        asked: Request,
        recorded: Recorded,
    ) {
        let mut asked = asked;
        asked.action = Action::Record;
        let decision = self.shared.access().authorize(&asked);
        let about = About::Stream(request.msid);
        self.when_decided(
            now,
            about,
            decision,
            move |driver, now, answer| match answer {
                Ok(_) => driver.publish_allowed(now, request, recorded),
                Err(refusal) => {
                    let refusal = refusal.with_code(StatusCode::RecordNoAccess);
                    driver.deny_publish(request, &asked, &refusal);
                }
            },
        );
    }

    fn may_publish(&self, request: &PublishRequest) -> Decision<Recorded> {
        let Some(seat) = self.guest.seat() else {
            return Decision::refuse(Refusal::new("not connected"));
        };
        let name = &request.location.name;
        if !seat.client().may_write(name) {
            let refusal = Refusal::new(format!("this client may not publish {name}"));
            return Decision::refuse(match request.kind {
                PublishKind::Live => refusal,
                _ => refusal.with_code(StatusCode::RecordNoAccess),
            });
        }
        let publishing = Publishing {
            location: &request.location,
            name: &request.name,
            kind: request.kind,
        };
        seat.application()
            .publish(seat.instance(), seat.client(), &publishing)
    }

    /// The application lets it be published, and says what becomes of it.
    fn publish_allowed(&mut self, now: Instant, request: PublishRequest, recorded: Recorded) {
        let publisher = PublisherInfo::new(self.summary.id().to_string(), self.summary.peer());
        let latency = self
            .shared
            .live
            .now()
            .latency(&request.location.application);
        let publisher = publisher.with_latency(latency);
        let publisher = match self.guest.via.text() {
            Some(via) => publisher.with_via(Arc::clone(via)),
            None => publisher,
        };
        let key = match self.guest.key(&request.location) {
            Ok(key) => key,
            Err(too_long) => {
                let code = StatusCode::PublishBadName;
                return self.refuse_publish(request, code, &too_long.to_string());
            }
        };
        if self.guest.via.holds(self.shared.relays.name()) {
            let circle = "this server pushes it itself: a relay sends it in a circle";
            return self.refuse_publish(request, StatusCode::PublishDenied, circle);
        }
        if let Some(objection) = self.objection(&key, recorded) {
            let code = StatusCode::RecordNoAccess;
            return self.refuse_publish(request, code, &objection);
        }
        self.shared.relays.mirrors().give_way(&key);
        match self.shared.broker.publish(key, publisher, now) {
            Ok(publication) => {
                let granted = Granted {
                    request,
                    publication,
                    recorded,
                };
                match self.shared.relay.clone() {
                    Some(relay) => self.ask_to_publish(&relay, granted),
                    None => self.begin_publish(now, granted, None),
                }
            }
            Err(in_use) => self.refuse_taken(now, request, &in_use),
        }
    }

    fn refuse_taken(&mut self, now: Instant, request: PublishRequest, in_use: &NameInUse) {
        self.guest.tickets.forget(request.msid);
        let name = &request.location.name;
        let description = taken(name, in_use, now);
        // Who it is, is no business of a stranger's.
        let holder = &in_use.publication.publisher.peer;
        let logged = format!("{description}; it comes from {holder}");
        self.summary.refused(Part::Publish, name, &logged);
        if let Some(relay) = &self.shared.relay {
            relay.note_taken(self.summary.id(), &in_use.publication.publisher);
        }
        let code = StatusCode::PublishBadName;
        self.session.reject_publish(request, code, &description);
    }

    pub(super) fn begin_publish(&mut self, now: Instant, granted: Granted, push: Option<Push>) {
        let Granted {
            request,
            publication,
            recorded,
        } = granted;
        let msid = request.msid;
        if self.session.accept_publish(request) {
            // An earlier role ends first, in the log too.
            self.roles.remove(msid);
            let key = publication.key().clone();
            let mut listed = self.summary.granted(now, control::Role::Publish, key);
            listed.keep(self.guest.tickets.take(msid));
            self.record(msid, &publication, recorded, &listed);
            let settings = self.shared.live.now();
            let gate = CodecGate::new(settings.codecs(publication.key().application()));
            let publisher = Publisher::new(now, publication, gate, push);
            self.roles
                .insert(msid, Role::Publishing(publisher), None, listed);
        }
    }

    pub(super) fn refuse_publish(
        &mut self,
        request: PublishRequest,
        code: StatusCode,
        description: &str,
    ) {
        self.guest.tickets.forget(request.msid);
        self.summary
            .refused(Part::Publish, &request.location.name, description);
        self.session.reject_publish(request, code, description);
    }

    pub(super) fn media(
        &mut self,
        now: Instant,
        msid: MessageStreamId,
        kind: MediaKind,
        at: Timestamp,
        payload: Bytes,
    ) {
        let at = adit_media::Timestamp::from_ms(at.ms());
        let frame = Frame::classify(at, frame_kind(kind), payload);
        if let Err(misfit) = self.roles.push(now, msid, frame) {
            self.end_misfit(msid, &misfit);
        }
    }

    /// What is published in a codec that the application does not take is over; the connection is not.
    fn end_misfit(&mut self, msid: MessageStreamId, Misfit { key, refused }: &Misfit) {
        self.roles.remove(msid);
        self.shared.stats.codec_refused();
        let description = refused.words(key.application());
        self.summary
            .refused(Part::Publish, key.name(), &description);
        self.session
            .end_publish(msid, StatusCode::PublishDenied, &description);
    }

    /// The publisher takes back what it had set for players to come; the log carries it out.
    pub(super) fn clear_data(&mut self, now: Instant, msid: MessageStreamId, handler: Text) {
        let mut body = BytesMut::new();
        let words = [
            Value::String(Text::from_static("@clearDataFrame")),
            Value::String(handler),
        ];
        if amf0::encode_all(&words, &mut body).is_ok() {
            let at = adit_media::Timestamp::ZERO;
            let frame = Frame::classify(at, FrameKind::Data, body.freeze());
            // Data has no codec.
            self.roles.push(now, msid, frame).ok();
        }
    }
}

/// What OBS shows its user when the name is taken: for how long, and what to do.
fn taken(name: &str, in_use: &NameInUse, now: Instant) -> String {
    let publication = &in_use.publication;
    let seconds = now.saturating_duration_since(publication.since).as_secs();
    format!(
        "{name} is already published, for {seconds} s now; stop that publisher or use another stream key"
    )
}
