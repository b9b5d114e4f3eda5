//! What holds for any stream and any reader.

use proptest::prelude::*;

use crate::testing::{Player, Publisher, broker, frame, word};
use crate::{Delivery, GopCache, Latency, Limits, SubscribeOptions};

#[derive(Clone, Debug)]
enum Step {
    Push(&'static str),
    /// The reader polls this many times.
    Poll(usize),
    Wait(u32),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        10 => prop_oneof![
            4 => Just("I"), 4 => Just("A"), 2 => Just("K"), 1 => Just("V"), 1 => Just("S"),
            1 => Just("M"), 1 => Just("D"),
        ].prop_map(Step::Push),
        4 => (1usize..12).prop_map(Step::Poll),
        1 => (0u32..400).prop_map(Step::Wait),
    ]
}

fn latency() -> impl Strategy<Value = Latency> {
    prop_oneof![
        Just(Latency::Low),
        Just(Latency::Balanced),
        Just(Latency::Throughput)
    ]
}

/// One thing a reader got: a frame by its number, or how many were skipped.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Got {
    Replayed(&'static str),
    Frame(u32),
    Skipped(u64),
}

struct Run {
    /// Labels of everything pushed, by number.
    pushed: Vec<&'static str>,
    /// Whether the reader was there before the first of them.
    is_early: bool,
    got: Vec<Got>,
}

/// Frame number `n` is due at `10 n` milliseconds, so a time that is not its own betrays a replay.
fn run(
    steps: &[Step],
    join_at: usize,
    gop_cache: GopCache,
    latency: Latency,
    limits: Limits,
) -> Run {
    let broker = broker(limits);
    let mut publisher = Publisher::with_latency(&broker, "a", Some(latency));
    let mut run = Run {
        pushed: Vec::new(),
        is_early: false,
        got: Vec::new(),
    };
    let mut player: Option<Player> = None;
    let mut clock = 0;
    for (index, step) in steps.iter().enumerate() {
        if index == join_at {
            let options = SubscribeOptions::default().with_gop_cache(gop_cache);
            player = Some(Player::with(&broker, "a", options));
            run.is_early = run.pushed.is_empty();
        }
        match step {
            Step::Push(label) => {
                let number = u32::try_from(run.pushed.len()).unwrap();
                clock += 10;
                let now = publisher.time(clock);
                if publisher
                    .publication
                    .next_flush()
                    .is_some_and(|at| at <= now)
                {
                    publisher.publication.flush(now);
                }
                publisher
                    .publication
                    .push(now, frame(label, (number + 1) * 10));
                run.pushed.push(label);
            }
            Step::Poll(times) => {
                for _ in 0..*times {
                    note(&mut run, player.as_mut().and_then(Player::poll));
                }
            }
            Step::Wait(ms) => {
                clock += ms;
                publisher.publication.flush(publisher.time(clock));
            }
        }
    }
    drop(publisher);
    while let Some(delivery) = player.as_mut().and_then(Player::poll) {
        note(&mut run, Some(delivery));
    }
    run
}

fn note(run: &mut Run, delivery: Option<Delivery>) {
    match delivery {
        Some(Delivery::Frame(shared)) => {
            let frame = shared.frame();
            let word = word(&Delivery::Frame(std::sync::Arc::clone(&shared)));
            let label = word.split('@').next().unwrap();
            // Time 0 belongs to no frame: replayed metadata has it.
            let number = (frame.at().ms() / 10).checked_sub(1);
            let index = number.map(|number| usize::try_from(number).unwrap());
            let replayed = index.is_none_or(|index| run.pushed[index] != label);
            run.got.push(if replayed {
                let known = ["M", "V", "S"]
                    .into_iter()
                    .find(|known| *known == label)
                    .unwrap();
                Got::Replayed(known)
            } else {
                Got::Frame(number.unwrap())
            });
        }
        Some(Delivery::Skipped { frames }) => run.got.push(Got::Skipped(frames)),
        Some(Delivery::Started { .. } | Delivery::Stopped { .. }) | None => {}
    }
}

fn is_video(label: &str) -> bool {
    matches!(label, "K" | "I" | "V")
}

/// The newest of metadata, video header and audio header before frame `number`, as a set.
fn headers_before(pushed: &[&'static str], number: u32) -> Vec<&'static str> {
    let before = &pushed[..usize::try_from(number).unwrap()];
    ["M", "V", "S"]
        .into_iter()
        .filter(|label| before.contains(label))
        .collect()
}

fn check(run: &Run) -> Result<(), TestCaseError> {
    let mut next: Option<u32> = run.is_early.then_some(0);
    let mut got = run.got.iter().peekable();
    while got.peek().is_some() {
        let mut skipped = None;
        if let Some(Got::Skipped(frames)) = got.peek() {
            skipped = Some(*frames);
            got.next();
        }
        let mut replayed = Vec::new();
        while let Some(Got::Replayed(label)) = got.peek() {
            replayed.push(*label);
            got.next();
        }
        let Some(Got::Frame(number)) = got.next() else {
            prop_assert!(replayed.is_empty(), "headers lead to a frame");
            break;
        };
        let label = run.pushed[usize::try_from(*number).unwrap()];
        match (next, skipped) {
            (None, None) | (Some(_), Some(_)) => {
                // A beginning in the middle: headers first, each once, metadata in front; then a key frame, or
                // any frame if there was no video so far.
                let mut expected = headers_before(&run.pushed, *number);
                prop_assert_eq!(replayed.first() == Some(&"M"), expected.contains(&"M"));
                replayed.sort_unstable();
                expected.sort_unstable();
                prop_assert_eq!(replayed, expected);
                let before = &run.pushed[..usize::try_from(*number).unwrap()];
                let any_video = before.iter().any(|label| is_video(label));
                prop_assert!(
                    label == "K" || !any_video,
                    "begins with {label} at {number}"
                );
                if let (Some(next), Some(skipped)) = (next, skipped) {
                    prop_assert!(*number > next);
                    prop_assert_eq!(u64::from(*number - next), skipped);
                }
            }
            (Some(next), None) => {
                prop_assert_eq!(*number, next, "no gap without a word");
                prop_assert!(replayed.is_empty());
            }
            (None, Some(_)) => prop_assert!(false, "nothing is skipped before the beginning"),
        }
        next = Some(number + 1);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(250))]

    #[test]
    fn a_reader_gets_headers_then_a_run_from_a_key_frame_with_whole_gaps_that_are_counted(
        steps in proptest::collection::vec(step(), 0..200),
        join_at in 0usize..100,
        gop_cache in prop_oneof![Just(GopCache::On), Just(GopCache::Off)],
        latency in latency(),
        lag in 3u64..40,
        gop in 3u64..40,
    ) {
        let mut limits = Limits::default();
        (limits.lag.frames, limits.gop.frames) = (lag, gop);
        check(&run(&steps, join_at, gop_cache, latency, limits))?;
    }

    #[test]
    fn a_reader_within_the_limits_misses_nothing_from_the_first_frame_to_the_end(
        steps in proptest::collection::vec(step(), 0..200),
        latency in latency(),
    ) {
        let run = run(&steps, 0, GopCache::On, latency, Limits::default());
        check(&run)?;
        let frames: Vec<_> = run
            .got
            .iter()
            .filter_map(|got| if let Got::Frame(number) = got { Some(*number) } else { None })
            .collect();
        if !steps.is_empty() {
            let end = u32::try_from(run.pushed.len()).unwrap();
            prop_assert_eq!(frames, (0..end).collect::<Vec<_>>());
        }
    }
}
