//! The layers of a configuration, and what comes out when they lie on each other.

use std::collections::BTreeMap;
use std::env;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use serde::Deserialize as _;
use toml::Value;

use super::Config;
use super::file::File;
use super::flags;
use super::mistake::{Mistake, Mistakes, Place};
use super::path::KeyPath;
use super::together;
use super::tree;
use super::variables;
use crate::cli;

/// Where a configuration comes from. The same sources are read again at a reload.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
    /// The file.
    pub(crate) file: Option<PathBuf>,
    /// The environment.
    pub(crate) variables: Vec<(String, String)>,
    /// Variables that are no text.
    pub(crate) unreadable: Vec<String>,
    /// What flags set, and which.
    pub(crate) flags: Vec<(KeyPath, Value, &'static str)>,
}

impl Sources {
    /// The sources of `adit serve`.
    pub(crate) fn of(serve: &cli::Serve) -> Self {
        Self {
            flags: flags::given(serve),
            ..Self::without_flags(serve.config.as_deref())
        }
    }

    /// The same without flags.
    pub(crate) fn without_flags(file: Option<&Path>) -> Self {
        let mut variables = Vec::new();
        let mut unreadable = Vec::new();
        for (name, value) in env::vars_os() {
            match (name.to_str(), value.to_str()) {
                (Some(name), Some(value)) => variables.push((name.to_owned(), value.to_owned())),
                _ => unreadable.push(name.to_string_lossy().into_owned()),
            }
        }
        variables.sort();
        unreadable.sort();
        Self {
            file: file.map(Path::to_owned).or_else(installed),
            variables,
            unreadable,
            flags: Vec::new(),
        }
    }
}

impl Sources {
    /// What stands in the file; nothing where there is none.
    fn text(&self) -> Result<String, Mistakes> {
        match &self.file {
            Some(path) => text_of(path).map_err(|why| Mistakes::unreadable(path, &why)),
            None => Ok(String::new()),
        }
    }

    /// The sources of a server that this machine has, for commands that are about it.
    pub(crate) fn of_installation(installation: &cli::Installation) -> Self {
        let mut sources = Self::without_flags(installation.config.as_deref());
        sources.flags = flags::of_installation(installation);
        let packaged = || Path::new(PACKAGED).exists().then(|| PACKAGED.into());
        sources.file = sources.file.or_else(packaged);
        sources
    }
}

/// Where packages put the file.
const PACKAGED: &str = "/etc/adit/adit.toml";

/// The file that a package has installed: systemd names its directory.
fn installed() -> Option<PathBuf> {
    let directories = env::var_os("CONFIGURATION_DIRECTORY")?;
    let first = env::split_paths(&directories).next()?;
    let file = first.join("adit.toml");
    file.exists().then_some(file)
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A line of the file.
    File(usize),
    /// A variable.
    Variable(String),
    /// A flag.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(line) => write!(f, "line {line}"),
            Self::Variable(name) => f.write_str(name),
            Self::Flag(flag) => f.write_str(flag),
        }
    }
}

/// A configuration without mistakes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Effective {
    /// The configuration.
    pub(crate) config: Config,
    /// Who has set what in it.
    pub(crate) origins: BTreeMap<KeyPath, Origin>,
    /// The file, if there is one.
    file: Option<PathBuf>,
    /// What stands in it, without secrets.
    text: String,
    /// Where its values stand.
    spans: BTreeMap<KeyPath, std::ops::Range<usize>>,
}

impl Effective {
    /// That the value of a key turned out to be of no use.
    pub(crate) fn refuse(&self, key: &str, what: &str, help: Option<String>) -> Mistakes {
        let path = KeyPath::read(key);
        let mistake = Mistake {
            what: format!("{path}: {what}"),
            label: "of no use".to_owned(),
            help,
            place: place(&path, &self.origins, &self.spans),
        };
        Mistakes {
            file: self.file.clone(),
            text: self.text.clone(),
            all: vec![mistake],
        }
    }
}

/// Reads all layers.
///
/// # Errors
/// Everything that is wrong with any of them.
pub(crate) fn load(sources: &Sources) -> Result<Effective, Mistakes> {
    let text = sources.text()?;
    let mut file = File::read(&text);
    let mut mistakes = std::mem::take(&mut file.mistakes);
    let mut origins = BTreeMap::new();
    for (path, _) in tree::leaves(&file.table) {
        let start = file.spans.get(&path).map_or(0, |span| span.start);
        origins.insert(path, Origin::File(line(&text, start)));
    }
    let shown = file.shown(&text);
    let mut set = file.table;
    mistakes.extend(variables::unreadable(&sources.unreadable));
    let variables = variables::read(&sources.variables, &set, &mut mistakes);
    let variables = variables
        .into_iter()
        .map(|(path, value, name)| (path, value, Origin::Variable(name)));
    let flags = sources.flags.iter().cloned();
    let flags = flags.map(|(path, value, flag)| (path, value, Origin::Flag(flag)));
    for (path, value, origin) in variables.chain(flags) {
        tree::lay(&mut set, tree::single(&path, value));
        origins.insert(path, origin);
    }
    let mut config = Config::default();
    if mistakes.is_empty() {
        match Config::deserialize(set) {
            Ok(whole) => config = whole,
            Err(error) => mistakes.push(Mistake {
                what: error.message().to_owned(),
                label: String::new(),
                help: None,
                place: Place::Nowhere(KeyPath::default()),
            }),
        }
        mistakes.extend(
            together::check(&config)
                .into_iter()
                .map(|conflict| Mistake {
                    place: place(&conflict.path, &origins, &file.spans),
                    what: conflict.what,
                    label: conflict.label.to_owned(),
                    help: Some(conflict.help),
                }),
        );
    }
    if mistakes.is_empty() {
        return Ok(Effective {
            config,
            origins,
            file: sources.file.clone(),
            text: shown,
            spans: file.spans,
        });
    }
    Err(Mistakes {
        file: sources.file.clone(),
        text: shown,
        all: mistakes,
    })
}

/// The text of a file. An empty one is about to be written, probably: many programs empty a file first.
fn text_of(path: &Path) -> io::Result<String> {
    for _ in 0..LOOKS {
        let text = fs::read_to_string(path)?;
        if !text.is_empty() {
            return Ok(text);
        }
        thread::sleep(BETWEEN_LOOKS);
    }
    fs::read_to_string(path)
}

/// How often an empty file is looked at once more.
const LOOKS: usize = 5;
/// The pause between two looks.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// Where a value was set.
fn place(
    path: &KeyPath,
    origins: &BTreeMap<KeyPath, Origin>,
    spans: &BTreeMap<KeyPath, std::ops::Range<usize>>,
) -> Place {
    match origins.get(path) {
        Some(Origin::File(_)) => spans
            .get(path)
            .cloned()
            .map_or_else(|| Place::Nowhere(path.clone()), Place::File),
        Some(Origin::Variable(name)) => Place::Variable(name.clone()),
        Some(Origin::Flag(flag)) => Place::Flag(flag),
        // What stands in a list of tables has no origin of its own.
        None => spans
            .get(path)
            .cloned()
            .map_or_else(|| Place::Nowhere(path.clone()), Place::File),
    }
}

/// The line of a byte, from 1.
fn line(text: &str, byte: usize) -> usize {
    let before = text.get(..byte).unwrap_or_default();
    before.matches('\n').count().saturating_add(1)
}
