//! Does what a plan says: starts attempts, tells it what comes of them, closes the losers.

use std::collections::HashMap;
use std::time::Instant;

use adit_net::client::{Connector, Target as NetTarget, TunnelClientConfig};
use adit_rtmp::session::ClientConfig;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::sleep_until;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::attempt::{Attempt, Depth, End, News};
use super::routes::Found;
use crate::clock::now;
use crate::link::Link;
use crate::plan::{Action, AttemptId, Cause, Failure, PeerText, Plan, Policy, Report, Stage};
use crate::strategy::{Ladder, ProxyForm, Rung};

/// What all attempts of a plan share.
pub(crate) struct Course {
    pub(crate) connector: Connector,
    pub(crate) found: Found,
    pub(crate) tunnel: TunnelClientConfig,
    pub(crate) session: ClientConfig,
    pub(crate) depth: Depth,
    /// Where those that are given up are closed.
    pub(crate) closing: TaskTracker,
}

/// The winner of a race, if there is one, and what came of everybody.
pub(crate) struct Outcome {
    pub(crate) winner: Option<(Rung, Box<Link>)>,
    pub(crate) report: Report,
}

/// Runs a plan to its end.
pub(crate) async fn run(course: &Course, ladder: &Ladder, policy: Policy) -> Outcome {
    let (news, heard) = mpsc::channel(news_of(ladder));
    let mut race = Race {
        course,
        ladder,
        plan: Plan::new(now(), ladder, policy),
        news,
        heard,
        running: JoinSet::new(),
        stops: HashMap::new(),
        reached: HashMap::new(),
    };
    race.run().await
}

/// Room for everything that the attempts of a ladder can tell: each stage, a certificate, and two answers.
fn news_of(ladder: &Ladder) -> usize {
    (Stage::ALL.len() + 4) * ladder.rungs().len().max(1)
}

struct Race<'a> {
    course: &'a Course,
    ladder: &'a Ladder,
    plan: Plan,
    news: mpsc::Sender<News>,
    heard: mpsc::Receiver<News>,
    running: JoinSet<(AttemptId, End)>,
    stops: HashMap<AttemptId, CancellationToken>,
    reached: HashMap<AttemptId, Box<Link>>,
}

impl Race<'_> {
    async fn run(&mut self) -> Outcome {
        loop {
            match self.plan.poll_action(now()) {
                Some(Action::Dial(id, rung)) => self.start(id, &rung),
                Some(Action::Wait(until)) => self.wait(until).await,
                Some(Action::Abandon(id)) => self.abandon(id),
                Some(Action::Use(id)) => return self.end(Some(id)),
                Some(Action::Fail(_)) | None => return self.end(None),
            }
        }
    }

    fn start(&mut self, id: AttemptId, rung: &Rung) {
        let now = now();
        let target = NetTarget::new(&self.ladder.host().to_string(), rung.port());
        let route = self.course.found.resolve(rung.route());
        let (Ok(target), Some(route)) = (target, route) else {
            let cause = Cause::Other(PeerText::new("the address cannot be dialled"));
            self.plan
                .handle_failure(now, id, Failure::new(Stage::Dns, cause));
            return;
        };
        let mut connector = self.course.connector.clone();
        if rung.route().form() == Some(ProxyForm::Connect) {
            connector = connector.tunnelling_by_connect();
        }
        let attempt = Attempt {
            id,
            connector,
            target,
            route,
            transport: rung.transport(),
            tunnel: self.course.tunnel,
            session: self.course.session.clone(),
            depth: self.course.depth.clone(),
            news: self.news.clone(),
        };
        let stop = CancellationToken::new();
        self.stops.insert(id, stop.clone());
        self.running
            .spawn(async move { (id, Box::pin(attempt.run(stop)).await) });
    }

    /// Waits for news, for the end of an attempt, or for the time to come. Each arm is cancel-safe.
    async fn wait(&mut self, until: Instant) {
        tokio::select! {
            biased;
            Some(news) = self.heard.recv() => self.hear(news),
            Some(ended) = self.running.join_next() => {
                if let Ok((id, end)) = ended {
                    self.settle(id, end);
                }
            }
            () = sleep_until(until.into()) => {}
        }
    }

    fn hear(&mut self, news: News) {
        match news {
            News::Enters(id, stage) => self.plan.handle_progress(now(), id, stage),
            News::Answers(id) => self.plan.handle_answer(id),
            News::Certificate(id, certificate) => self.plan.handle_certificate(id, certificate),
        }
    }

    fn settle(&mut self, id: AttemptId, end: End) {
        let now = now();
        // What an attempt told before it ended belongs before its end.
        while let Ok(news) = self.heard.try_recv() {
            self.hear(news);
        }
        self.stops.remove(&id);
        match end {
            End::Reached(link) => {
                self.reached.insert(id, link);
                self.plan.handle_success(now, id);
            }
            End::Failed(failure) => self.plan.handle_failure(now, id, failure),
            End::Stopped => {}
        }
    }

    fn abandon(&mut self, id: AttemptId) {
        if let Some(stop) = self.stops.remove(&id) {
            stop.cancel();
        }
        if let Some(link) = self.reached.remove(&id) {
            self.course.closing.spawn(link.close());
        }
    }

    fn end(&mut self, winner: Option<AttemptId>) -> Outcome {
        let winner = winner.and_then(|id| {
            let rung = self.ladder.rungs().get(id.index())?.clone();
            Some((rung, self.reached.remove(&id)?))
        });
        Outcome {
            winner,
            report: self.plan.report(now()),
        }
    }
}

/// Also where nobody waits for the end of the race any more: whoever is left is closed as he likes to be closed.
impl Drop for Race<'_> {
    fn drop(&mut self) {
        // Without a runtime there are no connections any more.
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        for (_, stop) in self.stops.drain() {
            stop.cancel();
        }
        let closing = &self.course.closing;
        for (_, link) in self.reached.drain() {
            closing.spawn_on(link.close(), &runtime);
        }
        let mut running = std::mem::take(&mut self.running);
        let tracker = closing.clone();
        closing.spawn_on(
            async move {
                while let Some(ended) = running.join_next().await {
                    if let Ok((_, End::Reached(link))) = ended {
                        tracker.spawn(link.close());
                    }
                }
            },
            &runtime,
        );
    }
}
