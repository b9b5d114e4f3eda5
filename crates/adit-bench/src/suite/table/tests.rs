use super::*;
use crate::{
    cli::{Latency, LoopMode},
    measure::Machine,
    server::Kind,
    suite::{case::Case, figures::Figures, sections},
    swarm::Faults,
};

#[test]
fn numbers_are_easy_to_read() {
    let check = |value: f64, digits: usize, expected: &str| {
        assert_eq!(cell(Some(value), digits), expected);
    };
    check(0.123_45, 3, "0.123");
    check(999.0, 0, "999");
    check(1000.0, 0, "1,000");
    check(1234.5, 1, "1234.5");
    check(1_234_567.8, 1, "1,234,567.8");
    check(-25_000.0, 0, "−25,000");
    assert_eq!(cell(None, 2), "–");
}

#[test]
fn a_report_has_goals_tables_and_doubts() {
    let kinds = [
        Kind::Adit(Latency::Balanced),
        Kind::Nginx,
        Kind::Loop(LoopMode::Frame),
    ];
    let mut results = Results::new(sections::fanout(&kinds, 1000));
    for (kind, cost) in kinds.into_iter().zip([0.1, 0.25, 0.08]) {
        let mut figures = Figures::default();
        figures.note(Figure::CpuSPerGbit, cost);
        figures.note(Figure::LoadCores, 0.99);
        figures.note(Figure::Faults, 0.0);
        results.samples.push(Sample {
            round: 1,
            case: Case::new(kind, 1000),
            figures,
            faults: Faults::default(),
        });
    }
    let text = report(&Report {
        machine: Machine {
            cores: 2,
            cpu: "abacus".to_owned(),
            memory_mib: 1024,
            kernel: "6.1".to_owned(),
            system: "Debian".to_owned(),
            load_before: "0.10".to_owned(),
        },
        date: "2026-11-22T00:00:00Z".to_owned(),
        versions: vec![("adit".to_owned(), "adit 0.1".to_owned())],
        seconds: 4,
        rounds: 1,
        results: vec![results],
    });
    for expected in [
        "## Figures of 2026-11-22\n",
        "* adit: adit 0.1\n",
        "| fan-out, default: CPU × nginx | ≤ 0.5 | 0.40 | yes |\n",
        "| fan-out, default: CPU × loop, a write per frame | ≤ 1.25 | 1.25 | yes |\n",
        "| adit-balanced | 1,000 | – | – | 0.1000 | 0.40 | 1.25 |",
        "* in 3 of 3 measurements (loop-frame, 1000 most) the swarm kept 0.99 of its one core busy",
    ] {
        assert!(text.contains(expected), "{expected} is not in\n{text}");
    }
    let rows = text.lines().filter(|line| line.starts_with('|'));
    assert!(rows.clone().count() > 6);
    assert!(
        !text.contains("`low`"),
        "no goal without its server\n{text}"
    );
}
