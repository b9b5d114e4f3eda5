//! Keys that do not go together.

mod apps;

use adit_server::ServerConfig;
use adit_server::relays::{RelayOrigin, RelaySpec};

use super::Config;
use super::path::KeyPath;
use super::relays::Direction;

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
    let others = memory(config).into_iter().chain(opentelemetry(config));
    let others = others.chain(parts(config));
    let relays = relays(config).into_iter().chain(too_many_relays(config));
    let others = others.chain(relays).chain(apps::check(config));
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
        .chain(others)
        .collect()
}

/// A shortage of memory that would begin after the next one.
fn memory(config: &Config) -> Option<Conflict> {
    let usual = ServerConfig::default().limits.memory;
    let mut server = ServerConfig::default();
    config.limits.apply(&mut server);
    let memory = server.limits.memory;
    let levels = [
        ("soft", memory.soft, usual.soft),
        ("hard", memory.hard, usual.hard),
        ("shed", memory.shed, usual.shed),
    ];
    let [(lower, from, _), (higher, to, unset)] = *levels
        .array_windows()
        .find(|[(_, from, _), (_, to, _)]| from > to)?;
    // The one that somebody has set.
    let wrong = if to == unset { lower } else { higher };
    let table = KeyPath::read("limits.mem");
    Some(Conflict {
        path: table.join(wrong),
        what: format!("limits.mem.{higher} is {to}, below limits.mem.{lower}, which is {from}"),
        label: "set here",
        help: format!("{higher} has to be at least as much as {lower}"),
    })
}

/// A part that would be longer than the segment that it is a piece of.
fn parts(config: &Config) -> Option<Conflict> {
    let (part, segment) = (&config.hls.part, &config.hls.segment);
    (part.0 > segment.0).then(|| Conflict {
        path: KeyPath::read("hls.part"),
        what: format!("hls.part is {part}, longer than hls.segment, which is {segment}"),
        label: "set here",
        help: "segments are made of parts: hls.part has to be hls.segment at most".to_owned(),
    })
}

/// What only other builds do.
fn opentelemetry(config: &Config) -> Option<Conflict> {
    let key = config.log.opentelemetry.first_set();
    let key = key.filter(|_| !cfg!(feature = "otel"))?;
    Some(Conflict {
        path: KeyPath::read(key),
        what: format!("{key} is set, and this program was built without OpenTelemetry"),
        label: "set here",
        help: "build it with --features otel, or take the section log.opentelemetry out".to_owned(),
    })
}

/// The first relay that is one too many.
fn too_many_relays(config: &Config) -> Option<Conflict> {
    let mut server = ServerConfig::default();
    config.limits.apply(&mut server);
    let total = server.limits.relays.total;
    let all = config.apps.iter().flat_map(|(name, app)| {
        let places = 0..app.relays.len();
        places.map(move |place| (name, place))
    });
    let count = all.clone().count();
    let (name, place) = all.into_iter().nth(total)?;
    let table = KeyPath::read("apps").join(name).join("relays");
    Some(Conflict {
        path: table.join(&place.to_string()).join("stream"),
        what: format!("there are {count} relays, and limits.relay.total allows {total}"),
        label: "the first relay that is too many",
        help: "take some out, or raise limits.relay.total".to_owned(),
    })
}

/// Relays that cannot be.
fn relays(config: &Config) -> Vec<Conflict> {
    let networks: Vec<_> = config.server.relay_networks.iter().map(|it| it.0).collect();
    let mut conflicts = Vec::new();
    for (name, app) in &config.apps {
        for (place, relay) in app.relays.iter().enumerate() {
            let table = KeyPath::read("apps").join(name).join("relays");
            let table = table.join(&place.to_string());
            let (key, what) = match relay.job(name) {
                _ if relay.on_demand && relay.direction == Direction::Push => {
                    let what = "a relay that pushes goes on while its stream is published: on_demand is for those that pull";
                    ("on_demand", what.to_owned())
                }
                Err(what) => ("stream", what),
                Ok(job) => {
                    let whose = (RelayOrigin::Configuration, networks.as_slice());
                    match RelaySpec::check(&job, relay.url.url(), whose) {
                        Err(refused) => ("url", refused.to_string()),
                        Ok(()) => continue,
                    }
                }
            };
            conflicts.push(Conflict {
                path: table.join(key),
                what,
                label: "here",
                help: "docs/relays.md shows what a relay may be".to_owned(),
            });
        }
    }
    conflicts
}
