use super::*;

#[track_caller]
fn check(url: &str, expected: Option<(&str, &str, &str)>) {
    let read = Stream::read(url).ok();
    let read = read.as_ref();
    let got = read.map(|it| (it.application.as_str(), it.name.as_str(), it.with("s")));
    let expected = expected.map(|(application, name, url)| (application, name, url.to_owned()));
    assert_eq!(got, expected, "{url}");
}

#[test]
fn streams_are_found_in_addresses_of_players_and_browsers() {
    check(
        "rtmp://h/live/cam",
        Some(("live", "cam", "rtmp://h/live/cam?s")),
    );
    check(
        "rtmps://h:444/live/room/cam?a=b",
        Some(("live/room", "cam", "rtmps://h:444/live/room/cam?a=b&s")),
    );
    check(
        "http://h/live/cam.flv",
        Some(("live", "cam", "http://h/live/cam.flv?s")),
    );
    check(
        "wss://h/live/cam.flv",
        Some(("live", "cam", "wss://h/live/cam.flv?s")),
    );
    check(
        "https://h/live/room/gr%C3%B6%C3%9Fe/index.m3u8?x=y",
        Some((
            "live/room",
            "größe",
            "https://h/live/room/gr%C3%B6%C3%9Fe/index.m3u8?x=y&s",
        )),
    );
    check(
        "HTTP://h/live/cam.m3u8",
        Some(("live", "cam", "HTTP://h/live/cam.m3u8?s")),
    );
    for none in [
        "rtmp://h",
        "rtmp://h/live",
        "http://h/live/cam",
        "http://h/cam.flv",
        "http://h/live/.flv",
        "ftp://h/live/cam",
        "rtmp://h/live/cam?expires=1&signature=2",
        "http://h/live/cam.flv?token=x",
    ] {
        check(none, None);
    }
}
