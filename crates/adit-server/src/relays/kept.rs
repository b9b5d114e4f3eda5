//! Relays that were started by hand, in a file, so that they go on after a restart.
//!
//! ```text
//! { "last": 7, "relays": [ { "id": 3, "direction": "push", "stream": "live/*", "url": "rtmps://…", … } ] }
//! ```
//!
//! There are stream keys and passwords in it, so only its owner may read it, and what is told about it says nothing of what stands there.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use adit_client::network::GivenProxy;
use adit_client::strategy::Strategy;
use adit_net::tls::{Readers, write_whole};
use serde::{Deserialize, Serialize};
use tracing::error;

use super::spec::{Demand, RelayJob, RelaySpec, RelayTrust, RelayWay, place};
use super::state::Relay;
use super::url::RelayUrl;
use crate::limits::relays::RELAYS_FILE;

/// Where relays that are started by hand are kept.
#[derive(Debug, Default)]
pub(super) struct Keeper {
    file: Option<PathBuf>,
    /// Why nothing may be changed.
    closed: Option<&'static str>,
}

/// A relay as it was kept.
pub(super) struct Asked {
    pub(super) id: u64,
    pub(super) job: RelayJob,
    pub(super) url: RelayUrl,
    pub(super) way: RelayWay,
}

/// What was kept.
#[derive(Default)]
pub(super) struct Found {
    /// The highest number that a relay had.
    pub(super) last: u64,
    pub(super) relays: Vec<Asked>,
}

/// Why a file is of no use. Without anything that stands in it.
#[derive(Debug, thiserror::Error)]
enum Damage {
    #[error("{0}")]
    Unreadable(#[from] io::Error),
    #[error("it is longer than {RELAYS_FILE} bytes")]
    TooLong,
    #[error("line {line}, column {column} is not as it should be")]
    Garbled { line: usize, column: usize },
    #[error("relay {0} in it cannot be")]
    Meaningless(u64),
}

/// The file.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    last: u64,
    relays: Vec<KeptRelay>,
}

/// A relay in the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptRelay {
    id: u64,
    direction: Direction,
    stream: String,
    url: String,
    /// None for all the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    on_demand_idle_ms: Option<u64>,
    strategy: Ways,
    proxy: KeptProxy,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ca_pem: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Direction {
    Push,
    Pull,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Ways {
    Standard,
    Classic,
    Reach,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum KeptProxy {
    None,
    System,
}

impl Keeper {
    /// Keeps in this file from now on, and gives what stands there. What cannot be read is set aside. Blocks.
    pub(super) fn open(&mut self, file: PathBuf) -> Found {
        let found = read(&file).unwrap_or_else(|damage| {
            set_aside(&file, &damage);
            Found::default()
        });
        self.file = Some(file);
        found
    }

    /// From now on nothing may be changed.
    pub(super) const fn close(&mut self, why: &'static str) {
        self.closed = Some(why);
    }

    /// It may be again.
    pub(super) const fn reopen(&mut self) {
        self.closed = None;
    }

    /// Why nothing may be changed, if so.
    pub(super) const fn closed(&self) -> Option<&'static str> {
        self.closed
    }

    /// Writes these down in place of what stood there. Blocks.
    ///
    /// # Errors
    /// What stood there still does.
    pub(super) fn write<'a>(
        &self,
        last: u64,
        relays: impl Iterator<Item = &'a Relay>,
    ) -> Result<(), String> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let told = |what: &dyn std::fmt::Display| format!("{}: {what}", file.display());
        let relays: Result<_, _> = relays
            .map(|relay| KeptRelay::new(relay.id, &relay.spec))
            .collect();
        let relays = relays.map_err(|what| told(&what))?;
        let text = serde_json::to_string_pretty(&Kept { last, relays });
        let text = text.map_err(|error| told(&error))?;
        if text.len() > RELAYS_FILE {
            return Err(told(&Damage::TooLong));
        }
        write_whole(file, text.as_bytes(), Readers::Owner).map_err(|error| told(&error))
    }
}

impl KeptRelay {
    /// # Errors
    /// There are no words for it in the file.
    fn new(id: u64, spec: &RelaySpec) -> Result<Self, &'static str> {
        let (direction, stream, on_demand_idle_ms) = match spec.job() {
            RelayJob::Push { streams } => (Direction::Push, streams.to_string(), None),
            RelayJob::Pull { stream, demand } => {
                let idle = match demand {
                    Demand::Always => None,
                    Demand::WhilePlayed { idle } => {
                        Some(u64::try_from(idle.as_millis()).unwrap_or(u64::MAX))
                    }
                };
                (Direction::Pull, place(stream), idle)
            }
        };
        let way = spec.way();
        let ca_pem = match &way.trust {
            RelayTrust::System => None,
            RelayTrust::Pem(text) => Some(text.to_string()),
            RelayTrust::File(_) => return Err(UNSAID),
        };
        Ok(Self {
            id,
            direction,
            stream,
            url: spec.url().target().expose(),
            on_demand_idle_ms,
            strategy: match way.strategy {
                Strategy::Classic => Ways::Classic,
                Strategy::Reach => Ways::Reach,
                _ => Ways::Standard,
            },
            proxy: match way.proxy {
                GivenProxy::System => KeptProxy::System,
                GivenProxy::None => KeptProxy::None,
                _ => return Err(UNSAID),
            },
            ca_pem,
        })
    }

    /// As it is asked for; none if it cannot be.
    fn asked(self) -> Option<Asked> {
        let job = match (self.direction, self.on_demand_idle_ms) {
            (Direction::Push, None) => RelayJob::Push {
                streams: self.stream.parse().ok()?,
            },
            (Direction::Pull, idle) => {
                let demand = idle.map_or(Demand::Always, |idle| Demand::WhilePlayed {
                    idle: Duration::from_millis(idle),
                });
                RelayJob::pull(&self.stream, demand).ok()?
            }
            (Direction::Push, Some(_)) => return None,
        };
        let way = RelayWay {
            strategy: match self.strategy {
                Ways::Standard => Strategy::Standard,
                Ways::Classic => Strategy::Classic,
                Ways::Reach => Strategy::Reach,
            },
            proxy: match self.proxy {
                KeptProxy::None => GivenProxy::None,
                KeptProxy::System => GivenProxy::System,
            },
            trust: self
                .ca_pem
                .map_or(RelayTrust::System, |text| RelayTrust::Pem(text.into())),
        };
        Some(Asked {
            id: self.id,
            job,
            url: self.url.parse().ok()?,
            way,
        })
    }
}

/// What the API does not ask for has no words in the file.
const UNSAID: &str = "a relay with a proxy or a file of certificates of its own is not kept";

fn read(file: &Path) -> Result<Found, Damage> {
    let opened = match File::open(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::default()),
        opened => opened?,
    };
    let mut content = Vec::new();
    let most = u64::try_from(RELAYS_FILE).unwrap_or(u64::MAX);
    opened
        .take(most.saturating_add(1))
        .read_to_end(&mut content)?;
    if content.len() > RELAYS_FILE {
        return Err(Damage::TooLong);
    }
    let kept: Kept = serde_json::from_slice(&content).map_err(|error| Damage::Garbled {
        line: error.line(),
        column: error.column(),
    })?;
    let mut found = Found {
        last: kept.last,
        relays: Vec::new(),
    };
    for relay in kept.relays {
        let id = relay.id;
        let is_new = found.relays.iter().all(|other: &Asked| other.id != id);
        let asked = relay.asked().filter(|_| is_new && id <= kept.last);
        found.relays.push(asked.ok_or(Damage::Meaningless(id))?);
    }
    Ok(found)
}

/// Gives it another name, for a person to look at.
fn set_aside(file: &Path, damage: &Damage) {
    let aside = file.with_extension("json.damaged");
    let (kept, now) = (file.display(), aside.display());
    match fs::rename(file, &aside) {
        Ok(()) => error!(
            "the relays that the API has started cannot be read in {kept}: {damage}; it is {now} now, and none of them begins"
        ),
        Err(error) => error!(
            "the relays that the API has started cannot be read in {kept}: {damage}; none of them begins, and the file cannot be renamed: {error}"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use adit_client::network::TlsClient;
    use std::os::unix::fs::PermissionsExt as _;
    use tempfile::TempDir;
    use tokio_util::sync::CancellationToken;

    use super::super::reach::RelayOrigin;

    fn relay(id: u64, job: RelayJob, url: &str, way: RelayWay) -> Relay {
        let tls = TlsClient::system().unwrap();
        let whose = (RelayOrigin::Api, Vec::new());
        let spec = RelaySpec::new(job, url.parse().unwrap(), (way, tls), whose).unwrap();
        Relay::new(id, RelayOrigin::Api, spec, CancellationToken::new())
    }

    fn all() -> Vec<Relay> {
        let push = |streams: &str| RelayJob::Push {
            streams: streams.parse().unwrap(),
        };
        let pull = |demand| RelayJob::pull("live/room/a/b", demand).unwrap();
        let way = |strategy, proxy, trust| RelayWay {
            strategy,
            proxy,
            trust,
        };
        let idle = Duration::from_millis(1500);
        let own = RelayTrust::Pem("-----BEGIN\n\"".into());
        let (none, system) = (GivenProxy::None, GivenProxy::System);
        vec![
            relay(
                1,
                push("live/*"),
                "rtmps://me:pass%20word@far/app/key-{stream}?token=a%20b",
                way(Strategy::Standard, none, own),
            ),
            relay(
                4,
                pull(Demand::Always),
                "rtmpt://far:8080",
                way(Strategy::Classic, system.clone(), RelayTrust::System),
            ),
            relay(
                9,
                pull(Demand::WhilePlayed { idle }),
                "rtmp://far/in//{app}/{stream}",
                way(Strategy::Reach, system, RelayTrust::System),
            ),
        ]
    }

    fn written(folder: &TempDir, last: u64, relays: &[Relay]) -> PathBuf {
        let file = folder.path().join("state/relays.json");
        let mut keeper = Keeper::default();
        assert!(keeper.open(file.clone()).relays.is_empty());
        keeper.write(last, relays.iter()).unwrap();
        file
    }

    #[test]
    fn what_is_kept_is_found_again_and_only_its_owner_may_read_it() {
        let folder = TempDir::new().unwrap();
        let relays = all();
        let file = written(&folder, 11, &relays);
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let found = Keeper::default().open(file);
        assert_eq!((found.last, found.relays.len()), (11, relays.len()));
        for (relay, asked) in relays.iter().zip(&found.relays) {
            assert_eq!(asked.id, relay.id);
            assert_eq!(&asked.job, relay.spec.job());
            assert_eq!(&asked.way, relay.spec.way());
            assert_eq!(
                asked.url.target().expose(),
                relay.spec.url().target().expose()
            );
        }
    }

    #[test]
    fn what_cannot_be_read_is_set_aside_and_told_without_what_stands_there() {
        let folder = TempDir::new().unwrap();
        let file = written(&folder, 11, &all());
        let whole = fs::read_to_string(&file).unwrap();
        for damaged in [
            String::new(),
            whole[..whole.len() / 2].to_owned(),
            whole.replace("\"stream\"", "\"streams\""),
            whole.replace("\"rtmpt://far:8080", "7, \"x\": \"rtmpt://far:8080"),
            whole.replace("rtmpt://far:8080", "http://far:8080"),
            whole.replace("live/room/a/b", "live"),
            whole.replace("\"id\": 4", "\"id\": 1"),
            whole.replace("\"last\": 11", "\"last\": 8"),
            whole.replace("\"push\"", "\"hunter2\""),
        ] {
            assert_ne!(damaged, whole);
            fs::write(&file, &damaged).unwrap();
            let told = read(&file).err().expect("it is damaged").to_string();
            for secret in ["pass", "token", "key-", "hunter2", "far"] {
                assert!(!told.contains(secret), "{told}");
            }
            assert!(Keeper::default().open(file.clone()).relays.is_empty());
            let aside = folder.path().join("state/relays.json.damaged");
            assert!(!file.exists());
            assert_eq!(fs::read_to_string(aside).unwrap(), damaged);
        }
        fs::create_dir(&file).unwrap();
        assert!(matches!(read(&file), Err(Damage::Unreadable(_))));
    }

    #[test]
    fn a_file_of_relays_is_as_long_as_the_limit_says_and_not_longer() {
        let folder = TempDir::new().unwrap();
        let file = written(&folder, 11, &all());
        let whole = fs::read_to_string(&file).unwrap();
        let space = " ".repeat(RELAYS_FILE - whole.len());
        fs::write(&file, format!("{whole}{space}")).unwrap();
        assert_eq!(read(&file).unwrap().relays.len(), 3);
        fs::write(&file, format!("{whole}{space} ")).unwrap();
        assert!(matches!(read(&file), Err(Damage::TooLong)));
        let way = RelayWay {
            trust: RelayTrust::Pem("x".repeat(RELAYS_FILE).into()),
            ..RelayWay::default()
        };
        let job = RelayJob::pull("live/x", Demand::Always).unwrap();
        let long = relay(1, job, "rtmp://far", way);
        let mut keeper = Keeper::default();
        keeper.open(file.clone());
        let told = keeper.write(1, [&long].into_iter()).unwrap_err();
        assert!(told.contains("longer than"), "{told}");
        assert!(!file.exists(), "nothing is written");
    }
}
