//! Recordings: `play` of them, `play2`, and how long they are.

use std::time::{Duration, Instant};

use adit_broker::StreamKey;
use adit_rtmp::MessageStreamId;
use adit_rtmp::command::{
    Location, Play2, PlayDuration, PlayStart, Playlist, StatusCode, StreamName,
};
use adit_rtmp::session::CallRequest;
use adit_rtmp::session::server::PlayRequest;
use tracing::debug;

use super::SessionDriver;
use super::gates::Gates;
use super::playlist::{Asked, Next, Permitted};
use super::replay::{Replay, code_of, tell_of};
use super::requests::About;
use super::roles::Role;
use super::summary::Stage;
use super::term::Behind;
use super::wishes::Flow;
use crate::access::{Action, Ticket};
use crate::application::{Playing, Sources};
use crate::control;
use crate::playback::{DataMessages, Files, Item, OpenError, Playback, Precision, Wanted};

/// What happens where there is no recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Otherwise {
    Refuse,
    /// The live stream of the name is played, or waited for.
    PlayLive,
}

impl SessionDriver {
    /// Plays a file, if there is one.
    pub(super) fn play_recording(
        &mut self,
        now: Instant,
        request: PlayRequest,
        otherwise: Otherwise,
    ) {
        let item = Item {
            wanted: self.wanted(&request.location, &request.name),
            from_ms: from_ms(request.start),
            length: request.duration,
            data: data_messages(request.playlist),
        };
        let Some(files) = &self.guest.files else {
            self.without_recording(now, request, otherwise, &OpenError::NotFound);
            return;
        };
        let beginning = Playback::begin(files, item, self.precision());
        let about = About::Stream(request.msid);
        self.when_answered(about, beginning, move |driver, now, begun| match begun {
            Ok(playback) => driver.begin_replay(now, request, playback),
            Err(error) => driver.without_recording(now, request, otherwise, &error),
        });
    }

    fn without_recording(
        &mut self,
        now: Instant,
        request: PlayRequest,
        otherwise: Otherwise,
        error: &OpenError,
    ) {
        let is_absent = matches!(error, OpenError::NotFound | OpenError::BadName(_));
        if otherwise == Otherwise::PlayLive && is_absent {
            self.play_live(now, request);
        } else {
            let description = match error {
                OpenError::NotFound => {
                    format!("there is no recording of {}", request.location.name)
                }
                error => error.to_string(),
            };
            self.refuse_play(request, code_of(error), &description);
        }
    }

    fn begin_replay(&mut self, now: Instant, request: PlayRequest, playback: Playback) {
        let msid = request.msid;
        let Some((request, key)) = self.with_key(request) else {
            return;
        };
        if !self.session.accept_play_recorded(request) {
            return;
        }
        self.roles.remove(msid);
        let ticket = self.guest.tickets.take(msid);
        self.replay(now, msid, key, playback, ticket);
    }

    /// From here on the recording plays, and behind it what was lined up.
    pub(super) fn replay(
        &mut self,
        now: Instant,
        msid: MessageStreamId,
        key: StreamKey,
        mut playback: Playback,
        ticket: Option<Ticket>,
    ) {
        let wish = self.guest.wishes.of(msid);
        if let Some(buffer) = wish.buffer() {
            playback.set_buffer(buffer);
        }
        if wish.flow == Flow::Off {
            playback.pause();
        }
        let mut listed = self.summary.granted(now, control::Role::Replay, key);
        listed.keep(ticket);
        listed.comes_to(Stage::Started);
        let replay = Role::Replaying(Box::new(Replay::new(msid, playback, Gates::of(wish))));
        self.roles.insert(msid, replay, None, listed);
        self.line_up(msid);
    }

    /// Exact to the frame for those who say that they can [RTMP 7.2.1.1].
    pub(super) fn precision(&self) -> Precision {
        const CLIENT_SEEK: u32 = 1;
        let functions = self
            .guest
            .client()
            .map(|client| client.about().video_function);
        if functions.unwrap_or_default() & CLIENT_SEEK == 0 {
            Precision::KeyFrame
        } else {
            Precision::Frame
        }
    }

    pub(super) fn buffer_length(&mut self, msid: MessageStreamId, ms: u32) {
        self.guest.wishes.set_buffer(msid, ms);
        if let Some(replay) = self.roles.replay(msid) {
            let buffer = Duration::from_millis(ms.into());
            replay.playback().set_buffer(buffer);
        }
    }

    /// Goes over to another recording, in one of the ways of `NetStreamPlayTransitions`.
    pub(super) fn play2(&mut self, now: Instant, msid: MessageStreamId, options: Play2) {
        let transition = options.transition.as_deref().unwrap_or("switch");
        let Some(transition) = Transition::parse(transition) else {
            let description = format!("no transition is called {transition}");
            self.tell(msid, StatusCode::PlayFailed, &description);
            return;
        };
        if self.roles.replay(msid).is_none() {
            let description = "a live stream is not switched; play the other one";
            self.tell(msid, StatusCode::PlayFailed, description);
            return;
        }
        let asked = Asked {
            name: options.name.to_string(),
            start: options.start,
            duration: options.duration,
            playlist: Playlist::Reset,
        };
        let old = options.old_name.map(|name| name.to_string());
        self.when_allowed(now, msid, asked, move |driver, _, msid, permitted| {
            let Permitted { next, ticket } = permitted;
            match next {
                Next::Recording(item) => {
                    driver.go_over(msid, transition, old.as_deref(), (item, ticket));
                }
                live @ Next::Live(_) => {
                    let name = live.name();
                    let description = format!("{name}: a live stream can only be appended");
                    driver.tell_of(msid, StatusCode::PlayFailed, description, name);
                }
            }
        });
    }

    fn go_over(
        &mut self,
        msid: MessageStreamId,
        transition: Transition,
        old: Option<&str>,
        (item, ticket): (Item, Option<Ticket>),
    ) {
        let name = item.name().to_owned();
        let Some(replay) = self.roles.replay(msid) else {
            return;
        };
        let playback = replay.playback();
        let old = old.and_then(|old| StreamName::parse(old).ok());
        let old = old.as_ref().map(StreamName::name);
        let (code, description) = match (transition, old) {
            (Transition::Stop, _) => {
                playback.stop();
                self.nothing_follows(msid);
                return;
            }
            (Transition::Swap, Some(old)) if old != playback.name() => {
                if self.swap(msid, old, item, ticket) {
                    (
                        StatusCode::PlayTransition,
                        "it is played instead of the other",
                    )
                } else {
                    let description = "nothing of the old name is on the playlist";
                    (StatusCode::PlayFailed, description)
                }
            }
            // Told once it was found and has such a place.
            _ => {
                playback.switch(item);
                self.roles.keep(msid, ticket);
                return;
            }
        };
        self.tell_of(msid, code, format!("{name}: {description}"), &name);
    }

    /// Puts something on the playlist in the place of the first of a name; gives whether there is one.
    fn swap(
        &mut self,
        msid: MessageStreamId,
        old: &str,
        item: Item,
        ticket: Option<Ticket>,
    ) -> bool {
        if let Some(replay) = self.roles.replay(msid)
            && replay.playback().swap(old, &item)
        {
            self.roles.keep(msid, ticket);
            return true;
        }
        let next = Next::Recording(item);
        let new = Permitted { next, ticket };
        self.guest.wishes.queue.replace(msid, old, new)
    }

    pub(super) fn wanted(&self, location: &Location, name: &StreamName) -> Wanted {
        Wanted {
            host: self.guest.host().into(),
            location: location.clone(),
            prefix: name.prefix(),
        }
    }

    fn nothing_follows(&mut self, msid: MessageStreamId) {
        self.guest.wishes.queue.forget(msid);
        self.roles.set_behind(msid, Behind::Nothing);
    }

    /// How long a recording is, in seconds, to those who may see that it exists and by the rules may play it; 0 is "unknown". A callback that decides
    /// about playing is not asked: nothing is played yet, so nothing would end.
    pub(super) fn stream_length(&mut self, now: Instant, name: &str, call: CallRequest) {
        let located = self.session.locate(name).ok();
        let (Some(files), Some((name, mut location))) = (self.guest.files.clone(), located) else {
            self.session.reply_call(call, vec![UNKNOWN_LENGTH.into()]);
            return;
        };
        let asked = self.asked(Action::List, &location, name.query());
        let decision = self.shared.access().authorize_facts(&asked);
        let about = About::Connection;
        self.when_decided(
            now,
            about,
            decision,
            move |driver, now, answer| match answer {
                Ok(granted) => {
                    if let Some(public) = granted.stream {
                        location.name = public.into();
                    }
                    driver.tell_length(now, files, (name, location), call);
                }
                Err(_) => driver.session.reply_call(call, vec![UNKNOWN_LENGTH.into()]),
            },
        );
    }

    fn tell_length(
        &mut self,
        now: Instant,
        files: Files,
        (name, location): (StreamName, Location),
        call: CallRequest,
    ) {
        let decision = self.may_play(&Playing {
            location: &location,
            name: &name,
            start: PlayStart::Recorded { from_ms: 0 },
            duration: PlayDuration::All,
            playlist: Playlist::Reset,
        });
        let about = About::Connection;
        self.when_decided(now, about, decision, move |driver, _, answer| {
            if !matches!(answer, Ok(Sources::Recorded | Sources::Either)) {
                driver.session.reply_call(call, vec![UNKNOWN_LENGTH.into()]);
                return;
            }
            let length = files.length(driver.wanted(&location, &name));
            driver.when_answered(about, length, |driver, _, length| {
                let seconds = length.map_or(UNKNOWN_LENGTH, |length| length.as_secs_f64());
                driver.session.reply_call(call, vec![seconds.into()]);
            });
        });
    }

    /// News of one stream, with its name.
    pub(super) fn tell_of(
        &mut self,
        msid: MessageStreamId,
        code: StatusCode,
        description: String,
        name: &str,
    ) {
        if let Err(error) = tell_of(&mut self.session, msid, code, description, name) {
            debug!(%error, %code, "status not sent");
        }
    }
}

/// What clients take for the length of what has none, or none that is their business.
const UNKNOWN_LENGTH: f64 = 0.0;

/// The ways of `play2` that are no play, see [`Play2::as_play`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transition {
    /// The same content from here on.
    Switch,
    /// One item of the playlist for another.
    Swap,
    /// Nothing more.
    Stop,
}

impl Transition {
    fn parse(text: &str) -> Option<Self> {
        Some(match text.to_ascii_lowercase().as_str() {
            "switch" => Self::Switch,
            "swap" => Self::Swap,
            "stop" => Self::Stop,
            _ => return None,
        })
    }
}

pub(super) fn from_ms(start: PlayStart) -> u32 {
    match start {
        PlayStart::Recorded { from_ms } => from_ms,
        _ => 0,
    }
}

pub(super) fn data_messages(playlist: Playlist) -> DataMessages {
    match playlist {
        Playlist::AppendDataAtOnce | Playlist::ResetDataAtOnce => DataMessages::AtOnce,
        _ => DataMessages::InTime,
    }
}

#[cfg(test)]
mod tests;
