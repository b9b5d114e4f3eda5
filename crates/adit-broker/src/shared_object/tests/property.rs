//! What holds whatever members do and however slowly they read.

use proptest::prelude::*;

use super::*;
use crate::limits::{OBJECT_OVERHEAD, OBJECT_SLOT_OVERHEAD};
use crate::shared_object::update::Update;

#[derive(Clone, Debug)]
enum Step {
    Ask(usize, Vec<Request<Value>>),
    Denied(usize, Vec<Request<Value>>),
    /// The member takes so many deliveries, but they reach it later.
    Read(usize, usize),
    /// The member goes and comes back as a new one.
    Return(usize),
    Server(Request<Value>),
    Lock,
    Unlock,
}

const MEMBERS: usize = 4;

fn request() -> impl Strategy<Value = Request<Value>> {
    let slot = || prop_oneof![Just("a"), Just("b"), Just("c")];
    prop_oneof![
        6 => (slot(), 0..4_u32, 0..9_usize).prop_map(|(slot, value, size)| {
            Request::Set { slot: slot.into(), value, size }
        }),
        1 => slot().prop_map(|slot| Request::Set { slot: slot.into(), value: 9, size: 1 << 20 }),
        2 => slot().prop_map(unset),
        2 => slot().prop_map(remove),
        1 => Just(Request::Clear),
        1 => any::<u32>().prop_map(say),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let requests = || proptest::collection::vec(request(), 1..4);
    prop_oneof![
        10 => (0..MEMBERS, requests()).prop_map(|(who, requests)| Step::Ask(who, requests)),
        1 => (0..MEMBERS, requests()).prop_map(|(who, requests)| Step::Denied(who, requests)),
        8 => (0..MEMBERS, 1..6_usize).prop_map(|(who, count)| Step::Read(who, count)),
        1 => (0..MEMBERS).prop_map(Step::Return),
        2 => request().prop_map(Step::Server),
        1 => Just(Step::Lock),
        2 => Just(Step::Unlock),
    ]
}

/// What a member has read: updates for all, and where it missed some.
#[derive(Clone)]
enum Read {
    Update(Arc<Update<Value>>),
    Gap,
}

/// Notes a delivery; answers to the reader alone are no part of the order.
fn note(read: &mut Vec<Read>, delivery: &Delivery<Value>) {
    match delivery {
        Delivery::Update(update) => {
            let changes = &update.update.changes;
            if changes.iter().any(|change| change.what.is_public()) {
                read.push(Read::Update(Arc::clone(&update.update)));
            }
        }
        Delivery::Joined(_) | Delivery::Resynced(_) => read.push(Read::Gap),
    }
}

/// Every run of `read` is a run of `all`, and the runs follow each other.
fn check_order(all: &[Arc<Update<Value>>], read: &[Read]) {
    let mut next = 0;
    let mut is_gap = true;
    for read in read {
        match read {
            Read::Gap => is_gap = true,
            Read::Update(update) => {
                let found = all[next..].iter().position(|it| Arc::ptr_eq(it, update));
                let skipped = found.expect("an update twice, or out of order");
                assert!(skipped == 0 || is_gap, "a gap without a word");
                next += skipped + 1;
                is_gap = false;
            }
        }
    }
    if !is_gap {
        assert_eq!(next, all.len(), "an update is missing at the end");
    }
}

fn run(steps: Vec<Step>, lag: usize, persistence: Persistence) {
    let mut limits = ObjectLimits::default();
    (limits.lag.count, limits.locked.count) = (lag, 5);
    let objects = registry(limits);
    let object = objects.open(key("room", persistence), None).unwrap();
    let mut observer = Peer::of(&objects, &object, 0);
    let mut order = Vec::new();
    let mut peers: Vec<_> = (0..MEMBERS)
        .map(|_| Peer::of(&objects, &object, 0))
        .collect();
    let mut read = vec![Vec::new(); MEMBERS];
    let mut locks = Vec::new();
    let steps = steps.into_iter().chain([Step::Unlock]);
    for step in steps {
        match step {
            Step::Ask(who, requests) => peers[who].ask(requests),
            Step::Denied(who, requests) => peers[who].ask_with(Permission::Denied, requests),
            Step::Read(who, count) => {
                for _ in 0..count {
                    if let Some(delivery) = peers[who].poll() {
                        note(&mut read[who], &delivery);
                    }
                }
            }
            Step::Return(who) => {
                // What it has asked for and not heard of is what it is told.
                while let Some(delivery) = peers[who].poll() {
                    note(&mut read[who], &delivery);
                }
                if locks.is_empty() {
                    let known = peers[who].version;
                    let copy = std::mem::take(&mut peers[who].copy);
                    peers[who] = Peer::of(&objects, &object, known);
                    peers[who].copy = copy;
                } else {
                    peers[who] = Peer::of(&objects, &object, 0);
                }
            }
            Step::Server(request) => object.act(request),
            Step::Lock => locks.push(object.lock()),
            Step::Unlock => locks.clear(),
        }
        while let Some(delivery) = observer.poll() {
            if let Delivery::Update(update) = delivery {
                order.push(update.update);
            }
        }
    }
    let all = object.all();
    let slots = all
        .slots
        .iter()
        .map(|slot| (slot.name.to_string(), *slot.value));
    let slots: BTreeMap<_, _> = slots.collect();
    for (mut peer, mut read) in peers.into_iter().zip(read) {
        while let Some(delivery) = peer.poll() {
            note(&mut read, &delivery);
        }
        assert_eq!(peer.copy, slots);
        assert_eq!(peer.version, object.version());
        check_order(&order, &read);
    }
    assert_eq!(observer.copy, slots);
    let bytes: usize = all
        .slots
        .iter()
        .map(|slot| slot.name.len() + slot.size + OBJECT_SLOT_OVERHEAD)
        .sum();
    let removed = all.removed.iter();
    let removed: usize = removed
        .map(|(name, _)| name.len() + OBJECT_SLOT_OVERHEAD)
        .sum();
    assert_eq!(objects.stats().bytes, OBJECT_OVERHEAD + bytes + removed);
    assert_eq!(object.state(|state| state.log.kept()), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_copy_ends_like_the_object_and_all_see_one_order(
        steps in proptest::collection::vec(step(), 0..120),
        lag in prop_oneof![Just(1_usize), 2..6_usize, Just(1_000)],
        persistence in prop_oneof![Just(Persistence::Temporary), Just(Persistence::Persistent)],
    ) {
        run(steps, lag, persistence);
    }
}
