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
    check("/fcs/ident2", "GET /fcs/ident2");
    check("/wp-login.php", "GET /wp-login.php");
    check("*", "GET *");
}

#[test]
fn long_paths_are_cut() {
    let path = format!("/{}", "a".repeat(TOLD_CHARACTERS - 1));
    check(&path, &format!("GET {path}"));
    check(&format!("{path}b"), &format!("GET {path}…"));
}
