//! What was found, for people and for programs.

use serde_json::{Value, json};

use crate::columns::{Side, lines};

/// What was found, in the order in which it was looked for.
#[derive(Debug, Default)]
pub(super) struct Findings(Vec<Finding>);

#[derive(Debug)]
struct Finding {
    check: &'static str,
    state: State,
    what: String,
    remedy: Option<String>,
}

/// How bad something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Good,
    Note,
    Warning,
    Wrong,
}

impl State {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Wrong => "wrong",
        }
    }
}

impl Findings {
    /// It is as it should be.
    pub(super) fn good(&mut self, check: &'static str, what: impl Into<String>) {
        self.add(check, State::Good, what.into(), None);
    }

    /// It is so, and may be meant to be.
    pub(super) fn note(&mut self, check: &'static str, what: impl Into<String>) {
        self.add(check, State::Note, what.into(), None);
    }

    /// It works, and not as well as it could or not for long.
    pub(super) fn warning(
        &mut self,
        check: &'static str,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.add(check, State::Warning, what.into(), Some(remedy.into()));
    }

    /// It does not work.
    pub(super) fn wrong(
        &mut self,
        check: &'static str,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.add(check, State::Wrong, what.into(), Some(remedy.into()));
    }

    fn add(&mut self, check: &'static str, state: State, what: String, remedy: Option<String>) {
        self.0.push(Finding {
            check,
            state,
            what,
            remedy: remedy.filter(|text| !text.is_empty()),
        });
    }

    /// How much does not work.
    pub(super) fn wrong_count(&self) -> usize {
        self.count(State::Wrong)
    }

    fn count(&self, state: State) -> usize {
        self.0.iter().filter(|it| it.state == state).count()
    }

    /// A line for each, and one more for what to do about it.
    pub(super) fn for_people(&self) -> String {
        let mut rows = Vec::new();
        for finding in &self.0 {
            let state = finding.state.as_str().to_owned();
            rows.push(vec![state, finding.check.to_owned(), finding.what.clone()]);
            if let Some(remedy) = &finding.remedy {
                rows.push(vec![String::new(), String::new(), format!("→ {remedy}")]);
            }
        }
        let mut text = lines(&rows, &[Side::Left; 3]).join("\n");
        let summary = match (self.wrong_count(), self.count(State::Warning)) {
            (0, 0) => "all is well".to_owned(),
            (wrong, warnings) => format!("{wrong} wrong, {}", plural(warnings, "warning")),
        };
        text.push_str("\n\n");
        text.push_str(&summary);
        text
    }

    /// One object.
    pub(super) fn for_programs(&self) -> Value {
        let findings = self.0.iter().map(|it| {
            json!({
                "check": it.check,
                "state": it.state.as_str(),
                "finding": it.what,
                "remedy": it.remedy,
            })
        });
        json!({
            "ok": self.wrong_count() == 0,
            "wrong": self.wrong_count(),
            "warnings": self.count(State::Warning),
            "findings": findings.collect::<Vec<_>>(),
        })
    }
}

fn plural(count: usize, word: &str) -> String {
    match count {
        1 => format!("1 {word}"),
        _ => format!("{count} {word}s"),
    }
}
