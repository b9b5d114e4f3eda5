//! What a reload changes.

use serde::Deserialize as _;
use toml::{Table, Value};

use super::Config;
use super::keys::{Key, Keys};
use super::path::KeyPath;
use super::{together, tree};

/// What is different between the configuration a server goes by, and another one.
#[derive(Clone, Debug)]
pub(crate) struct Difference {
    /// Keys that a reload changes.
    pub(crate) changed: Vec<String>,
    /// Keys that only the next start does.
    pub(crate) needs_restart: Vec<String>,
    /// What the server goes by after the reload.
    pub(crate) taken_over: Config,
}

impl Difference {
    /// From what the server goes by to what it is asked for. Both are consistent; what would not be in a mixture of the two, because it
    /// needs a key that needs a restart, waits for the restart too.
    pub(crate) fn between(running: &Config, asked: &Config) -> Self {
        let before = table(running);
        let after = table(asked);
        let mut changed = Vec::new();
        let mut needs_restart = Vec::new();
        let mut paths: Vec<_> = paths(&before).chain(paths(&after)).collect();
        paths.sort();
        paths.dedup();
        let mut mixture = after.clone();
        for path in paths {
            let old = tree::at(&before, &path);
            if old == tree::at(&after, &path) {
                continue;
            }
            if Keys::all().find(&path).is_some_and(Key::needs_restart) {
                set(&mut mixture, &path, old.cloned());
                needs_restart.push(path);
            } else {
                changed.push(path);
            }
        }
        let taken_over = loop {
            let waiting = match Config::deserialize(mixture.clone()) {
                Ok(config) => match waiting(&config, &mut changed) {
                    None => break config,
                    Some(waiting) => waiting,
                },
                Err(_) => std::mem::take(&mut changed),
            };
            if waiting.is_empty() {
                // As nothing is changed.
                break running.clone();
            }
            for path in waiting {
                set(&mut mixture, &path, tree::at(&before, &path).cloned());
                needs_restart.push(path);
            }
        };
        needs_restart.sort();
        let words = |paths: Vec<KeyPath>| paths.iter().map(KeyPath::to_string).collect();
        Self {
            changed: words(changed),
            needs_restart: words(needs_restart),
            taken_over,
        }
    }
}

/// What of `changed` contradicts the rest of a configuration; `None` if it contradicts nothing.
fn waiting(config: &Config, changed: &mut Vec<KeyPath>) -> Option<Vec<KeyPath>> {
    let conflicts = together::check(config);
    if conflicts.is_empty() {
        return None;
    }
    let is_told = |path: &KeyPath| conflicts.iter().any(|it| it.path.0.starts_with(&path.0));
    let (told, others): (Vec<_>, Vec<_>) = std::mem::take(changed).into_iter().partition(is_told);
    if told.is_empty() {
        // It is not seen from here which of them it is.
        return Some(others);
    }
    *changed = others;
    Some(told)
}

fn table(config: &Config) -> Table {
    Table::try_from(config).unwrap_or_default()
}

fn paths(table: &Table) -> impl Iterator<Item = KeyPath> {
    tree::leaves(table).into_iter().map(|(path, _)| path)
}

fn set(table: &mut Table, path: &KeyPath, value: Option<Value>) {
    if let Some(value) = value {
        tree::lay(table, tree::single(path, value));
        return;
    }
    let Some((last, tables)) = path.0.split_last() else {
        return;
    };
    let mut table = Some(table);
    for name in tables {
        let inner = table.and_then(|table| table.get_mut(name));
        table = inner.and_then(Value::as_table_mut);
    }
    if let Some(table) = table {
        table.remove(last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Config {
        let config = Config::deserialize(toml::Deserializer::parse(text).unwrap()).unwrap();
        assert!(together::check(&config).is_empty(), "{text}");
        config
    }

    /// From one file to another: what is changed, and what waits.
    fn check(running: &str, asked: &str, changed: &[&str], waits: &[&str]) {
        let running = config(running);
        let difference = Difference::between(&running, &config(asked));
        assert_eq!(difference.changed, changed);
        assert_eq!(difference.needs_restart, waits);
        let taken_over = &difference.taken_over;
        assert!(together::check(taken_over).is_empty());
        let rest = Difference::between(&running, taken_over);
        assert_eq!(rest.changed, changed);
        assert!(rest.needs_restart.is_empty());
    }

    #[test]
    fn what_needs_something_that_needs_a_restart_waits_with_it() {
        let both = "server.media = \"/media\"\nrecording.all = true\n";
        let waits = ["recording.all", "server.media"];
        check("", both, &[], &waits);
        check(both, "", &["recording.all"], &["server.media"]);
        let more = format!("{both}log.level = \"debug\"\nhls.part = \"500ms\"\n");
        check("", &more, &["hls.part", "log.level"], &waits);
        check("", "server.media = \"/media\"", &[], &["server.media"]);
        check("server.media = \"/media\"", both, &["recording.all"], &[]);
    }
}
