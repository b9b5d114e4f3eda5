//! What a reload changes.

use serde::Deserialize as _;
use toml::{Table, Value};

use super::Config;
use super::keys::{Key, Keys};
use super::path::KeyPath;
use super::tree;

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
    /// From what the server goes by to what it is asked for.
    pub(crate) fn between(running: &Config, asked: Config) -> Self {
        let before = table(running);
        let after = table(&asked);
        let mut changed = Vec::new();
        let mut needs_restart = Vec::new();
        let mut paths: Vec<_> = paths(&before).chain(paths(&after)).collect();
        paths.sort();
        paths.dedup();
        let mut kept = after.clone();
        for path in paths {
            let old = tree::at(&before, &path);
            if old == tree::at(&after, &path) {
                continue;
            }
            let key = Keys::all().find(&path);
            if key.is_some_and(Key::needs_restart) {
                needs_restart.push(path.to_string());
                set(&mut kept, &path, old.cloned());
            } else {
                changed.push(path.to_string());
            }
        }
        Self {
            changed,
            needs_restart,
            taken_over: Config::deserialize(kept).unwrap_or(asked),
        }
    }
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
