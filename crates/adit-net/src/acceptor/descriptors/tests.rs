use super::Descriptors;
use crate::config::AdmissionConfig;
use std::fs::File;

#[track_caller]
fn check(most: Option<u64>, stop_at: Option<u64>) {
    let config = AdmissionConfig::default();
    assert_eq!(Descriptors::of(most, &config), Descriptors { stop_at });
}

#[test]
fn accepting_stops_at_nine_tenths_or_with_64_left_whichever_is_less() {
    check(Some(20_000), Some(18_000));
    check(Some(1024), Some(921));
    check(Some(640), Some(576));
    check(Some(639), Some(575));
    check(Some(256), Some(192));
}

#[test]
fn few_descriptors_are_shared_half_and_half() {
    check(Some(100), Some(50));
    check(Some(1), Some(0));
    check(Some(u64::MAX), Some(u64::MAX / 100 * 90 + 13));
}

#[test]
fn without_a_limit_accepting_never_stops() {
    check(None, None);
}

#[test]
fn the_number_of_a_descriptor_tells_how_many_are_in_use() {
    let file = File::open("/dev/null").unwrap();
    let stop_at = |stop_at| Descriptors {
        stop_at: Some(stop_at),
    };
    // Other tests of the process hold some, but not thousands.
    assert!(!stop_at(1_000_000).are_scarce(&file));
    assert!(!stop_at(1_000_000).would_be_scarce(&file));
    assert!(stop_at(1).are_scarce(&file));
    assert!(stop_at(1).would_be_scarce(&file));
}
