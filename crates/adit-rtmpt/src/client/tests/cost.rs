//! What the tunnel costs on a line with a round trip of 40 ms: delay, requests, throughput. All on a virtual clock, so the
//! figures are those of the design and not of the machine.

use super::model::{Event, Network, Play, World, calm};
use super::*;

/// What a stretch of time cost.
#[derive(Debug)]
struct Cost {
    /// Delays beyond those of the line, sorted, in milliseconds.
    up: Vec<u128>,
    down: Vec<u128>,
    requests_per_second: u64,
}

fn percentile(sorted: &[u128], part: usize) -> u128 {
    sorted[(sorted.len() - 1) * part / 100]
}

/// Messages of both sides: every so many milliseconds so many bytes.
struct Talk {
    client: &'static [(u64, usize)],
    server: &'static [(u64, usize)],
}

/// 30 video messages a second and 43 of sound: 2.5 Mbit/s.
const STREAM: &[(u64, usize)] = &[(33, 10_000), (23, 400)];
const MESSAGES: &[(u64, usize)] = &[(33, 4_000)];
const NOTHING: &[(u64, usize)] = &[];

const PUBLISHES: Talk = Talk {
    client: STREAM,
    server: NOTHING,
};
const PLAYS: Talk = Talk {
    client: NOTHING,
    server: STREAM,
};

const SECONDS: u64 = 10;

fn cost(talk: &Talk, network: impl FnOnce(&mut Network)) -> Cost {
    let mut play = calm(ServerKind::Orders);
    network(&mut play.network);
    let one_way = u128::from(play.network.delay_ms.0);
    let mut world = handshaken(play);
    for second in 0..SECONDS {
        for (every, len) in talk.client {
            for at in (0..1000).step_by(usize::try_from(*every).unwrap()) {
                world.after(second * 1000 + at, Event::ClientSays(*len));
            }
        }
        for (every, len) in talk.server {
            for at in (7..1000).step_by(usize::try_from(*every).unwrap()) {
                world.after(second * 1000 + at, Event::ServerSays(*len));
            }
        }
    }
    let before = world.client.counters().requests;
    let end = world.now + Duration::from_secs(SECONDS + 1);
    world.play_until(|world| world.now >= end);
    assert_eq!(world.up.arrived, world.up.written);
    assert_eq!(world.down.arrived, world.down.written);
    let added = |delays: &[Duration]| {
        // The first second is for both to learn how the other talks.
        let mut added: Vec<u128> = delays
            .iter()
            .skip(delays.len() / 10)
            .map(|delay| delay.as_millis().saturating_sub(one_way))
            .collect();
        added.sort_unstable();
        added
    };
    let cost = Cost {
        up: added(&world.up.delays),
        down: added(&world.down.delays),
        requests_per_second: (world.client.counters().requests - before) / SECONDS,
    };
    for (name, delays) in [("up", &cost.up), ("down", &cost.down)] {
        if delays.len() > 100 {
            println!(
                "{name}: median {} ms, p99 {} ms, most {} ms; {} requests a second",
                percentile(delays, 50),
                percentile(delays, 99),
                percentile(delays, 100),
                cost.requests_per_second
            );
        }
    }
    cost
}

/// As many bytes each way as a handshake, so that the session is proven.
fn handshaken(play: Play) -> World {
    let mut world = World::new(play);
    world.after(0, Event::ClientSays(3073));
    world.after(100, Event::ServerSays(3073));
    let end = world.start + Duration::from_secs(1);
    world.play_until(|world| world.down.arrived >= 3073 && world.now >= end);
    world.up.delays.clear();
    world.down.delays.clear();
    world
}

#[test]
fn a_publisher_adds_no_round_trip_and_asks_forty_times_a_second_at_most() {
    let cost = cost(&PUBLISHES, |_| {});
    assert!(
        percentile(&cost.up, 50) <= 10,
        "{:?}",
        percentile(&cost.up, 50)
    );
    assert!(
        percentile(&cost.up, 99) <= 35,
        "{:?}",
        percentile(&cost.up, 99)
    );
    assert!(
        cost.requests_per_second <= 40,
        "{}",
        cost.requests_per_second
    );
}

#[test]
fn thirty_messages_a_second_go_up_in_thirty_requests_at_once() {
    let talk = Talk {
        client: MESSAGES,
        server: NOTHING,
    };
    let cost = cost(&talk, |_| {});
    assert!(percentile(&cost.up, 99) <= 1);
    assert!(cost.requests_per_second <= 32);
}

#[test]
fn thirty_messages_a_second_come_down_in_thirty_replies_at_once() {
    let talk = Talk {
        client: NOTHING,
        server: MESSAGES,
    };
    let cost = cost(&talk, |_| {});
    assert!(percentile(&cost.down, 99) <= 1);
    assert!(cost.requests_per_second <= 33);
}

#[test]
fn a_player_waits_for_no_round_trip() {
    let cost = cost(&PLAYS, |_| {});
    assert!(percentile(&cost.down, 50) <= 5);
    assert!(percentile(&cost.down, 99) <= 40);
    assert!(cost.requests_per_second <= 75);
}

#[test]
fn both_ways_at_once_the_goals_hold_too() {
    let talk = Talk {
        client: STREAM,
        server: STREAM,
    };
    let cost = cost(&talk, |_| {});
    for delays in [&cost.up, &cost.down] {
        assert!(percentile(delays, 50) <= 45);
        assert!(percentile(delays, 99) <= 70);
    }
    assert!(cost.requests_per_second <= 150);
}

#[test]
fn on_a_line_that_trembles_the_goals_hold_too() {
    for talk in [PUBLISHES, PLAYS] {
        let cost = cost(&talk, |network| network.delay_ms = (20, 35));
        for delays in [&cost.up, &cost.down] {
            if delays.len() > 100 {
                assert!(percentile(delays, 50) <= 15 + 10);
                assert!(percentile(delays, 99) <= 15 + 40);
            }
        }
    }
}

/// A stream that begins while the small messages before it are under way, on a line that lets requests overtake each other.
#[test]
fn a_stream_that_follows_small_messages_is_not_cut_as_small() {
    let mut play = calm(ServerKind::Orders);
    play.network.delay_ms = (5, 65);
    let mut world = handshaken(play);
    for at in (0..300).step_by(10) {
        world.after(at, Event::ClientSays(100));
    }
    for at in (300..5_000).step_by(66) {
        world.after(at, Event::ClientSays(35_000));
    }
    let end = world.now + Duration::from_secs(6);
    world.play_until(|world| world.now >= end);
    assert_eq!(world.up.arrived, world.up.written);
    let most = world.up.delays.iter().max().unwrap();
    assert!(*most <= Duration::from_millis(300), "{most:?}");
}

#[test]
fn on_a_long_line_messages_wait_for_part_of_a_round_trip() {
    for talk in [PUBLISHES, PLAYS] {
        let cost = cost(&talk, |network| network.delay_ms = (100, 100));
        for delays in [&cost.up, &cost.down] {
            if delays.len() > 100 {
                assert!(percentile(delays, 50) <= 100);
                assert!(percentile(delays, 99) <= 200);
            }
        }
    }
}

#[test]
fn on_a_short_line_few_lanes_are_used() {
    for talk in [PUBLISHES, PLAYS] {
        let cost = cost(&talk, |network| network.delay_ms = (0, 1));
        assert!(
            cost.requests_per_second <= 76,
            "{}",
            cost.requests_per_second
        );
    }
}

/// Megabits a second of a bulk transfer over a line of 50 Mbit/s.
fn throughput(way: impl Fn(usize) -> Event, arrived: impl Fn(&World) -> u64) -> f64 {
    const BYTES: u32 = 20_000_000;
    let mut play = calm(ServerKind::Orders);
    play.network.rate = 6250;
    let mut world = handshaken(play);
    let start = world.now;
    // Somewhat more than the line carries, as long as there is room.
    for at in 0..20_000 {
        world.after(at, way(6_600));
    }
    world.play_until(|world| arrived(world) >= u64::from(BYTES));
    let took = (world.now - start).as_secs_f64();
    let megabits = f64::from(BYTES) * 8.0 / 1e6 / took;
    println!("{megabits:.1} Mbit/s, {:?}", world.client.counters());
    megabits
}

#[test]
fn nine_tenths_of_fifty_megabits_a_second_go_up() {
    let megabits = throughput(Event::ClientSays, |world| world.up.arrived);
    assert!(megabits > 45.0, "{megabits}");
}

#[test]
fn nine_tenths_of_fifty_megabits_a_second_come_down() {
    let megabits = throughput(Event::ServerSays, |world| world.down.arrived);
    assert!(megabits > 45.0, "{megabits}");
}
