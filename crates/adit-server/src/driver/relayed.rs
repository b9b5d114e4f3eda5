//! Requests that the far side of a relay has to answer first.

use std::sync::Arc;
use std::task::{Context, Poll};

use adit_broker::{SubscribeOptions, Subscription};
use adit_rtmp::command::StatusCode;
use adit_rtmp::session::server::PlayRequest;

use super::publish::Granted;
use super::requests::About;
use super::{SessionDriver, Step};
use crate::relay::{Local, Refusal, Relay};

impl SessionDriver {
    /// Asks the far side whether it takes a publication, which holds its name here meanwhile.
    pub(super) fn ask_to_publish(&mut self, relay: &Arc<Relay>, granted: Granted) {
        let request = &granted.request;
        let key = granted.publication.key().clone();
        // Before its first frame, so that it reads all of them.
        let subscription = self
            .shared
            .broker
            .subscribe(key, SubscribeOptions::default());
        let app_query = self.guest.query();
        let local = Local {
            location: &request.location,
            app_query: &app_query,
            name: &request.name,
        };
        let (answer, push) = match relay.push(self.summary.id(), local, subscription) {
            Ok(asked) => asked,
            Err(Refusal { code, description }) => {
                return self.refuse_publish(granted.request, code, &description);
            }
        };
        let about = About::Stream(request.msid);
        self.when_answered(about, answer, |driver, now, answer| match answer {
            Ok(()) => driver.begin_publish(now, granted, Some(push)),
            Err(Refusal { code, description }) => {
                driver.refuse_publish(granted.request, code, &description);
            }
        });
    }

    /// Asks the far side for a stream that is not published here; gives the request back if it is.
    pub(super) fn ask_to_play(
        &mut self,
        relay: &Arc<Relay>,
        request: PlayRequest,
        subscription: Subscription,
    ) -> Option<(PlayRequest, Subscription)> {
        let app_query = self.guest.query();
        let local = Local {
            location: &request.location,
            app_query: &app_query,
            name: &request.name,
        };
        let (answer, interest) = match relay.pull(self.summary.id(), local, subscription.key()) {
            Ok(Some(asked)) => asked,
            Ok(None) => return Some((request, subscription)),
            Err(Refusal { code, description }) => {
                self.refuse_play(request, code, &description);
                return None;
            }
        };
        let about = About::Stream(request.msid);
        self.when_answered(about, answer, |driver, now, answer| match answer {
            Ok(()) => driver.begin_play(now, request, subscription, Some(interest)),
            Err(Refusal { code, description }) => driver.refuse_play(request, code, &description),
        });
        None
    }

    /// Ends publishers that the far side does not take any more.
    pub(super) fn settle_relayed(&mut self, cx: &mut Context<'_>) -> Step {
        let Poll::Ready((msid, reason)) = self.roles.poll_push_end(cx) else {
            return Step::Idle;
        };
        self.tell(msid, StatusCode::PublishDenied, &reason);
        self.finish(&reason);
        Step::More
    }
}
