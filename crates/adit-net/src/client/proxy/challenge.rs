//! Challenges of a 407, several to a header field as they may be [RFC 9110 11.6.1].
//!
//! ```text
//!  Proxy-Authenticate: NTLM TlRMTVNTUA==, Digest realm="a, b", nonce="c", Basic realm="d"
//!                      └ scheme ┘ └ token ┘ └ scheme, parameters ┘         └ another ┘
//! ```

use crate::client::limits;
use hyper::HeaderMap;
use hyper::header::PROXY_AUTHENTICATE;

/// One challenge: the scheme in lower case and whatever came with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Challenge {
    pub(super) scheme: String,
    pub(super) rest: String,
}

/// The challenges of a response, at most [`limits::CHALLENGES`]. Fields that are not ASCII are no challenge.
pub(super) fn challenges(headers: &HeaderMap) -> Vec<Challenge> {
    let mut found: Vec<Challenge> = Vec::new();
    for field in headers.get_all(PROXY_AUTHENTICATE) {
        let Ok(field) = field.to_str() else {
            continue;
        };
        let mut of_field: Vec<Challenge> = Vec::new();
        for item in items(field) {
            match (begins(item), of_field.last_mut()) {
                (Some((scheme, rest)), _) => of_field.push(Challenge {
                    scheme: scheme.to_ascii_lowercase(),
                    rest: rest.to_owned(),
                }),
                (None, Some(challenge)) => {
                    challenge.rest.push_str(", ");
                    challenge.rest.push_str(item);
                }
                (None, None) => {}
            }
        }
        found.extend(of_field);
    }
    found.truncate(limits::CHALLENGES);
    found
}

/// What stands between commas that are not quoted.
fn items(field: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let mut escaped = false;
    field
        .split(move |character| {
            match character {
                _ if escaped => escaped = false,
                '\\' if quoted => escaped = true,
                '"' => quoted = !quoted,
                ',' if !quoted => return true,
                _ => {}
            }
            false
        })
        .map(str::trim)
        .filter(|item| !item.is_empty())
}

/// Scheme and rest, if a challenge begins here: a word that is not the name of a parameter.
fn begins(item: &str) -> Option<(&str, &str)> {
    let end = item
        .find(|character: char| character.is_ascii_whitespace() || character == '=')
        .unwrap_or(item.len());
    let (word, rest) = item.split_at_checked(end)?;
    let rest = rest.trim_start();
    let is_parameter = rest.starts_with('=');
    (!is_parameter && !word.is_empty()).then_some((word, rest))
}

#[cfg(test)]
mod tests;
