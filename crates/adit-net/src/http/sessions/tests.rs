use super::{Found, Opened, Sessions};
use crate::AcceptorConfig;
use crate::carrier::Origin;
use crate::counters::Counters;
use adit_rtmpt::{OpenRefused, SecurityLevel, SessionId};
use std::time::{Duration, Instant};

fn sessions(change: impl FnOnce(&mut AcceptorConfig)) -> (Sessions, Counters) {
    let mut config = AcceptorConfig::default();
    change(&mut config);
    let counters = Counters::default();
    (Sessions::new(&config, counters.clone()), counters)
}

fn origin(peer: &str) -> Origin {
    Origin {
        peer: format!("{peer}:1000").parse().unwrap(),
        local: "192.0.2.1:1935".parse().unwrap(),
        proxied_by: None,
        tls: None,
        forwarded: None,
    }
}

fn open(sessions: &Sessions, now: Instant, peer: &str) -> Result<Opened, OpenRefused> {
    sessions.open(now, &origin(peer))
}

#[tokio::test]
async fn one_network_opens_its_share_and_loopback_as_much_as_there_is() {
    let (sessions, _) = sessions(|config| {
        config.sessions.per_network = 3;
        config.sessions.opens_per_second = 3;
        config.sessions.sessions = 20;
    });
    let now = Instant::now();
    for _ in 0..3 {
        open(&sessions, now, "198.51.100.7").unwrap();
    }
    assert!(open(&sessions, now, "198.51.100.7").is_err());
    for _ in 3..20 {
        open(&sessions, now, "127.0.0.1").unwrap();
    }
    assert_eq!(
        open(&sessions, now, "127.0.0.1").err(),
        Some(OpenRefused::Total)
    );
    assert_eq!(
        open(&sessions, now, "198.51.100.8").err(),
        Some(OpenRefused::Total)
    );
}

#[tokio::test]
async fn a_session_is_found_from_everywhere_until_it_is_over() {
    let (sessions, counters) = sessions(|_| ());
    let now = Instant::now();
    let peers = ["127.0.0.1", "198.51.100.7"];
    for opener in peers {
        let Opened { session, id } = open(&sessions, now, opener).unwrap();
        for peer in peers {
            let found = sessions.find(now, peer.parse().unwrap(), SecurityLevel::Plain, Some(id));
            assert!(matches!(found, Found::Session(_)), "{opener} {peer}");
        }
        session.abandon();
        sessions.look_after(now, &session);
        let peer = opener.parse().unwrap();
        for (later, expected) in [(0, "ended"), (11, "gone"), (61, "unknown")] {
            let at = now + Duration::from_secs(later);
            let found = match sessions.find(at, peer, SecurityLevel::Plain, Some(id)) {
                Found::Session(_) => "session",
                Found::Ended => "ended",
                Found::Gone => "gone",
                Found::Unknown => "unknown",
            };
            assert_eq!(found, expected, "{opener} after {later} s");
        }
    }
    assert_eq!(counters.tunnel_unknown_ids().value(), 2);
}

#[tokio::test]
async fn who_guesses_sees_only_what_is_his_but_loopback_is_trusted() {
    let (sessions, _) = sessions(|_| ());
    let now = Instant::now();
    let Opened { id, .. } = open(&sessions, now, "203.0.113.5").unwrap();
    let sees = |peer: &str| {
        let peer = peer.parse().unwrap();
        for guess in 0..100 {
            let guess = SessionId::from_random([guess; 16]);
            sessions.find(now, peer, SecurityLevel::Plain, Some(guess));
        }
        matches!(
            sessions.find(now, peer, SecurityLevel::Plain, Some(id)),
            Found::Session(_)
        )
    };
    assert!(!sees("198.51.100.7"));
    assert!(sees("127.0.0.1"));
    assert!(sees("203.0.113.5"));
}
