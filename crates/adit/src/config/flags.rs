//! Which flag of `adit serve` sets which key.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::ValueEnum;
use toml::Value;

use super::path::KeyPath;
use super::units;
use crate::cli;

/// A key, the flag that sets it, and what it was given, if it was.
type Flag = (&'static str, &'static str, fn(&cli::Serve) -> Option<Value>);

const FLAGS: &[Flag] = &[
    ("api.listen", "--api", |serve| {
        Some(Value::String(serve.own.api?.to_string()))
    }),
    ("server.listen", "--listen", |serve| list(&serve.listen)),
    ("server.state_dir", "--state-dir", |serve| {
        path(serve.own.state_dir.as_ref())
    }),
    ("server.trust_proxy", "--trust-proxy", |serve| {
        list(&serve.trust_proxy)
    }),
    ("server.threads", "--threads", |serve| {
        Some(Value::Integer(serve.own.threads?.into()))
    }),
    ("server.latency", "--latency", |serve| word(serve.latency)),
    ("server.unknown_apps", "--unknown-apps", |serve| {
        word(serve.content.unknown_apps)
    }),
    ("server.drain_timeout", "--drain-timeout", |serve| {
        let timeout = units::Span(serve.own.drain_timeout?);
        Some(Value::String(timeout.to_string()))
    }),
    ("server.takeover", "--takeover", |serve| {
        serve.own.takeover.then_some(Value::Boolean(true))
    }),
    ("server.media", "--media", |serve| {
        path(serve.recording.media.as_ref())
    }),
    ("tls.cert", "--cert", |serve| {
        path(serve.certificate.cert.as_ref())
    }),
    ("tls.key", "--key", |serve| {
        path(serve.certificate.key.as_ref())
    }),
    #[cfg(feature = "acme")]
    ("tls.acme.names", "--acme", |serve| {
        list(&serve.certificate.acme)
    }),
    ("log.format", "--log", |serve| word(serve.log)),
    ("encoders.users", "--encoder-users", |serve| {
        path(serve.access.encoder_users.as_ref())
    }),
    ("encoders.auth", "--encoder-auth", |serve| {
        word(serve.access.encoder_auth)
    }),
    ("access.publish", "--publish", |serve| {
        word(serve.access.publish)
    }),
    ("access.play", "--play", |serve| word(serve.access.play)),
    ("access.keys", "--stream-keys", |serve| {
        path(serve.access.stream_keys.as_ref())
    }),
    ("objects.file", "--objects", |serve| {
        path(serve.own.objects.as_ref())
    }),
    ("recording.all", "--record", |serve| {
        serve.recording.record.then_some(Value::Boolean(true))
    }),
    ("recording.sync", "--record-sync", |serve| {
        let sync = serve.recording.record_sync?;
        Some(Value::String(units::Sync(sync).to_string()))
    }),
];

/// The flag that sets a key.
pub(crate) fn of(key: &str) -> Option<&'static str> {
    if key == "apps.NAME.kind" {
        return Some("--app");
    }
    let mut flags = FLAGS.iter();
    flags
        .find(|(name, ..)| *name == key)
        .map(|(_, flag, _)| *flag)
}

/// What the flags set, and which flag did.
pub(crate) fn given(serve: &cli::Serve) -> Vec<(KeyPath, Value, &'static str)> {
    let plain = FLAGS
        .iter()
        .filter_map(|(key, flag, value)| Some((KeyPath::read(key), value(serve)?, *flag)));
    let apps = serve.content.app.iter().filter_map(|app| {
        let path = KeyPath::read("apps").join(&app.name).join("kind");
        Some((path, word(Some(app.kind))?, "--app"))
    });
    plain.chain(apps).collect()
}

/// The same of a command that is about a server.
pub(crate) fn of_installation(
    installation: &cli::Installation,
) -> Vec<(KeyPath, Value, &'static str)> {
    let state_dir = path(installation.state_dir.as_ref());
    let given = state_dir.map(|value| (KeyPath::read("server.state_dir"), value, "--state-dir"));
    given.into_iter().collect()
}

/// What `--api` sets, of a command that is about a server.
pub(crate) fn api(address: Option<SocketAddr>) -> Option<(KeyPath, Value, &'static str)> {
    let value = Value::String(address?.to_string());
    Some((KeyPath::read("api.listen"), value, "--api"))
}

fn list<T: ToString>(items: &[T]) -> Option<Value> {
    let texts = items.iter().map(|item| Value::String(item.to_string()));
    (!items.is_empty()).then(|| Value::Array(texts.collect()))
}

fn path(path: Option<&PathBuf>) -> Option<Value> {
    let path = path?;
    Some(Value::String(path.display().to_string()))
}

fn word<T: ValueEnum>(value: Option<T>) -> Option<Value> {
    let word = value?.to_possible_value()?;
    Some(Value::String(word.get_name().to_owned()))
}
