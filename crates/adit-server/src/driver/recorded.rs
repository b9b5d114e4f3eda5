//! Recordings: `play` of them, what is played next, `play2`, and how long they are.

use std::time::{Duration, Instant};

use adit_rtmp::MessageStreamId;
use adit_rtmp::command::{
    Location, Play, Play2, PlayDuration, PlayStart, Playlist, Status, StatusCode, StreamName,
};
use adit_rtmp::session::CallRequest;
use adit_rtmp::session::server::PlayRequest;
use tracing::debug;

use super::SessionDriver;
use super::replay::{Replay, code_of};
use super::requests::About;
use super::roles::Role;
use super::summary::Stage;
use crate::access::{Action, Granted};
use crate::application::{Decision, Playing, Refusal, Sources};
use crate::control;
use crate::limits::playback::{PLAYLIST_ITEMS, WISHES};
use crate::playback::{DataMessages, Files, Item, OpenError, Playback, Precision, Wanted};

/// What happens where there is no recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Otherwise {
    Refuse,
    /// The live stream of the name is played, or waited for.
    PlayLive,
}

/// What clients say about plays that have not begun.
#[derive(Default)]
pub(super) struct Wishes {
    /// How much they buffer, in milliseconds.
    buffers: Vec<(MessageStreamId, u32)>,
    /// What is to be played after the first.
    next: Vec<(MessageStreamId, Item)>,
}

impl Wishes {
    /// A message stream is used for something else now.
    pub(super) fn forget(&mut self, msid: MessageStreamId) {
        self.next.retain(|(of, _)| *of != msid);
    }

    fn set_buffer(&mut self, msid: MessageStreamId, ms: u32) {
        self.buffers.retain(|(of, _)| *of != msid);
        if self.buffers.len() >= WISHES {
            self.buffers.remove(0);
        }
        self.buffers.push((msid, ms));
    }

    fn buffer(&self, msid: MessageStreamId) -> Option<Duration> {
        let found = self.buffers.iter().find(|(of, _)| *of == msid);
        found.map(|(_, ms)| Duration::from_millis(u64::from(*ms)))
    }

    fn take_next(&mut self, msid: MessageStreamId) -> Vec<Item> {
        let is_of = |(of, _): &mut (MessageStreamId, Item)| *of == msid;
        let taken = self.next.extract_if(.., is_of);
        taken.map(|(_, item)| item).collect()
    }
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
        let Some(files) = &self.shared.files else {
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

    fn begin_replay(&mut self, now: Instant, request: PlayRequest, mut playback: Playback) {
        let msid = request.msid;
        let key = match self.guest.key(&request.location) {
            Ok(key) => key,
            Err(too_long) => {
                let not_found = StatusCode::PlayStreamNotFound;
                self.refuse_play(request, not_found, &too_long.to_string());
                return;
            }
        };
        if !self.session.accept_play_recorded(request) {
            return;
        }
        self.roles.remove(msid);
        if let Some(buffer) = self.guest.wishes.buffer(msid) {
            playback.set_buffer(buffer);
        }
        let mut listed = self.summary.granted(now, control::Role::Replay, key);
        listed.keep(self.guest.tickets.take(msid));
        listed.comes_to(Stage::Started);
        let replay = Role::Replaying(Box::new(Replay::new(msid, playback)));
        self.roles.insert(msid, replay, None, listed);
        for item in self.guest.wishes.take_next(msid) {
            self.append(msid, item);
        }
    }

    /// Exact to the frame for those who say that they can [RTMP 7.2.1.1].
    fn precision(&self) -> Precision {
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
        if let (Some(replay), Some(buffer)) =
            (self.roles.replay(msid), self.guest.wishes.buffer(msid))
        {
            replay.playback().set_buffer(buffer);
        }
    }

    /// Something is to be played after what plays now.
    pub(super) fn play_next(&mut self, now: Instant, msid: MessageStreamId, play: &Play) {
        if self.roles.player(msid).is_some() {
            let description = "a live stream has no end after which something could be played";
            self.tell(msid, StatusCode::PlayFailed, description);
            return;
        }
        let asked = Asked {
            name: play.name.to_string(),
            start: play.start,
            duration: play.duration,
            playlist: play.playlist,
        };
        self.when_allowed(now, msid, asked, Self::append);
    }

    fn append(&mut self, msid: MessageStreamId, item: Item) {
        let name = item.name().to_owned();
        let appended = match self.roles.replay(msid) {
            Some(replay) => replay
                .playback()
                .append(item)
                .map_err(|full| full.to_string()),
            None if self.guest.wishes.next.len() >= PLAYLIST_ITEMS => {
                Err("too many items are to be played next".to_owned())
            }
            None => {
                self.guest.wishes.next.push((msid, item));
                Ok(())
            }
        };
        if let Err(why) = appended {
            self.tell_of(
                msid,
                StatusCode::PlayFailed,
                format!("{name}: {why}"),
                &name,
            );
        }
    }

    /// Goes on with an item once access is granted and the application has allowed it to be played from a recording; else the client is
    /// told.
    fn when_allowed(
        &mut self,
        now: Instant,
        msid: MessageStreamId,
        asked: Asked,
        then: impl FnOnce(&mut Self, MessageStreamId, Item) + Send + 'static,
    ) {
        let (name, location) = match self.session.locate(&asked.name) {
            Ok(located) => located,
            Err(error) => {
                self.tell(msid, StatusCode::PlayFailed, &error.to_string());
                return;
            }
        };
        let request = self.asked(Action::Play, &location, name.query());
        let decision = self.shared.access().authorize(&request);
        let about = About::Stream(msid);
        self.when_decided(now, about, decision, move |driver, now, answer| {
            driver.when_application_allows(now, msid, (asked, name, location), answer, then);
        });
    }

    fn when_application_allows(
        &mut self,
        now: Instant,
        msid: MessageStreamId,
        (asked, name, mut location): (Asked, StreamName, Location),
        access: Result<Granted, Refusal>,
        then: impl FnOnce(&mut Self, MessageStreamId, Item) + Send + 'static,
    ) {
        let Asked {
            start,
            duration,
            playlist,
            ..
        } = asked;
        let decision = match access {
            Err(refusal) => Decision::refuse(refusal),
            Ok(granted) => {
                self.guest.tickets.put(msid, granted.ticket);
                if let Some(public) = granted.stream {
                    location.name = public.into();
                }
                self.may_play(&Playing {
                    location: &location,
                    name: &name,
                    start,
                    duration,
                    playlist,
                })
            }
        };
        let about = About::Stream(msid);
        self.when_decided(now, about, decision, move |driver, _, answer| {
            let refusal = match answer {
                Ok(Sources::Live) => Refusal::new("it is a live stream"),
                Ok(_) if start == PlayStart::Live => {
                    Refusal::new("a live stream has no place on a playlist")
                }
                Ok(_) => {
                    let item = Item {
                        wanted: driver.wanted(&location, &name),
                        from_ms: from_ms(start),
                        length: duration,
                        data: data_messages(playlist),
                    };
                    then(driver, msid, item);
                    return;
                }
                Err(refusal) => refusal,
            };
            let code = refusal.code.unwrap_or(StatusCode::PlayFailed);
            let name = &location.name;
            driver.tell_of(msid, code, format!("{name}: {}", refusal.description), name);
        });
    }

    /// Goes over to another recording, in one of the ways of `NetStreamPlayTransitions`.
    pub(super) fn play2(&mut self, now: Instant, msid: MessageStreamId, options: Play2) {
        if self.roles.replay(msid).is_none() {
            let description = "a live stream is not switched; play the other one";
            self.tell(msid, StatusCode::PlayFailed, description);
            return;
        }
        let transition = options.transition.as_deref().unwrap_or("switch");
        let Some(transition) = Transition::parse(transition) else {
            let description = format!("no transition is called {transition}");
            self.tell(msid, StatusCode::PlayFailed, &description);
            return;
        };
        let asked = Asked {
            name: options.name.to_string(),
            start: options.start,
            duration: options.duration,
            playlist: Playlist::Reset,
        };
        let old = options.old_name.map(|name| name.to_string());
        self.when_allowed(now, msid, asked, move |driver, msid, item| {
            driver.go_over(msid, transition, old.as_deref(), item);
        });
    }

    fn go_over(
        &mut self,
        msid: MessageStreamId,
        transition: Transition,
        old: Option<&str>,
        item: Item,
    ) {
        let name = item.name().to_owned();
        if transition == Transition::Append {
            self.append(msid, item);
            return;
        }
        let Some(replay) = self.roles.replay(msid) else {
            return;
        };
        let playback = replay.playback();
        let old = old.and_then(|old| StreamName::parse(old).ok());
        let old = old.as_ref().map(StreamName::name);
        let (code, description) = match (transition, old) {
            (Transition::Stop, _) => {
                playback.stop();
                return;
            }
            (Transition::Reset, _) => {
                playback.reset(item);
                (StatusCode::PlayReset, "it is about to play")
            }
            (Transition::Swap, Some(old)) if old != playback.name() => {
                if playback.swap(old, &item) {
                    (
                        StatusCode::PlayTransition,
                        "it is played instead of the other",
                    )
                } else {
                    let description = "nothing of the old name is on the playlist";
                    (StatusCode::PlayFailed, description)
                }
            }
            _ => {
                playback.switch(item);
                (
                    StatusCode::PlayTransition,
                    "it is played from its next key frame on",
                )
            }
        };
        self.tell_of(msid, code, format!("{name}: {description}"), &name);
    }

    fn wanted(&self, location: &Location, name: &StreamName) -> Wanted {
        Wanted {
            host: self.guest.host().into(),
            location: location.clone(),
            prefix: name.prefix(),
        }
    }

    /// How long a recording is, in seconds, to those who may play it; 0 is "unknown".
    pub(super) fn stream_length(&mut self, now: Instant, name: &str, call: CallRequest) {
        let located = self.session.locate(name).ok();
        let (Some(files), Some((name, location))) = (self.shared.files.clone(), located) else {
            self.session.reply_call(call, vec![UNKNOWN_LENGTH.into()]);
            return;
        };
        let asked = self.asked(Action::Play, &location, name.query());
        let decision = self.shared.access().authorize(&asked);
        let about = About::Connection;
        self.when_decided(now, about, decision, move |driver, now, answer| {
            if answer.is_ok() {
                driver.tell_length(now, files, (name, location), call);
            } else {
                driver.session.reply_call(call, vec![UNKNOWN_LENGTH.into()]);
            }
        });
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
    fn tell_of(
        &mut self,
        msid: MessageStreamId,
        code: StatusCode,
        description: String,
        name: &str,
    ) {
        let status = Status::new(code, description).with("details", name);
        if let Err(error) = self.session.send_status(msid, status) {
            debug!(%error, %code, "status not sent");
        }
    }
}

/// What clients take for the length of what has none, or none that is their business.
const UNKNOWN_LENGTH: f64 = 0.0;

/// What a client wants to be played next.
struct Asked {
    name: String,
    start: PlayStart,
    duration: PlayDuration,
    playlist: Playlist,
}

/// The ways of `play2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transition {
    /// The same content from here on.
    Switch,
    /// One item of the playlist for another.
    Swap,
    /// After everything else.
    Append,
    /// At once, and nothing else.
    Reset,
    /// Nothing more.
    Stop,
}

impl Transition {
    fn parse(text: &str) -> Option<Self> {
        Some(match text.to_ascii_lowercase().as_str() {
            "switch" => Self::Switch,
            "swap" => Self::Swap,
            "append" | "appendandwait" => Self::Append,
            "reset" | "resume" => Self::Reset,
            "stop" => Self::Stop,
            _ => return None,
        })
    }
}

fn from_ms(start: PlayStart) -> u32 {
    match start {
        PlayStart::Recorded { from_ms } => from_ms,
        _ => 0,
    }
}

fn data_messages(playlist: Playlist) -> DataMessages {
    match playlist {
        Playlist::AppendDataAtOnce | Playlist::ResetDataAtOnce => DataMessages::AtOnce,
        _ => DataMessages::InTime,
    }
}

#[cfg(test)]
mod tests;
