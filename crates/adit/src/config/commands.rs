//! `adit config`: checks, shows and explains the configuration.

use std::path::Path;

use crate::cli::{Config as Command, ConfigCommand};
use crate::connect::Failure;
use crate::serve;
use crate::ui;

use super::keys::{self, Key, Keys, plain};
use super::layers::{Sources, load};
use super::mistake::{Mistake, Mistakes};
use super::path::KeyPath;
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
    if let Some(key) = keys.find(&path) {
        return print_text(&explained(key));
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
    let all = keys.keys.iter().map(|key| key.path.to_string());
    let all: Vec<_> = all.collect();
    let meant = file::similar(name, all.iter().map(String::as_str));
    Err(Failure::Usage {
        text: match meant {
            Some(meant) => format!("there is no key {name}; did you mean {meant}?"),
            None => format!("there is no key {name}; adit config print lists those there are"),
        },
    })
}

/// Everything about a key.
fn explained(key: &Key) -> String {
    let mut text = format!("{}: {}\n\n", key.path, key.about);
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
    fact("environment", &key.variable());
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

fn first_sentence(text: &str) -> &str {
    text.split_inclusive(". ").next().unwrap_or(text).trim()
}
