use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use adit_broker::{Broker, BrokerConfig};
use adit_net::Counters;
use adit_rtmp::session::SessionConfig;
use tokio_util::sync::CancellationToken;

use super::{Sessions, Shared};
use crate::limits::ServerLimits;
use crate::stats::ServerStats;

fn sessions() -> Sessions {
    let broker = Broker::new(BrokerConfig::default());
    Sessions::new(Arc::new(Shared {
        stats: ServerStats::new(Counters::default(), broker.clone()),
        broker,
        session: Arc::new(SessionConfig::default()),
        limits: ServerLimits::default(),
        stop: CancellationToken::new(),
        stopping: AtomicBool::new(false),
        relay: None,
    }))
}

#[tokio::test]
async fn a_session_that_panics_ends_alone_and_is_counted() {
    let mut sessions = sessions();
    let (tell, told) = tokio::sync::oneshot::channel::<()>();
    sessions
        .tasks
        .spawn(async { panic!("a defect, on purpose") });
    sessions
        .tasks
        .spawn(async { told.await.expect("the other session goes on") });
    sessions.next_end().await;
    assert_eq!(sessions.shared.stats.snapshot().panicked, 1);
    assert_eq!(sessions.tasks.len(), 1);
    tell.send(()).expect("it still waits");
    sessions.all_ended().await;
    assert_eq!(sessions.shared.stats.snapshot().panicked, 1);
}
