//! What no output may repeat, whoever says it: servers put the stream key into their answers, and libraries log them.

use std::borrow::Cow;
use std::sync::RwLock;

use adit_client::Target;

/// Texts to hide, the longest first.
static HIDDEN: RwLock<Vec<String>> = RwLock::new(Vec::new());

/// Words that log lines for machines consist of are no secrets either.
const WORDS: [&str; 4] = ["timestamp", "message", "target", "fields"];

/// From now on what is secret in a target is hidden by [`without`].
pub(super) fn hide(target: &Target) {
    let Ok(mut hidden) = HIDDEN.write() else {
        return;
    };
    for text in target.secrets() {
        if !WORDS.contains(&text) && !hidden.iter().any(|other| other == text) {
            hidden.push(text.to_owned());
        }
    }
    hidden.sort_by_key(|text| std::cmp::Reverse(text.len()));
}

/// The text with `***` where it repeats something hidden.
pub(crate) fn without(text: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(text);
    if let Ok(hidden) = HIDDEN.read() {
        for secret in hidden.iter() {
            if text.contains(secret.as_str()) {
                text = Cow::Owned(text.replace(secret, "***"));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests;
