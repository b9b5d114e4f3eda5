use std::sync::Arc;

use adit_broker::{Broker, BrokerConfig};
use adit_net::{Admission, Counters};
use tokio_util::sync::CancellationToken;

use super::{Sessions, Shared};
use crate::access::{Access, AccessConfig};
use crate::application::Instances;
use crate::config::{ObjectsConfig, ServerConfig};
use crate::control::{Connections, Events, Phase};
use crate::mirror::Mirrors;
use crate::objects::Objects;
use crate::relays::{Parts, Relays};
use crate::settings::Live;
use crate::stats::{Others, ServerStats};

fn sessions() -> Sessions {
    let broker = Broker::new(BrokerConfig::default());
    let config = ServerConfig::default();
    let objects = Objects::start(ObjectsConfig::default());
    let access = Access::new(AccessConfig::default());
    let live = Live::new(&config, access.clone());
    let relays = Relays::new(Parts {
        broker: broker.clone(),
        events: Events::default(),
        live: live.clone(),
        recordings: None,
        mirrors: Mirrors::default(),
        stop: CancellationToken::new(),
    });
    let instances = Instances::new(live.clone(), broker.clone(), objects.clone());
    Sessions::new(Arc::new(Shared {
        stats: ServerStats::new(Others {
            phase: Arc::default(),
            access: access.clone(),
            net: Counters::default(),
            broker: broker.clone(),
            objects: objects.clone(),
            files: None,
            recordings: None,
            outputs: None,
            events: Events::default(),
            relays: relays.clone(),
        }),
        connections: Connections::new(Events::default(), CancellationToken::new()),
        admission: Admission::default(),
        phase: Arc::<Phase>::default(),
        files: None,
        broker,
        relay: None,
        relays,
        objects,
        recordings: None,
        instances: Arc::new(instances),
        live,
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
