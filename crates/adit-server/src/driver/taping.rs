//! Recordings of what a connection publishes, and what its client is told of them.

use std::task::{Context, Poll};

use adit_broker::{Publication, StreamKey, SubscribeOptions};
use adit_net::Verdict;
use adit_rtmp::MessageStreamId;
use adit_rtmp::command::StatusCode;

use super::summary::Listed;
use super::{SessionDriver, Step};
use crate::application::Recorded;
use crate::limits::RECORDINGS_ENDING;
use crate::recording::{RecordEvent, RecordMode, RecordedStreams, Recording};

/// The recordings of one connection, also those whose stream has ended and whose file is still being finished.
///
/// There are as many as the client publishes, and a few that end; the oldest of these is not waited for when there are more.
#[derive(Default)]
pub(super) struct Tapes(Vec<Tape>);

struct Tape {
    msid: MessageStreamId,
    name: String,
    recording: Recording,
    told: Audience,
}

/// Who is told what becomes of a recording, besides the log.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Audience {
    /// The client, which asked for it.
    Client,
    /// Nobody: programs that publish take an error of a recording for one of theirs.
    Nobody,
}

impl Tapes {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The streams are over; the files are finished without anybody waiting here.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Adds that of a stream that begins; `publishes` says which of the others go on.
    fn push(&mut self, tape: Tape, publishes: impl Fn(MessageStreamId) -> bool) {
        let is_ending = |old: &Tape| old.msid == tape.msid || !publishes(old.msid);
        let ending = self.0.iter().filter(|old| is_ending(old)).count();
        if ending >= RECORDINGS_ENDING
            && let Some(oldest) = self.0.iter().position(is_ending)
        {
            self.0.remove(oldest);
        }
        self.0.push(tape);
    }

    /// What happened to one of them. One that nothing more happens to is gone.
    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<(MessageStreamId, Audience, Happened)> {
        for at in 0..self.0.len() {
            let Some(tape) = self.0.get_mut(at) else {
                break;
            };
            let Poll::Ready(event) = tape.recording.poll_event(cx) else {
                continue;
            };
            let name = tape.name.clone();
            let (msid, told) = (tape.msid, tape.told);
            if matches!(event, None | Some(RecordEvent::Finished(_))) {
                self.0.remove(at);
            }
            return Poll::Ready((msid, told, Happened { name, event }));
        }
        Poll::Pending
    }
}

struct Happened {
    name: String,
    event: Option<RecordEvent>,
}

impl SessionDriver {
    /// Why a stream of that name cannot be recorded here, if it is to be.
    pub(super) fn objection(&self, key: &StreamKey, recorded: Recorded) -> Option<String> {
        if recorded == Recorded::NotRecorded {
            return None;
        }
        let Some(recordings) = &self.shared.recordings else {
            return Some("this server does not record; publish with the type live".to_owned());
        };
        let refused = recordings.check(key).err()?;
        Some(refused.to_string())
    }

    /// Records what is published from here on, if the client, the application or the server wants it so.
    pub(super) fn record(
        &mut self,
        msid: MessageStreamId,
        publication: &Publication,
        recorded: Recorded,
        listed: &Listed,
    ) {
        let Some(recordings) = self.shared.recordings.clone() else {
            return;
        };
        let application = publication.key().application();
        let recorded_by_default = self.shared.live.now().recorded(application);
        let (mode, told) = match recorded {
            Recorded::NotRecorded if recorded_by_default != RecordedStreams::All => return,
            Recorded::NotRecorded => (RecordMode::Record, Audience::Nobody),
            Recorded::Record => (RecordMode::Record, Audience::Client),
            Recorded::Append => (RecordMode::Append, Audience::Client),
            Recorded::AppendWithGap => (RecordMode::AppendWithGap, Audience::Client),
        };
        let key = publication.key().clone();
        let name = key.name().to_owned();
        let subscription = self
            .shared
            .broker
            .subscribe(key, SubscribeOptions::default());
        let lines = listed.lines();
        let about = (lines, &listed.trace().scope());
        match recordings.start(mode, publication.info().id, subscription, about) {
            Ok(recording) => {
                let tape = Tape {
                    msid,
                    name,
                    recording,
                    told,
                };
                let roles = &self.roles;
                self.tapes.push(tape, |msid| roles.publishes(msid));
            }
            Err(error) => {
                if lines == Verdict::Write {
                    tracing::warn!(stream = name, %error, "not recorded");
                }
                if told == Audience::Client {
                    self.tell(
                        msid,
                        error.code(),
                        &format!("{name} is not recorded: {error}"),
                    );
                }
            }
        }
    }

    /// Tells what became of recordings.
    pub(super) fn settle_recordings(&mut self, cx: &mut Context<'_>) -> Step {
        let mut step = Step::Idle;
        while let Poll::Ready((msid, told, happened)) = self.tapes.poll_event(cx) {
            step = Step::More;
            let Happened { name, event } = happened;
            let (code, description) = match event {
                Some(RecordEvent::Started) => {
                    (StatusCode::RecordStart, format!("{name} is recorded"))
                }
                Some(RecordEvent::Failed(error)) => {
                    (error.code(), format!("{name} is not recorded: {error}"))
                }
                Some(RecordEvent::Finished(finished)) => {
                    let seconds = finished.duration.as_secs_f64();
                    let words = format!("{name} is recorded to its end: {seconds:.3} s");
                    (StatusCode::RecordStop, words)
                }
                None => continue,
            };
            if told == Audience::Client {
                self.tell(msid, code, &description);
            }
        }
        step
    }
}
