use super::title;

fn check(arguments: &[&str], expected: &[&str]) {
    let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
    assert_eq!(title(&arguments), expected);
}

#[test]
fn a_title_shows_no_key_and_no_password() {
    check(
        &["adit", "play", "rtmp://user:pw@host:1936/app/key?token=1"],
        &["adit", "play", "rtmp://***@host:1936/app/***"],
    );
    check(
        &["adit", "play", "rtmp://host/app", "--key", "abc"],
        &["adit", "play", "rtmp://host/app", "--key", "***"],
    );
    check(&["adit", "--key=abc"], &["adit", "--key=***"]);
    check(
        &["adit", "--proxy", "http://user:p@w@proxy:3128"],
        &["adit", "--proxy", "http://***@proxy:3128"],
    );
    check(
        &["adit", "--proxy=socks5://user:pw@proxy"],
        &["adit", "--proxy=socks5://***@proxy"],
    );
    check(
        &[
            "adit",
            "call",
            "rtmp://host/app",
            "login",
            "\"me\"",
            "[\"pw\"]",
            "{\"a\":1}",
            "--connect=5",
        ],
        &[
            "adit",
            "call",
            "rtmp://host/app",
            "login",
            "***",
            "***",
            "***",
            "--connect=***",
        ],
    );
    check(
        &[
            "adit",
            "so",
            "rtmp://host/app",
            "room",
            "--set",
            "a=1",
            "--send=b=2",
            "--once",
        ],
        &[
            "adit",
            "so",
            "rtmp://host/app",
            "room",
            "--set",
            "***",
            "--send=***",
            "--once",
        ],
    );
}

#[test]
fn what_hides_nothing_stays_as_it_is() {
    for arguments in [
        &["adit", "serve", "--listen", ":1935", "--key", "***"][..],
        &["adit", "probe", "rtmp://host/app"],
        &[
            "adit",
            "call",
            "rtmp://host/app",
            "method",
            "5",
            "true",
            "-",
        ],
        &[
            "adit",
            "tunnel",
            "rtmp://host/app",
            "--listen",
            "[::1]:1935",
        ],
        &[
            "adit",
            "play",
            "rtmp://host/app",
            "--proxy",
            "pac+http://host/a.pac",
        ],
    ] {
        check(arguments, arguments);
    }
}
