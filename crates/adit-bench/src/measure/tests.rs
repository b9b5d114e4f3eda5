use super::*;

#[test]
fn the_time_on_a_core_is_the_first_field_of_schedstat() {
    assert_eq!(ran_ns("6860995 17 1\n"), Some(6_860_995));
    assert_eq!(ran_ns(""), None);
}

#[test]
fn a_busy_machine_is_what_is_neither_idle_nor_waiting() {
    assert_eq!(
        busy_ticks("cpu  100 20 30 4000 500 6 7 8 9 10\ncpu0 1 1 1 1"),
        Some(171)
    );
    assert_eq!(busy_ticks("intr 5"), None);
    assert!(machine_cpu_seconds().unwrap() > 0.0);
}

#[test]
fn resident_memory_is_given_in_bytes() {
    assert_eq!(
        resident("VmPeak:\t 1 kB\nVmRSS:\t    1234 kB\n"),
        Some(1234 * 1024)
    );
    assert_eq!(resident("Name:\tkthreadd\n"), None);
}

#[test]
fn this_process_can_be_measured() {
    let pid = std::process::id();
    assert!(resident_bytes(pid).unwrap() > 0);
    assert!(cpu_seconds(pid).unwrap() > 0.0);
    assert!(monotonic_ns() <= monotonic_ns());
}

#[test]
fn seconds_become_dates() {
    let check = |seconds: u64, expected: &str| assert_eq!(format_utc(seconds), expected);
    check(0, "1970-01-01T00:00:00Z");
    check(951_782_399, "2000-02-28T23:59:59Z");
    check(951_782_400, "2000-02-29T00:00:00Z");
    check(951_868_800, "2000-03-01T00:00:00Z");
    check(1_735_689_599, "2024-12-31T23:59:59Z");
    check(4_107_542_400, "2100-03-01T00:00:00Z");
}
