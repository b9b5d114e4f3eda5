use super::*;

fn connections() -> Connections {
    Connections::new(Events::default(), CancellationToken::new())
}

fn origin(way: Way) -> Origin {
    let address = SocketAddr::from(([127, 0, 0, 1], 1935));
    Origin {
        way,
        peer: address,
        local: address,
        proxied_by: None,
        tls: None,
    }
}

/// Somebody who came this way, does that, and for whom so many bytes wait.
fn somebody(all: &Connections, way: Way, roles: &[Role], queued: usize) -> (Presence, Vec<InUse>) {
    let presence = all.enter(all.next_id(), origin(way));
    let key = StreamKey::new("", "live", "_definst_", "cam").unwrap();
    let uses = roles.iter().map(|role| presence.uses(*role, key.clone()));
    let uses = uses.collect();
    presence.sent(0, queued);
    (presence, uses)
}

#[test]
fn players_are_ended_by_how_far_they_are_behind_and_others_are_left_alone() {
    let all = connections();
    let rtmp: Way = adit_net::Transport::Rtmp.into();
    let others = [
        somebody(&all, rtmp, &[], 9_000),
        somebody(&all, rtmp, &[Role::Publish, Role::Play], 9_000),
        somebody(&all, Way::Hls, &[Role::Play], 9_000),
    ];
    let quick = somebody(&all, rtmp, &[Role::Play], 10);
    let late = somebody(&all, rtmp, &[Role::Play], 10);
    let slow = somebody(&all, Way::HttpFlv, &[Role::Play], 20);
    late.0.delayed(Duration::from_secs(1));

    assert_eq!(all.end_slowest(50, "short"), 1);
    assert_eq!(slow.0.kick_reason().as_deref(), Some("short"));
    assert_eq!(all.end_slowest(50, "short"), 0, "one is still on the way");
    drop(slow);
    assert_eq!(all.end_slowest(50, "short"), 1);
    assert!(late.0.is_kicked() && !quick.0.is_kicked());
    drop(late);
    assert_eq!(all.end_slowest(1, "short"), 1);
    drop(quick);
    assert_eq!(all.end_slowest(1, "short"), 0);
    assert!(others.iter().all(|it| !it.0.is_kicked()));
}

#[test]
fn one_of_so_many_players_is_ended_at_a_time() {
    let all = connections();
    let players: Vec<_> = (0..101)
        .map(|_| somebody(&all, Way::HttpFlv, &[Role::Replay], 0))
        .collect();
    assert_eq!(all.end_slowest(50, "short"), 3);
    let ended = players.iter().position(|it| it.0.is_kicked());
    assert_eq!(ended, Some(98), "those who came last, where all are alike");
}

#[test]
fn players_who_go_on_meanwhile_are_no_reason_to_panic() {
    let all = connections();
    let players: Vec<_> = (0..1_000)
        .map(|_| somebody(&all, Way::HttpFlv, &[Role::Play], 0))
        .collect();
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for queued in (0..).take_while(|_| !is_over.load(Ordering::Relaxed)) {
                for (at, (presence, _)) in players.iter().enumerate() {
                    presence.sent(0, (queued * 31 + at * 17) % 1_000);
                }
            }
        });
        for _ in 0..200 {
            // Whom it would be: none of them leaves.
            all.slowest(50);
        }
        is_over.store(true, Ordering::Relaxed);
    });
}
