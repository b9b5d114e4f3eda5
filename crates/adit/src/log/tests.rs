use super::asked_for;

#[track_caller]
fn check(text: &str, expected: Result<Option<&str>, &str>) {
    let got = asked_for(text).map(|filter| filter.map(|filter| filter.to_string()));
    match (&got, expected) {
        (Ok(got), Ok(expected)) => assert_eq!(got.as_deref(), expected, "{text:?}"),
        (Err(got), Err(expected)) => assert!(got.contains(expected), "{text:?}: {got}"),
        _ => panic!("{text:?}: {got:?}"),
    }
}

#[test]
fn levels_and_targets_are_filters() {
    check("debug", Ok(Some("debug")));
    check("WARN", Ok(Some("warn")));
    check("off", Ok(Some("off")));
    check("info,adit_rtmp=trace", Ok(Some("adit_rtmp=trace,info")));
    check("adit_server", Ok(Some("adit_server=trace")));
    check(
        "adit_rtmp[session{connection=3}]=trace",
        Ok(Some("adit_rtmp[session{connection=3}]=trace")),
    );
}

#[test]
fn nothing_asks_for_nothing() {
    check("", Ok(None));
    check(" ", Ok(None));
}

#[test]
fn other_words_are_mistakes() {
    check("verbose", Err("\"verbose\" is none of the levels"));
    check("info, verbos", Err("\"verbos\""));
    check("adit_server=verbose", Err("parsing level filter"));
}
