//! What a session asks for, and what the server answers.

use std::time::{Duration, Instant};

use adit_amf::Text;
use adit_amf::amf0::{self, Value};
use adit_broker::{
    NameInUse, Publication, PublisherInfo, StreamKey, SubscribeOptions, Subscription,
};
use adit_media::{Frame, FrameKind};
use adit_rtmp::command::{
    Location, PauseState, PlayStart, PublishKind, Receive, Status, StatusCode,
};
use adit_rtmp::session::server::{ConnectRequest, PlayRequest, PublishRequest};
use adit_rtmp::session::{CloseReason, MediaKind, ServerEvent};
use adit_rtmp::{MessageStreamId, Timestamp};
use bytes::{Bytes, BytesMut};
use tracing::debug;

use super::patience::Silence;
use super::player::{Flow, Player, frame_kind};
use super::roles::{Publisher, Role};
use super::summary::Part;
use super::{SessionDriver, stalled};
use crate::relay::{Interest, Push};

/// All hosts share their streams until virtual hosts can be configured: a publisher who says `localhost` and a player who says
/// `127.0.0.1` mean the same stream.
const DEFAULT_VHOST: &str = "";

/// Clients of a tunnel ask at least every few seconds.
const TUNNEL_SILENT: Duration = Duration::from_secs(10);

impl SessionDriver {
    pub(super) fn handle_event(&mut self, now: Instant, event: ServerEvent) {
        match event {
            ServerEvent::Connect(request) => self.connect(request),
            ServerEvent::Publish(request) => self.publish(now, request),
            ServerEvent::Play(request) => self.play(now, request),
            ServerEvent::Media {
                msid,
                kind,
                timestamp,
                payload,
            } => {
                self.media(now, msid, kind, timestamp, payload);
            }
            ServerEvent::ClearData { msid, handler } => self.clear_data(now, msid, handler),
            ServerEvent::Unpublish { msid } | ServerEvent::StopPlay { msid } => {
                self.relayed.forget(msid);
                self.roles.remove(msid);
            }
            ServerEvent::Pause { msid, state, .. } => self.with_player(msid, |player| {
                player.set_paused(match state {
                    PauseState::Paused => Flow::Off,
                    PauseState::Playing => Flow::On,
                });
            }),
            ServerEvent::ReceiveAudio { msid, receive } => {
                self.with_player(msid, |player| player.set_audio(flow(receive)));
            }
            ServerEvent::ReceiveVideo { msid, receive } => {
                self.with_player(msid, |player| player.set_video(flow(receive)));
            }
            ServerEvent::Seek { msid, .. } => {
                self.tell(
                    msid,
                    StatusCode::SeekFailed,
                    "a live stream has no other place to go to",
                );
            }
            ServerEvent::Play2 { msid, .. } => {
                self.tell(
                    msid,
                    StatusCode::PlayFailed,
                    "this server does not switch streams; play the other one",
                );
            }
            ServerEvent::PlayNext { msid, .. } => {
                self.tell(
                    msid,
                    StatusCode::PlayFailed,
                    "a live stream has no end after which something could be played",
                );
            }
            ServerEvent::StreamLength { call, .. } => {
                self.session.reply_call(call, vec![0.0.into()]);
            }
            ServerEvent::Call(request) => {
                let description = format!("this server has no method {}", request.name);
                self.session.fail_call(request, &description);
            }
            ServerEvent::Refused {
                asked,
                name,
                description,
            } => self.summary.refused(asked.into(), &name, &description),
            ServerEvent::Closed { reason } => self.summary.ended(words(reason)),
            _ => {}
        }
    }

    fn connect(&mut self, request: ConnectRequest) {
        self.summary
            .connected(request.address.application(), request.address.instance());
        self.relayed.app_query = request.address.query().clone();
        self.session.accept_connect(request);
        self.carrier.authenticated();
    }

    fn publish(&mut self, now: Instant, request: PublishRequest) {
        if request.kind != PublishKind::Live {
            let refusal = "this server does not record; publish with the type live";
            self.refuse_publish(request, StatusCode::RecordNoAccess, refusal);
            return;
        }
        let publisher = PublisherInfo::new(self.summary.id().to_string(), self.summary.peer());
        match stream_key(&request.location)
            .map(|key| self.shared.broker.publish(key, publisher, now))
        {
            Ok(Ok(publication)) => match self.shared.relay.clone() {
                Some(relay) => self.ask_to_publish(&relay, request, publication),
                None => self.begin_publish(now, request, publication, None),
            },
            Ok(Err(in_use)) => {
                let name = &request.location.name;
                let description = taken(name, &in_use, now);
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
            Err(too_long) => {
                self.refuse_publish(request, StatusCode::PublishBadName, &too_long.to_string());
            }
        }
    }

    pub(super) fn begin_publish(
        &mut self,
        now: Instant,
        request: PublishRequest,
        publication: Publication,
        push: Option<Push>,
    ) {
        let (msid, name) = (request.msid, request.location.name.clone());
        if self.session.accept_publish(request) {
            // An earlier role ends first, in the log too.
            self.roles.remove(msid);
            let listed = self.summary.granted(now, Part::Publish, &name);
            let publisher = Publisher::new(now, publication, push);
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
        self.summary
            .refused(Part::Publish, &request.location.name, description);
        self.session.reject_publish(request, code, description);
    }

    fn play(&mut self, now: Instant, request: PlayRequest) {
        let not_found = StatusCode::PlayStreamNotFound;
        let key = match stream_key(&request.location) {
            Ok(key) => key,
            Err(too_long) => {
                self.refuse_play(request, not_found, &too_long.to_string());
                return;
            }
        };
        // rtmpdump asks for the recording from 0 when it means whatever there is.
        if matches!(request.start, PlayStart::Recorded { from_ms } if from_ms > 0) {
            let description = format!("there is no recording of {}", request.location.name);
            self.refuse_play(request, not_found, &description);
            return;
        }
        let subscription = self
            .shared
            .broker
            .subscribe(key, SubscribeOptions::default());
        let asked = match self.shared.relay.clone() {
            Some(relay) => self.ask_to_play(&relay, request, subscription),
            None => Some((request, subscription)),
        };
        if let Some((request, subscription)) = asked {
            self.begin_play(now, request, subscription, None);
        }
    }

    pub(super) fn begin_play(
        &mut self,
        now: Instant,
        request: PlayRequest,
        subscription: Subscription,
        interest: Option<Interest>,
    ) {
        let (msid, name) = (request.msid, request.location.name.clone());
        if self.session.accept_play(request) {
            self.roles.remove(msid);
            let listed = self.summary.granted(now, Part::Play, &name);
            let player = Player::new(msid, subscription);
            self.roles
                .insert(msid, Role::Playing(player), interest, listed);
        }
    }

    pub(super) fn refuse_play(
        &mut self,
        request: PlayRequest,
        code: StatusCode,
        description: &str,
    ) {
        self.summary
            .refused(Part::Play, &request.location.name, description);
        self.session.reject_play(request, code, description);
    }

    fn media(
        &mut self,
        now: Instant,
        msid: MessageStreamId,
        kind: MediaKind,
        at: Timestamp,
        payload: Bytes,
    ) {
        let at = adit_media::Timestamp::from_ms(at.ms());
        self.roles
            .push(now, msid, Frame::classify(at, frame_kind(kind), payload));
    }

    /// The publisher takes back what it had set for players to come; the log carries it out.
    fn clear_data(&mut self, now: Instant, msid: MessageStreamId, handler: Text) {
        let mut body = BytesMut::new();
        let words = [
            Value::String(Text::from_static("@clearDataFrame")),
            Value::String(handler),
        ];
        if amf0::encode_all(&words, &mut body).is_ok() {
            let at = adit_media::Timestamp::ZERO;
            self.roles.push(
                now,
                msid,
                Frame::classify(at, FrameKind::Data, body.freeze()),
            );
        }
    }

    /// Ends a connection whose publisher sends nothing, so that its name is free for one that does, and one whose player
    /// cannot keep up. To be called after the input was read: after a pause of the whole process it is what came meanwhile
    /// that counts.
    pub(super) fn check_patience(&mut self, now: Instant) {
        if let Some((msid, silence)) = self.roles.silent_publisher(&self.shared.limits, now) {
            let words = match silence {
                Silence::FromTheStart(_) => "the publisher sent no media",
                Silence::Again(_) => "the publisher stopped sending media",
            };
            self.shared.stats.publisher_silent(silence);
            self.tell(msid, StatusCode::PublishIdle, words);
            // A client of a tunnel that sends nothing asks at least.
            match self.carrier.unasked_for() {
                Some(unasked_for) if unasked_for >= TUNNEL_SILENT => {
                    self.finish(&format!("{words}: {}", stalled(Some(unasked_for))));
                }
                _ => self.finish(words),
            }
        } else if self.roles.hopeless_player().is_some() {
            self.shared.stats.player_hopeless();
            self.finish("the line to the player is too slow");
        }
    }

    pub(super) fn finish(&mut self, reason: &str) {
        self.summary.ended(reason);
        self.session.close(CloseReason::Ended);
    }

    /// News of one stream. A client that is just leaving misses nothing.
    pub(super) fn tell(&mut self, msid: MessageStreamId, code: StatusCode, description: &str) {
        if let Err(error) = self
            .session
            .send_status(msid, Status::new(code, description))
        {
            debug!(%error, %code, "status not sent");
        }
    }

    fn with_player(&mut self, msid: MessageStreamId, change: impl FnOnce(&mut Player)) {
        if let Some(player) = self.roles.player(msid) {
            change(player);
        }
    }
}

fn stream_key(location: &Location) -> Result<StreamKey, adit_broker::KeyTooLong> {
    StreamKey::new(
        DEFAULT_VHOST,
        &location.application,
        &location.instance,
        &location.name,
    )
}

/// What OBS shows its user when the name is taken: for how long, and what to do.
fn taken(name: &str, in_use: &NameInUse, now: Instant) -> String {
    let publication = &in_use.publication;
    let seconds = now.saturating_duration_since(publication.since).as_secs();
    format!(
        "{name} is already published, for {seconds} s now; stop that publisher or use another stream key"
    )
}

fn flow(receive: Receive) -> Flow {
    match receive {
        Receive::Off => Flow::Off,
        _ => Flow::On,
    }
}

fn words(reason: CloseReason) -> &'static str {
    match reason {
        CloseReason::PeerEnded => "the peer ended the connection",
        CloseReason::PeerClosed => "the peer said close",
        CloseReason::Rejected => "connect was rejected",
        CloseReason::Shutdown => "the server is stopping",
        _ => "ended",
    }
}
