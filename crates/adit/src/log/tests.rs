use super::filter;

#[track_caller]
fn check(text: &str, expected: Result<&str, &str>) {
    let got = filter(text).map(|filter| filter.to_string());
    match (&got, expected) {
        (Ok(got), Ok(expected)) => assert_eq!(got, expected, "{text:?}"),
        (Err(got), Err(expected)) => assert!(got.contains(expected), "{text:?}: {got}"),
        _ => panic!("{text:?}: {got:?}"),
    }
}

#[test]
fn levels_and_targets_are_filters() {
    check("debug", Ok("debug"));
    check("WARN", Ok("warn"));
    check("off", Ok("off"));
    check("info,adit_rtmp=trace", Ok("adit_rtmp=trace,info"));
    check("adit_server", Ok("adit_server=trace"));
    check(
        "adit_rtmp[session{connection=3}]=trace",
        Ok("adit_rtmp[session{connection=3}]=trace"),
    );
}

#[test]
fn nothing_is_no_filter() {
    check("", Err("empty"));
    check(" ", Err("empty"));
}

#[test]
fn other_words_are_mistakes() {
    check("verbose", Err("\"verbose\" is none of the levels"));
    check("info, verbos", Err("\"verbos\""));
    check("adit_server=verbose", Err("parsing level filter"));
}
