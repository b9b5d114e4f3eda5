//! What an application cannot be.

use adit_server::ServerConfig;
use adit_server::access::Pattern;

use super::Conflict;
use crate::cli::AppKind;
use crate::config::Config;
use crate::config::access::{Access, Who};
use crate::config::path::KeyPath;
use crate::config::tunnel::AppTunnel;

/// Everything in the sections of applications that contradicts itself, or what stands elsewhere.
pub(super) fn check(config: &Config) -> Vec<Conflict> {
    let mut conflicts = Vec::new();
    for (name, app) in &config.apps {
        let table = KeyPath::read("apps").join(name);
        if !Pattern::is_plain(name) {
            conflicts.push(bad_name(table.clone(), name));
        }
        let publish = app.publish.filter(|_| app.kind == AppKind::Vod);
        if publish.is_some_and(|who| who != Who::Nobody) {
            conflicts.push(Conflict {
                path: table.join("publish"),
                what: format!("{table} only plays recordings: nothing is published to it"),
                label: "set here",
                help: format!("take it out, or set {table}.kind = \"live\""),
            });
        }
        if app.kind == AppKind::Vod && app.codecs.rules().is_some() {
            let key = if app.codecs.video.is_some() {
                "video"
            } else {
                "audio"
            };
            conflicts.push(Conflict {
                path: table.join("codecs").join(key),
                what: format!("{table} only plays recordings: nothing is published to it"),
                label: "set here",
                help: format!("take it out, or set {table}.kind = \"live\""),
            });
        }
        if app.publish == Some(Who::Nobody) && app.keys.is_some() && config.access.rules.is_empty()
        {
            conflicts.push(Conflict {
                path: table.join("keys"),
                what: format!(
                    "{table}.keys gives out keys to publish, and {table}.publish lets nobody"
                ),
                label: "set here",
                help: format!("set {table}.publish = \"key\""),
            });
        }
        conflicts.extend(unplayable(config, &table, app.play));
        conflicts.extend(pauses(config, &table, &app.tunnel));
    }
    let table = KeyPath::read("limits.rtmpt");
    conflicts.extend(pauses(config, &table, &AppTunnel::default()));
    let all = unplayable(config, &KeyPath::read("access"), Some(config.access.play));
    conflicts.extend(all);
    conflicts
}

/// A name that rules could not tell from others.
fn bad_name(path: KeyPath, name: &str) -> Conflict {
    let help = if name.contains('/') {
        "what stands behind a slash is an instance: [[access.rules]] has app = \"live/room\""
    } else if name.contains('*') {
        "a section is about one application; [access] is about all, and [[access.rules]] has app = \"live*\""
    } else {
        "shorten it"
    };
    Conflict {
        path,
        what: format!("{name:?} is no name of an application"),
        label: "here",
        help: help.to_owned(),
    }
}

/// To play takes a proof of which there is no kind: stream keys are to publish with.
fn unplayable(config: &Config, table: &KeyPath, play: Option<Who>) -> Option<Conflict> {
    let Access {
        tokens,
        signing_secrets,
        ..
    } = &config.access;
    let has_tokens =
        tokens.secret.is_some() || tokens.public_key.is_some() || tokens.key_set.is_some();
    let has_any = has_tokens || !signing_secrets.is_empty() || config.encoders.users.is_some();
    (play == Some(Who::Key) && !has_any).then(|| Conflict {
        path: table.join("play"),
        what: format!("{table}.play asks for a token, a signed address or a login, and none can be right: there is nothing to check them by"),
        label: "set here",
        help: "set access.signing_secrets, access.tokens or encoders.users; \"nobody\" is a word too".to_owned(),
    })
}

/// A pause that is to grow to less than it begins with.
fn pauses(config: &Config, table: &KeyPath, own: &AppTunnel) -> Option<Conflict> {
    let mut usual = ServerConfig::default();
    config.limits.apply(&mut usual);
    let usual = usual.net.tunnel.poll;
    let pace = own.pace();
    let (min, max) = (pace.min.unwrap_or(usual.min), pace.max.unwrap_or(usual.max));
    let is_own = table.0.first().is_some_and(|first| first == "apps");
    let is_said_here = !is_own || own.poll_min.is_some() || own.poll_max.is_some();
    (max < min && is_said_here).then(|| {
        let table = if is_own { table.join("tunnel") } else { table.clone() };
        let key = if is_own && own.poll_max.is_none() { "poll_min" } else { "poll_max" };
        Conflict {
            path: table.join(key),
            what: format!(
                "{table}: poll_max, the longest pause, is {:?}, and poll_min, the shortest, is {:?}",
                max.pause(),
                min.pause()
            ),
            label: "set here",
            help: "make poll_max the longer one".to_owned(),
        }
    })
}
