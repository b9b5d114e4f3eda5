//! `adit config`: checks, shows and explains the configuration.

use std::path::Path;

use crate::cli::{Config as Command, ConfigCommand};
use crate::connect::Failure;
use crate::serve;
use crate::ui;

use super::keys::{self, Key, Keys, LIST_OF_TABLES, Shape, plain};
use super::layers::{Sources, load};
use super::mistake::{Mistake, Mistakes};
use super::path::{KeyPath, quoted};
use super::{file, print, reference};

/// Does what `adit config` was asked for.
///
/// # Errors
/// When the configuration has mistakes, or there is no such key.
pub(crate) fn run(command: &Command) -> Result<(), Failure> {
    match &command.command {
        ConfigCommand::Check(check) => run_check(check.file.as_deref()),
        ConfigCommand::Print(serve) => {
            let effective = load(&Sources::of(serve)).map_err(Failure::Configuration)?;
            print_text(&print::effective(&effective))
        }
        ConfigCommand::Schema => {
            let schema = serde_json::to_string_pretty(keys::schema().as_value());
            print_text(&schema.unwrap_or_default())
        }
        ConfigCommand::Reference => print_text(&reference::page()),
        ConfigCommand::Explain(explain) => run_explain(&explain.key),
    }
}

fn print_text(text: &str) -> Result<(), Failure> {
    ui::print(text.trim_end()).map_err(Failure::stdout)
}

fn run_check(file: Option<&Path>) -> Result<(), Failure> {
    let sources = Sources::without_flags(file);
    let effective = load(&sources).map_err(Failure::Configuration)?;
    let unusable = serve::check(&effective.config);
    if !unusable.is_empty() {
        let unusable = unusable.iter().map(Mistake::unusable).collect();
        let mistakes = Mistakes::without_place(sources.file, unusable);
        return Err(Failure::Configuration(mistakes));
    }
    match &sources.file {
        Some(file) => print_text(&format!("{}: no mistakes", file.display())),
        None => print_text("no file; the environment has no mistakes"),
    }
}

fn run_explain(name: &str) -> Result<(), Failure> {
    let keys = Keys::all();
    let path = KeyPath::read(name);
    if let Some(key) = keys.meant(&path) {
        return print_text(&explained(key, &path));
    }
    if let Some(section) = keys.section(&path) {
        let mut text = format!("[{}]  {}\n\n", section.path, section.about);
        for name in keys.names_in(&section.path) {
            let inner = section.path.join(name);
            let about = keys.find(&inner).map_or("", |key| key.about.as_str());
            let line = format!("  {inner}  {}\n", first_sentence(about));
            text.push_str(&line);
        }
        return print_text(&text);
    }
    let all: Vec<_> = keys.keys.iter().map(Key::shown).collect();
    let meant = file::similar(name, all.iter().map(String::as_str));
    Err(Failure::Usage {
        text: match meant {
            Some(meant) => format!("there is no key {name}; did you mean {meant}?"),
            None => format!("there is no key {name}; adit config print lists those there are"),
        },
    })
}

/// Everything about a key, which was asked for at this place.
fn explained(key: &Key, asked: &KeyPath) -> String {
    let mut text = format!("{}: {}\n\n", key.shown(), key.about);
    let mut fact = |name: &str, value: &str| {
        let line = format!("  {name:<12} {value}\n");
        text.push_str(&line);
    };
    fact("takes", &key.kind);
    for (word, about) in &key.choices {
        fact("", &format!("{word}: {about}"));
    }
    let default = key
        .default
        .as_ref()
        .map_or_else(|| "not set".to_owned(), plain);
    fact("default", &default);
    if let Some(range) = key.range_in_words() {
        fact("range", &range);
    }
    fact("in the file", &written(key, asked));
    match &key.list {
        Some(list) => {
            let whole = keys::variable(&list_of(list, asked));
            let words = format!("none; {whole} takes the whole list as TOML");
            fact("environment", &words);
        }
        None => fact("environment", &keys::variable(asked)),
    }
    fact("flag", key.flag().unwrap_or("none"));
    fact(
        "takes effect",
        if key.needs_restart() {
            "when the server starts"
        } else {
            "at a reload too"
        },
    );
    text
}

/// How it is written in TOML.
fn written(key: &Key, asked: &KeyPath) -> String {
    let value = match key.shape {
        Shape::Text => "\"…\"",
        Shape::Texts => "[\"…\", …]",
        Shape::Other => "…",
    };
    if let Some(list) = &key.list {
        let inside = key.path.0.iter().skip(list.0.len().saturating_add(1));
        let inside = KeyPath(inside.cloned().collect());
        return format!("{inside} = {value} below [[{}]]", list_of(list, asked));
    }
    if key.kind == LIST_OF_TABLES {
        return format!("[[{asked}]] before each of them");
    }
    match asked.split() {
        Some((table, name)) if !table.0.is_empty() => {
            format!("{} = {value} below [{table}]", quoted(name))
        }
        _ => format!("{asked} = {value}"),
    }
}

/// The list that was asked about, without the place of an item.
fn list_of(list: &KeyPath, asked: &KeyPath) -> KeyPath {
    let names = asked.0.get(..list.0.len()).unwrap_or(&list.0);
    let plain = names.iter().map(|name| {
        let (name, _) = name.split_once('[').unwrap_or((name, ""));
        name.to_owned()
    });
    KeyPath(plain.collect())
}

fn first_sentence(text: &str) -> &str {
    text.split_inclusive(". ").next().unwrap_or(text).trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_explained_by_the_name_that_the_page_of_all_keys_has_for_it() {
        let page = reference::page();
        for key in &Keys::all().keys {
            let shown = key.shown();
            let found = Keys::all().meant(&KeyPath::read(&shown));
            assert_eq!(found.map(|key| &key.path), Some(&key.path), "{shown}");
            let name = shown.split('.').next_back().unwrap();
            assert!(page.contains(name), "{shown}");
        }
    }
}
