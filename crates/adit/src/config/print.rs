//! The effective configuration as TOML, with where each value comes from.

use toml::{Table, Value};

use super::keys::Keys;
use super::layers::Effective;
use super::path::{KeyPath, quoted};

/// All keys with their values. What comes out is a file again, except for secrets.
pub(crate) fn effective(effective: &Effective) -> String {
    // Values that are not set have no place in TOML, and are left out.
    let table = Table::try_from(&effective.config).unwrap_or_default();
    let mut text = String::new();
    section(&KeyPath::default(), &table, effective, &mut text);
    text
}

fn section(at: &KeyPath, table: &Table, effective: &Effective, text: &mut String) {
    let is_leaf = |value: &Value| !value.is_table();
    let names = in_order(at, table);
    let leaves = names.iter().filter(|(_, value)| is_leaf(value));
    let mut leaves = leaves.peekable();
    if leaves.peek().is_some() && !at.0.is_empty() {
        if !text.is_empty() {
            text.push('\n');
        }
        let header = format!("[{at}]\n");
        text.push_str(&header);
    }
    for (name, value) in leaves {
        let path = at.join(name);
        let value = without_secrets(&path, value);
        let origin = effective.origins.get(&path);
        let origin = origin.map_or_else(|| "default".to_owned(), ToString::to_string);
        let line = format!("{} = {value}  # {origin}\n", quoted(name));
        text.push_str(&line);
    }
    for (name, value) in &names {
        if let Value::Table(inner) = value {
            section(&at.join(name), inner, effective, text);
        }
    }
}

/// The value, with a word in the place of all that is secret in it.
fn without_secrets(at: &KeyPath, value: &Value) -> Value {
    if Keys::all().find(at).is_some_and(|key| key.is_secret) {
        let hidden = || Value::String("(hidden)".to_owned());
        return match value {
            // How many there are is no secret.
            Value::Array(items) => Value::Array(items.iter().map(|_| hidden()).collect()),
            _ => hidden(),
        };
    }
    match value {
        Value::Array(items) => {
            let items = items.iter().enumerate();
            let items =
                items.map(|(place, item)| without_secrets(&at.join(&place.to_string()), item));
            Value::Array(items.collect())
        }
        Value::Table(table) => {
            let inner = table.iter();
            let inner =
                inner.map(|(name, value)| (name.clone(), without_secrets(&at.join(name), value)));
            Value::Table(inner.collect())
        }
        other => other.clone(),
    }
}

/// Names and values in the order in which the keys are documented.
fn in_order<'t>(at: &KeyPath, table: &'t Table) -> Vec<(&'t String, &'t Value)> {
    let order = Keys::all().names_in(at);
    let mut all: Vec<_> = table.iter().collect();
    all.sort_by_key(|(name, _)| order.iter().position(|other| other == name));
    all
}
