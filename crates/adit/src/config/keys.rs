//! Every key there is, read from the JSON schema of [`Config`]: what it means, what it takes, and how else it can be set.

use std::sync::LazyLock;

use schemars::Schema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::Config;
use super::flags;
use super::path::KeyPath;
use super::units::{Size, Span};

/// Keys, or all of a section, that take effect only when the server starts. Everything else does at a reload.
const RESTART: [&str; 19] = [
    "api.listen",
    "log.opentelemetry",
    "server.listen",
    "server.state_dir",
    "server.media",
    "server.threads",
    "server.trust_proxy",
    "server.takeover",
    "objects",
    "limits.tcp",
    "limits.fd",
    "limits.sniff",
    "limits.tls",
    "limits.http.header_deadline",
    "limits.http.body",
    "limits.http.keepalive",
    "limits.rtmpt",
    "limits.so",
    "limits.recording.streams",
];

/// Stands in a path for a name that people choose, and for a place in a list.
pub(crate) const ANY: &str = "NAME";

/// What a key takes that has a table for each item.
pub(crate) const LIST_OF_TABLES: &str = "a list of tables";

/// One key of the configuration.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    /// Its place; [`ANY`] in it stands for any name.
    pub(crate) path: KeyPath,
    /// The list that it is in, of one table for each item. The name behind that in `path` is the place of the item.
    pub(crate) list: Option<KeyPath>,
    /// What it means.
    pub(crate) about: String,
    /// What it takes, in words.
    pub(crate) kind: String,
    /// The words it takes and what they mean, if it takes only some.
    pub(crate) choices: Vec<(String, String)>,
    /// Its value if nobody sets it.
    pub(crate) default: Option<Value>,
    /// The smallest and the largest value.
    pub(crate) range: Option<(Value, Value)>,
    /// How a text becomes a value of it.
    pub(crate) shape: Shape,
    /// Whether its value is shown to nobody.
    pub(crate) is_secret: bool,
    /// Values of it that are no secret, where all others are.
    pub(crate) open: Vec<String>,
}

/// How a text becomes a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// As it is.
    Text,
    /// A list of texts.
    Texts,
    /// As TOML.
    Other,
}

/// One section, and what it is about.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    pub(crate) path: KeyPath,
    pub(crate) about: String,
}

/// The keys and sections of the configuration, in the order of their structs.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    pub(crate) keys: Vec<Key>,
    pub(crate) sections: Vec<Section>,
}

impl Keys {
    /// All of them.
    pub(crate) fn all() -> &'static Self {
        static ALL: LazyLock<Keys> = LazyLock::new(|| {
            let mut all = Keys::default();
            all.walk(&KeyPath::default(), schema().as_value(), None);
            all
        });
        &ALL
    }

    /// The key that stands for `path`.
    pub(crate) fn find(&self, path: &KeyPath) -> Option<&Key> {
        self.keys.iter().find(|key| stands_for(&key.path, path))
    }

    /// The key that a person means by `path`: in a list the place of an item may be left out, or stand in brackets.
    pub(crate) fn meant(&self, path: &KeyPath) -> Option<&Key> {
        let in_brackets = |name: &String| {
            let (name, _) = name.split_once('[').filter(|_| name.ends_with(']'))?;
            Some(name.to_owned())
        };
        let plain = path.0.iter();
        let plain = plain.map(|name| in_brackets(name).unwrap_or_else(|| name.clone()));
        let plain = KeyPath(plain.collect());
        let with_place = |key: &&Key| {
            let depth = key.list.as_ref().map(|list| list.0.len());
            let Some((before, after)) = depth.and_then(|depth| plain.0.split_at_checked(depth))
            else {
                return false;
            };
            let place = [ANY.to_owned()];
            let whole = before.iter().chain(&place).chain(after);
            stands_for(&key.path, &KeyPath(whole.cloned().collect()))
        };
        let found = self.find(path).or_else(|| self.find(&plain));
        found.or_else(|| self.keys.iter().find(with_place))
    }

    /// The section that stands for `path`.
    pub(crate) fn section(&self, path: &KeyPath) -> Option<&Section> {
        let mut sections = self.sections.iter();
        sections.find(|section| stands_for(&section.path, path))
    }

    /// Names of keys and sections directly in the section at `path`.
    pub(crate) fn names_in(&self, path: &KeyPath) -> Vec<&str> {
        let keys = self.keys.iter().map(|key| &key.path);
        let all = keys.chain(self.sections.iter().map(|section| &section.path));
        let depth = path.0.len();
        let inside = all.filter(|other| {
            other.0.len() == depth.saturating_add(1)
                && other.0.iter().zip(&path.0).all(|(a, b)| a == b || a == ANY)
        });
        inside
            .filter_map(|other| other.0.last())
            .map(String::as_str)
            .filter(|name| *name != ANY)
            .collect()
    }

    fn walk(&mut self, at: &KeyPath, schema: &Value, list: Option<&KeyPath>) {
        let about = text_of(schema, "description");
        let key = |kind| Key {
            list: list.cloned(),
            ..key(at.clone(), schema, kind)
        };
        if let Some(items) = schema.get("items").filter(|items| is_table(items)) {
            self.keys.push(key(LIST_OF_TABLES));
            self.walk_table(&at.join(ANY), items, Some(at));
        } else if is_table(schema) {
            if !at.0.is_empty() {
                self.sections.push(Section {
                    path: at.clone(),
                    about,
                });
            }
            self.walk_table(at, schema, list);
        } else {
            self.keys.push(key(""));
        }
    }

    fn walk_table(&mut self, at: &KeyPath, schema: &Value, list: Option<&KeyPath>) {
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, inner) in properties.into_iter().flatten() {
            self.walk(&at.join(name), inner, list);
        }
        if let Some(inner) = schema
            .get("additionalProperties")
            .filter(|any| any.is_object())
        {
            self.walk(&at.join(ANY), inner, list);
        }
    }
}

impl Key {
    /// The variable of the environment that sets it, or the whole list that it is in.
    pub(crate) fn variable(&self) -> String {
        variable(self.list.as_ref().unwrap_or(&self.path))
    }

    /// Its place as people write it: `access.rules[].need`.
    pub(crate) fn shown(&self) -> String {
        let Some(list) = &self.list else {
            return self.path.to_string();
        };
        let inside = self.path.0.iter().skip(list.0.len().saturating_add(1));
        let inside = KeyPath(inside.cloned().collect());
        format!("{list}[].{inside}")
    }

    /// The flag of `adit serve` that sets it.
    pub(crate) fn flag(&self) -> Option<&'static str> {
        flags::of(&self.path.to_string())
    }

    /// Whether it takes effect only at the next start.
    pub(crate) fn needs_restart(&self) -> bool {
        let path = self.path.to_string();
        RESTART.iter().any(|prefix| {
            let rest = path.strip_prefix(prefix);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }

    /// Its range in words, as in `1 to 100`.
    pub(crate) fn range_in_words(&self) -> Option<String> {
        let (low, high) = self.range.as_ref()?;
        Some(format!("{} to {}", plain(low), plain(high)))
    }

    /// What it takes, with the range.
    pub(crate) fn takes(&self) -> String {
        match self.range_in_words() {
            Some(range) => format!("{} from {range}", self.kind),
            None => self.kind.clone(),
        }
    }

    /// Whether a value of the right type is within the range.
    pub(crate) fn admits(&self, value: &toml::Value) -> bool {
        let Some((low, high)) = &self.range else {
            return true;
        };
        // What a text without a unit means shows in the range.
        let is_size = low.as_str().is_some_and(|low| low.ends_with('B'));
        let magnitude = |value: &Value| magnitude(value, is_size);
        let value = match value {
            toml::Value::Integer(number) => magnitude(&Value::from(*number)),
            toml::Value::String(text) => magnitude(&Value::from(text.as_str())),
            _ => return true,
        };
        match (magnitude(low), value, magnitude(high)) {
            (Some(low), Some(value), Some(high)) => (low..=high).contains(&value),
            _ => true,
        }
    }
}

/// The variable of the environment that is about a place.
pub(crate) fn variable(path: &KeyPath) -> String {
    let names: Vec<_> = path.0.iter().map(|name| name.to_uppercase()).collect();
    format!("ADIT_{}", names.join("__"))
}

/// The JSON schema of the file, with everything in its place.
pub(crate) fn schema() -> Schema {
    let settings =
        SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<Config>()
}

/// A value as people write it, without the quotes of texts.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn stands_for(pattern: &KeyPath, path: &KeyPath) -> bool {
    let mut names = pattern.0.iter().zip(&path.0);
    pattern.0.len() == path.0.len() && names.all(|(any, name)| any == ANY || any == name)
}

fn is_table(schema: &Value) -> bool {
    let is_object = schema.get("type").and_then(Value::as_str) == Some("object");
    is_object
        && (schema.get("properties").is_some() || schema.get("additionalProperties").is_some())
}

fn key(path: KeyPath, schema: &Value, kind: &str) -> Key {
    let core = core(schema);
    let items = core.get("items").filter(|_| is_of_type(core, "array"));
    // Those of a list are those of what is in it.
    let choices = choices(items.unwrap_or(core));
    let shape = match items {
        Some(items) if takes_text(items) || !choices.is_empty() => Shape::Texts,
        _ if takes_text(core) || !choices.is_empty() => Shape::Text,
        _ => Shape::Other,
    };
    let range = schema.get("x-range").and_then(Value::as_array);
    let range = range.and_then(|range| Some((range.first()?.clone(), range.get(1)?.clone())));
    let is_secret = core.get("items").unwrap_or(core).get("x-secret").is_some();
    Key {
        about: text_of(schema, "description"),
        kind: if kind.is_empty() {
            let own = if items.is_some() { &[][..] } else { &choices };
            words(core, own)
        } else {
            kind.to_owned()
        },
        choices,
        default: schema
            .get("default")
            .filter(|value| !value.is_null())
            .cloned(),
        range,
        shape,
        is_secret: is_secret || schema.get("x-secret").is_some(),
        open: open(core),
        list: None,
        path,
    }
}

/// Words that stand for something, in the place of a secret.
fn open(schema: &Value) -> Vec<String> {
    let words = schema.get("x-open").and_then(Value::as_array);
    let words = words.into_iter().flatten().filter_map(Value::as_str);
    words.map(str::to_owned).collect()
}

/// The schema of a value that may be left out, without that.
fn core(schema: &Value) -> &Value {
    let any = schema.get("anyOf").and_then(Value::as_array);
    let mut any = any.into_iter().flatten();
    any.find(|one| one.get("type").and_then(Value::as_str) != Some("null"))
        .unwrap_or(schema)
}

fn takes_text(schema: &Value) -> bool {
    is_of_type(schema, "string")
}

/// Whether a value may be of this type.
fn is_of_type(schema: &Value, name: &str) -> bool {
    match schema.get("type") {
        Some(Value::Array(types)) => types.iter().any(|one| one == name),
        Some(one) => one == name,
        None => false,
    }
}

/// The words that an enumeration takes, and what they mean.
fn choices(schema: &Value) -> Vec<(String, String)> {
    let list = |name: &str| {
        schema
            .get(name)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    };
    let described = list("oneOf").filter_map(|one| {
        let word = one.get("const")?.as_str()?;
        Some((word.to_owned(), text_of(one, "description")))
    });
    let bare = list("enum").filter_map(|word| Some((word.as_str()?.to_owned(), String::new())));
    described.chain(bare).collect()
}

/// What a key takes, in words.
fn words(schema: &Value, choices: &[(String, String)]) -> String {
    if !choices.is_empty() {
        let words: Vec<_> = choices.iter().map(|(word, _)| word.as_str()).collect();
        return format!("one of {}", words.join(", "));
    }
    if let Some(kind) = schema.get("x-kind").and_then(Value::as_str) {
        return kind.to_owned();
    }
    let types = match schema.get("type") {
        Some(Value::Array(types)) => types.iter().find(|one| *one != "null"),
        one => one,
    };
    match types.and_then(Value::as_str) {
        Some("boolean") => "true or false".to_owned(),
        Some("integer") => "a whole number".to_owned(),
        Some("number") => "a number".to_owned(),
        Some("array") => {
            let items = schema
                .get("items")
                .map(|items| words(items, &self::choices(items)));
            let one = items.unwrap_or_else(|| "a value".to_owned());
            format!("a list, each {one}")
        }
        Some("object") => "a table".to_owned(),
        _ => "a text".to_owned(),
    }
}

/// Numbers, lengths of time and sizes on one scale each.
fn magnitude(value: &Value, is_size: bool) -> Option<u128> {
    match value {
        Value::Number(number) => number.as_u64().map(u128::from),
        Value::String(text) if is_size => Some(text.parse::<Size>().ok()?.0.into()),
        Value::String(text) => Some(text.parse::<Span>().ok()?.0.as_nanos()),
        _ => None,
    }
}

/// A text of the schema, its lines joined.
fn text_of(schema: &Value, name: &str) -> String {
    let text = schema.get(name).and_then(Value::as_str).unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
