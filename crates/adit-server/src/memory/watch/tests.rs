use super::*;

fn usage(used: u64) -> Usage {
    Usage::new(used, 1000).unwrap()
}

#[test]
fn players_are_ended_as_long_as_memory_comes_of_it_and_a_few_times_more() {
    let mut shedding = Shedding::default();
    for used in (960..1000).rev() {
        shedding.note(usage(used), 1);
        assert!(shedding.is_of_use());
    }
    for _ in 0..IN_VAIN {
        shedding.note(usage(960), 1);
        shedding.note(usage(960), 0);
        assert!(shedding.is_of_use(), "it may come late");
    }
    shedding.note(usage(960), 1);
    assert!(!shedding.is_of_use());
}

#[test]
fn memory_that_comes_late_was_of_use() {
    let mut shedding = Shedding::default();
    for _ in 0..IN_VAIN {
        shedding.note(usage(970), 1);
    }
    shedding.note(usage(969), 1);
    for _ in 0..IN_VAIN {
        shedding.note(usage(980), 1);
        assert!(shedding.is_of_use());
    }
}
