//! The file: every mistake in it at once, each with its place.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize as _;
use toml::de::{DeArray, DeString, DeTable, DeValue, Deserializer};
use toml::{Spanned, Table};

use super::Config;
use super::keys::{Key, Keys, Shape};
use super::limits::why_fixed;
use super::mistake::{Mistake, Place};
use super::path::KeyPath;
use super::tree;
use super::units::Span;
use crate::cli;

/// Mistakes that are told of one file.
const TOLD: usize = 20;

/// A file that was understood as far as it could be.
#[derive(Debug, Default)]
pub(crate) struct File {
    /// What it sets.
    pub(crate) table: Table,
    /// Where each value stands.
    pub(crate) spans: BTreeMap<KeyPath, Range<usize>>,
    /// Where something stands that is shown to nobody.
    hidden: Vec<Range<usize>>,
    /// What is wrong with it.
    pub(crate) mistakes: Vec<Mistake>,
}

impl File {
    /// Reads the text of a file.
    pub(crate) fn read(text: &str) -> Self {
        let (document, errors) = DeTable::parse_recoverable(text);
        let mut file = Self::default();
        file.collect_spans(&KeyPath::default(), document.get_ref());
        if !errors.is_empty() {
            file.hidden.extend(doubtful(text));
            let mistakes = errors.iter().take(TOLD).map(|error| syntax(error, text));
            file.mistakes.extend(mistakes);
            return file;
        }
        let understood = file.without_mistakes(document, text);
        // What has become a `Config` is a table of plain values.
        file.table = Table::deserialize(Deserializer::from(understood)).unwrap_or_default();
        file.check_ranges();
        file.mistakes.sort_by_key(|mistake| match &mistake.place {
            Place::File(span) => span.start,
            _ => 0,
        });
        file
    }

    /// Notes each mistake and takes it out, until what is left can be used.
    fn without_mistakes<'t>(
        &mut self,
        mut document: Spanned<DeTable<'t>>,
        text: &str,
    ) -> Spanned<DeTable<'t>> {
        // Where something stands is told as in the whole: what was taken out of a list moves what is behind it.
        let whole = document.clone();
        let mut told: Vec<KeyPath> = Vec::new();
        while self.mistakes.len() < TOLD {
            let Err(error) = Config::deserialize(Deserializer::from(document.clone())) else {
                return document;
            };
            let span = error.span().unwrap_or_default();
            let path = locate(whole.get_ref(), &span).unwrap_or_default();
            let left = locate(document.get_ref(), &span).unwrap_or_default();
            // What a table lacks now is what was taken out of it, if anything was.
            let is_known = told.iter().any(|known| known.0.starts_with(&path.0));
            if !is_known {
                let mistake = mistake(error.message(), &path, span, text);
                // What cannot be taken out hides what comes behind it.
                let is_stuck = self.mistakes.last() == Some(&mistake);
                if is_stuck {
                    break;
                }
                self.mistakes.push(mistake);
                told.push(path.clone());
            }
            if !remove(document.get_mut(), &left.0) {
                break;
            }
        }
        Spanned::new(0..0, DeTable::new())
    }

    /// The text of the file for people: what is secret in it has stars in its place, and so has what may be, a text whose key nobody knows.
    pub(crate) fn shown(&self, text: &str) -> String {
        let is_hidden = |at: usize| self.hidden.iter().any(|span| span.contains(&at));
        let stars = |(at, found): (usize, char)| match found {
            '\n' | '\r' => found.to_string(),
            // Places in the text stay what they are.
            found if is_hidden(at) => "*".repeat(found.len_utf8()),
            found => found.to_string(),
        };
        text.char_indices().map(stars).collect()
    }

    fn collect_spans(&mut self, at: &KeyPath, table: &DeTable<'_>) {
        for (name, value) in table {
            let here = at.join(name.get_ref());
            match Keys::all().find(&here) {
                Some(key) if key.is_secret => self.hidden.push(value.span()),
                Some(_) => {}
                None => collect_texts(value, &mut self.hidden),
            }
            match value.get_ref() {
                DeValue::Table(inner) => self.collect_spans(&here, inner),
                DeValue::Array(items) => {
                    for (place, item) in items.iter().enumerate() {
                        if let DeValue::Table(inner) = item.get_ref() {
                            self.collect_spans(&here.join(&place.to_string()), inner);
                        }
                    }
                }
                _ => {}
            }
            self.spans.insert(here, value.span());
        }
    }

    fn check_ranges(&mut self) {
        for (path, value) in tree::leaves(&self.table) {
            let Some(key) = Keys::all().find(&path).filter(|key| !key.admits(value)) else {
                continue;
            };
            let span = self.spans.get(&path).cloned().unwrap_or_default();
            self.mistakes.push(Mistake {
                what: format!("{path} takes {}", key.takes()),
                label: "out of range".to_owned(),
                help: None,
                place: Place::File(span),
            });
        }
    }
}

/// What is wrong with a value, from what the library says about it.
pub(crate) fn mistake(message: &str, path: &KeyPath, span: Range<usize>, text: &str) -> Mistake {
    let place = Place::File(span.clone());
    let found = text.get(span).unwrap_or_default();
    explained(message, path, found, place)
}

/// The same for a value from anywhere; `found` is how it is written there.
pub(crate) fn explained(message: &str, path: &KeyPath, found: &str, place: Place) -> Mistake {
    let keys = Keys::all();
    if message.starts_with("unknown field") {
        return unknown(path, place);
    }
    let key = keys.find(path);
    let is_wrong_type = [
        "invalid type",
        "invalid value",
        "unknown variant",
        "invalid length",
    ]
    .iter()
    .any(|word| message.starts_with(word));
    let (what, label) = match key {
        Some(key) if is_wrong_type => {
            let found = message.split(", expected").next().unwrap_or(message);
            let label = found.split_once(": ").map_or(found, |(_, found)| found);
            let label = if key.is_secret { "not this" } else { label };
            (format!("{path} takes {}", key.takes()), label.to_owned())
        }
        None if keys.section(path).is_some() && is_wrong_type => (
            format!("{path} is a section, no value"),
            "not a table".to_owned(),
        ),
        _ => (format!("{path}: {message}"), "not understood".to_owned()),
    };
    let word = found.trim_matches(['"', '\'']);
    let is_text_for_list = message.starts_with("invalid type: string");
    let help = key.and_then(|key| match key.shape {
        Shape::Texts if is_text_for_list => Some(as_list(key, word, &place)),
        _ => one_word(key, word),
    });
    Mistake {
        what,
        label,
        help,
        place,
    }
}

/// What was meant by one word.
fn one_word(key: &Key, word: &str) -> Option<String> {
    let choices = key.choices.iter().map(|(word, _)| word.as_str());
    match similar(word, choices) {
        Some(meant) => Some(did_you_mean(&format!("{meant:?}"))),
        None => with_unit(key, word),
    }
}

fn did_you_mean(meant: &str) -> String {
    format!("did you mean {meant}?")
}

/// What a list is like that was written as one text. What is secret is not said again.
fn as_list(key: &Key, text: &str, place: &Place) -> String {
    if key.is_secret {
        return "it is a list: put the text in brackets, as in [\"…\"]".to_owned();
    }
    let items = text.split(',');
    let items = items.map(|item| item.trim_matches(['"', '\'', ' ', '[', ']']));
    let items = items.filter(|item| !item.is_empty()).map(|item| {
        let choices = key.choices.iter().map(|(word, _)| word.as_str());
        similar(item, choices).unwrap_or(item)
    });
    if matches!(place, Place::Variable(_)) {
        // There it has neither quotes nor brackets.
        return did_you_mean(&items.collect::<Vec<_>>().join(","));
    }
    let items: Vec<_> = items.map(|item| format!("{item:?}")).collect();
    did_you_mean(&format!("[{}]", items.join(", ")))
}

/// The length of time that a bare number stands for, where one is asked for: seconds, if it may be as many.
fn with_unit(key: &Key, word: &str) -> Option<String> {
    let is_number =
        cli::span::is_number(word) && word.bytes().any(|byte| matches!(byte, b'1'..=b'9'));
    if !is_number || !key.kind.starts_with("a length of time") {
        return None;
    }
    let may_be = |text: &str| {
        text.parse::<Span>().is_ok() && key.admits(&toml::Value::String(text.to_owned()))
    };
    let (seconds, milliseconds) = (format!("{word}s"), format!("{word}ms"));
    Some(if may_be(&seconds) {
        did_you_mean(&format!("{seconds:?}"))
    } else if may_be(&milliseconds) {
        format!("{seconds:?} would be out of range; did you mean {milliseconds:?}?")
    } else {
        "a number needs a unit: ms, s, m or h".to_owned()
    })
}

/// A key that there is not, and the one that was probably meant.
pub(crate) fn unknown(path: &KeyPath, place: Place) -> Mistake {
    let keys = Keys::all();
    let limit = path.to_string();
    if let Some(why) = limit.strip_prefix("limits.").and_then(why_fixed) {
        return Mistake {
            what: format!("{path} cannot be set: {why}"),
            label: "fixed".to_owned(),
            help: None,
            place,
        };
    }
    let (table, name) = path.split().unwrap_or_default();
    let here = keys.names_in(&table);
    let elsewhere = || {
        let mut all = keys.keys.iter().map(|key| &key.path);
        let same = all.find(|key| key.0.last().is_some_and(|last| last == name))?;
        Some(format!("there is {same}; did you mean that?"))
    };
    let help = similar(name, here.iter().copied())
        .map(|meant| format!("did you mean {}?", table.join(meant)))
        .or_else(elsewhere)
        .or_else(|| {
            let what = if table.0.is_empty() {
                "sections are"
            } else {
                "keys here are"
            };
            (!here.is_empty()).then(|| format!("{what} {}", here.join(", ")))
        });
    Mistake {
        what: format!("there is no key {path}"),
        label: "unknown".to_owned(),
        help,
        place,
    }
}

/// The word that is most like this one, if one is.
pub(crate) fn similar<'w>(word: &str, words: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    let word = word.to_lowercase().replace('-', "_");
    let scored = words.map(|other| (strsim::jaro_winkler(&word, other), other));
    let near = scored.filter(|(score, _)| *score > ALIKE);
    near.max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, other)| other)
}

/// From here on two words are alike.
const ALIKE: f64 = 0.8;

fn syntax(error: &toml::de::Error, text: &str) -> Mistake {
    let span = error.span().unwrap_or(0..0);
    // A caret needs something to stand under.
    let end = span.end.max(span.start.saturating_add(1)).min(text.len());
    let start = span.start.min(end);
    Mistake {
        what: format!("this is not TOML: {}", error.message()),
        label: "here".to_owned(),
        help: None,
        place: Place::File(start..end),
    }
}

/// The texts in a value, but for those in tables, which have keys of their own.
fn collect_texts(value: &Spanned<DeValue<'_>>, texts: &mut Vec<Range<usize>>) {
    match value.get_ref() {
        DeValue::String(_) => texts.push(value.span()),
        DeValue::Array(items) => items.iter().for_each(|item| collect_texts(item, texts)),
        _ => {}
    }
}

/// Where secrets may stand in a text that is no TOML, in which a value may be anywhere: behind all names but those of keys that take
/// none, to the end of the line.
fn doubtful(text: &str) -> impl Iterator<Item = Range<usize>> {
    let is_plain = |name: &str| {
        let name = name.trim().rsplit('.').next().unwrap_or_default();
        let name = name.trim_matches(['"', '\'', ' ']);
        let all = Keys::all().keys.iter();
        let mut same = all.filter(|key| key.path.0.last().is_some_and(|last| last == name));
        same.clone().next().is_some() && same.all(|key| !key.is_secret)
    };
    let mut begin = 0_usize;
    text.split_inclusive('\n').filter_map(move |line| {
        let start = begin;
        begin = begin.saturating_add(line.len());
        let value = line.find(['=', ':'])?;
        let (name, _) = line.split_at(value);
        (!is_plain(name)).then(|| start.saturating_add(value).saturating_add(1)..begin)
    })
}

/// The innermost key or value that holds these bytes.
fn locate(table: &DeTable<'_>, span: &Range<usize>) -> Option<KeyPath> {
    let mut found = Vec::new();
    holders(&KeyPath::default(), table, span, &mut found);
    let innermost = found
        .into_iter()
        .min_by_key(|(length, path)| (*length, Reverse(path.0.len())));
    innermost.map(|(_, path)| path)
}

/// Whatever holds these bytes, with its own length.
fn holders(
    at: &KeyPath,
    table: &DeTable<'_>,
    span: &Range<usize>,
    found: &mut Vec<(usize, KeyPath)>,
) {
    for (name, value) in table {
        let here = at.join(name.get_ref());
        for outer in [name.span(), value.span()] {
            if outer.start <= span.start && span.end <= outer.end {
                found.push((outer.len(), here.clone()));
            }
        }
        match value.get_ref() {
            DeValue::Table(inner) => holders(&here, inner, span, found),
            DeValue::Array(items) => {
                for (place, item) in items.iter().enumerate() {
                    let here = here.join(&place.to_string());
                    let outer = item.span();
                    if let DeValue::Table(inner) = item.get_ref() {
                        if outer.start <= span.start && span.end <= outer.end {
                            found.push((outer.len(), here.clone()));
                        }
                        holders(&here, inner, span, found);
                    }
                }
            }
            _ => {}
        }
    }
}

/// Takes out what stands at a place; says whether there was anything.
fn remove(table: &mut DeTable<'_>, path: &[String]) -> bool {
    let Some((first, rest)) = path.split_first() else {
        return false;
    };
    if rest.is_empty() {
        return table.remove(first.as_str()).is_some();
    }
    let is_first = |name: &Spanned<DeString<'_>>| name.get_ref() == first.as_str();
    let value = table.iter_mut().find(|(name, _)| is_first(name));
    match (value.map(|(_, value)| value.get_mut()), rest) {
        (Some(DeValue::Table(inner)), _) => remove(inner, rest),
        (Some(DeValue::Array(items)), [place, inside @ ..]) => {
            let Ok(place) = place.parse::<usize>() else {
                return false;
            };
            match items.get_mut(place).map(Spanned::get_mut) {
                Some(DeValue::Table(inner)) if !inside.is_empty() => remove(inner, inside),
                Some(_) if inside.is_empty() => {
                    let all = std::mem::replace(items, DeArray::new());
                    let others = all.into_iter().enumerate();
                    let others = others.filter(|(at, _)| *at != place);
                    *items = others.map(|(_, item)| item).collect();
                    true
                }
                _ => false,
            }
        }
        _ => false,
    }
}
