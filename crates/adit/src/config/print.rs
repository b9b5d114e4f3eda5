//! The effective configuration as TOML, with where each value comes from.

use toml::{Table, Value};

use super::keys::{Key, Keys};
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
    if let Some(key) = Keys::all().find(at).filter(|key| key.is_secret) {
        return match value {
            // How many there are is no secret.
            Value::Array(items) => Value::Array(items.iter().map(|_| hidden()).collect()),
            Value::String(text) => shown(key, text),
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

fn hidden() -> Value {
    Value::String(HIDDEN.to_owned())
}

/// What is no secret of a text that may be one.
fn shown(key: &Key, text: &str) -> Value {
    if key.open.iter().any(|word| word == text) {
        return Value::String(text.to_owned());
    }
    let is_address = key.open.iter().any(|word| word == "URL");
    match without_password(text).filter(|_| is_address) {
        Some(address) => Value::String(address),
        None => hidden(),
    }
}

/// An address without its password, or the user where that may be a token, and without its query.
fn without_password(address: &str) -> Option<String> {
    let (scheme, rest) = address.split_once("://")?;
    // The last one: a password may have another.
    let (login, place) = match rest.rsplit_once('@') {
        // Which of them is in the query, and which in the password?
        Some((login, _)) if login.contains('?') => return None,
        Some((login, place)) => (Some(login), place),
        None => (None, rest),
    };
    let (place, query) = match place.split_once('?') {
        Some((place, _)) => (place, format!("?{HIDDEN}")),
        None => (place, String::new()),
    };
    let Some(login) = login else {
        return Some(format!("{scheme}://{place}{query}"));
    };
    let user = login.split_once(':').map(|(user, _)| format!("{user}:"));
    let user = user.unwrap_or_default();
    Some(format!("{scheme}://{user}{HIDDEN}@{place}{query}"))
}

/// Stands for what is shown to nobody.
const HIDDEN: &str = "(hidden)";

/// Names and values in the order in which the keys are documented.
fn in_order<'t>(at: &KeyPath, table: &'t Table) -> Vec<(&'t String, &'t Value)> {
    let order = Keys::all().names_in(at);
    let mut all: Vec<_> = table.iter().collect();
    all.sort_by_key(|(name, _)| order.iter().position(|other| other == name));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_be_secret_of_an_address_is_hidden() {
        for (address, expected) in [
            ("http://proxy:3128", Some("http://proxy:3128")),
            (
                "http://me:hush@proxy:3128",
                Some("http://me:(hidden)@proxy:3128"),
            ),
            (
                "socks5://me:hu@s:h@[::1]:1",
                Some("socks5://me:(hidden)@[::1]:1"),
            ),
            ("http://token@proxy", Some("http://(hidden)@proxy")),
            ("http://me:hu?sh@proxy", None),
            (
                "pac+http://host/pac?key=hush",
                Some("pac+http://host/pac?(hidden)"),
            ),
            ("nothing", None),
        ] {
            assert_eq!(without_password(address).as_deref(), expected);
        }
    }
}
