//! Who is let in: by host, by origin, by token.
//!
//! * A page of a stranger can make a browser ask this machine under a name of its own (DNS rebinding): a request for a host that is not
//!   the server's is refused. An address is nobody's name, so addresses are always right.
//! * No cookie and no login of a browser is ever looked at, only a header field that a page of a stranger cannot set, so that nobody's
//!   browser can be made to do something here (CSRF). There are no CORS fields.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::Api;
use super::problem::Problem;

/// Refuses requests for other hosts, and from pages of others; says to browsers what not to do with answers.
pub(super) async fn host(State(api): State<Arc<Api>>, request: Request, next: Next) -> Response {
    let refused = check_host(&api, &request).and_then(|()| check_origin(&api, &request));
    let mut response = match refused {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    let fields = response.headers_mut();
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::CACHE_CONTROL, "no-store"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ),
    ] {
        // The console says more about itself.
        fields
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Refuses requests without the token.
pub(super) async fn token(State(api): State<Arc<Api>>, request: Request, next: Next) -> Response {
    if bearer(request.headers()).is_some_and(|said| api.guests.now().token.is(said)) {
        return next.run(request).await;
    }
    api.unauthorized();
    let words = "this needs the token of the API: Authorization: Bearer TOKEN";
    Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", words).into_response()
}

fn check_host(api: &Api, request: &Request) -> Result<(), Problem> {
    let fields = request.headers().get_all(header::HOST);
    let mut hosts = fields
        .iter()
        .map(|field| field.to_str().unwrap_or_default());
    let named = hosts.next().unwrap_or_default();
    // A whole address in the first line counts more than the field [RFC 9112 3.2.2].
    let named = request.uri().authority().map_or(named, |it| it.as_str());
    if hosts.next().is_none() && is_own(named, &api.guests.now().hosts) {
        return Ok(());
    }
    let words = format!("{named:?} is not a name of this server; add it to api.hosts if it is");
    Err(Problem::new(StatusCode::FORBIDDEN, "host", words))
}

/// Browsers name the page that asks whenever something could be changed.
fn check_origin(api: &Api, request: &Request) -> Result<(), Problem> {
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD);
    let Some(origin) = request.headers().get(header::ORIGIN).filter(|_| !is_safe) else {
        return Ok(());
    };
    let origin = origin.to_str().unwrap_or_default();
    let host = origin.split_once("://").map_or("", |(_, host)| host);
    let asked = request.headers().get(header::HOST);
    let is_same = asked.is_some_and(|asked| asked.as_bytes() == host.as_bytes());
    if is_same && is_own(host, &api.guests.now().hosts) {
        return Ok(());
    }
    let words = "a page of another server asks for this";
    Err(Problem::new(StatusCode::FORBIDDEN, "origin", words))
}

fn bearer(fields: &HeaderMap) -> Option<&str> {
    let mut all = fields.get_all(header::AUTHORIZATION).iter();
    let (field, None) = (all.next()?, all.next()) else {
        return None;
    };
    let (scheme, token) = field.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Whether `host`, with or without a port, is an address, this machine for itself, or one of `names`.
fn is_own(host: &str, names: &[String]) -> bool {
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, rest)) if rest.is_empty() || is_port(rest) => address,
        Some(_) => return false,
        None => match host.split_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            Some(_) => return false,
            None => host,
        },
    };
    let name = name.strip_suffix('.').unwrap_or(name);
    name.parse::<IpAddr>().is_ok()
        || name.eq_ignore_ascii_case("localhost")
        || names.iter().any(|own| own.eq_ignore_ascii_case(name))
}

fn is_port(text: &str) -> bool {
    let digits = text.strip_prefix(':');
    digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_localhost_and_names_that_were_given_are_hosts_of_the_server() {
        let names = ["console.example".to_owned()];
        for own in [
            "127.0.0.1",
            "127.0.0.1:9000",
            "[::1]:9000",
            "[::1]",
            "localhost",
            "LOCALHOST:1",
            "localhost.",
            "192.0.2.7:80",
            "console.example",
            "Console.Example:8080",
        ] {
            assert!(is_own(own, &names), "{own}");
        }
        for other in [
            "",
            "evil.example",
            "evil.example:80",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "console.example.evil",
            "[::1",
            "[::1]x",
            "localhost:80@evil.example",
            "127.0.0.1:x",
            ":80",
        ] {
            assert!(!is_own(other, &names), "{other}");
        }
    }

    #[test]
    fn a_token_is_taken_from_one_field_of_the_right_scheme() {
        let said = |values: &[&str]| {
            let mut fields = HeaderMap::new();
            for value in values {
                fields.append(header::AUTHORIZATION, value.parse().unwrap());
            }
            bearer(&fields).map(str::to_owned)
        };
        assert_eq!(said(&["Bearer abc"]).as_deref(), Some("abc"));
        assert_eq!(said(&["bearer  abc"]).as_deref(), Some("abc"));
        for wrong in [
            &[][..],
            &["abc"],
            &["Basic abc"],
            &["Bearerabc"],
            &["Bearer a", "Bearer b"],
        ] {
            assert_eq!(said(wrong), None, "{wrong:?}");
        }
    }
}
