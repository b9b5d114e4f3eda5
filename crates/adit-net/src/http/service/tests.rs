use super::{TOLD_CHARACTERS, told};
use hyper::Method;

#[track_caller]
fn check(path: &str, expected: &str) {
    assert_eq!(told(&Method::GET, path), expected);
}

#[test]
fn a_session_id_is_never_told() {
    let id = "0123456789abcdef0123456789abcdef";
    check(&format!("/send/{id}/7"), "GET /send/…");
    check(&format!("/idle/{id}/x"), "GET /idle/…");
    check("/open/1", "GET /open/…");
    check(&format!("/idel/{id}/1"), "GET /idel/…");
    check("/fcs/ident2", "GET /fcs/…");
    check("/wp-login.php", "GET /wp-login.php");
    check("*", "GET …");
}

#[test]
fn the_name_of_a_stream_is_never_told() {
    check("/live/KEY.flv", "GET /live/…");
}

#[test]
fn long_paths_are_cut() {
    let path = format!("/{}", "a".repeat(TOLD_CHARACTERS));
    check(&path, &format!("GET {path}"));
    check(&format!("{path}b"), &format!("GET {path}…"));
}
