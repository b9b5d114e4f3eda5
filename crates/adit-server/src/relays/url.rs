//! The far end of a relay, for one stream or for many.

use std::fmt;
use std::str::FromStr;

use adit_broker::StreamKey;
use adit_client::{AddressError, Target};
use adit_rtmp::command::DEFAULT_INSTANCE;

/// The address of a far server, in which `{app}`, `{instance}` and `{stream}` stand for the names that a stream has here.
///
/// What it leaves open is as it is here: without a stream each goes by its own name, and without an application the application, too, is
/// the same. Whatever may be secret in it is shown by neither `Debug` nor `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct RelayUrl(Target);

/// Why a text is not the address of a far server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadRelayUrl {
    /// It is no such address.
    #[error("{0}")]
    Address(#[from] AddressError),
    /// Something stands in braces that means nothing.
    #[error("in braces there are only {{app}}, {{instance}} and {{stream}}")]
    Placeholder,
}

impl RelayUrl {
    /// The address, in which names may be still to be filled in.
    pub(super) const fn target(&self) -> &Target {
        &self.0
    }

    /// The far server, in which nothing is left open.
    pub(super) fn host(&self) -> String {
        self.0.host().to_string()
    }

    /// Whether every stream goes by a name of its own.
    pub fn tells_streams_apart(&self) -> bool {
        !self.0.has_stream() || self.0.stream_argument().expose().contains("{stream}")
    }

    /// The far end of one stream. Names are put in as they are, and never become more than what they stand for.
    pub(super) fn of(&self, key: &StreamKey) -> Result<Target, AddressError> {
        let given = &self.0;
        let has_app = !given.app().is_empty() || given.app_query().is_some();
        let app = match (has_app, key.instance()) {
            (true, _) => fill(&given.app_argument(), key),
            (false, DEFAULT_INSTANCE) => key.application().to_owned(),
            (false, instance) => format!("{}/{instance}", key.application()),
        };
        let name = if given.has_stream() {
            fill(given.stream_argument().expose(), key)
        } else {
            key.name().to_owned()
        };
        let port = given.port().map(|port| format!(":{port}"));
        let server = format!(
            "{}://{}{}/{app}",
            given.scheme(),
            given.host().in_url(),
            port.unwrap_or_default()
        );
        let target = Target::from_server_and_key(&server, &name)?;
        Ok(target.with_credentials(given.credentials().cloned()))
    }
}

impl FromStr for RelayUrl {
    type Err = BadRelayUrl;

    fn from_str(text: &str) -> Result<Self, BadRelayUrl> {
        let target = Target::parse(text)?;
        let places = [
            target.app_argument(),
            target.stream_argument().expose().to_owned(),
        ];
        let is_known = |word: &str| KNOWN.contains(&word);
        if places.iter().all(|text| words(text).all(is_known)) {
            Ok(Self(target))
        } else {
            Err(BadRelayUrl::Placeholder)
        }
    }
}

impl fmt::Display for RelayUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for RelayUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RelayUrl({})", self.0)
    }
}

/// What stands in braces.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let behind = text.split('{').skip(1);
    behind.map(|behind| behind.split_once('}').map_or("", |(word, _)| word))
}

/// Puts in the names of a stream, each once: what is put in is not looked at again.
fn fill(text: &str, key: &StreamKey) -> String {
    let mut pieces = text.split('{');
    let mut filled = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (word, rest) = piece.split_once('}').unwrap_or((piece, ""));
        filled.push_str(match word {
            "app" => key.application(),
            "instance" => key.instance(),
            _ => key.name(),
        });
        filled.push_str(rest);
    }
    filled
}

/// What may stand in braces.
const KNOWN: [&str; 3] = ["app", "instance", "stream"];

#[cfg(test)]
mod tests {
    use super::*;

    fn key(application: &str, instance: &str, name: &str) -> StreamKey {
        StreamKey::new("", application, instance, name).unwrap()
    }

    #[track_caller]
    fn check(url: &str, key: &StreamKey, expected: &str) {
        let url: RelayUrl = url.parse().unwrap();
        assert_eq!(url.of(key).unwrap().expose(), expected);
    }

    #[test]
    fn what_an_address_leaves_open_is_as_it_is_here() {
        let cam = key("live", DEFAULT_INSTANCE, "cam");
        check("rtmp://far", &cam, "rtmp://far/live/cam");
        check("rtmp://far:1936/app", &cam, "rtmp://far:1936/app/cam");
        check("rtmps://far/app/key?t=1", &cam, "rtmps://far/app/key?t=1");
        let room = key("live", "room", "cam");
        check("rtmp://far", &room, "rtmp://far/live/room/cam");
    }

    #[test]
    fn names_are_filled_in_and_credentials_are_kept() {
        let room = key("live", "room", "cam");
        check(
            "rtmp://me:secret@far/{app}-x/{stream}?from={instance}",
            &room,
            "rtmp://me:secret@far/live-x/cam?from=room",
        );
        check(
            "rtmp://far/in//{app}/{stream}",
            &room,
            "rtmp://far/in//live/cam",
        );
    }

    #[test]
    fn a_name_with_slashes_and_braces_stays_a_name() {
        let url: RelayUrl = "rtmp://far/app/{stream}".parse().unwrap();
        let target = url.of(&key("live", DEFAULT_INSTANCE, "a/{app}/b")).unwrap();
        assert_eq!((target.app(), target.name().expose()), ("app", "a/{app}/b"));
        let url: RelayUrl = "rtmp://far/app".parse().unwrap();
        let target = url.of(&key("live", DEFAULT_INSTANCE, "x/y/z")).unwrap();
        assert_eq!((target.app(), target.name().expose()), ("app", "x/y/z"));
        assert_eq!(target.host().to_string(), "far");
    }

    #[test]
    fn other_schemes_and_other_words_in_braces_are_refused() {
        for wrong in [
            "http://far/live/cam",
            "file:///etc/passwd",
            "gopher://far/",
            "far/live",
            "rtmp://{app}/live",
            "",
        ] {
            let refused = wrong.parse::<RelayUrl>();
            assert!(
                matches!(refused, Err(BadRelayUrl::Address(_))),
                "{wrong}: {refused:?}"
            );
        }
        for wrong in [
            "rtmp://far/{name}/x",
            "rtmp://far/live/{stream",
            "rtmp://far/live/{}",
        ] {
            assert_eq!(
                wrong.parse::<RelayUrl>(),
                Err(BadRelayUrl::Placeholder),
                "{wrong}"
            );
        }
    }

    #[test]
    fn an_address_is_shown_without_its_secrets() {
        let url: RelayUrl = "rtmp://me:hunter22@far/app/streamkey99?token=abcdef1"
            .parse()
            .unwrap();
        let shown = format!("{url} {url:?}");
        for secret in ["me:", "hunter22", "streamkey99", "abcdef1"] {
            assert!(!shown.contains(secret), "{shown}");
        }
        assert!(shown.contains("rtmp://***@far/app/***"), "{shown}");
    }

    #[test]
    fn one_name_for_many_streams_is_told_from_a_name_for_each() {
        for (url, apart) in [
            ("rtmp://far", true),
            ("rtmp://far/app", true),
            ("rtmp://far/app/{stream}", true),
            ("rtmp://far/app/x", false),
        ] {
            let url: RelayUrl = url.parse().unwrap();
            assert_eq!(url.tells_streams_apart(), apart, "{url}");
        }
    }
}
