//! Names with `*` in them.

use std::fmt;
use std::str::FromStr;

use crate::limits::PATTERN_BYTES;

/// A name in which `*` stands for any text, slashes and no text included.
///
/// Where it stands for an application, one with a slash is compared with `application/instance`, and one without with the application
/// in whatever instance.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pattern(Box<str>);

/// A pattern that is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a pattern of {len} bytes is longer than {PATTERN_BYTES}")]
pub struct PatternTooLong {
    len: usize,
}

impl Pattern {
    /// Every name.
    pub fn any() -> Self {
        Self("*".into())
    }

    /// The pattern itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a name is one of those meant.
    pub fn matches(&self, name: &str) -> bool {
        matches(self.0.as_bytes(), name.as_bytes())
    }

    /// Whether an application is one of those meant.
    pub(super) fn matches_application(&self, application: &str, instance: &str) -> bool {
        if self.0.contains('/') {
            self.matches(&format!("{application}/{instance}"))
        } else {
            self.matches(application)
        }
    }

    /// Whether `text` is a pattern that stands for that very text, and as an application for one in whatever instance.
    pub fn is_plain(text: &str) -> bool {
        !text.contains(['*', '/']) && text.len() <= PATTERN_BYTES
    }

    pub(super) fn is_any(&self) -> bool {
        &*self.0 == "*"
    }

    pub(super) fn is_name(&self) -> bool {
        !self.0.contains('*')
    }
}

impl Default for Pattern {
    fn default() -> Self {
        Self::any()
    }
}

impl FromStr for Pattern {
    type Err = PatternTooLong;

    fn from_str(text: &str) -> Result<Self, PatternTooLong> {
        if text.len() > PATTERN_BYTES {
            return Err(PatternTooLong { len: text.len() });
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Each part between two stars is looked for once, the first place where it stands being as good as any later one.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let mut parts = pattern.split(|byte| *byte == b'*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else {
        return false;
    };
    let Some(last) = parts.next_back() else {
        // There is no star.
        return rest.is_empty();
    };
    let Some(middle) = rest.strip_suffix(last) else {
        return false;
    };
    rest = middle;
    for part in parts.filter(|part| !part.is_empty()) {
        let Some(at) = rest.windows(part.len()).position(|window| window == part) else {
            return false;
        };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    true
}

#[cfg(test)]
mod tests;
