use super::*;

#[test]
fn a_clock_that_is_set_changes_no_length() {
    let now = Moment::now();
    // What was finished an hour from now, by a clock that was set back since.
    assert_eq!(
        now.since(Some(now.wall + Duration::from_hours(1))),
        Duration::ZERO
    );
    assert_eq!(
        now.since(Some(now.wall - Duration::from_hours(1))),
        Duration::from_hours(1)
    );
    assert_eq!(now.since(None), Duration::ZERO);
    let set_back = Moment {
        wall: SystemTime::UNIX_EPOCH,
        since: now.since,
    };
    let end = moment(&set_back.end()).unwrap();
    assert!(end.duration_since(SystemTime::UNIX_EPOCH).unwrap() < Duration::from_mins(1));
}

#[test]
fn times_are_written_in_utc_and_understood_again() {
    let time = SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_123);
    assert_eq!(text(time), "2023-11-14T22:13:20.123Z");
    assert_eq!(moment(&text(time)), Some(time));
    assert_eq!(moment("yesterday"), None);
}

#[test]
fn as_many_gaps_are_listed_as_may_be_and_not_one_more() {
    let mut known = Sidecar::default();
    for number in 0..=RECORD_NOTES as u64 {
        known.add_gap(Gap {
            at_ms: u64::MAX,
            lost_ms: u64::MAX,
            frames: number,
            cause: GapCause::Append,
        });
    }
    assert_eq!(known.gaps.len(), RECORD_NOTES);
    let digest = Some("0".repeat(64));
    known.parts = (0..RECORD_NOTES as u64)
        .map(|number| Part {
            offset: u64::MAX - number,
            bytes: u64::MAX,
            sha256: digest.clone(),
            start: Some(text(SystemTime::UNIX_EPOCH)),
        })
        .collect();
    // However long it gets, it is read.
    let bytes = serde_json::to_vec_pretty(&known).unwrap().len() as u64;
    assert!(bytes < RECORD_NOTES_BYTES, "{bytes}");
}
