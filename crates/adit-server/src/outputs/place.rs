//! From the path of a URL to the streams that it may mean.

use std::fmt;

use adit_broker::StreamKey;
use adit_rtmp::command::DEFAULT_INSTANCE;
use percent_encoding::percent_decode_str;

use crate::limits::outputs::{PATH_BYTES, PATH_PARTS};

/// The parts of a path, each decoded once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Places(Vec<String>);

impl fmt::Display for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("/"))
    }
}

/// One way to read a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) application: String,
    pub(super) instance: String,
    pub(super) name: String,
}

/// Where a stream is, on its virtual host.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) key: StreamKey,
}

impl Places {
    /// Reads `/APP[/INSTANCE]/STREAM`, without what ends the file name. `None` for what no stream can be called: empty parts, dots
    /// alone, control characters, text that is not UTF-8, too much of it.
    pub(super) fn parse(path: &str) -> Option<Self> {
        let path = path.strip_prefix('/')?;
        if path.len() > PATH_BYTES {
            return None;
        }
        let parts: Option<Vec<String>> = path.split('/').map(part).collect();
        parts.filter(|parts| parts.len() <= PATH_PARTS).map(Self)
    }

    /// What the path may mean, likeliest first: names of streams and of instances may have slashes, and nothing in the path says
    /// where one ends.
    ///
    /// ```text
    /// /a          stream a of the application without a name
    /// /a/b        stream b of a
    /// /a/b/c      stream c of instance b of a; or stream b/c of a
    /// /a/b/c/d    stream d of instance b/c; or c/d of b; or b/c/d of a
    /// ```
    pub(super) fn candidates(&self) -> impl Iterator<Item = Parts> {
        let (application, rest) = match self.0.as_slice() {
            [name] => ("", std::slice::from_ref(name)),
            [application, rest @ ..] => (application.as_str(), rest),
            [] => ("", [].as_slice()),
        };
        (0..rest.len()).rev().filter_map(move |instance| {
            let (instance, name) = rest.split_at_checked(instance)?;
            let instance = match instance {
                [] => DEFAULT_INSTANCE.to_owned(),
                parts => parts.join("/"),
            };
            Some(Parts {
                application: application.to_owned(),
                instance,
                name: name.join("/"),
            })
        })
    }
}

fn part(part: &str) -> Option<String> {
    let part = percent_decode_str(part).decode_utf8().ok()?;
    let is_name = !matches!(part.as_ref(), "" | "." | "..") && !part.chars().any(char::is_control);
    is_name.then(|| part.into_owned())
}

impl Place {
    pub(super) fn new(vhost: &str, parts: &Parts) -> Option<Self> {
        let key = StreamKey::new(vhost, &parts.application, &parts.instance, &parts.name).ok()?;
        Some(Self { key })
    }

    /// The stream of this name beside it.
    pub(super) fn named(&self, name: &str) -> Option<Self> {
        let key = &self.key;
        let key = StreamKey::new(key.vhost(), key.application(), key.instance(), name).ok()?;
        Some(Self { key })
    }
}

#[cfg(test)]
mod tests;
