//! The variables of OpenTelemetry that may hold secrets: they are read here, and what cannot be read is named and never shown.

use std::env;

use opentelemetry_http::Request;
use thiserror::Error;

/// A variable that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{name} is {wrong}")]
pub(crate) struct WrongVariable {
    name: &'static str,
    wrong: &'static str,
}

/// Whether nothing is to be sent, whatever else is said.
pub(super) fn is_off() -> bool {
    let said = env::var("OTEL_SDK_DISABLED");
    said.is_ok_and(|said| said.trim().eq_ignore_ascii_case("true"))
}

/// Where spans go, if a variable says so.
///
/// # Errors
/// What it says is no URL.
pub(super) fn collector() -> Result<Option<String>, WrongVariable> {
    if let Some(whole) = variable(TRACES_ENDPOINT)? {
        return url(TRACES_ENDPOINT, whole).map(Some);
    }
    let Some(base) = variable(ENDPOINT)? else {
        return Ok(None);
    };
    let base = base.strip_suffix('/').unwrap_or(&base);
    url(ENDPOINT, format!("{base}{PATH}")).map(Some)
}

/// Checks the variable from which the library takes headers: it would leave out silently what it cannot read.
///
/// # Errors
/// It has something else.
pub(super) fn check_headers() -> Result<(), WrongVariable> {
    for name in [TRACES_HEADERS, HEADERS] {
        if let Some(said) = variable(name)? {
            let is_header = |header: &str| header.trim().is_empty() || is_header(header);
            return said
                .split(',')
                .all(is_header)
                .then_some(())
                .ok_or(WrongVariable {
                    name,
                    wrong: NO_HEADERS,
                });
        }
    }
    Ok(())
}

fn is_header(text: &str) -> bool {
    let Some((name, value)) = text.split_once('=') else {
        return false;
    };
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    let name = name.trim();
    !name.is_empty() && name.chars().all(is_of_name) && !value.trim().is_empty()
}

fn url(name: &'static str, text: String) -> Result<String, WrongVariable> {
    let request = Request::builder().uri(&*text).body(()).ok();
    let is_url = request.is_some_and(|request| {
        let url = request.uri();
        let is_known = matches!(url.scheme_str(), Some("http" | "https"));
        is_known && url.host().is_some_and(|host| !host.is_empty())
    });
    is_url.then_some(text).ok_or(WrongVariable {
        name,
        wrong: NO_URL,
    })
}

/// What a variable says, if anything.
fn variable(name: &'static str) -> Result<Option<String>, WrongVariable> {
    match env::var(name) {
        Ok(said) => Ok(Some(said.trim().to_owned()).filter(|said| !said.is_empty())),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => Err(WrongVariable {
            name,
            wrong: "not in UTF-8",
        }),
    }
}

/// Where a collector takes spans.
pub(super) const PATH: &str = "/v1/traces";

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const TRACES_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
const HEADERS: &str = "OTEL_EXPORTER_OTLP_HEADERS";
const TRACES_HEADERS: &str = "OTEL_EXPORTER_OTLP_TRACES_HEADERS";

const NO_URL: &str = "no URL of a collector; write it as in http://127.0.0.1:4318";
const NO_HEADERS: &str = "no list of headers; write it as in NAME=VALUE,NAME=VALUE";
