//! `play` and what a player may ask for while it plays.

use std::time::Instant;

use adit_broker::{StreamKey, SubscribeOptions, Subscription};
use adit_media::Timestamp;
use adit_rtmp::MessageStreamId;
use adit_rtmp::command::{PauseState, PlayStart, Receive, StatusCode};
use adit_rtmp::session::server::PlayRequest;

use super::SessionDriver;
use super::player::Player;
use super::recorded::Otherwise;
use super::requests::About;
use super::roles::Role;
use super::term::Term;
use super::wishes::Flow;
use crate::access::{Action, Granted};
use crate::application::{Decision, Playing, Refusal, Sources};
use crate::control;
use crate::relay::Interest;

impl SessionDriver {
    pub(super) fn play(&mut self, now: Instant, request: PlayRequest) {
        if let Some(refusal) = self.shared.phase.memory().refuses_player() {
            return self.deny_play(request, &refusal);
        }
        let asked = self.asked(Action::Play, &request.location, request.query());
        let decision = self.shared.access().authorize(&asked);
        let about = About::Stream(request.msid);
        self.when_decided(now, about, decision, |driver, now, answer| match answer {
            Ok(granted) => driver.play_authorized(now, request, granted),
            Err(refusal) => driver.deny_play(request, &refusal),
        });
    }

    fn play_authorized(&mut self, now: Instant, mut request: PlayRequest, granted: Granted) {
        self.guest.tickets.put(request.msid, granted.ticket);
        if let Some(name) = granted.stream {
            request.location.name = name.into();
        }
        let decision = self.may_play(&Playing {
            location: &request.location,
            name: &request.name,
            start: request.start,
            duration: request.duration,
            playlist: request.playlist,
        });
        let about = About::Stream(request.msid);
        self.when_decided(now, about, decision, |driver, now, answer| match answer {
            Ok(sources) => driver.play_allowed(now, request, sources),
            Err(refusal) => driver.deny_play(request, &refusal),
        });
    }

    pub(super) fn may_play(&self, playing: &Playing<'_>) -> Decision<Sources> {
        let Some(seat) = self.guest.seat() else {
            return Decision::refuse(Refusal::new("not connected"));
        };
        let name = &playing.location.name;
        if !seat.client().may_read(name) {
            let description = format!("this client may not play {name}");
            return Decision::refuse(Refusal::new(description));
        }
        seat.application()
            .play(seat.instance(), seat.client(), playing)
    }

    /// The application lets it be played from `sources`; the client says which of them it wants.
    fn play_allowed(&mut self, now: Instant, request: PlayRequest, sources: Sources) {
        match (sources, request.start) {
            (Sources::Recorded, _) => self.play_recording(now, request, Otherwise::Refuse),
            // rtmpdump asks for the recording from 0 when it means whatever there is.
            (Sources::Either, PlayStart::Beginning) => {
                self.play_recording(now, request, Otherwise::PlayLive);
            }
            (Sources::Either, PlayStart::Recorded { .. }) => {
                self.play_recording(now, request, Otherwise::Refuse);
            }
            (Sources::Live, PlayStart::Recorded { .. }) => {
                let description = format!("there is no recording of {}", request.location.name);
                self.refuse_play(request, StatusCode::PlayStreamNotFound, &description);
            }
            (Sources::Either, PlayStart::LiveOrRecorded) if !self.is_live(&request) => {
                self.play_recording(now, request, Otherwise::PlayLive);
            }
            _ => self.play_live(now, request),
        }
    }

    fn is_live(&self, request: &PlayRequest) -> bool {
        let key = self.guest.key(&request.location);
        key.is_ok_and(|key| self.shared.broker.is_published(&key))
    }

    /// The same request with the key of what it asks for; one whose names are too long for a key is refused.
    pub(super) fn with_key(&mut self, request: PlayRequest) -> Option<(PlayRequest, StreamKey)> {
        match self.guest.key(&request.location) {
            Ok(key) => Some((request, key)),
            Err(too_long) => {
                let not_found = StatusCode::PlayStreamNotFound;
                self.refuse_play(request, not_found, &too_long.to_string());
                None
            }
        }
    }

    pub(super) fn play_live(&mut self, now: Instant, request: PlayRequest) {
        let Some((request, key)) = self.with_key(request) else {
            return;
        };
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
        let msid = request.msid;
        let term = Term::new(now, request.duration);
        if self.session.accept_play(request) {
            self.roles.remove(msid);
            let key = subscription.key().clone();
            let mut listed = self.summary.granted(now, control::Role::Play, key);
            listed.keep(self.guest.tickets.take(msid));
            let player = Player::new(msid, subscription, term, self.guest.wishes.of(msid));
            self.roles
                .insert(msid, Role::Playing(player), interest, listed);
            self.line_up(msid);
        }
    }

    pub(super) fn refuse_play(
        &mut self,
        request: PlayRequest,
        code: StatusCode,
        description: &str,
    ) {
        let refusal = Refusal::new(description).with_code(code);
        self.deny_play(request, &refusal);
    }

    pub(super) fn pause(&mut self, msid: MessageStreamId, state: PauseState, position_ms: u32) {
        let flow = match state {
            PauseState::Paused => Flow::Off,
            PauseState::Playing => Flow::On,
        };
        self.guest.wishes.change(msid, |wish| wish.flow = flow);
        if let Some(replay) = self.roles.replay(msid) {
            match flow {
                Flow::Off => replay.playback().pause(),
                Flow::On => replay.playback().resume(Timestamp::from_ms(position_ms)),
            }
        } else if let Some(player) = self.roles.player(msid) {
            player.set_paused(flow);
        }
    }

    pub(super) fn receive_audio(&mut self, msid: MessageStreamId, receive: Receive) {
        self.guest.wishes.change(msid, |wish| wish.audio = receive);
        if let Some(gates) = self.roles.gates(msid) {
            gates.set_audio(receive);
        }
    }

    pub(super) fn receive_video(&mut self, msid: MessageStreamId, receive: Receive) {
        self.guest.wishes.change(msid, |wish| wish.video = receive);
        if let Some(gates) = self.roles.gates(msid) {
            gates.set_video(receive);
        }
    }

    pub(super) fn seek(&mut self, msid: MessageStreamId, position_ms: u32) {
        if let Some(replay) = self.roles.replay(msid) {
            replay.playback().seek(Timestamp::from_ms(position_ms));
        } else {
            let description = "a live stream has no other place to go to";
            self.tell(msid, StatusCode::SeekFailed, description);
        }
    }
}
