use super::{Asker, NoAsker};

#[test]
fn who_asks_is_told_and_understood() {
    for text in [
        "192.0.2.1:5 127.0.0.1:80 plain",
        "[2001:db8::1]:5 [::1]:443 tls",
    ] {
        let asker: Asker = text.parse().unwrap();
        assert_eq!(asker.to_string(), text);
        assert_eq!(asker.origin().tls.is_some(), text.ends_with("tls"));
    }
}

#[test]
fn what_does_not_say_who_asks_is_refused() {
    for text in [
        "",
        "192.0.2.1:5",
        "192.0.2.1:5 127.0.0.1:80",
        "192.0.2.1 127.0.0.1:80 plain",
        "192.0.2.1:5 127.0.0.1:80 secret",
        "192.0.2.1:5 127.0.0.1:80 plain more",
    ] {
        assert_eq!(text.parse::<Asker>(), Err(NoAsker), "{text}");
    }
}
