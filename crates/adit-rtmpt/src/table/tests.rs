use std::collections::HashSet;
use std::time::Duration;

use super::*;
use crate::testing;

/// A table of numbers on a virtual clock.
struct Bench {
    table: SessionTable<u32>,
    now: Instant,
    ids: u64,
}

impl Bench {
    fn new(change: impl FnOnce(&mut TableConfig)) -> Self {
        let mut config = TableConfig::default();
        change(&mut config);
        Self {
            table: SessionTable::new(config),
            now: testing::start(),
            ids: 0,
        }
    }

    fn wait(&mut self, ms: u64) {
        self.now += Duration::from_millis(ms);
    }

    fn open(&mut self, peer: &str) -> Result<SessionId, OpenRefused> {
        self.open_at(peer, SecurityLevel::Plain)
    }

    fn open_at(&mut self, peer: &str, level: SecurityLevel) -> Result<SessionId, OpenRefused> {
        self.ids += 1;
        let id = id(self.ids);
        self.table
            .open(self.now, peer.parse().unwrap(), level, id, || 7)
            .map(|_| id)
    }

    fn find(&mut self, peer: &str, id: SessionId) -> Lookup<'_, u32> {
        self.find_at(peer, SecurityLevel::Plain, id)
    }

    fn find_at(&mut self, peer: &str, level: SecurityLevel, id: SessionId) -> Lookup<'_, u32> {
        self.table
            .find(self.now, peer.parse().unwrap(), level, Some(id))
    }

    fn guess(&mut self, peer: &str, times: u32) {
        for guess in 0..times {
            let found = self.find(peer, id(1_000_000 + u64::from(guess)));
            assert_eq!(found, Lookup::Unknown);
        }
    }
}

fn id(number: u64) -> SessionId {
    let mut bytes = [0x5A; 16];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    SessionId::from_random(bytes)
}

fn address(number: u32) -> String {
    std::net::Ipv4Addr::from_bits(0x0A00_0000 + number).to_string()
}

#[test]
fn an_open_session_is_found_from_anywhere_and_an_unknown_one_nowhere() {
    let mut bench = Bench::new(|_| {});
    let id = bench.open("192.0.2.1").unwrap();
    assert_eq!(bench.find("192.0.2.1", id), Lookup::Found(&mut 7));
    assert_eq!(bench.find("2001:db8::1", id), Lookup::Found(&mut 7));
    assert_eq!(bench.find("192.0.2.1", tests::id(99)), Lookup::Unknown);
    assert_eq!(bench.table.counters().unknown, 1);
}

#[test]
fn a_text_that_cannot_be_an_id_counts_as_a_guess() {
    let mut bench = Bench::new(|_| {});
    let found = bench.table.find(
        bench.now,
        address(1).parse().unwrap(),
        SecurityLevel::Tls,
        None,
    );
    assert_eq!(found, Lookup::Unknown);
    assert_eq!(bench.table.counters().unknown, 1);
}

#[test]
fn ten_thousand_sessions_fit_and_one_more_does_not() {
    let mut bench = Bench::new(|_| {});
    for number in 0..u32::try_from(limits::SESSIONS).unwrap() {
        let id = bench.open(&address(number)).unwrap();
        bench.table.prove(id);
    }
    assert_eq!(bench.open("192.0.2.1"), Err(OpenRefused::Total));
    assert_eq!(bench.table.counters().refused_total, 1);
    assert_eq!(bench.table.len(), limits::SESSIONS);
}

#[test]
fn a_network_has_sixty_four_sessions_and_not_one_more() {
    let mut bench = Bench::new(|_| {});
    let mut ids = Vec::new();
    for _ in 0..limits::SESSIONS_PER_NETWORK {
        ids.push(bench.open("192.0.2.1").unwrap());
        bench.wait(100);
    }
    assert_eq!(bench.open("192.0.2.1"), Err(OpenRefused::Network));
    assert_eq!(bench.table.counters().refused_network, 1);
    bench.open("192.0.2.2").unwrap();
    assert_eq!(bench.table.close(bench.now, ids[0]), Some(7));
    bench.open("192.0.2.1").unwrap();
}

#[test]
fn one_ipv6_network_of_64_bits_is_one_peer() {
    let mut bench = Bench::new(|config| config.per_network = 1);
    bench.open("2001:db8:0:1::1").unwrap();
    assert_eq!(
        bench.open("2001:db8:0:1:ffff::2"),
        Err(OpenRefused::Network)
    );
    bench.open("2001:db8:0:2::1").unwrap();
}

#[test]
fn ipv4_inside_ipv6_is_the_same_peer() {
    let mut bench = Bench::new(|config| config.per_network = 1);
    bench.open("192.0.2.1").unwrap();
    assert_eq!(bench.open("::ffff:192.0.2.1"), Err(OpenRefused::Network));
}

#[test]
fn a_network_opens_ten_at_once_then_ten_a_second() {
    let mut bench = Bench::new(|_| {});
    for _ in 0..limits::OPENS_PER_SECOND {
        bench.open("192.0.2.1").unwrap();
    }
    assert_eq!(bench.open("192.0.2.1"), Err(OpenRefused::Rate));
    bench.open("192.0.2.2").unwrap();
    bench.wait(99);
    assert_eq!(bench.open("192.0.2.1"), Err(OpenRefused::Rate));
    bench.wait(1);
    bench.open("192.0.2.1").unwrap();
    assert_eq!(bench.open("192.0.2.1"), Err(OpenRefused::Rate));
    assert_eq!(bench.table.counters().refused_rate, 3);
}

#[test]
fn closing_sessions_does_not_buy_faster_opens() {
    let mut bench = Bench::new(|_| {});
    for _ in 0..limits::OPENS_PER_SECOND {
        let id = bench.open("192.0.2.1").unwrap();
        bench.table.close(bench.now, id);
    }
    assert_eq!(bench.open("192.0.2.1"), Err(OpenRefused::Rate));
}

#[test]
fn a_thousand_sessions_may_be_without_handshake_and_not_one_more() {
    let mut bench = Bench::new(|_| {});
    let mut last = None;
    for number in 0..u32::try_from(limits::SESSIONS_UNPROVEN).unwrap() {
        last = Some(bench.open(&address(number)).unwrap());
    }
    assert_eq!(bench.open("192.0.2.1"), Err(OpenRefused::Unproven));
    assert_eq!(bench.table.counters().refused_unproven, 1);
    bench.table.prove(last.unwrap());
    bench.table.prove(last.unwrap());
    assert_eq!(bench.table.unproven(), limits::SESSIONS_UNPROVEN - 1);
    bench.open("192.0.2.1").unwrap();
    assert_eq!(bench.open("192.0.2.2"), Err(OpenRefused::Unproven));
}

#[test]
fn a_session_that_dies_without_handshake_makes_room() {
    let mut bench = Bench::new(|config| config.unproven = 1);
    let id = bench.open("192.0.2.1").unwrap();
    bench.table.close(bench.now, id);
    bench.open("192.0.2.1").unwrap();
    assert_eq!(bench.table.unproven(), 1);
}

#[test]
fn ten_thousand_opens_from_ten_addresses_leave_640_sessions() {
    let mut bench = Bench::new(|_| {});
    for round in 0..1000 {
        for number in 0..10 {
            let _refused = bench.open(&address(number));
        }
        bench.wait(if round % 2 == 0 { 90 } else { 110 });
    }
    assert_eq!(bench.table.len(), 640);
}

#[test]
fn an_id_is_never_used_twice_while_it_is_remembered() {
    let mut bench = Bench::new(|_| {});
    let used = bench.open("192.0.2.1").unwrap();
    let again = |bench: &mut Bench| {
        let peer = "192.0.2.9".parse().unwrap();
        bench
            .table
            .open(bench.now, peer, SecurityLevel::Plain, used, || 8)
            .copied()
    };
    assert_eq!(again(&mut bench), Err(OpenRefused::IdUsed));
    bench.table.close(bench.now, used);
    assert_eq!(again(&mut bench), Err(OpenRefused::IdUsed));
    assert_eq!(bench.table.len(), 0);
}

#[test]
fn a_closed_session_answers_ended_for_ten_seconds_and_gone_for_sixty() {
    let mut bench = Bench::new(|_| {});
    let id = bench.open("192.0.2.1").unwrap();
    assert_eq!(bench.table.close(bench.now, id), Some(7));
    assert_eq!(bench.table.close(bench.now, id), None);
    for (ms, expected) in [
        (0, "ended"),
        (9_999, "ended"),
        (1, "gone"),
        (49_999, "gone"),
        (1, "unknown"),
    ] {
        bench.wait(ms);
        let found = match bench.find("192.0.2.1", id) {
            Lookup::Found(_) => "found",
            Lookup::Ended => "ended",
            Lookup::Gone => "gone",
            Lookup::Unknown => "unknown",
        };
        assert_eq!(found, expected);
    }
}

#[test]
fn a_tls_session_is_unknown_in_the_clear() {
    let mut bench = Bench::new(|_| {});
    let id = bench.open_at("192.0.2.1", SecurityLevel::Tls).unwrap();
    assert_eq!(
        bench.find_at("192.0.2.1", SecurityLevel::Plain, id),
        Lookup::Unknown
    );
    assert_eq!(
        bench.find_at("192.0.2.1", SecurityLevel::Tls, id),
        Lookup::Found(&mut 7)
    );
    assert_eq!(bench.table.counters().downgraded, 1);
}

#[test]
fn a_plain_session_may_move_to_tls() {
    let mut bench = Bench::new(|_| {});
    let id = bench.open("192.0.2.1").unwrap();
    assert_eq!(
        bench.find_at("192.0.2.1", SecurityLevel::Tls, id),
        Lookup::Found(&mut 7)
    );
}

#[test]
fn a_bound_session_moves_within_its_network_only() {
    let mut bench = Bench::new(|config| config.binding = Binding::Network);
    let id = bench.open("192.0.2.1").unwrap();
    assert_eq!(bench.find("192.0.2.200", id), Lookup::Found(&mut 7));
    assert_eq!(bench.find("192.0.3.1", id), Lookup::Unknown);
    assert_eq!(bench.table.counters().moved, 1);
}

#[test]
fn twenty_guesses_are_free_and_the_next_one_blocks_for_a_minute() {
    let mut bench = Bench::new(|_| {});
    let victim = bench.open("192.0.2.1").unwrap();
    bench.guess("198.51.100.1", limits::GUESSES);
    assert_eq!(bench.find("198.51.100.1", victim), Lookup::Found(&mut 7));
    assert_eq!(bench.table.counters().blocks, 0);
    bench.guess("198.51.100.1", 1);
    assert_eq!(bench.table.counters().blocks, 1);
    assert_eq!(bench.find("198.51.100.1", victim), Lookup::Unknown);
    assert_eq!(bench.find("198.51.100.2", victim), Lookup::Found(&mut 7));
    bench.wait(59_999);
    assert_eq!(bench.find("198.51.100.1", victim), Lookup::Unknown);
    bench.wait(1);
    assert_eq!(bench.find("198.51.100.1", victim), Lookup::Found(&mut 7));
    assert_eq!(bench.table.counters().blocked, 2);
}

#[test]
fn a_blocked_network_keeps_the_sessions_it_opened() {
    let mut bench = Bench::new(|_| {});
    let own = bench.open("198.51.100.1").unwrap();
    bench.guess("198.51.100.1", limits::GUESSES + 1);
    assert_eq!(bench.find("198.51.100.1", own), Lookup::Found(&mut 7));
    bench.open("198.51.100.1").unwrap();
}

#[test]
fn guesses_are_forgotten_after_a_minute() {
    let mut bench = Bench::new(|_| {});
    bench.guess("198.51.100.1", limits::GUESSES);
    bench.wait(60_000);
    bench.guess("198.51.100.1", limits::GUESSES);
    assert_eq!(bench.table.counters().blocks, 0);
}

#[test]
fn a_late_client_of_a_closed_session_is_no_guesser() {
    let mut bench = Bench::new(|_| {});
    let id = bench.open("192.0.2.1").unwrap();
    bench.table.close(bench.now, id);
    for _ in 0..100 {
        assert_eq!(bench.find("192.0.2.1", id), Lookup::Ended);
    }
    assert_eq!(bench.table.counters().unknown, 0);
}

#[test]
fn tombstones_are_bounded_and_the_oldest_goes_first() {
    let mut tombstones = Tombstones::default();
    let now = testing::start();
    for number in 0..limits::TOMBSTONES as u64 {
        assert_eq!(tombstones.add(now, id(number)), 0);
    }
    assert_eq!(tombstones.add(now, id(u64::MAX)), 1);
    assert_eq!(tombstones.len(), limits::TOMBSTONES);
    assert_eq!(tombstones.get(now, id(0)), None);
    assert_eq!(tombstones.get(now, id(1)), Some(Grave::Fresh));
    assert_eq!(tombstones.get(now, id(u64::MAX)), Some(Grave::Fresh));
}

#[test]
fn guessers_are_bounded_and_make_room_when_their_minute_is_over() {
    let mut bench = Bench::new(|_| {});
    for number in 0..u32::try_from(limits::GUESSERS).unwrap() {
        bench.guess(&address(number), 1);
    }
    bench.guess("192.0.2.1", 1);
    assert_eq!(bench.table.counters().guessers_dropped, 1);
    assert_eq!(bench.table.guesses.len(), limits::GUESSERS);
    bench.wait(60_000);
    bench.guess("192.0.2.1", 1);
    assert_eq!(bench.table.counters().guessers_dropped, 1);
    assert_eq!(bench.table.guesses.len(), 1);
}

#[test]
fn networks_without_sessions_are_bounded() {
    let mut bench = Bench::new(|config| config.sessions = 2);
    for number in 0..4 {
        let id = bench.open(&address(number)).unwrap();
        bench.table.close(bench.now, id);
    }
    assert_eq!(bench.open(&address(4)), Err(OpenRefused::Rate));
    assert_eq!(bench.table.networks.len(), 4);
    bench.wait(100);
    bench.open(&address(4)).unwrap();
    assert_eq!(bench.table.networks.len(), 1);
}

#[test]
fn an_idle_table_forgets_everything_and_then_has_no_deadline() {
    let mut bench = Bench::new(|_| {});
    let id = bench.open("192.0.2.1").unwrap();
    bench.guess("198.51.100.1", 3);
    bench.wait(30_000);
    bench.table.close(bench.now, id);
    let mut rounds = 0;
    while let Some(due) = bench.table.poll_timeout() {
        assert!(due > bench.now);
        bench.now = due;
        bench.table.handle_timeout(due);
        rounds += 1;
        assert!(rounds < 5);
    }
    assert_eq!(
        bench.table.tombstones.len() + bench.table.guesses.len() + bench.table.networks.len(),
        0
    );
}

#[test]
fn every_live_session_can_be_visited() {
    let mut bench = Bench::new(|_| {});
    let opened: HashSet<_> = (0..5)
        .map(|number| bench.open(&address(number)).unwrap())
        .collect();
    let seen: HashSet<_> = bench.table.iter_mut().map(|(id, _)| id).collect();
    assert_eq!(seen, opened);
    assert!(!bench.table.is_empty());
}

#[test]
fn zero_in_the_configuration_means_none() {
    let mut bench = Bench::new(|config| config.opens_per_second = 0);
    assert_eq!(bench.open("192.0.2.1"), Err(OpenRefused::Rate));
    let mut bench = Bench::new(|config| config.per_network = 0);
    assert_eq!(bench.open("192.0.2.1"), Err(OpenRefused::Network));
}

#[test]
fn debug_output_hides_the_ids() {
    let mut bench = Bench::new(|_| {});
    bench.open("192.0.2.1").unwrap();
    assert!(format!("{:?}", bench.table).starts_with("SessionTable { sessions: 1, unproven: 1"));
}
