//! `connect`, `publish` and `play`: requests that somebody has to decide about.

use super::{
    ConnectRequest, Decision, Phase, PlayRequest, PublishRequest, ServerEvent, ServerSession,
    commands::end_of, streams::Activity,
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
    ) -> Option<ServerEvent> {
        let refusal = StatusCode::PublishBadName;
        let (msid, name, location) = self.named_stream(msid, &publish.name, refusal)?;
        let ended = self.stop(msid);
        let limit = self.config.limits.publishes;
        if self.streams.publishes() >= limit {
            hit(&mut self.link.counts.hits.publishes);
            let description = format!("this connection publishes {limit} streams already");
            self.write_status(msid, Status::new(refusal, description));
            return ended;
        }
        let serial = self.begin(msid, Activity::AsksPublish);
        let kind = publish.kind;
        let request = PublishRequest {
            msid,
            location,
            name,
            kind,
            serial,
        };
        Some(self.after(ended, ServerEvent::Publish(request)))
    }

    pub(super) fn handle_play(
        &mut self,
        msid: MessageStreamId,
        play: &Play,
    ) -> Option<ServerEvent> {
        let refusal = StatusCode::PlayFailed;
        let (msid, name, location) = self.named_stream(msid, &play.name, refusal)?;
        let ended = self.stop(msid);
        let limit = self.config.limits.plays;
        if self.streams.plays() >= limit {
            hit(&mut self.link.counts.hits.plays);
            let description = format!("this connection plays {limit} streams already");
            self.write_status(msid, Status::new(refusal, description));
            return ended;
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
        Some(self.after(ended, ServerEvent::Play(request)))
    }

    /// The message stream and the identity that a `publish` or `play` means; the client is told when
    /// there is none.
    fn named_stream(
        &mut self,
        msid: MessageStreamId,
        name: &str,
        refusal: StatusCode,
    ) -> Option<(MessageStreamId, StreamName, Location)> {
        let Some(stream) = self.streams.meant_by_command(msid) else {
            let description =
                format!("there is no message stream {msid}: create one with createStream first");
            self.write_status(msid, Status::new(refusal, description));
            return None;
        };
        let msid = stream.msid;
        match self.locate(name) {
            Ok((name, location)) => Some((msid, name, location)),
            Err(error) => {
                self.link.counts.hits.count_address(error);
                self.write_status(msid, Status::new(refusal, error.to_string()));
                None
            }
        }
    }

    fn locate(&self, name: &str) -> Result<(StreamName, Location), AddressError> {
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
