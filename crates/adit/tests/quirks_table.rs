//! The table of quirks and the code are in step: what code cites is in `docs/quirks.md`, and the tests named there exist.
#![cfg(test)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use adit_testkit::peers::workspace;

/// Where the table is, from the workspace.
const TABLE: &str = "docs/quirks.md";

#[test]
fn every_quirk_that_code_cites_is_in_the_table() {
    let known: BTreeSet<_> = rows().into_iter().map(|row| row.number).collect();
    let mut cited = 0;
    for path in sources() {
        for number in citations(&fs::read_to_string(&path).unwrap()) {
            assert!(
                known.contains(&number),
                "{} cites {number}, which {TABLE} does not know",
                path.display()
            );
            cited += 1;
        }
    }
    assert!(cited > 100, "only {cited} citations found");
}

#[test]
fn every_row_of_the_table_is_whole_and_its_tests_exist() {
    let rows = rows();
    assert!(rows.len() > 80, "only {} rows found", rows.len());
    let mut seen = BTreeSet::new();
    for row in rows {
        let number = row.number;
        assert!(seen.insert(number.clone()), "{number} stands twice");
        assert_eq!(row.cells.len(), 5, "{number}: {:?}", row.cells);
        assert!(
            row.cells.iter().all(|cell| !cell.is_empty()),
            "{number} has an empty cell"
        );
        assert!(!row.tests.is_empty(), "{number} names no test");
        for (test, file) in row.tests {
            let text = fs::read_to_string(workspace().join(&file))
                .unwrap_or_else(|error| panic!("{number}: {file}: {error}"));
            assert!(
                is_test(&text, &test),
                "{number}: there is no test {test} in {file}"
            );
        }
    }
}

/// A row of the table.
struct Row {
    number: String,
    cells: Vec<String>,
    /// Test functions, each with the file it is in.
    tests: Vec<(String, String)>,
}

fn rows() -> Vec<Row> {
    let table = fs::read_to_string(workspace().join(TABLE)).unwrap();
    table
        .lines()
        .filter(|line| line.starts_with("| Q-"))
        .map(Row::read)
        .collect()
}

impl Row {
    fn read(line: &str) -> Self {
        // A bar inside a cell is written with a backslash before it.
        let line = line.replace("\\|", "¦");
        let cells: Vec<_> = line
            .trim_matches('|')
            .split('|')
            .map(|cell| cell.trim().to_owned())
            .collect();
        let tests = cells.last().map(|cell| tests_of(cell)).unwrap_or_default();
        Self {
            number: cells[0].clone(),
            cells,
            tests,
        }
    }
}

/// Reads "`test`, `test` in `file`; `test` in `file`".
fn tests_of(cell: &str) -> Vec<(String, String)> {
    let mut tests = Vec::new();
    for group in cell.split("; ") {
        let (names, file) = group.split_once(" in ").unwrap_or((group, ""));
        for name in names.split(", ") {
            tests.push((name.trim_matches('`').into(), file.trim_matches('`').into()));
        }
    }
    tests
}

/// Whether a function of this name stands right behind a test attribute.
fn is_test(text: &str, name: &str) -> bool {
    let before = |start: &str| {
        text.split_once(&format!("{start}{name}("))
            .map(|(before, _)| before)
    };
    before("async fn ")
        .or_else(|| before("fn "))
        .is_some_and(|before| {
            let attributes = before.trim_end().lines().rev();
            attributes
                .take_while(|line| line.trim_start().starts_with(['#', '/']))
                .any(|line| line.trim_start().starts_with("#[test]") || line.contains("::test"))
        })
}

/// The numbers `Q-nnn` in a text, in order.
fn citations(text: &str) -> Vec<String> {
    text.match_indices("Q-")
        .filter_map(|(at, _)| text.get(at..at + 5))
        .filter(|number| number[2..].bytes().all(|byte| byte.is_ascii_digit()))
        .map(str::to_owned)
        .collect()
}

/// All sources and tests of all crates, but for this file.
fn sources() -> Vec<PathBuf> {
    let mut files = Vec::new();
    for member in fs::read_dir(workspace().join("crates")).unwrap() {
        let member = member.unwrap().path();
        collect(&member.join("src"), &mut files);
        collect(&member.join("tests"), &mut files);
    }
    files.retain(|path| !path.ends_with("crates/adit/tests/quirks_table.rs"));
    files
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(directory) else {
        return;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}
