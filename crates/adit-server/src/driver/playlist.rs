//! What is played one after the other on a message stream: recordings, and live streams among them.
//!
//! ```text
//! playlist of a Playback: recording, recording, …      what follows without a gap
//! queue of the connection: live stream, recording, …   from the first live stream on, or behind one that plays
//! ```
//!
//! A live stream is over when it has played as long as was asked for, or when its publisher ends it. One that is not there is
//! waited for, for as long as it was to play.

use std::time::Instant;

use adit_broker::{KeyTooLong, StreamKey, SubscribeOptions};
use adit_media::Timestamp;
use adit_rtmp::MessageStreamId;
use adit_rtmp::command::{
    Location, Play, PlayDuration, PlayStart, Playlist, StatusCode, StreamName,
};
use adit_rtmp::message::UserControl;
use adit_rtmp::session::SendError;
use tracing::debug;

use super::player::Player;
use super::recorded::{data_messages, from_ms};
use super::replay::{EndTold, code_of, tell_switched};
use super::requests::About;
use super::roles::{Over, Role};
use super::term::{Behind, Term};
use super::{SessionDriver, Step};
use crate::access::{Action, Granted, Ticket};
use crate::application::{Decision, Playing, Refusal, Sources};
use crate::control;
use crate::limits::playback::{NEXT_REQUESTS, PLAYLIST_ITEMS};
use crate::playback::{Item, OpenError, Playback};

/// Something to be played when its turn comes.
pub(super) enum Next {
    Recording(Item),
    Live(Live),
}

/// The same with what was given with the right to play it.
pub(super) struct Permitted {
    pub(super) next: Next,
    pub(super) ticket: Option<Ticket>,
}

/// A live stream.
pub(super) struct Live {
    key: StreamKey,
    length: PlayDuration,
}

impl Next {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Recording(item) => item.name(),
            Self::Live(live) => live.key.name(),
        }
    }
}

/// What waits for its turn, of all message streams of a connection.
#[derive(Default)]
pub(super) struct Queue(Vec<(MessageStreamId, Permitted)>);

impl Queue {
    pub(super) fn forget(&mut self, msid: MessageStreamId) {
        self.0.retain(|(of, _)| *of != msid);
    }

    pub(super) fn has(&self, msid: MessageStreamId) -> bool {
        self.0.iter().any(|(of, _)| *of == msid)
    }

    fn is_full(&self) -> bool {
        self.0.len() >= PLAYLIST_ITEMS
    }

    fn push(&mut self, msid: MessageStreamId, next: Permitted) {
        self.0.push((msid, next));
    }

    fn take(&mut self, msid: MessageStreamId) -> Option<Permitted> {
        let at = self.0.iter().position(|(of, _)| *of == msid)?;
        Some(self.0.remove(at).1)
    }

    /// The next one, if it is a recording.
    fn take_recording(&mut self, msid: MessageStreamId) -> Option<(Item, Option<Ticket>)> {
        let at = self.0.iter().position(|(of, _)| *of == msid)?;
        let is_recording = |(_, next): &(_, Permitted)| matches!(next.next, Next::Recording(_));
        let is_recording = self.0.get(at).is_some_and(is_recording);
        let Permitted { next, ticket } = is_recording.then(|| self.0.remove(at).1)?;
        match next {
            Next::Recording(item) => Some((item, ticket)),
            Next::Live(_) => None,
        }
    }

    /// Puts something in the place of the first of a name; gives whether there is one.
    pub(super) fn replace(&mut self, msid: MessageStreamId, old: &str, new: Permitted) -> bool {
        let mut of_stream = self.0.iter_mut().filter(|(of, _)| *of == msid);
        let found = of_stream.find(|(_, next)| next.next.name() == old);
        found.map(|(_, next)| *next = new).is_some()
    }
}

/// What a client wants to be played next.
pub(super) struct Asked {
    pub(super) name: String,
    pub(super) start: PlayStart,
    pub(super) duration: PlayDuration,
    pub(super) playlist: Playlist,
}

impl SessionDriver {
    /// Something is to be played after what plays now.
    pub(super) fn play_next(&mut self, now: Instant, msid: MessageStreamId, play: &Play) {
        let asked = Asked {
            name: play.name.to_string(),
            start: play.start,
            duration: play.duration,
            playlist: play.playlist,
        };
        self.when_allowed(now, msid, asked, Self::append);
    }

    /// Puts something behind all else, and plays it if everything else is over.
    pub(super) fn append(&mut self, now: Instant, msid: MessageStreamId, permitted: Permitted) {
        let Permitted { next, ticket } = permitted;
        let name = next.name().to_owned();
        let next = match (next, self.roles.replay(msid)) {
            (Next::Recording(item), Some(replay)) if !self.guest.wishes.queue.has(msid) => {
                match replay.playback().append(item) {
                    Ok(()) => self.roles.keep(msid, ticket),
                    Err(full) => self.not_next(msid, &name, &full.to_string()),
                }
                return;
            }
            (next, _) => next,
        };
        if self.guest.wishes.queue.is_full() {
            self.not_next(msid, &name, "too many items are to be played next");
            return;
        }
        let permitted = Permitted { next, ticket };
        self.guest.wishes.queue.push(msid, permitted);
        self.roles.set_behind(msid, Behind::Something);
        self.settle_playlists(now);
    }

    fn not_next(&mut self, msid: MessageStreamId, name: &str, why: &str) {
        let code = StatusCode::PlayFailed;
        self.tell_of(msid, code, format!("{name}: {why}"), name);
    }

    /// What begins to play has these behind it.
    pub(super) fn line_up(&mut self, msid: MessageStreamId) {
        while self.roles.replay(msid).is_some()
            && let Some((item, ticket)) = self.guest.wishes.queue.take_recording(msid)
        {
            let name = item.name().to_owned();
            let Some(replay) = self.roles.replay(msid) else {
                return;
            };
            match replay.playback().append(item) {
                Ok(()) => self.roles.keep(msid, ticket),
                Err(full) => self.not_next(msid, &name, &full.to_string()),
            }
        }
        if self.guest.wishes.queue.has(msid) {
            self.roles.set_behind(msid, Behind::Something);
        }
    }

    /// Goes on to what is next wherever something is over.
    pub(super) fn settle_playlists(&mut self, now: Instant) -> Step {
        let mut step = Step::Idle;
        while let Some((msid, over)) = self.roles.take_over(now) {
            self.go_on(now, msid, over);
            step = Step::More;
        }
        step
    }

    /// Plays what is next on a message stream; without anything its end is told.
    fn go_on(&mut self, now: Instant, msid: MessageStreamId, over: Over) {
        let Some(Permitted { next, ticket }) = self.guest.wishes.queue.take(msid) else {
            if over.completed.told == EndTold::No
                && let Err(error) = self.tell_over(msid, over)
            {
                debug!(%error, "end of a playlist not told");
            }
            return;
        };
        match next {
            Next::Live(live) => self.go_on_live(now, msid, over.at, live),
            Next::Recording(item) => return self.open_next(msid, over.at, item, ticket),
        }
        self.roles.keep(msid, ticket);
    }

    fn tell_over(&mut self, msid: MessageStreamId, over: Over) -> Result<(), SendError> {
        let (duration, bytes) = (over.completed.duration, over.completed.bytes);
        self.roles.told_over(msid);
        self.session.notify_play_complete(msid, duration, bytes)?;
        self.tell(msid, StatusCode::PlayStop, "nothing more is to be played");
        self.session.send_user_control(UserControl::StreamEof(msid))
    }

    fn open_next(
        &mut self,
        msid: MessageStreamId,
        at: Timestamp,
        item: Item,
        ticket: Option<Ticket>,
    ) {
        let name = item.name().to_owned();
        let key = self.guest.key(&item.wanted.location);
        let (Some(files), Ok(key)) = (&self.guest.files, key) else {
            return self.leave_out(msid, &name, &OpenError::NotFound);
        };
        let beginning = Playback::go_on(files, item, self.precision(), at);
        self.roles.open_next(msid);
        let about = About::Stream(msid);
        self.when_answered(about, beginning, move |driver, now, begun| match begun {
            Ok(playback) => driver.go_on_recorded(now, msid, key, playback, ticket),
            Err(error) => driver.leave_out(msid, &name, &error),
        });
    }

    fn go_on_live(&mut self, now: Instant, msid: MessageStreamId, at: Timestamp, live: Live) {
        let name = live.key.name().to_owned();
        let role = control::Role::Play;
        let listed = self.summary.granted(now, role, live.key.clone());
        let subscription = (self.shared.broker).subscribe(live.key, SubscribeOptions::default());
        let term = Term::new(now, live.length).going_on_at(at);
        let player = Player::new(msid, subscription, term, self.guest.wishes.of(msid));
        self.roles.insert(msid, Role::Playing(player), None, listed);
        self.line_up(msid);
        self.tell_switched(msid, &name);
    }

    fn go_on_recorded(
        &mut self,
        now: Instant,
        msid: MessageStreamId,
        key: StreamKey,
        playback: Playback,
        ticket: Option<Ticket>,
    ) {
        let name = playback.name().to_owned();
        self.replay(now, msid, key, playback, ticket);
        self.tell_switched(msid, &name);
    }

    /// An item that cannot be played is told, and the one behind it is next.
    fn leave_out(&mut self, msid: MessageStreamId, name: &str, error: &OpenError) {
        self.tell_of(msid, code_of(error), format!("{name}: {error}"), name);
        self.roles.leave_out(msid);
    }

    fn tell_switched(&mut self, msid: MessageStreamId, name: &str) {
        if let Err(error) = tell_switched(&mut self.session, msid, name) {
            debug!(%error, "next item not told");
        }
    }

    /// Goes on with what is asked for once access is granted and the application has allowed it to be played; else the client is told.
    pub(super) fn when_allowed(
        &mut self,
        now: Instant,
        msid: MessageStreamId,
        asked: Asked,
        then: impl FnOnce(&mut Self, Instant, MessageStreamId, Permitted) + Send + 'static,
    ) {
        let (name, location) = match self.session.locate(&asked.name) {
            Ok(located) => located,
            Err(error) => {
                self.tell(msid, StatusCode::PlayFailed, &error.to_string());
                return;
            }
        };
        if self.guest.requests.waiting_next() >= NEXT_REQUESTS {
            self.shared.stats.next_refused();
            self.not_next(msid, &location.name, "too many requests wait for an answer");
            return;
        }
        let request = self.asked(Action::Play, &location, name.query());
        let decision = self.shared.access().authorize(&request);
        let about = About::Next(msid);
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
        then: impl FnOnce(&mut Self, Instant, MessageStreamId, Permitted) + Send + 'static,
    ) {
        let mut ticket = None;
        let decision = match access {
            Err(refusal) => Decision::refuse(refusal),
            Ok(granted) => {
                ticket = granted.ticket;
                if let Some(public) = granted.stream {
                    location.name = public.into();
                }
                self.may_play(&Playing {
                    location: &location,
                    name: &name,
                    start: asked.start,
                    duration: asked.duration,
                    playlist: asked.playlist,
                })
            }
        };
        let about = About::Next(msid);
        self.when_decided(now, about, decision, move |driver, now, answer| {
            let next = answer.and_then(|sources| driver.next(sources, &asked, &location, &name));
            match next {
                Ok(next) => then(driver, now, msid, Permitted { next, ticket }),
                Err(refusal) => {
                    let code = refusal.code.unwrap_or(StatusCode::PlayFailed);
                    let name = &location.name;
                    driver.tell_of(msid, code, format!("{name}: {}", refusal.description), name);
                }
            }
        });
    }

    /// What is played of what was asked for. Of a name that may be both, what is live now is.
    fn next(
        &self,
        sources: Sources,
        asked: &Asked,
        location: &Location,
        name: &StreamName,
    ) -> Result<Next, Refusal> {
        let too_long = |error: KeyTooLong| Refusal::new(error.to_string());
        let key = self.guest.key(location).map_err(too_long)?;
        let is_live = match (sources, asked.start) {
            (Sources::Live, PlayStart::Recorded { .. }) => {
                let not_found = StatusCode::PlayStreamNotFound;
                return Err(Refusal::new("there is no recording of it").with_code(not_found));
            }
            (Sources::Live, _) | (Sources::Either, PlayStart::Live) => true,
            (Sources::Either, PlayStart::LiveOrRecorded) => self.shared.broker.is_published(&key),
            _ => false,
        };
        if !is_live {
            return Ok(Next::Recording(Item {
                wanted: self.wanted(location, name),
                from_ms: from_ms(asked.start),
                length: asked.duration,
                data: data_messages(asked.playlist),
            }));
        }
        if self.shared.relay.is_some() {
            return Err(Refusal::new(
                "a relay plays one live stream and nothing behind it",
            ));
        }
        let length = asked.duration;
        Ok(Next::Live(Live { key, length }))
    }
}

#[cfg(test)]
mod tests;
