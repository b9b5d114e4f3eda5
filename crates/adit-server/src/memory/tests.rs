use super::*;

fn level(used: u64, before: Shortage) -> Shortage {
    let usage = Usage::new(used, 1000).unwrap();
    MemoryLimits::default().shortage(usage, before)
}

#[test]
fn a_shortage_begins_at_its_limit_and_not_one_byte_before() {
    let reached = |used| level(used, Shortage::None);
    assert_eq!(reached(799), Shortage::None);
    assert_eq!(reached(800), Shortage::Soft);
    assert_eq!(reached(899), Shortage::Soft);
    assert_eq!(reached(900), Shortage::Hard);
    assert_eq!(reached(949), Shortage::Hard);
    assert_eq!(reached(950), Shortage::Shed);
    assert_eq!(reached(2000), Shortage::Shed);
}

#[test]
fn a_shortage_is_over_when_a_little_less_is_used_than_where_it_began() {
    assert_eq!(level(799, Shortage::Soft), Shortage::Soft);
    assert_eq!(level(780, Shortage::Soft), Shortage::Soft);
    assert_eq!(level(779, Shortage::Soft), Shortage::None);
    assert_eq!(level(929, Shortage::Shed), Shortage::Hard);
    assert_eq!(level(100, Shortage::Shed), Shortage::None);
}

#[test]
fn players_are_refused_first_and_everybody_later_and_both_are_counted() {
    let memory = Memory::default();
    assert!(memory.refuses_player().is_none() && memory.refuses_newcomer().is_none());
    assert_eq!(memory.usage(), None);
    let usage = Usage::new(8, 10).unwrap();
    memory.note(Some(usage), Shortage::Soft);
    assert!(memory.refuses_player().is_some() && memory.refuses_newcomer().is_none());
    memory.note(Some(usage), Shortage::Hard);
    assert!(memory.refuses_player().is_some() && memory.refuses_newcomer().is_some());
    memory.note(Some(usage), Shortage::Shed);
    memory.ended(3);
    assert_eq!(memory.shortage(), Shortage::Shed);
    assert_eq!(memory.usage(), Some(usage));
    for level in [
        Shortage::None,
        Shortage::Soft,
        Shortage::Hard,
        Shortage::Shed,
    ] {
        memory.note(None, level);
        assert_eq!((memory.shortage(), memory.usage()), (level, None));
    }
    let counted = memory.limits();
    assert_eq!(counted, [("mem.soft", 2), ("mem.hard", 1), ("mem.shed", 3)]);
}
