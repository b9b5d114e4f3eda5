use std::time::Duration;

use super::still_without;

#[test]
fn a_break_that_lasts_is_told_shortly() {
    let check = |ms: u64, expected: &str| {
        let span = Duration::from_millis(ms);
        let told = still_without("rtmp://host/app/***", span, "host refuses port 1935");
        assert_eq!(told, expected);
    };
    check(
        90_400,
        "still without rtmp://host/app/*** after 1 min 30 s: host refuses port 1935",
    );
    check(
        900,
        "still without rtmp://host/app/***: host refuses port 1935",
    );
}
