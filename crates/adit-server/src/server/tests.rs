use std::sync::Arc;

use adit_broker::{Broker, BrokerConfig};
use adit_net::Counters;
use adit_rtmp::session::SessionConfig;
use tokio_util::sync::CancellationToken;

use super::{Sessions, Shared};
use crate::access::{Access, AccessConfig};
use crate::application::{Applications, Instances};
use crate::config::ObjectsConfig;
use crate::control::{Connections, Events, Phase};
use crate::limits::ServerLimits;
use crate::objects::Objects;
use crate::stats::{Others, ServerStats};

fn sessions() -> Sessions {
    let broker = Broker::new(BrokerConfig::default());
    let limits = ServerLimits::default();
    let objects = Objects::start(ObjectsConfig::default());
    let applications = Applications::default();
    let instances = Instances::new(applications, broker.clone(), objects.clone(), limits.linger);
    let access = Access::new(AccessConfig::default());
    Sessions::new(Arc::new(Shared {
        stats: ServerStats::new(Others {
            access: access.clone(),
            net: Counters::default(),
            broker: broker.clone(),
            objects: objects.clone(),
            files: None,
            recordings: None,
            outputs: None,
            events: Events::default(),
        }),
        connections: Connections::new(Events::default(), CancellationToken::new()),
        phase: Phase::default(),
        files: None,
        broker,
        session: Arc::new(SessionConfig::default()),
        limits,
        relay: None,
        objects,
        recordings: None,
        instances: Arc::new(instances),
        access,
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
