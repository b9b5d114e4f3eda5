//! What is wrong with a configuration, told with its place.

use std::fmt;
use std::io::{self, IsTerminal as _};
use std::ops::Range;
use std::path::{Path, PathBuf};

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, NamedSource, Report,
};

use super::path::KeyPath;
use crate::serve::ServeError;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    /// What.
    pub(crate) what: String,
    /// What stands under the caret.
    pub(crate) label: String,
    /// What to do about it.
    pub(crate) help: Option<String>,
    /// Where.
    pub(crate) place: Place,
}

impl Mistake {
    /// What the configuration names and a server cannot use.
    pub(crate) fn unusable(why: &ServeError) -> Self {
        Self {
            what: why.to_string(),
            label: String::new(),
            help: why.remedy(),
            place: Place::Nowhere(KeyPath::default()),
        }
    }
}

/// Where a value stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// These bytes of the file.
    File(Range<usize>),
    /// A variable of the environment.
    Variable(String),
    /// A flag.
    Flag(&'static str),
    /// The key is not set anywhere, or its place is not known.
    Nowhere(KeyPath),
}

/// Everything that is wrong with a configuration, ready to be shown.
#[derive(Clone, Debug)]
pub(crate) struct Mistakes {
    /// The file, if there is one.
    pub(crate) file: Option<PathBuf>,
    /// What stands in it.
    pub(crate) text: String,
    /// What is wrong; at least one thing.
    pub(crate) all: Vec<Mistake>,
}

impl Mistakes {
    /// A file that cannot be read.
    pub(crate) fn unreadable(file: &Path, why: &io::Error) -> Self {
        let mistake = Mistake {
            what: format!(
                "{}: {}",
                file.display(),
                adit_client::network::in_words(why)
            ),
            label: String::new(),
            help: None,
            place: Place::Nowhere(KeyPath::default()),
        };
        Self::without_place(None, vec![mistake])
    }

    /// Mistakes that are not told with the text around them.
    pub(crate) fn without_place(file: Option<PathBuf>, all: Vec<Mistake>) -> Self {
        Self {
            file,
            text: String::new(),
            all,
        }
    }

    /// All of it for a terminal, with colours if standard error is one.
    pub(crate) fn shown(&self) -> String {
        self.rendered(if io::stderr().is_terminal() {
            GraphicalTheme::unicode()
        } else {
            GraphicalTheme::unicode_nocolor()
        })
    }

    /// The same without colours.
    pub(crate) fn plain(&self) -> String {
        self.rendered(GraphicalTheme::unicode_nocolor())
    }

    fn rendered(&self, theme: GraphicalTheme) -> String {
        let handler = GraphicalReportHandler::new_themed(theme)
            .with_width(WIDTH)
            .without_syntax_highlighting();
        let mut text = String::new();
        for mistake in &self.all {
            let report = self.report(mistake);
            if handler.render_report(&mut text, report.as_ref()).is_err() {
                text.push_str(&mistake.what);
            }
        }
        text.truncate(text.trim_end().len());
        text
    }

    fn report(&self, mistake: &Mistake) -> Report {
        let what = match &mistake.place {
            Place::Variable(name) => format!("{name}: {}", mistake.what),
            Place::Flag(flag) => format!("{flag}: {}", mistake.what),
            Place::File(_) | Place::Nowhere(_) => mistake.what.clone(),
        };
        let mut shown = MietteDiagnostic::new(what);
        shown.help.clone_from(&mistake.help);
        let Place::File(span) = &mistake.place else {
            return Report::new(shown);
        };
        let label = LabeledSpan::new_with_span(Some(mistake.label.clone()), span.clone());
        let name = self
            .file
            .as_deref()
            .unwrap_or_else(|| Path::new("adit.toml"));
        let source = NamedSource::new(name.display().to_string(), self.text.clone());
        Report::new(shown.with_label(label)).with_source_code(source)
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = match self.all.len() {
            1 => "one mistake".to_owned(),
            count => format!("{count} mistakes"),
        };
        match &self.file {
            Some(file) => write!(f, "{count} in the configuration, {}", file.display()),
            None => write!(f, "{count} in the configuration"),
        }
    }
}

impl std::error::Error for Mistakes {}

/// Columns of what is shown.
const WIDTH: usize = 120;
