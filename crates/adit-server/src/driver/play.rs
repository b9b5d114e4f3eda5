//! `play` and what a player may ask for while it plays.

use std::time::Instant;

use adit_broker::{SubscribeOptions, Subscription};
use adit_rtmp::MessageStreamId;
use adit_rtmp::command::{PauseState, Play, Play2, PlayStart, Receive, StatusCode};
use adit_rtmp::session::CallRequest;
use adit_rtmp::session::server::PlayRequest;

use super::SessionDriver;
use super::player::{Flow, Player};
use super::requests::About;
use super::roles::Role;
use super::summary::Part;
use crate::application::{Decision, Playing, Refusal, Sources};
use crate::relay::Interest;

impl SessionDriver {
    pub(super) fn play(&mut self, now: Instant, request: PlayRequest) {
        let decision = self.may_play(&request);
        let about = About::Stream(request.msid);
        self.when_decided(now, about, decision, |driver, now, answer| match answer {
            Ok(sources) => driver.play_allowed(now, request, sources),
            Err(refusal) => {
                let code = refusal.code.unwrap_or(StatusCode::PlayFailed);
                driver.refuse_play(request, code, &refusal.description);
            }
        });
    }

    fn may_play(&self, request: &PlayRequest) -> Decision<Sources> {
        let Some(seat) = self.guest.seat() else {
            return Decision::refuse(Refusal::new("not connected"));
        };
        let name = &request.location.name;
        if !seat.client().may_read(name) {
            let description = format!("this client may not play {name}");
            return Decision::refuse(Refusal::new(description));
        }
        let playing = Playing {
            location: &request.location,
            name: &request.name,
            start: request.start,
            duration: request.duration,
            playlist: request.playlist,
        };
        seat.application()
            .play(seat.instance(), seat.client(), &playing)
    }

    /// The application lets it be played from `sources`; the client says which of them it wants.
    fn play_allowed(&mut self, now: Instant, request: PlayRequest, sources: Sources) {
        // rtmpdump asks for the recording from 0 when it means whatever there is.
        let wants_recording =
            matches!(request.start, PlayStart::Recorded { from_ms } if from_ms > 0);
        if wants_recording || sources == Sources::Recorded {
            self.play_recording(request);
        } else {
            self.play_live(now, request);
        }
    }

    fn play_recording(&mut self, request: PlayRequest) {
        let description = format!("there is no recording of {}", request.location.name);
        self.refuse_play(request, StatusCode::PlayStreamNotFound, &description);
    }

    fn play_live(&mut self, now: Instant, request: PlayRequest) {
        let key = match self.guest.key(&request.location) {
            Ok(key) => key,
            Err(too_long) => {
                let not_found = StatusCode::PlayStreamNotFound;
                self.refuse_play(request, not_found, &too_long.to_string());
                return;
            }
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

    pub(super) fn pause(&mut self, msid: MessageStreamId, state: PauseState) {
        self.with_player(msid, |player| {
            player.set_paused(match state {
                PauseState::Paused => Flow::Off,
                PauseState::Playing => Flow::On,
            });
        });
    }

    pub(super) fn receive_audio(&mut self, msid: MessageStreamId, receive: Receive) {
        self.with_player(msid, |player| player.set_audio(flow(receive)));
    }

    pub(super) fn receive_video(&mut self, msid: MessageStreamId, receive: Receive) {
        self.with_player(msid, |player| player.set_video(flow(receive)));
    }

    pub(super) fn seek(&mut self, msid: MessageStreamId) {
        let description = "a live stream has no other place to go to";
        self.tell(msid, StatusCode::SeekFailed, description);
    }

    /// Something is to be played after what plays now.
    pub(super) fn play_next(&mut self, msid: MessageStreamId, _play: &Play) {
        let description = "a live stream has no end after which something could be played";
        self.tell(msid, StatusCode::PlayFailed, description);
    }

    /// How long a recording is, in seconds; 0 is "unknown".
    pub(super) fn stream_length(&mut self, _name: &str, call: CallRequest) {
        self.session.reply_call(call, vec![0.0.into()]);
    }

    pub(super) fn play2(&mut self, msid: MessageStreamId, _options: &Play2) {
        let description = "this server does not switch streams; play the other one";
        self.tell(msid, StatusCode::PlayFailed, description);
    }

    fn with_player(&mut self, msid: MessageStreamId, change: impl FnOnce(&mut Player)) {
        if let Some(player) = self.roles.player(msid) {
            change(player);
        }
    }
}

fn flow(receive: Receive) -> Flow {
    match receive {
        Receive::Off => Flow::Off,
        _ => Flow::On,
    }
}
