use super::{ParseProxyError, Proxy};
use crate::client::limits;

fn check(url: &str, expected: &str) {
    let proxy = Proxy::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"));
    assert_eq!(proxy.to_string(), expected, "{url}");
}

#[test]
fn proxies_are_read_from_urls() {
    check("proxy.example", "http://proxy.example:80");
    check("proxy.example:3128", "http://proxy.example:3128");
    check("HTTP://Proxy.Example:3128/", "http://proxy.example:3128");
    check("https://proxy.example", "https://proxy.example:443");
    check("socks4://proxy.example", "socks4://proxy.example:1080");
    check("socks4a://proxy.example:1", "socks4a://proxy.example:1");
    check("socks5://[2001:db8::1]:1080", "socks5://[2001:db8::1]:1080");
    check("socks5h://ali:sesame@192.0.2.1", "socks5h://192.0.2.1:1080");
}

#[test]
fn credentials_are_decoded_and_never_shown() {
    let proxy = Proxy::parse("http://CORP%5Cali:open%3Asesame@proxy.example:8080").unwrap();
    let credentials = proxy.credentials().unwrap();
    assert_eq!(
        (credentials.user.as_str(), credentials.password.as_str()),
        ("CORP\\ali", "open:sesame")
    );
    let shown = format!("{proxy} {proxy:?}");
    assert!(
        !shown.contains("sesame") && !shown.contains("ali"),
        "{shown}"
    );
}

#[test]
fn what_is_no_proxy_is_refused_without_repeating_it() {
    for url in [
        "",
        "ftp://ali:sesame@proxy",
        "http://",
        "http://ali:sesame@",
        "http://a b:1",
        "http://ali:sesame@proxy:99999",
    ] {
        let error = Proxy::parse(url).unwrap_err();
        assert!(
            !format!("{error} {error:?}").contains("sesame"),
            "{error:?}"
        );
    }
}

#[test]
fn credentials_have_a_length() {
    let url = |bytes: usize| format!("http://{}:p@proxy", "u".repeat(bytes));
    assert!(Proxy::parse(&url(limits::CREDENTIAL_BYTES)).is_ok());
    let error = Proxy::parse(&url(limits::CREDENTIAL_BYTES + 1));
    assert_eq!(error, Err(ParseProxyError::Credentials));
}
