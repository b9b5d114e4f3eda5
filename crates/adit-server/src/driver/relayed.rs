//! Requests that the far side of a relay has to answer first.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use adit_broker::{Publication, SubscribeOptions, Subscription};
use adit_rtmp::MessageStreamId;
use adit_rtmp::command::{Query, StatusCode};
use adit_rtmp::session::server::{PlayRequest, PublishRequest};

use super::{SessionDriver, Step};
use crate::relay::{Answer, Interest, Local, Push, Refusal, Relay};

/// What a connection has asked the far side, and what it said about itself when it connected.
///
/// The session bounds how many requests wait: one publish, and as many plays as may play.
#[derive(Default)]
pub(super) struct Relayed {
    pub(super) app_query: Query,
    asked: Vec<Asked>,
}

struct Asked {
    what: What,
    answer: Answer,
}

/// A request with what it needs once it is granted.
enum What {
    Publish {
        request: PublishRequest,
        publication: Publication,
        push: Push,
    },
    Play {
        request: PlayRequest,
        subscription: Subscription,
        interest: Interest,
    },
}

impl What {
    fn msid(&self) -> MessageStreamId {
        match self {
            Self::Publish { request, .. } => request.msid,
            Self::Play { request, .. } => request.msid,
        }
    }
}

impl Relayed {
    /// Nobody waits for an answer on this message stream any more.
    pub(super) fn forget(&mut self, msid: MessageStreamId) {
        self.asked.retain(|asked| asked.what.msid() != msid);
    }

    pub(super) fn clear(&mut self) {
        self.asked.clear();
    }

    /// The next answer that has come.
    fn poll_answered(&mut self, cx: &mut Context<'_>) -> Poll<(What, Result<(), Refusal>)> {
        for at in 0..self.asked.len() {
            let Some(asked) = self.asked.get_mut(at) else {
                break;
            };
            if let Poll::Ready(answer) = asked.answer.as_mut().poll(cx) {
                return Poll::Ready((self.asked.swap_remove(at).what, answer));
            }
        }
        Poll::Pending
    }
}

impl SessionDriver {
    /// Asks the far side whether it takes a publication, which holds its name here meanwhile.
    pub(super) fn ask_to_publish(
        &mut self,
        relay: &Arc<Relay>,
        request: PublishRequest,
        publication: Publication,
    ) {
        let key = publication.key().clone();
        // Before its first frame, so that it reads all of them.
        let subscription = self
            .shared
            .broker
            .subscribe(key, SubscribeOptions::default());
        let local = Local {
            location: &request.location,
            app_query: &self.relayed.app_query,
            name: &request.name,
        };
        match relay.push(self.summary.id(), local, subscription) {
            Ok((answer, push)) => self.relayed.asked.push(Asked {
                what: What::Publish {
                    request,
                    publication,
                    push,
                },
                answer,
            }),
            Err(Refusal { code, description }) => self.refuse_publish(request, code, &description),
        }
    }

    /// Asks the far side for a stream that is not published here; gives the request back if it is.
    pub(super) fn ask_to_play(
        &mut self,
        relay: &Arc<Relay>,
        request: PlayRequest,
        subscription: Subscription,
    ) -> Option<(PlayRequest, Subscription)> {
        let local = Local {
            location: &request.location,
            app_query: &self.relayed.app_query,
            name: &request.name,
        };
        match relay.pull(self.summary.id(), local, subscription.key()) {
            Ok(None) => return Some((request, subscription)),
            Ok(Some((answer, interest))) => self.relayed.asked.push(Asked {
                what: What::Play {
                    request,
                    subscription,
                    interest,
                },
                answer,
            }),
            Err(Refusal { code, description }) => self.refuse_play(request, code, &description),
        }
        None
    }

    /// Carries out what the far side has answered, and ends publishers that it does not take any more.
    pub(super) fn settle_relayed(&mut self, cx: &mut Context<'_>, now: Instant) -> Step {
        let mut step = Step::Idle;
        while let Poll::Ready((what, answer)) = self.relayed.poll_answered(cx) {
            // Input that waited for the answer goes on.
            step = Step::More;
            match (what, answer) {
                (
                    What::Publish {
                        request,
                        publication,
                        push,
                    },
                    Ok(()),
                ) => self.begin_publish(now, request, publication, Some(push)),
                (
                    What::Play {
                        request,
                        subscription,
                        interest,
                    },
                    Ok(()),
                ) => self.begin_play(now, request, subscription, Some(interest)),
                (What::Publish { request, .. }, Err(Refusal { code, description })) => {
                    self.refuse_publish(request, code, &description);
                }
                (What::Play { request, .. }, Err(Refusal { code, description })) => {
                    self.refuse_play(request, code, &description);
                }
            }
        }
        if let Poll::Ready((msid, reason)) = self.roles.poll_push_end(cx) {
            self.tell(msid, StatusCode::PublishDenied, &reason);
            self.finish(&reason);
            step = Step::More;
        }
        step
    }
}
