//! Calls in both directions: methods of the application, and methods of the client.

use std::collections::VecDeque;
use std::task::{Context, Poll};
use std::time::Instant;

use adit_amf::Text;
use adit_amf::amf0::Value;
use adit_rtmp::command::{Outcome, Response, StatusCode, TransactionId};
use adit_rtmp::session::{CallRequest, SendError};
use tokio::sync::oneshot;
use tracing::debug;

use super::requests::About;
use super::{SessionDriver, Step, after};
use crate::application::{CallError, Post};
use crate::limits::POSTS_PER_TURN;

/// Calls of ours that the client has not answered, in the order in which they were made. The session bounds how many.
#[derive(Default)]
pub(super) struct Calls(VecDeque<Call>);

struct Call {
    transaction: TransactionId,
    until: Instant,
    caller: Caller,
}

/// Who called, and wants to know.
pub(super) enum Caller {
    Application(Answer),
    /// The measurement of the bandwidth.
    Measurement,
}

type Answer = oneshot::Sender<Result<Value, CallError>>;

impl Calls {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// When the first of them has waited for too long.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.0.front().map(|call| call.until)
    }

    fn take(&mut self, transaction: TransactionId) -> Option<Call> {
        let at = self
            .0
            .iter()
            .position(|call| call.transaction == transaction)?;
        self.0.remove(at)
    }

    /// All take equally long, so the first is due first.
    fn take_due(&mut self, now: Instant) -> Option<Call> {
        self.next_deadline().filter(|until| *until <= now)?;
        self.0.pop_front()
    }
}

impl SessionDriver {
    /// The client calls a method of the application.
    pub(super) fn called(&mut self, now: Instant, mut request: CallRequest) {
        // The session counts those that want an answer.
        let waiting = self.guest.requests.waiting_on_connection();
        if !request.wants_answer() && waiting >= self.shared.settings.session.limits.calls {
            debug!(method = %request.name, "not called: so many calls are being decided");
            self.session.fail_call(request, "");
            return;
        }
        let arguments = std::mem::take(&mut request.arguments);
        let decision = self.guest.seat().and_then(|seat| {
            let (instance, client) = (seat.instance(), seat.client());
            seat.application()
                .call(instance, client, &request.name, arguments)
        });
        let Some(decision) = decision else {
            let description = format!("this server has no method {}", request.name);
            self.session.fail_call(request, &description);
            return;
        };
        self.when_decided(
            now,
            About::Connection,
            decision,
            |driver, _, answer| match answer {
                Ok(value) => driver.session.reply_call(request, vec![value]),
                Err(refusal) => {
                    let code = refusal.code.unwrap_or(StatusCode::CallFailed);
                    driver
                        .session
                        .refuse_call(request, code, &refusal.description);
                }
            },
        );
    }

    /// The client answers a call of ours.
    pub(super) fn answered(&mut self, now: Instant, response: Response) {
        let Some(call) = self.guest.calls.take(response.transaction) else {
            return;
        };
        match call.caller {
            Caller::Application(answer) => give(answer, outcome(response)),
            // An error is as good as any other answer.
            Caller::Measurement => self.probe_answered(now),
        }
    }

    /// Gives up calls that were not answered in time.
    pub(super) fn expire_calls(&mut self, now: Instant) {
        while let Some(call) = self.guest.calls.take_due(now) {
            self.session.forget_call(call.transaction);
            match call.caller {
                Caller::Application(answer) => give(answer, Err(CallError::TimedOut)),
                Caller::Measurement => self.measured_so_far(),
            }
        }
    }

    /// Does what the application wants of the client, as long as the client takes it.
    pub(super) fn take_mail(&mut self, cx: &Context<'_>, now: Instant) -> Step {
        for _ in 0..POSTS_PER_TURN {
            if !self.session.is_connected() {
                return Step::Idle;
            }
            if self.replies_are_stuck() {
                return Step::Full;
            }
            let Some(Poll::Ready(post)) = self.guest.client().map(|it| it.poll_post(cx)) else {
                return Step::Idle;
            };
            self.deliver(now, post);
        }
        Step::More
    }

    fn deliver(&mut self, now: Instant, post: Post) {
        match post {
            Post::Call {
                method,
                arguments,
                answer,
            } => self.call_client(now, method, arguments, answer),
            Post::Notice { method, arguments } => {
                if let Err(error) = self.session.notify(method, arguments) {
                    debug!(%error, "notice not sent");
                }
            }
            Post::Leave(leave) => self.part(leave),
            Post::Disconnect { reason } => self.send_away(&reason),
        }
    }

    fn call_client(&mut self, now: Instant, method: Text, arguments: Vec<Value>, answer: Answer) {
        match self.session.call(method, arguments) {
            Ok(transaction) => self.await_answer(now, transaction, Caller::Application(answer)),
            Err(SendError::TooManyCalls(_)) => give(answer, Err(CallError::Full)),
            Err(SendError::NotConnected) => give(answer, Err(CallError::Gone)),
            Err(error) => give(answer, Err(CallError::Unsendable(error))),
        }
    }

    pub(super) fn await_answer(
        &mut self,
        now: Instant,
        transaction: TransactionId,
        caller: Caller,
    ) {
        self.guest.calls.0.push_back(Call {
            transaction,
            until: after(now, self.shared.settings.limits.call_answer),
            caller,
        });
    }
}

fn outcome(response: Response) -> Result<Value, CallError> {
    match response.outcome {
        Outcome::Result => Ok(response
            .values
            .into_iter()
            .next()
            .unwrap_or(Value::Undefined)),
        Outcome::Error => Err(CallError::Remote(response.status().map(Box::new))),
    }
}

/// Whoever called may have lost interest meanwhile.
fn give(answer: Answer, value: Result<Value, CallError>) {
    drop(answer.send(value));
}
