use super::*;

fn counts(counts: &[(&str, u64)]) -> Counts {
    Counts {
        made_with: vec!["a compiler".to_owned()],
        counts: counts
            .iter()
            .map(|(name, count)| ((*name).to_owned(), *count))
            .collect(),
    }
}

#[test]
fn a_file_is_read_as_it_was_written() {
    let kept = counts(&[("chunk-read", 1234), ("amf-decode", 99)]);
    assert_eq!(Counts::parse(&kept.write()).unwrap(), kept);
}

#[test]
fn two_per_cent_off_is_good_and_more_is_not_in_either_direction() {
    let check = |now: u64, expected: bool| {
        let lines = counts(&[("x", now)]).compare(&counts(&[("x", 1000)]));
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].1, expected, "{now}");
    };
    check(1000, true);
    check(1020, true);
    check(980, true);
    check(1021, false);
    check(979, false);
}

#[test]
fn work_that_is_new_or_gone_is_a_failure() {
    let lines = counts(&[("new", 1)]).compare(&counts(&[("gone", 1)]));
    assert!(lines.len() == 2 && lines.iter().all(|(_, within)| !within));
}

#[test]
fn all_work_can_be_done() {
    for work in Work::ALL {
        work.run(50).unwrap();
    }
}
