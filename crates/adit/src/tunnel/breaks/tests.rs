use std::time::{Duration, Instant};

use adit_server::relay::Happening;

use super::{Breaks, Telling};

fn broken(cause: &str) -> Happening {
    Happening::Broken {
        cause: cause.to_owned(),
        again_in: Duration::from_secs(1),
        is_ending: false,
    }
}

fn given_up() -> Happening {
    Happening::GivenUp {
        reason: "away".to_owned(),
    }
}

#[test]
fn a_break_is_told_once_and_then_at_longer_and_longer_intervals() {
    let (mut breaks, start) = (Breaks::default(), Instant::now());
    let told: Vec<u64> = (0..600)
        .filter(|second| {
            let now = start + Duration::from_secs(*second);
            breaks.note(1, &broken("refused"), now) != Telling::Nothing
        })
        .collect();
    assert_eq!(told, [0, 30, 90, 210, 450]);
}

#[test]
fn another_cause_is_told_once_another_number_is_none() {
    let (mut breaks, now) = (Breaks::default(), Instant::now());
    let mut note = |cause: &str, seconds: u64| {
        breaks.note(1, &broken(cause), now + Duration::from_secs(seconds))
    };
    assert_eq!(note("closed", 0), Telling::Whole);
    let after = |seconds| Telling::Lasting(Duration::from_secs(seconds));
    assert_eq!(note("taken for 2 s", 2), after(2));
    assert_eq!(note("taken for 4 s", 4), Telling::Nothing);
    assert_eq!(note("closed", 6), Telling::Nothing);
}

#[test]
fn each_stream_and_each_break_is_told() {
    let (mut breaks, now) = (Breaks::default(), Instant::now());
    assert_eq!(breaks.note(1, &broken("closed"), now), Telling::Whole);
    assert_eq!(breaks.note(2, &broken("closed"), now), Telling::Whole);
    assert_eq!(breaks.note(1, &given_up(), now), Telling::Whole);
    assert_eq!(breaks.note(1, &broken("closed"), now), Telling::Whole);
    assert_eq!(breaks.note(2, &broken("closed"), now), Telling::Nothing);
}
