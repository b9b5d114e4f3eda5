//! `connect`, `publish` and `play`: requests that somebody has to decide about.

use adit_amf::Text;
use tracing::debug;

use super::{
    Asked, ConnectRequest, Decision, Phase, PlayRequest, PublishRequest, ServerEvent,
    ServerSession,
    commands::end_of,
    streams::{Activity, Early},
};
use crate::{
    MessageStreamId,
    command::{
        AddressError, Connect, Location, Play, Publish, Status, StatusCode, StreamName,
        TransactionId,
    },
    session::stats::hit,
};

impl ServerSession {
    pub(super) fn handle_connect(
        &mut self,
        connect: Connect,
        transaction: TransactionId,
    ) -> Option<ServerEvent> {
        let Phase::Connect { until, .. } = self.phase else {
            let description = "this connection is connected to an application already";
            self.refuse_connect(transaction, StatusCode::ConnectRejected, description);
            return None;
        };
        match connect.address() {
            Ok(address) => {
                self.phase = Phase::Connect {
                    until,
                    decision: Decision::Pending,
                };
                let connect = Box::new(connect);
                Some(ServerEvent::Connect(ConnectRequest {
                    address,
                    connect,
                    enhanced: None,
                    transaction,
                }))
            }
            Err(error) => {
                self.link.counts.hits.count_address(error);
                let description = format!("connect: {error}");
                self.refuse_connect(transaction, StatusCode::ConnectInvalidApp, &description);
                None
            }
        }
    }

    /// An `_error` that leaves the connection open for another attempt.
    fn refuse_connect(&mut self, transaction: TransactionId, code: StatusCode, description: &str) {
        self.answer_error(MessageStreamId::CONNECTION, transaction, code, description);
    }

    pub(super) fn handle_publish(
        &mut self,
        msid: MessageStreamId,
        publish: &Publish,
    ) -> ServerEvent {
        let asked = Asked::Publish;
        let (msid, name, location) = match self.named_stream(msid, &publish.name) {
            Ok(named) => named,
            Err((msid, why)) => return self.refuse(msid, asked, bare(&publish.name), why),
        };
        let ended = self.stop(msid);
        let limit = self.config.limits.publishes;
        if self.streams.publishes() >= limit {
            hit(&mut self.link.counts.hits.publishes);
            let description = format!("this connection publishes {limit} streams already");
            let refused = self.refuse(msid, asked, location.name, description);
            return self.after(ended, refused);
        }
        let serial = self.begin(msid, Activity::AsksPublish);
        let Publish {
            kind,
            is_kind_known,
            ..
        } = *publish;
        if !is_kind_known {
            debug!(%msid, "a publish type that is not known: taken for live");
        }
        let request = PublishRequest {
            msid,
            location,
            name,
            kind,
            is_kind_known,
            serial,
        };
        self.after(ended, ServerEvent::Publish(request))
    }

    pub(super) fn handle_play(&mut self, msid: MessageStreamId, play: Play) -> ServerEvent {
        if let Some(stream) = self.streams.meant_by_command(msid)
            && stream.activity.plays()
            && !play.playlist.is_reset()
        {
            return ServerEvent::PlayNext {
                msid: stream.msid,
                play: Box::new(play),
            };
        }
        self.begin_play(msid, &play)
    }

    fn begin_play(&mut self, msid: MessageStreamId, play: &Play) -> ServerEvent {
        let asked = Asked::Play;
        let (msid, name, location) = match self.named_stream(msid, &play.name) {
            Ok(named) => named,
            Err((msid, why)) => return self.refuse(msid, asked, bare(&play.name), why),
        };
        let ended = self.stop(msid);
        let limit = self.config.limits.plays;
        if self.streams.plays() >= limit {
            hit(&mut self.link.counts.hits.plays);
            let description = format!("this connection plays {limit} streams already");
            let refused = self.refuse(msid, asked, location.name, description);
            return self.after(ended, refused);
        }
        let serial = self.begin(msid, Activity::AsksPlay);
        let request = PlayRequest {
            msid,
            location,
            name,
            start: play.start,
            duration: play.duration,
            playlist: play.playlist,
            serial,
        };
        self.after(ended, ServerEvent::Play(request))
    }

    /// The message stream and the identity that a `publish` or `play` means, or where to say why
    /// there is none.
    fn named_stream(
        &mut self,
        msid: MessageStreamId,
        name: &str,
    ) -> Result<(MessageStreamId, StreamName, Location), (MessageStreamId, String)> {
        let Some(stream) = self.streams.meant_by_command(msid) else {
            let description =
                format!("there is no message stream {msid}: create one with createStream first");
            return Err((msid, description));
        };
        let msid = stream.msid;
        match self.locate(name) {
            Ok((name, location)) => Ok((msid, name, location)),
            Err(error) => {
                self.link.counts.hits.count_address(error);
                Err((msid, error.to_string()))
            }
        }
    }

    /// Tells the client that its request is refused; the event tells whoever drives the session.
    pub(super) fn refuse(
        &mut self,
        msid: MessageStreamId,
        asked: Asked,
        name: Text,
        description: String,
    ) -> ServerEvent {
        let code = match asked {
            Asked::Publish => StatusCode::PublishBadName,
            Asked::Play => StatusCode::PlayFailed,
        };
        let description = Text::from(description);
        self.write_status(msid, Status::new(code, description.clone()));
        ServerEvent::Refused {
            asked,
            name,
            description,
        }
    }

    /// What the name of a stream means on this connection.
    ///
    /// # Errors
    ///
    /// The name cannot be used, or nobody is connected.
    pub fn locate(&self, name: &str) -> Result<(StreamName, Location), AddressError> {
        let name = StreamName::parse(name)?;
        let address = self.address.as_ref().ok_or(AddressError::NoName)?;
        let location = address.locate(&name)?;
        Ok((name, location))
    }

    /// Ends what the message stream does now, before it is used anew: some encoders publish again
    /// without a word about the first time.
    fn stop(&mut self, msid: MessageStreamId) -> Option<ServerEvent> {
        let stream = self.streams.find_mut(msid)?;
        let activity = std::mem::replace(&mut stream.activity, Activity::Idle);
        end_of(msid, &activity)
    }

    /// Numbers a request and makes it what the message stream does.
    fn begin(&mut self, msid: MessageStreamId, activity: fn(u64) -> Activity) -> u64 {
        self.serial = self.serial.wrapping_add(1);
        let serial = self.serial;
        if let Some(stream) = self.streams.find_mut(msid) {
            stream.activity = activity(serial);
            stream.early = Early::default();
        }
        self.mark_used();
        serial
    }

    /// The end of the old use first, then the request.
    fn after(&mut self, ended: Option<ServerEvent>, request: ServerEvent) -> ServerEvent {
        match ended {
            None => request,
            Some(ended) => {
                self.intake.events.push_back(request);
                ended
            }
        }
    }
}

/// A name without its query; empty if it is not usable.
fn bare(name: &str) -> Text {
    StreamName::parse(name).map_or_else(|_| Text::default(), |name| name.name().into())
}
