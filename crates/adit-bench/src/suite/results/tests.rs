use super::*;
use crate::{
    cli::{self, Latency, LoopMode},
    server::Kind,
    suite::sections,
};

const ADIT: Kind = Kind::Adit(Latency::Balanced);
const LOOP: Kind = Kind::Loop(LoopMode::Frame);

/// Rounds in which each server had the given cost.
fn results(rounds: &[[(Kind, u32, f64); 3]]) -> Results {
    let mut section = sections::fanout(&[], 100);
    section.name = cli::Section::Fanout;
    let mut results = Results::new(section);
    for (number, round) in (1..).zip(rounds) {
        for (kind, load, cost) in round {
            let case = Case::new(*kind, *load);
            if !results.section.cases.contains(&case) {
                results.section.cases.push(case);
            }
            let mut figures = Figures::default();
            figures.note(Figure::CpuSPerGbit, *cost);
            results.samples.push(Sample {
                round: number,
                case,
                figures,
                faults: Faults::default(),
            });
        }
    }
    results
}

#[test]
fn ratios_are_medians_of_those_within_each_round() {
    let results = results(&[
        [
            (ADIT, 100, 0.10),
            (Kind::Nginx, 100, 0.20),
            (LOOP, 100, 0.08),
        ],
        [
            (ADIT, 100, 0.30),
            (Kind::Nginx, 100, 0.50),
            (LOOP, 100, 0.10),
        ],
        [
            (ADIT, 100, 0.12),
            (Kind::Nginx, 100, 0.20),
            (LOOP, 100, 0.12),
        ],
    ]);
    let case = Case::new(ADIT, 100);
    let check = |quantity: Quantity, expected: f64| {
        let value = results.quantity(case, quantity).unwrap();
        assert!((value - expected).abs() < 1e-9, "{quantity:?}: {value}");
    };
    check(Quantity::Value(Figure::CpuSPerGbit), 0.12);
    check(Quantity::Ratio(Figure::CpuSPerGbit, Base::Nginx), 0.6);
    check(Quantity::Ratio(Figure::CpuSPerGbit, Base::Loop), 1.25);
    check(Quantity::Excess(Figure::CpuSPerGbit, Base::Loop), 0.02);
    check(Quantity::Sum(Figure::CpuSPerGbit), 0.52);
}

#[test]
fn what_was_not_measured_has_no_figure() {
    let results = results(&[[(ADIT, 100, 0.1), (ADIT, 200, 0.2), (Kind::Nginx, 200, 0.4)]]);
    let quantity = |load, quantity| results.quantity(Case::new(ADIT, load), quantity);
    let cpu = Figure::CpuSPerGbit;
    assert_eq!(quantity(100, Quantity::Ratio(cpu, Base::Nginx)), None);
    assert_eq!(quantity(200, Quantity::Ratio(cpu, Base::Nginx)), Some(0.5));
    assert_eq!(quantity(200, Quantity::Ratio(cpu, Base::Loop)), None);
    assert_eq!(
        quantity(200, Quantity::Ratio(cpu, Base::Lightest)),
        Some(2.0)
    );
    assert_eq!(quantity(300, Quantity::Value(cpu)), None);
    assert_eq!(quantity(100, Quantity::Value(Figure::Share)), None);
}
