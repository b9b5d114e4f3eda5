//! Reading the configuration again: when its file changes, at SIGHUP, and when the API asks. Whole or not at all.

use std::collections::BTreeMap;
use std::fs;
use std::mem;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use adit_server::api::{GuestList, Guests};
use adit_server::control::{Control, Reloaded};
use adit_server::relays::RelaySpec;
use adit_server::{FileWatch, ServerConfig, TlsError};
use tokio::signal::unix::Signal;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::keeper::{self, Keeper, Other};
use super::{ServeError, api, certificate, plan, relays};
use crate::config::{Config, Difference, Effective, Mistakes, Sources, load};
use crate::log::Log;
use crate::ui;

/// Reads the same sources again as at the start.
pub(super) struct Reloader {
    sources: Sources,
    /// What the server goes by. Of keys that need a restart it is what it has started with.
    running: Mutex<Config>,
    /// What its files held then, so that no change is missed while the server starts.
    at_start: Files,
    parts: Parts,
}

/// What changes beside the server itself.
pub(super) struct Parts {
    pub(super) log: Log,
    /// None without an API.
    pub(super) guests: Option<GuestList>,
    pub(super) keeper: Arc<Keeper>,
}

/// Everything that a configuration asks for, opened and checked, and nothing of it done.
struct Planned {
    server: ServerConfig,
    relays: Vec<RelaySpec>,
    certificate: Other,
    guests: Option<Guests>,
}

impl Reloader {
    /// For the API too.
    pub(super) fn new(
        control: &Control,
        sources: Sources,
        running: Config,
        parts: Parts,
    ) -> Arc<Self> {
        let mut reloader = Self {
            sources,
            running: Mutex::new(running),
            at_start: Files::new(),
            parts,
        };
        reloader.at_start = reloader.files();
        let reloader = Arc::new(reloader);
        let asked = Arc::clone(&reloader);
        control.on_reload(move |control| asked.reload(control));
        reloader
    }

    /// Has the server go by what the sources say now.
    ///
    /// # Errors
    /// What is wrong with them; nothing has changed then.
    pub(super) fn reload(&self, control: &Control) -> Result<Reloaded, String> {
        // One reload after the other, so that the newest wins.
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let effective = load(&self.sources).map_err(|mistakes| refused(&mistakes))?;
        let Difference {
            changed,
            needs_restart,
            taken_over,
        } = Difference::between(&running, &effective.config);
        let planned = self.plan(&running, &taken_over, &effective)?;
        self.go_by(planned, &taken_over, control);
        *running = taken_over;
        tracing::info!(changed = %listed(&changed), "the configuration was read again");
        if !needs_restart.is_empty() {
            tracing::warn!(keys = %listed(&needs_restart), "these take effect when the server starts again");
        }
        Ok(Reloaded {
            changed,
            needs_restart,
        })
    }

    /// All that can go wrong.
    fn plan(
        &self,
        running: &Config,
        asked: &Config,
        effective: &Effective,
    ) -> Result<Planned, String> {
        let mut server = ServerConfig::default();
        let planned = plan::apply(asked, &mut server)
            .and_then(|()| relays::read(asked).map_err(ServeError::from));
        let relays = planned.map_err(|error| {
            tracing::error!(%error, "the configuration was not taken over; nothing has changed");
            error.to_string()
        })?;
        let certificate = self.parts.keeper.look(running, asked);
        let certificate = certificate.map_err(|error| {
            let key = keeper::key_of(&error, asked);
            let help = match &error {
                TlsError::Content { path, what } => certificate::remedy(path, what),
                _ => None,
            };
            refused(&effective.refuse(key, &error.to_string(), help))
        })?;
        let guests = self.parts.guests.as_ref().map(|_| {
            let guests = api::guests(&asked.api, &plan::state_directory(asked));
            guests.map(|(guests, _)| guests)
        });
        let guests = guests.transpose().map_err(|error| {
            let help = Some(api::token_remedy(&error));
            refused(&effective.refuse("api.token", &error.to_string(), help))
        })?;
        Ok(Planned {
            server,
            relays,
            certificate,
            guests,
        })
    }

    /// Does it, which cannot fail.
    fn go_by(&self, planned: Planned, asked: &Config, control: &Control) {
        control.apply(&planned.server);
        control.set_relays(planned.relays, relays::networks(asked));
        self.parts.keeper.go_by(planned.certificate);
        if let (Some(list), Some(guests)) = (&self.parts.guests, planned.guests) {
            list.replace(guests);
        }
        self.parts.log.change(&asked.log.level.0, asked.log.format);
    }

    /// How long those who are there may stay when the server is taken down.
    pub(super) fn drain_timeout(&self) -> Duration {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.server.drain_timeout.0
    }

    /// The configuration, and the files of keys, tokens and users that it names, as they are now.
    fn files(&self) -> Files {
        let mut paths: Vec<_> = self.sources.file.clone().into_iter().collect();
        {
            let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            let tokens = &running.access.tokens;
            let named = [
                &running.access.keys,
                &tokens.public_key,
                &tokens.key_set,
                &running.encoders.users,
            ];
            let of_apps = running.apps.values().map(|app| &app.keys);
            let named = named.into_iter().chain(of_apps);
            paths.extend(named.flatten().map(|place| place.0.clone()));
        }
        let read = paths.into_iter().filter_map(|path| {
            let text = fs::read(&path).ok()?;
            Some((path, text))
        });
        read.collect()
    }
}

/// Files that are there, and what is in them.
type Files = BTreeMap<PathBuf, Vec<u8>>;

/// Those that are not as they were known. One that is gone for a moment is about to be replaced. One that is new was read by the reload
/// that named it, and may have changed since: it is read once more.
fn changed_files(known: &Files, now: &Files) -> Vec<String> {
    let different = now
        .iter()
        .filter(|(path, text)| known.get(*path) != Some(*text));
    different
        .map(|(path, _)| path.display().to_string())
        .collect()
}

fn refused(mistakes: &Mistakes) -> String {
    ui::block(&mistakes.shown());
    tracing::error!("{mistakes}; nothing has changed");
    format!("{mistakes}\n{}", mistakes.plain())
}

fn listed(keys: &[String]) -> String {
    if keys.is_empty() {
        return "nothing".to_owned();
    }
    keys.join(", ")
}

/// Reloads when the file changes, or one of keys, tokens or users, and at each `hangup`, for ever.
pub(super) async fn watch(reloader: Arc<Reloader>, control: Control, mut hangup: Signal) {
    let changed = Arc::new(Notify::new());
    // Dropping the watcher would end the watch.
    let _watcher = reloader
        .sources
        .file
        .as_deref()
        .and_then(|file| {
            FileWatch::start([file], &changed)
                .inspect_err(|error| tracing::warn!(%error, "the configuration file is not watched, only polled"))
                .ok()
        });
    let mut known = reloader.at_start.clone();
    loop {
        // Both arms are cancel-safe: a signal or a change that was not taken is delivered to the next call.
        let is_asked = tokio::select! {
            heard = hangup.recv() => heard.is_some(),
            // A change the system does not report, as on a network file system, is seen at the next look.
            _ = timeout(LOOK_INTERVAL, changed.notified()) => false,
        };
        let now = if is_asked {
            look(Arc::clone(&reloader)).await
        } else {
            at_rest(|| look(Arc::clone(&reloader))).await
        };
        let control = control.clone();
        let mut before = mem::take(&mut known);
        let looked = tokio::task::spawn_blocking(move || {
            let changed = changed_files(&before, &now);
            if !changed.is_empty() {
                tracing::info!(files = %listed(&changed), "changed or new, and read again");
            }
            if is_asked || !changed.is_empty() {
                // What is wrong was told by whoever reloads.
                drop(control.reload());
            }
            before.extend(now);
            before
        });
        known = looked.await.unwrap_or_default();
    }
}

async fn look(reloader: Arc<Reloader>) -> Files {
    let looked = tokio::task::spawn_blocking(move || reloader.files());
    looked.await.unwrap_or_default()
}

/// What two looks at the files show one after the other: files are written in pieces, and a half is a configuration too. Files that never
/// rest are taken as they are.
async fn at_rest<T: PartialEq, L: Future<Output = T>>(mut look: impl FnMut() -> L) -> T {
    let mut seen = look().await;
    for _ in 0..LOOKS {
        sleep(SETTLE).await;
        let now = look().await;
        if now == seen {
            break;
        }
        seen = now;
    }
    seen
}

/// How often the file is looked at even if nothing is reported.
const LOOK_INTERVAL: Duration = Duration::from_secs(10);
/// The pause between two looks at a file that may be being written.
const SETTLE: Duration = Duration::from_millis(200);
/// How many such looks are taken.
const LOOKS: usize = 50;

#[cfg(test)]
mod tests;
