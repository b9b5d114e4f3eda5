use super::*;
use crate::{
    cli::{Latency, LoopMode},
    measure::CpuTime,
    round::{Cpu, Delivery, Idle, Memory},
    swarm::Faults,
};

const ADIT: Kind = Kind::Adit(Latency::Balanced);
const FRAME_LOOP: Kind = Kind::Loop(LoopMode::Frame);

/// A round in which one gigabit was delivered in one second for `cpu` seconds of CPU.
fn round(number: u32, kind: Kind, cpu: f64) -> Round {
    let delay = Percentiles {
        p50: 100 * number,
        p90: 800,
        p99: 900,
        max: 1000,
        count: 5,
    };
    Round {
        number,
        kind,
        players: 100,
        ramp_s: 1.0,
        delivery: Delivery {
            window_s: 1.0,
            payload_bytes: 125_000_000,
            wire_bytes: 126_000_000,
            messages: 5000,
            expected_bytes: 125_000_000.0,
        },
        cpu: Cpu {
            server: CpuTime {
                user: 0.0,
                system: cpu,
            },
            swarm_s: 0.5,
            others_s: 0.01,
        },
        publisher_late_us: Some(50),
        memory: Memory {
            started: 1_000_000,
            published: 2_000_000,
            playing: 3_200_000,
        },
        video_delay: Some(delay),
        audio_delay: None,
        idle: (kind == ADIT).then_some(Idle {
            connections: 10,
            before: 1_000_000,
            with_them: 1_060_000,
        }),
        faults: Faults::default(),
    }
}

fn report(rounds: Vec<Round>) -> Report {
    Report {
        machine: Machine {
            cores: 2,
            cpu: "abacus".to_owned(),
            memory_mib: 1024,
            kernel: "6.1".to_owned(),
            system: "Debian".to_owned(),
            load_before: "0.10".to_owned(),
        },
        date: "2026-11-22T00:00:00Z".to_owned(),
        versions: [ADIT, Kind::Nginx, FRAME_LOOP]
            .map(|kind| (kind, "1".to_owned()))
            .to_vec(),
        players: 100,
        seconds: 1,
        rounds,
    }
}

fn three_rounds() -> Vec<Round> {
    let costs = [(0.10, 0.20, 0.08), (0.30, 0.50, 0.10), (0.12, 0.20, 0.12)];
    let mut rounds = Vec::new();
    for (number, (adit, nginx, frame)) in (1..).zip(costs) {
        rounds.push(round(number, ADIT, adit));
        rounds.push(round(number, Kind::Nginx, nginx));
        rounds.push(round(number, FRAME_LOOP, frame));
    }
    rounds
}

#[test]
fn ratios_are_taken_within_a_round_and_then_their_median() {
    let report = report(three_rounds());
    let near = |value: Option<f64>, expected: f64| {
        assert!(
            (value.unwrap() - expected).abs() < 1e-9,
            "{value:?}, not {expected}"
        );
    };
    near(report.ratio(ADIT, Kind::Nginx), 0.6);
    near(report.ratio(ADIT, FRAME_LOOP), 1.25);
    assert_eq!(report.ratio(ADIT, Kind::Loop(LoopMode::Message)), None);
}

#[test]
fn the_table_gives_medians_and_leaves_out_what_was_not_measured() {
    let table = report(three_rounds()).table();
    let row = |name: &str| {
        let line = table.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().collect::<Vec<_>>()
    };
    let head = ["100", "1000", "1.000"];
    assert_eq!(row("adit")[1..4], head);
    let rest = [
        "0.1200", "0.60", "1.25", "200", "900", "3.2", "12000", "6000", "0",
    ];
    assert_eq!(row("adit")[4..], rest);
    let rest = [
        "0.2000", "1.00", "-", "200", "900", "3.2", "12000", "-", "0",
    ];
    assert_eq!(row("nginx")[4..], rest);
    let lengths: Vec<_> = table.lines().skip(3).take(4).map(str::len).collect();
    assert!(
        lengths.windows(2).all(|pair| pair[0] == pair[1]),
        "columns stand in line: {table}"
    );
}

#[test]
fn a_swarm_at_its_limit_a_busy_machine_and_lost_players_are_told() {
    let mut rounds = three_rounds();
    rounds[0].cpu.swarm_s = 0.95;
    rounds[2].cpu.others_s = 0.5;
    rounds[1].faults.reasons.push("player 3: closed".to_owned());
    let table = report(rounds).table();
    assert!(
        table.contains("round 1, adit-balanced: the swarm was busy all the time"),
        "{table}"
    );
    assert!(
        table.contains("round 1, nginx-rtmp: player 3: closed"),
        "{table}"
    );
}

#[test]
fn the_json_holds_every_round_and_every_median() {
    let json = report(three_rounds()).json();
    assert_eq!(json["rounds"].as_array().unwrap().len(), 9);
    assert_eq!(json["summary"][0]["server"], "adit-balanced");
    assert_eq!(json["summary"][0]["bytes_per_idle_connection"], 6000.0);
    assert_eq!(json["summary"][1]["loop"], "loop-message");
    assert_eq!(json["machine"]["cores"], 2);
    assert!(json["rounds"][1]["idle"].is_null());
}
