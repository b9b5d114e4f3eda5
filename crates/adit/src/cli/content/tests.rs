use super::{AppKind, NamedApplication};

fn check(text: &str, expected: Result<(&str, AppKind), &str>) {
    let parsed = text.parse::<NamedApplication>();
    match (parsed, expected) {
        (Ok(parsed), Ok((name, kind))) => {
            assert_eq!((parsed.name.as_str(), parsed.kind), (name, kind), "{text}");
        }
        (Err(error), Err(part)) => assert!(error.contains(part), "{text}: {error}"),
        (parsed, expected) => panic!("{text}: {parsed:?} instead of {expected:?}"),
    }
}

#[test]
fn an_application_has_a_name_and_a_kind() {
    check("live=live", Ok(("live", AppKind::Live)));
    check("films=vod", Ok(("films", AppKind::Vod)));
    check("rooms=chat", Ok(("rooms", AppKind::Chat)));
    check("=live", Ok(("", AppKind::Live)));
    check("films", Err("NAME=KIND"));
    check("films=dvd", Err("there are live, vod, chat"));
    check("films=VOD", Err("\"VOD\" is no kind"));
    check("films/old=vod", Err("the first / of a path"));
}
