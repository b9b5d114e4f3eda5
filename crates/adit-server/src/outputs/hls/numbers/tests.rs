use super::*;

fn key(name: &str) -> StreamKey {
    StreamKey::new("", "live", "_definst_", name).unwrap()
}

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + EPOCH + Duration::from_secs(seconds)
}

#[test]
fn numbers_of_a_later_beginning_are_higher_than_any_that_segments_come_to() {
    let now = Instant::now();
    let numbers = Numbers::new(now, at(1_000));
    let first = numbers.first(now, &key("a"));
    assert_eq!(
        first,
        First {
            segment: 4_000,
            discontinuities: 0
        }
    );
    // As short as the configuration lets them be: half a second, less a tenth.
    let made = 3_600_000 / 450;
    let later = numbers.first(now + Duration::from_hours(1), &key("a"));
    assert!(later.segment > first.segment + made, "{later:?}");
    // Another server, on the same machine, after it.
    let again = Numbers::new(now, at(1_000 + 3_600));
    assert!(again.first(now, &key("a")).segment > first.segment + made);
}

#[test]
fn numbers_do_not_go_back_where_segments_were_shorter_than_a_quarter_of_a_second() {
    let now = Instant::now();
    let numbers = Numbers::new(now, at(0));
    let next = First {
        segment: 9_999,
        discontinuities: 3,
    };
    numbers.remember(now, &key("a"), next);
    assert_eq!(numbers.first(now, &key("a")), next);
    // What is heard late of one that was before changes nothing.
    numbers.remember(
        now,
        &key("a"),
        First {
            segment: 7,
            discontinuities: 1,
        },
    );
    assert_eq!(numbers.first(now, &key("a")), next);
    let other = numbers.first(now, &key("b"));
    assert_eq!(
        other.discontinuities, 0,
        "those of another name are its own"
    );
}

#[test]
fn a_clock_before_2025_or_far_in_the_future_is_no_reason_to_fail() {
    let now = Instant::now();
    assert_eq!(
        Numbers::new(now, SystemTime::UNIX_EPOCH)
            .first(now, &key("a"))
            .segment,
        0
    );
    let years = at(30 * 365 * 86_400);
    let first = Numbers::new(now, years).first(now, &key("a"));
    assert!(first.segment < 1 << 32, "{first:?}");
}

#[test]
fn as_many_names_are_remembered_as_may_be_and_the_oldest_is_forgotten_for_one_more() {
    let now = Instant::now();
    let numbers = Numbers::new(now, at(0));
    let next = First {
        segment: 1,
        discontinuities: 5,
    };
    let name = |number: usize| key(&number.to_string());
    let age = |number: usize| now + Duration::from_millis(number as u64);
    for number in 0..HLS_REMEMBERED {
        numbers.remember(age(number), &name(number), next);
    }
    let known = |number: usize| numbers.first(now, &name(number)).discontinuities == 5;
    assert!(known(0) && known(HLS_REMEMBERED - 1));
    numbers.remember(age(HLS_REMEMBERED), &name(HLS_REMEMBERED), next);
    assert!(!known(0) && known(1) && known(HLS_REMEMBERED));
}

#[test]
fn a_name_that_never_had_a_segment_takes_the_place_of_no_other() {
    let now = Instant::now();
    let numbers = Numbers::new(now, at(0));
    let next = |discontinuities| First {
        segment: 1,
        discontinuities,
    };
    numbers.remember(now, &key("a"), next(5));
    for number in 0..=HLS_REMEMBERED {
        numbers.remember(now, &key(&number.to_string()), next(0));
    }
    assert_eq!(numbers.names().len(), 1);
    assert_eq!(numbers.first(now, &key("a")).discontinuities, 5);
}
