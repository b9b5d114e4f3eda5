//! A recording being played: from a [`Playback`] into the session's output queue.

use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use adit_amf::Text;
use adit_amf::amf0::{self, Value};
use adit_media::Frame;
use adit_rtmp::command::{Status, StatusCode};
use adit_rtmp::message::UserControl;
use adit_rtmp::session::{MediaKind, SendError, ServerSession};
use adit_rtmp::{MessageStreamId, Timestamp};
use bytes::{Buf as _, BytesMut};
use tracing::debug;

use super::Step;
use super::gates::Gates;
use super::player::media_kind;
use super::term::Behind;
use crate::limits::{FRAMES_PER_TURN, WRITE_AHEAD_BYTES};
use crate::playback::{NoPlace, OpenError, Playback, Played};

/// A `play` of recordings that was accepted.
pub(super) struct Replay {
    msid: MessageStreamId,
    playback: Playback,
    gates: Gates,
    behind: Behind,
    completed: Option<Completed>,
}

/// All of the recordings was played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Completed {
    pub(super) duration: Duration,
    pub(super) bytes: u64,
    pub(super) told: EndTold,
}

/// Whether the player knows that it is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EndTold {
    No,
    Yes,
}

impl Replay {
    pub(super) fn new(msid: MessageStreamId, playback: Playback, gates: Gates) -> Self {
        Self {
            msid,
            playback,
            gates,
            behind: Behind::Nothing,
            completed: None,
        }
    }

    pub(super) const fn gates(&mut self) -> &mut Gates {
        &mut self.gates
    }

    pub(super) const fn playback(&mut self) -> &mut Playback {
        &mut self.playback
    }

    pub(super) const fn set_behind(&mut self, behind: Behind) {
        self.behind = behind;
    }

    /// What there is to say about it if it is over, and something else is to be played.
    pub(super) fn over(&self) -> Option<Completed> {
        let is_over = self.behind == Behind::Something && self.playback.has_ended();
        self.completed.filter(|_| is_over)
    }

    /// When it is over, in the time of the stream.
    pub(super) fn end(&self) -> adit_media::Timestamp {
        self.playback.end()
    }

    /// When more is to be sent.
    pub(super) const fn next_deadline(&self) -> Option<Instant> {
        self.playback.next_deadline()
    }

    /// Moves into the session's queue what is due, until it is full.
    pub(super) fn fill(
        &mut self,
        cx: &mut Context<'_>,
        session: &mut ServerSession,
        now: Instant,
    ) -> Step {
        for _ in 0..FRAMES_PER_TURN {
            if session.output().remaining() >= WRITE_AHEAD_BYTES {
                return Step::Full;
            }
            let Poll::Ready(played) = self.playback.poll_next(cx, now) else {
                return Step::Idle;
            };
            if let Err(error) = self.deliver(session, played) {
                debug!(%error, "not delivered");
            }
        }
        Step::More
    }

    fn deliver(&mut self, session: &mut ServerSession, played: Played) -> Result<(), SendError> {
        let msid = self.msid;
        match played {
            Played::Frame(frame) => self.forward(session, &frame),
            Played::BufferFull => session.send_user_control(UserControl::BufferEmpty(msid)),
            Played::NextBuffer => session.send_user_control(UserControl::BufferReady(msid)),
            Played::Switched { name } => tell_switched(session, msid, &name),
            Played::Missing { name, error } => {
                let description = format!("{name}: {error}");
                tell_of(session, msid, code_of(&error), description, &name)
            }
            Played::Broken { name, why } | Played::NotTransited { name, why } => {
                let description = format!("{name}: {why}");
                tell_of(session, msid, StatusCode::PlayFailed, description, &name)
            }
            Played::Sought(at) => self.sought(session, at),
            Played::NotSought(why) => self.not_sought(session, &why),
            Played::Transits { name } => {
                let description = format!("{name}: it is played from its next key frame on");
                tell_of(
                    session,
                    msid,
                    StatusCode::PlayTransition,
                    description,
                    &name,
                )
            }
            Played::Transited { name } => {
                let code = StatusCode::PlayTransitionComplete;
                tell_data(session, msid, code, "the other recording plays", &name)
            }
            Played::Complete { duration, bytes } => self.complete(session, duration, bytes),
        }
    }

    fn forward(&mut self, session: &mut ServerSession, frame: &Frame) -> Result<(), SendError> {
        if !self.gates.let_through(frame.kind(), frame.flags()) {
            return Ok(());
        }
        let kind = media_kind(frame.kind());
        let at = Timestamp::from_ms(frame.at().ms());
        session.send_media(self.msid, kind, at, frame.payload())
    }

    fn sought(
        &self,
        session: &mut ServerSession,
        at: adit_media::Timestamp,
    ) -> Result<(), SendError> {
        let seconds = f64::from(at.ms()) / 1000.0;
        let status = Status::new(
            StatusCode::SeekNotify,
            format!("{} goes on at {seconds} s", self.playback.name()),
        );
        session.send_user_control(UserControl::StreamIsRecorded(self.msid))?;
        session.send_user_control(UserControl::StreamBegin(self.msid))?;
        session.send_status(self.msid, status)?;
        let name = self.playback.name().to_owned();
        tell_started(session, self.msid, &name)
    }

    fn not_sought(&self, session: &mut ServerSession, why: &NoPlace) -> Result<(), SendError> {
        let status = match why {
            NoPlace::BeyondTheEnd { ends_at } => {
                let seconds = f64::from(ends_at.ms()) / 1000.0;
                Status::new(StatusCode::SeekInvalidTime, why.to_string()).with("details", seconds)
            }
            NoPlace::Unreadable(_) => Status::new(StatusCode::SeekFailed, why.to_string()),
        };
        session.send_status(self.msid, status)
    }

    /// The player may go back after the end, so the message stream goes on playing. If something else is to be played, it is not
    /// the end.
    fn complete(
        &mut self,
        session: &mut ServerSession,
        duration: Duration,
        bytes: u64,
    ) -> Result<(), SendError> {
        let told = match self.behind {
            Behind::Something => EndTold::No,
            Behind::Nothing => EndTold::Yes,
        };
        self.completed = Some(Completed {
            duration,
            bytes,
            told,
        });
        if told == EndTold::No {
            return Ok(());
        }
        session.notify_play_complete(self.msid, duration, bytes)?;
        let name = self.playback.name().to_owned();
        let description = format!("{name} has ended");
        tell_of(session, self.msid, StatusCode::PlayStop, description, &name)?;
        session.send_user_control(UserControl::StreamEof(self.msid))
    }
}

/// The next item of a playlist begins.
pub(super) fn tell_switched(
    session: &mut ServerSession,
    msid: MessageStreamId,
    name: &str,
) -> Result<(), SendError> {
    let code = StatusCode::PlaySwitch;
    tell_data(
        session,
        msid,
        code,
        "the next item of the playlist begins",
        name,
    )?;
    tell_started(session, msid, name)
}

fn tell_started(
    session: &mut ServerSession,
    msid: MessageStreamId,
    name: &str,
) -> Result<(), SendError> {
    let description = format!("{name} plays from now on");
    tell_of(session, msid, StatusCode::PlayStart, description, name)
}

/// News of one stream, with its name.
pub(super) fn tell_of(
    session: &mut ServerSession,
    msid: MessageStreamId,
    code: StatusCode,
    description: String,
    name: &str,
) -> Result<(), SendError> {
    let status = Status::new(code, description).with("details", name);
    session.send_status(msid, status)
}

/// News that belong to a place of the stream: `onPlayStatus`, among the media.
fn tell_data(
    session: &mut ServerSession,
    msid: MessageStreamId,
    code: StatusCode,
    description: &'static str,
    name: &str,
) -> Result<(), SendError> {
    let status = Status::new(code, description).with("details", name);
    let mut body = BytesMut::new();
    let event = Value::String(Text::from_static("onPlayStatus"));
    amf0::encode_all(&[event, status.into()], &mut body)?;
    session.send_media(msid, MediaKind::Data, Timestamp::ZERO, &body.freeze())
}

/// What a player is told of a recording that is not played.
pub(super) fn code_of(error: &OpenError) -> StatusCode {
    use adit_media::vod::VodError;
    match error {
        OpenError::NotFound | OpenError::BadName(_) => StatusCode::PlayStreamNotFound,
        OpenError::Empty | OpenError::Vod(VodError::NothingToPlay { .. }) => {
            StatusCode::PlayNoSupportedTrackFound
        }
        OpenError::Vod(VodError::Io(_))
        | OpenError::Io(_)
        | OpenError::Busy
        | OpenError::TooShort { .. }
        | OpenError::Defect => StatusCode::PlayFailed,
        OpenError::Vod(_) => StatusCode::PlayFileStructureInvalid,
    }
}
