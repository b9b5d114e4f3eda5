//! What holds for a reader that stays while its stream is published again and again.

use proptest::prelude::*;

use crate::testing::{Player, Publisher, broker, frame, word};
use crate::{Broker, Delivery, GopCache, Latency, Limits, SubscribeOptions};

#[derive(Clone, Debug)]
enum Step {
    Push(&'static str),
    /// The reader polls this many times.
    Poll(usize),
    /// The stream ends if it is published, else it begins.
    Toggle,
    /// Time passes, and what waits is flushed.
    Wait(u32),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        20 => prop_oneof![
            4 => Just("I"), 4 => Just("A"), 2 => Just("K"), 1 => Just("V"), 1 => Just("S"),
            1 => Just("M"), 1 => Just("D"),
        ].prop_map(Step::Push),
        8 => (1usize..12).prop_map(Step::Poll),
        3 => Just(Step::Toggle),
        1 => (0u32..50).prop_map(Step::Wait),
    ];
    proptest::collection::vec(step, 0..200)
}

fn latency() -> impl Strategy<Value = Latency> {
    prop_oneof![
        Just(Latency::Low),
        Just(Latency::Balanced),
        Just(Latency::Throughput)
    ]
}

/// One publication, by the numbers of the frames pushed: of its first one, and one past its last.
struct Range {
    id: u64,
    first: u32,
    end: u32,
}

/// A stream that comes and goes, and its reader. The frames of all publications are numbered from
/// 1, and each is stamped with its number in milliseconds.
struct Stage {
    broker: Broker,
    latency: Latency,
    limits: Limits,
    publisher: Option<Publisher>,
    player: Option<Player>,
    clock: u32,
    ranges: Vec<Range>,
    pushed: Vec<&'static str>,
    /// The publication that the reader came too late for to see it whole.
    late_for: Option<u64>,
    /// How much of `told` the reader came too late for.
    missed: usize,
    /// Everything that happened, in the words of a reader that misses nothing.
    told: Vec<String>,
    got: Vec<Delivery>,
}

impl Stage {
    fn new(latency: Latency, limits: Limits) -> Self {
        Self {
            broker: broker(limits),
            latency,
            limits,
            publisher: None,
            player: None,
            clock: 0,
            ranges: Vec::new(),
            pushed: Vec::new(),
            late_for: None,
            missed: 0,
            told: Vec::new(),
            got: Vec::new(),
        }
    }

    fn run(&mut self, steps: &[Step], join_at: usize, gop_cache: GopCache) {
        for (index, step) in steps.iter().enumerate() {
            if index == join_at {
                let options = SubscribeOptions::default().with_gop_cache(gop_cache);
                self.player = Some(Player::with(&self.broker, "a", options));
                let running = self.ranges.last().filter(|_| self.publisher.is_some());
                self.late_for = running
                    .filter(|range| range.end > range.first)
                    .map(|range| range.id);
                // A publication that runs without frames is for the reader from its beginning on.
                self.missed = self.told.len() - usize::from(self.publisher.is_some());
            }
            self.step(step);
            self.check_held();
        }
        if self.publisher.is_some() {
            self.step(&Step::Toggle);
        }
        self.step(&Step::Poll(usize::MAX));
    }

    fn step(&mut self, step: &Step) {
        let next = u32::try_from(self.pushed.len()).unwrap() + 1;
        match (step, &mut self.publisher) {
            (Step::Poll(times), _) => {
                let Some(player) = &mut self.player else {
                    return;
                };
                let got = std::iter::from_fn(|| player.poll()).take(*times);
                self.got.extend(got);
            }
            (Step::Toggle, Some(_)) => {
                self.publisher = None;
                self.told.push("stopped".to_owned());
            }
            (Step::Toggle, None) => {
                let publisher = Publisher::with_latency(&self.broker, "a", Some(self.latency));
                self.ranges.push(Range {
                    id: publisher.publication.info().id,
                    first: next,
                    end: next,
                });
                self.publisher = Some(publisher);
                self.told.push("started".to_owned());
            }
            (Step::Push(label), Some(publisher)) => {
                self.clock += 1;
                let now = publisher.time(self.clock);
                publisher.publication.push(now, frame(label, next));
                self.pushed.push(label);
                self.told.push(format!("{label}@{next}"));
                self.ranges.last_mut().unwrap().end = next + 1;
            }
            (Step::Wait(ms), Some(publisher)) => {
                self.clock += ms;
                publisher.publication.flush(publisher.time(self.clock));
            }
            (Step::Push(_) | Step::Wait(_), None) => {}
        }
    }

    /// Whatever the reader does or leaves undone, the log is within its limits.
    fn check_held(&self) {
        let Limits { lag, gop, tail, .. } = self.limits;
        let most = lag.frames.max(gop.frames).max(tail.frames);
        for stream in self.broker.streams() {
            assert!(stream.stats.held_frames <= most, "{:?}", stream.stats);
        }
    }

    /// The number of a frame, if it is told in its place and not a second time.
    fn number(&self, delivery: &Delivery) -> Option<u32> {
        let word = word(delivery);
        let (label, at) = word.split_once('@')?;
        let number: u32 = at.parse().unwrap();
        let index = usize::try_from(number).unwrap().checked_sub(1)?;
        (self.pushed.get(index) == Some(&label)).then_some(number)
    }

    /// Every publication told is told whole: each frame untouched and in its place, or counted as
    /// skipped; but for the beginning of the one that the reader came too late for.
    fn check_whole(&self) -> Result<(), TestCaseError> {
        let mut running: Option<&Range> = None;
        let mut next = 0;
        let mut may_begin_anywhere = false;
        for delivery in &self.got {
            match delivery {
                Delivery::Started { publication } => {
                    prop_assert!(running.is_none());
                    let range = self.ranges.iter().find(|range| range.id == publication.id);
                    let range = range.unwrap();
                    prop_assert!(next <= range.first, "nothing is told twice");
                    next = range.first;
                    may_begin_anywhere = self.late_for == Some(range.id);
                    running = Some(range);
                }
                Delivery::Stopped { publication } => {
                    let range = running.take().unwrap();
                    prop_assert_eq!(range.id, publication.id);
                    prop_assert!(next >= range.end || may_begin_anywhere, "{next} at the end");
                    next = next.max(range.end);
                }
                Delivery::Skipped { frames } => {
                    prop_assert!(running.is_some() && *frames > 0);
                    prop_assert!(
                        !may_begin_anywhere,
                        "nothing is skipped before the beginning"
                    );
                    next += u32::try_from(*frames).unwrap();
                }
                Delivery::Frame(_) => {
                    let Some(number) = self.number(delivery) else {
                        continue; // a header that is told again
                    };
                    prop_assert!(running.is_some_and(|range| number < range.end));
                    prop_assert!(number == next || (may_begin_anywhere && number > next));
                    may_begin_anywhere = false;
                    next = number + 1;
                }
            }
        }
        prop_assert!(running.is_none(), "the end is told");
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_reader_that_was_there_first_gets_all_that_is_ever_published_untouched(
        steps in steps(),
        gop_cache in prop_oneof![Just(GopCache::On), Just(GopCache::Off)],
        latency in latency(),
    ) {
        let mut stage = Stage::new(latency, Limits::default());
        stage.run(&steps, 0, gop_cache);
        let got: Vec<_> = stage.got.iter().map(word).collect();
        if !steps.is_empty() {
            prop_assert_eq!(got, stage.told);
        }
    }

    #[test]
    fn a_reader_that_came_late_for_one_publication_gets_all_of_those_after_it(
        steps in steps(),
        join_at in 0usize..100,
        gop in 1u64..10,
        gop_cache in prop_oneof![Just(GopCache::On), Just(GopCache::Off)],
        latency in latency(),
    ) {
        let mut limits = Limits::default();
        limits.gop.frames = gop;
        let mut stage = Stage::new(latency, limits);
        stage.run(&steps, join_at, gop_cache);
        let got: Vec<_> = stage.got.iter().map(word).collect();
        let mut due = &stage.told[stage.missed..];
        if stage.late_for.is_some() {
            let end = due.iter().position(|word| word == "stopped").unwrap();
            due = &due[end + 1..];
        }
        if join_at < steps.len() {
            prop_assert!(got.ends_with(due), "{got:?} ends with {due:?}");
        }
    }

    #[test]
    fn what_a_slow_reader_of_many_publications_is_told_of_adds_up(
        steps in steps(),
        join_at in prop_oneof![Just(0), 0usize..100],
        gop_cache in prop_oneof![Just(GopCache::On), Just(GopCache::Off)],
        latency in latency(),
        lag in 3u64..40,
        gop in 3u64..40,
    ) {
        let mut limits = Limits::default();
        (limits.lag.frames, limits.gop.frames, limits.tail.frames) = (lag, gop, gop);
        let mut stage = Stage::new(latency, limits);
        stage.run(&steps, join_at, gop_cache);
        stage.check_whole()?;
    }
}
