//! Keys that do not go together.

use super::Config;
use super::path::KeyPath;

/// Two keys that contradict each other.
#[derive(Debug)]
pub(crate) struct Conflict {
    /// The one that is pointed at.
    pub(crate) path: KeyPath,
    /// What is wrong.
    pub(crate) what: String,
    /// What stands under the caret.
    pub(crate) label: &'static str,
    /// What to do.
    pub(crate) help: String,
}

/// Everything in a configuration that contradicts itself.
pub(crate) fn check(config: &Config) -> Vec<Conflict> {
    let tls = &config.tls;
    let needs = [
        ("tls.cert", tls.cert.is_some(), "tls.key", tls.key.is_some()),
        ("tls.key", tls.key.is_some(), "tls.cert", tls.cert.is_some()),
        (
            "recording.all",
            config.recording.all,
            "server.media",
            config.server.media.is_some(),
        ),
    ];
    #[cfg(feature = "acme")]
    if tls.cert.is_some() && !tls.acme.names.is_empty() {
        return vec![Conflict {
            path: KeyPath::read("tls.acme.names"),
            what: "there are two certificates: tls.cert, and the one that tls.acme.names asks for"
                .to_owned(),
            label: "set here",
            help: "keep one of them".to_owned(),
        }];
    }
    let broken = needs
        .into_iter()
        .filter(|(_, is_set, _, has_other)| *is_set && !has_other);
    broken
        .map(|(key, _, other, _)| Conflict {
            path: KeyPath::read(key),
            what: format!("{key} is set without {other}"),
            label: "set here",
            help: match super::flags::of(other) {
                Some(flag) => format!("set {other} too, or {flag}"),
                None => format!("set {other} too"),
            },
        })
        .collect()
}
