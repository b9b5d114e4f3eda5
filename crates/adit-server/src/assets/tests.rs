//! Tests: what is embedded, and how it is answered.

use super::{Embedded, respond};
use adit_net::http::{HeaderMap, StatusCode, header};

#[test]
fn every_file_for_browsers_has_its_type_and_the_policy_that_allows_no_inline_script() {
    for (path, kind) in [
        ("page/index.html", "text/html; charset=utf-8"),
        ("page/page.css", "text/css; charset=utf-8"),
        ("page/page.js", "text/javascript; charset=utf-8"),
        ("shared/icon.svg", "image/svg+xml"),
        ("vendor/hls.js", "text/javascript; charset=utf-8"),
        ("vendor/hls.js.LICENSE.txt", "text/plain; charset=utf-8"),
    ] {
        let response = respond(path, &HeaderMap::new()).unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert!(!response.body().is_empty(), "{path}");
        let field = |name| response.headers().get(name).unwrap().to_str().unwrap();
        assert_eq!(field(header::CONTENT_TYPE), kind, "{path}");
        assert_eq!(field(header::X_CONTENT_TYPE_OPTIONS), "nosniff", "{path}");
        let policy = field(header::CONTENT_SECURITY_POLICY);
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self';"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe"), "{policy}");
    }
}

#[test]
fn what_is_not_for_browsers_is_not_there() {
    for path in [
        "",
        "page",
        "page/",
        "README.md",
        "page/../README.md",
        "page/../../src/lib.rs",
        "page/..",
        "page/%2e%2e/README.md",
        "page\\index.html",
        "/page/index.html",
        "page/nothing.js",
        "other/page.js",
    ] {
        assert!(respond(path, &HeaderMap::new()).is_none(), "{path}");
    }
}

#[test]
fn a_file_that_a_browser_has_is_not_sent_again() {
    let first = respond("page/page.js", &HeaderMap::new()).unwrap();
    let tag = first.headers().get(header::ETAG).unwrap().clone();
    let mut asked = HeaderMap::new();
    asked.insert(header::IF_NONE_MATCH, tag.clone());
    let again = respond("page/page.js", &asked).unwrap();
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert!(again.body().is_empty());
    let other = respond("page/page.css", &asked).unwrap();
    assert_eq!(other.status(), StatusCode::OK);
}

#[test]
fn the_players_by_others_are_those_of_the_list() {
    let readme = Embedded::get("README.md").unwrap();
    let readme = String::from_utf8(readme.data.into_owned()).unwrap();
    for name in ["mpegts.js", "hls.js"] {
        let path = format!("vendor/{name}");
        let digest = hex::encode(Embedded::get(&path).unwrap().metadata.sha256_hash());
        let row = readme
            .lines()
            .find(|line| line.starts_with(&format!("| `{path}`")));
        assert!(row.unwrap().contains(&digest), "{path} is {digest}");
        assert!(
            Embedded::get(&format!("{path}.LICENSE.txt")).is_some(),
            "{path}"
        );
    }
}

#[test]
fn pages_hold_no_inline_script_or_style_and_ask_nobody_else() {
    for path in Embedded::iter().filter(|path| !path.starts_with("vendor/")) {
        let content = String::from_utf8(Embedded::get(&path).unwrap().data.into_owned()).unwrap();
        let forbidden: &[&str] = match path.rsplit_once('.').unwrap().1 {
            "html" => &["<script>", "<style", " style=", " onclick=", "//"],
            "js" => &[
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
            ],
            "css" => &["@import", "url("],
            _ => &[],
        };
        for word in forbidden {
            let found = content.lines().find(|line| line.contains(word));
            // An example in text is no request.
            let found = found.filter(|line| !line.contains("<code>"));
            assert_eq!(found, None, "`{word}` in {path}");
        }
    }
}
