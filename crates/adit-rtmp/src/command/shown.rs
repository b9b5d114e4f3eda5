//! Debug output that gives no secrets away.

use std::fmt;

use adit_amf::{Text, amf0::Value};

/// Values as they may be logged: numbers as they are, of texts and containers only what they are.
///
/// Arguments of commands hold stream keys, tokens and passwords.
pub(super) struct Values<'a>(pub(super) &'a [Value]);

impl fmt::Debug for Values<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(One)).finish()
    }
}

struct One<'a>(&'a Value);

impl fmt::Debug for One<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Number(_) | Value::Boolean(_) | Value::Null | Value::Undefined => self.0.fmt(f),
            other => match other.as_text() {
                Some(text) => write!(f, "String({} bytes)", text.len()),
                None => f.write_str("Other(..)"),
            },
        }
    }
}

/// A name or path without its query.
pub(super) fn without_query(text: &Text) -> String {
    let (path, _) = text.split_once('?').unwrap_or((text.as_str(), ""));
    path.into()
}

/// A URL without query, user and password.
pub(super) fn without_secrets(url: &Text) -> String {
    let url = without_query(url);
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), url.as_str()),
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    match authority.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}..@{host}{path}"),
        None => url,
    }
}
