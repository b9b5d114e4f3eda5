//! Requests that wait for an answer: of the application, or of the far side of a relay.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use adit_rtmp::MessageStreamId;
use adit_rtmp::session::CloseReason;
use tokio::time::timeout;

use super::{Phase, SessionDriver, Step};
use crate::application::{Decision, Refusal};
use crate::limits::{PENDING_BYTES, READS_PER_TURN};

/// What waits. The session bounds how many: one `connect` or `publish`, as many plays as may play, and as many calls as may be
/// unanswered, which holds here for those too that want no answer; of what is to be played next [`NEXT_REQUESTS`](crate::limits::playback::NEXT_REQUESTS).
#[derive(Default)]
pub(super) struct Requests(Vec<Waiting>);

struct Waiting {
    about: About,
    answer: Answer,
}

/// What a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    Connection,
    /// It is withdrawn when this message stream is used for something else.
    Stream(MessageStreamId),
    /// The same of what is to be played there after or instead of something else.
    Next(MessageStreamId),
}

/// What was read of a peer while a request of it waits for its answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ahead {
    /// So many bytes.
    Kept(usize),
    /// All, and its end.
    Left,
}

type Answer = Pin<Box<dyn Future<Output = Then> + Send>>;

/// What follows from an answer.
type Then = Box<dyn FnOnce(&mut SessionDriver, Instant) + Send>;

impl Requests {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Nobody waits for an answer on this message stream any more.
    pub(super) fn forget(&mut self, msid: MessageStreamId) {
        let is_of = |about| about == About::Stream(msid) || about == About::Next(msid);
        self.0.retain(|waiting| !is_of(waiting.about));
    }

    /// How many wait that are about what is to be played next.
    pub(super) fn waiting_next(&self) -> usize {
        let is_next = |waiting: &&Waiting| matches!(waiting.about, About::Next(_));
        self.0.iter().filter(is_next).count()
    }

    /// How many wait that are about the connection, as calls are.
    pub(super) fn waiting_on_connection(&self) -> usize {
        let is_call = |waiting: &&Waiting| waiting.about == About::Connection;
        self.0.iter().filter(is_call).count()
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// What follows from the next answer that has come.
    fn poll_answered(&mut self, cx: &mut Context<'_>) -> Poll<Then> {
        for at in 0..self.0.len() {
            let Some(waiting) = self.0.get_mut(at) else {
                break;
            };
            if let Poll::Ready(then) = waiting.answer.as_mut().poll(cx) {
                // In the order asked, where several are answered.
                self.0.remove(at);
                return Poll::Ready(then);
            }
        }
        Poll::Pending
    }
}

impl SessionDriver {
    /// Goes on with `then` once the application has decided, which is at once or within a bounded time.
    pub(super) fn when_decided<T: Send + 'static>(
        &mut self,
        now: Instant,
        about: About,
        decision: Decision<T>,
        then: impl FnOnce(&mut Self, Instant, Result<T, Refusal>) + Send + 'static,
    ) {
        match decision.settled() {
            Ok(answer) => then(self, now, answer),
            Err(later) => {
                let in_time = timeout(self.shared.settings.limits.decision, later);
                let answer = async move { in_time.await.unwrap_or(Err(Refusal::too_late())) };
                self.when_answered(about, answer, then);
            }
        }
    }

    /// Goes on with `then` once there is an answer; whoever gives it sees to it that it comes.
    pub(super) fn when_answered<T: Send + 'static>(
        &mut self,
        about: About,
        answer: impl Future<Output = T> + Send + 'static,
        then: impl FnOnce(&mut Self, Instant, T) + Send + 'static,
    ) {
        let answer = async move {
            let answer = answer.await;
            Box::new(move |driver: &mut Self, now| then(driver, now, answer)) as Then
        };
        self.guest.requests.0.push(Waiting {
            about,
            answer: Box::pin(answer),
        });
    }

    /// Goes on with what was answered.
    pub(super) fn settle_requests(&mut self, cx: &mut Context<'_>, now: Instant) -> Step {
        let mut step = Step::Idle;
        while let Poll::Ready(then) = self.guest.requests.poll_answered(cx) {
            // Input that waited for the answer goes on.
            step = Step::More;
            then(self, now);
        }
        step
    }

    /// While a request waits for its answer, nothing of the peer is needed but its end. What it says meanwhile is kept, so much and
    /// no more, and is worked off afterwards even if it has left by then.
    pub(super) fn look_for_end(&mut self, cx: &mut Context<'_>, now: Instant) -> Step {
        for _ in 0..READS_PER_TURN {
            let Ahead::Kept(bytes) = self.ahead else {
                return Step::Idle;
            };
            if bytes >= PENDING_BYTES || self.phase != Phase::Running {
                return Step::Idle;
            }
            let Poll::Ready(received) = self.carrier.poll_recv(cx) else {
                return Step::Idle;
            };
            match &received {
                Ok(Some(more)) => self.ahead = Ahead::Kept(bytes.saturating_add(more.len())),
                Ok(None) => self.ahead = Ahead::Left,
                Err(_) => {}
            }
            self.take_in(now, received);
            if self.ahead == Ahead::Left && !self.session.has_unreported() {
                self.summary.ended("the peer ended the connection");
                self.session.close(CloseReason::PeerEnded);
            }
        }
        Step::More
    }
}
