//! Variables of the environment: `ADIT_` and the key, its dots written as `__`, all in capitals.
//!
//! `server.listen` is `ADIT_SERVER__LISTEN`. A text stands as it is, a list of texts has commas (or is TOML, with brackets),
//! everything else is TOML. A name that people choose, as in `apps.NAME`, is found in the file in whatever case it has there.

use serde::Deserialize as _;
use toml::{Table, Value};

use super::Config;
use super::file::{File, explained, unknown};
use super::keys::{ANY, Key, Keys, LIST_OF_TABLES, Shape, variable};
use super::mistake::{Mistake, Place};
use super::path::KeyPath;
use super::tree;

/// Begins the name of every variable.
const PREFIX: &str = "ADIT_";
/// Stands for the dots of a key.
const DOT: &str = "__";

/// Sets the level for all commands.
const LEVEL: &str = crate::log::LEVEL_VARIABLE;

/// What the variables set, and which one did; `below` is what the file sets.
pub(crate) fn read(
    variables: &[(String, String)],
    below: &Table,
    mistakes: &mut Vec<Mistake>,
) -> Vec<(KeyPath, Value, String)> {
    let mut found = Vec::new();
    // Without a value the one that all commands have says nothing.
    let says = |(name, text): &&(String, String)| name != LEVEL || !text.trim().is_empty();
    for (name, text) in variables.iter().filter(says) {
        let Some(path) = path_of(name, below) else {
            mistakes.extend(misspelt(name));
            continue;
        };
        let place = Place::Variable(name.clone());
        let key = match Keys::all().meant(&path) {
            Some(key) if key.list.is_some() => {
                mistakes.push(in_list(key, place));
                continue;
            }
            Some(key) => key,
            None => {
                mistakes.push(unknown_variable(&path, place));
                continue;
            }
        };
        match value_of(key, &path, text, place) {
            Ok(value) => found.push((path, value, name.clone())),
            Err(wrong) => mistakes.extend(wrong),
        }
    }
    found
}

/// Those that would set something: what they should keep safe must not stay open.
pub(crate) fn unreadable(names: &[String]) -> impl Iterator<Item = Mistake> {
    let own = |name: &&String| *name == LEVEL || name.starts_with(PREFIX) && name.contains(DOT);
    names.iter().filter(own).map(|name| Mistake {
        what: format!("{name} is not UTF-8"),
        label: String::new(),
        help: Some("write it in UTF-8, or unset it".to_owned()),
        place: Place::Variable(name.clone()),
    })
}

/// The key that a variable is about, if it is about one.
fn path_of(name: &str, below: &Table) -> Option<KeyPath> {
    if name == LEVEL {
        return Some(KeyPath::read("log.level"));
    }
    let rest = name.strip_prefix(PREFIX)?;
    let mut all = Keys::all().keys.iter();
    let is_key = rest.contains(DOT) || all.any(|key| key.variable() == name);
    if !is_key {
        return None;
    }
    let mut path = KeyPath::default();
    for name in rest.split(DOT) {
        let inside = if path.0.is_empty() {
            Some(below)
        } else {
            tree::at(below, &path).and_then(Value::as_table)
        };
        let written =
            inside.and_then(|table| table.keys().find(|key| key.eq_ignore_ascii_case(name)));
        let name = written.cloned().unwrap_or_else(|| name.to_lowercase());
        path.0.push(name);
    }
    Some(path)
}

/// A variable that has another number of underscores than the one that was meant: what it should keep safe must not stay open for
/// that. Other variables that begin like this may be somebody else's.
fn misspelt(name: &str) -> Option<Mistake> {
    let plain = |name: &str| name.replace(DOT, "_");
    let mut all = Keys::all().keys.iter().map(Key::variable);
    let meant = all.find(|other| plain(other) == plain(name))?;
    Some(Mistake {
        what: "this variable sets nothing".to_owned(),
        label: String::new(),
        help: Some(format!("did you mean {meant}?")),
        place: Place::Variable(name.to_owned()),
    })
}

/// What is in a list has no name by which a variable could be about it.
fn in_list(key: &Key, place: Place) -> Mistake {
    let whole = key.variable();
    Mistake {
        what: format!(
            "{} is in a list, and has no variable of its own",
            key.shown()
        ),
        label: String::new(),
        help: Some(format!(
            "{whole} takes the whole list as TOML, as in [{{ {} = … }}]",
            key.path.0.last().map_or("", String::as_str)
        )),
        place,
    }
}

fn unknown_variable(path: &KeyPath, place: Place) -> Mistake {
    let mut mistake = unknown(path, place);
    let all = Keys::all().keys.iter().filter(|key| key.list.is_none());
    let names: Vec<_> = all.map(|key| variable(&named(&key.path, path))).collect();
    if let Place::Variable(name) = &mistake.place {
        let alike = |other: &&String| strsim::jaro_winkler(name, other);
        let meant = names.iter().max_by(|a, b| alike(a).total_cmp(&alike(b)));
        mistake.help = meant.map(|meant| format!("did you mean {meant}?"));
    }
    mistake
}

/// The same key with the names that people choose as they are in `like`.
fn named(pattern: &KeyPath, like: &KeyPath) -> KeyPath {
    let names = pattern.0.iter().enumerate().map(|(at, name)| {
        let chosen = like.0.get(at).filter(|_| name == ANY);
        chosen.unwrap_or(name).clone()
    });
    KeyPath(names.collect())
}

fn value_of(key: &Key, path: &KeyPath, text: &str, place: Place) -> Result<Value, Vec<Mistake>> {
    let texts = |text: &str| {
        let items = text
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty());
        Value::Array(items.map(|item| Value::String(item.to_owned())).collect())
    };
    let as_toml = || {
        let table = format!("value = {text}").parse::<Table>().ok();
        table.and_then(|mut table| table.remove("value"))
    };
    let value = match key.shape {
        Shape::Text => Value::String(text.to_owned()),
        Shape::Texts if !text.trim_start().starts_with('[') => texts(text),
        // What is no TOML is no value of the right type either, and is told as that.
        _ => as_toml().unwrap_or_else(|| Value::String(text.to_owned())),
    };
    if key.kind == LIST_OF_TABLES {
        let wrong = wrong_tables(path, &value, &place);
        return if wrong.is_empty() {
            Ok(value)
        } else {
            Err(wrong)
        };
    }
    match check(path, key, &value, text, place) {
        Ok(()) => Ok(value),
        Err(mistake) => Err(vec![mistake]),
    }
}

/// What is wrong with tables, told as in a file. They are shown to nobody: an address in them may have a password or a stream key.
fn wrong_tables(path: &KeyPath, value: &Value, place: &Place) -> Vec<Mistake> {
    let here = |what: String, help: Option<String>| Mistake {
        what,
        label: String::new(),
        help,
        place: place.clone(),
    };
    if !value.is_array() {
        let what = format!("{path} takes {LIST_OF_TABLES}, and this is none");
        let help = "write it as TOML, as in [{ KEY = \"text\", OTHER = true }, { … }]";
        return vec![here(what, Some(help.to_owned()))];
    }
    let Ok(text) = toml::to_string(&tree::single(path, value.clone())) else {
        return vec![here(format!("{path} takes {LIST_OF_TABLES}"), None)];
    };
    let wrong = File::read(&text).mistakes.into_iter();
    wrong.map(|it| here(it.what, it.help)).collect()
}

/// Whether the configuration takes this value there.
fn check(
    path: &KeyPath,
    key: &Key,
    value: &Value,
    text: &str,
    place: Place,
) -> Result<(), Mistake> {
    let table = tree::single(path, value.clone());
    let mut mistake = match Config::deserialize(table) {
        Err(error) => explained(error.message(), path, text, place),
        Ok(_) if key.admits(value) => return Ok(()),
        Ok(_) => Mistake {
            what: format!("{path} takes {}", key.takes()),
            label: String::new(),
            help: None,
            place,
        },
    };
    if !key.is_secret {
        mistake.what = format!("{}, not {text:?}", mistake.what);
    }
    Err(mistake)
}
