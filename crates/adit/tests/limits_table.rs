//! `docs/limits.md` is true: every constant, counter and test it names exists, and no limit is left out.
#![cfg(test)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use adit_testkit::peers::workspace;

/// The crates whose limits the tables hold: what a peer can make the server do, and what a server can make the client do.
const CRATES: [&str; 8] = [
    "adit-amf",
    "adit-rtmp",
    "adit-rtmpt",
    "adit-media",
    "adit-broker",
    "adit-net",
    "adit-server",
    "adit-client",
];

/// One row of a table.
struct Row {
    key: String,
    constants: Vec<String>,
    counter: String,
    tests: Vec<String>,
    /// Whether it says why there is no test.
    is_untested: bool,
}

#[test]
fn every_key_of_the_table_has_one_row() {
    let mut keys: Vec<_> = table().into_iter().map(|row| row.key).collect();
    keys.sort();
    let twice: Vec<_> = keys.windows(2).filter(|pair| pair[0] == pair[1]).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

#[test]
fn constants_of_the_table_exist_under_their_keys_and_none_is_left_out() {
    let known = constants();
    let mut wrong = Vec::new();
    let mut named = Vec::new();
    for row in table() {
        for constant in &row.constants {
            match known.get(constant) {
                None => wrong.push(format!("{}: there is no {constant}", row.key)),
                Some(Some(key)) if *key != row.key => {
                    wrong.push(format!("{}: {constant} says `{key}`", row.key));
                }
                Some(_) => named.push(constant.clone()),
            }
        }
    }
    for (constant, key) in known {
        if let Some(key) = key
            && !named.contains(&constant)
        {
            wrong.push(format!("{constant} (`{key}`) has no row"));
        }
    }
    report(&wrong);
}

#[test]
fn counters_of_the_table_exist_and_are_listed_under_a_key_of_the_row() {
    let counting: String = sources()
        .into_iter()
        .filter(|(path, _)| path.ends_with("counters.rs") || path.ends_with("stats.rs"))
        .map(|(_, text)| text)
        .collect();
    let mut wrong = Vec::new();
    for row in table().iter().filter(|row| !row.counter.starts_with('—')) {
        let words = backticked(&row.counter);
        let name = words[0].rsplit('.').next().unwrap();
        if !has_word(&counting, name) {
            wrong.push(format!("{}: nothing counts `{name}`", row.key));
        }
        // The key it is listed under stands behind it where it is not the row's own.
        let key = words.get(1).unwrap_or(&row.key);
        if !counting.contains(&format!("\"{key}\"")) {
            wrong.push(format!("{}: `{key}` is not listed", row.key));
        }
    }
    report(&wrong);
}

#[test]
fn tests_of_the_table_exist() {
    let sources = sources();
    let exists = |name: &str| {
        let definition = format!("fn {name}(");
        sources.iter().any(|(_, text)| text.contains(&definition))
    };
    let mut wrong = Vec::new();
    for row in table() {
        let missing = row.tests.iter().filter(|test| !exists(test));
        wrong.extend(missing.map(|test| format!("{}: there is no test {test}", row.key)));
        if row.tests.is_empty() && !row.constants.is_empty() && !row.is_untested {
            wrong.push(format!("{}: no test", row.key));
        }
    }
    report(&wrong);
}

#[track_caller]
fn report(wrong: &[String]) {
    assert!(
        wrong.is_empty(),
        "docs/limits.md:\n  {}",
        wrong.join("\n  ")
    );
}

/// The rows of both tables.
fn table() -> Vec<Row> {
    let path = workspace().join("docs/limits.md");
    let text = fs::read_to_string(path).unwrap();
    let header = "| key | value | beyond it | constant | counter | test |";
    let tables: Vec<Vec<Row>> = text.split(header).skip(1).map(rows).collect();
    let lengths: Vec<_> = tables.iter().map(Vec::len).collect();
    assert!(
        lengths.len() == 2 && lengths[0] > 100 && lengths[1] > 50,
        "{lengths:?} rows"
    );
    tables.into_iter().flatten().collect()
}

/// The rows behind a header.
fn rows(text: &str) -> Vec<Row> {
    let lines = text.lines().skip(2).take_while(|line| !line.is_empty());
    lines.map(row).collect()
}

fn row(line: &str) -> Row {
    let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
    let [key, _, _, constant, counter, tests] = cells[..] else {
        panic!("not six cells: {line}");
    };
    Row {
        key: key.trim_matches('`').to_owned(),
        constants: backticked(constant),
        counter: counter.to_owned(),
        tests: backticked(tests),
        is_untested: tests.starts_with("— ("),
    }
}

/// The words in backticks.
fn backticked(cell: &str) -> Vec<String> {
    let pieces = cell.split('`').skip(1).step_by(2);
    pieces.map(str::to_owned).collect()
}

/// The constants of all `limits.rs`, such as `adit_net::limits::CONNECTIONS`, with the key that their documentation names.
fn constants() -> BTreeMap<String, Option<String>> {
    let mut all = BTreeMap::new();
    for (path, text) in sources() {
        let Some(module) = CRATES.iter().find_map(|name| limits_of(name, &path)) else {
            continue;
        };
        let mut doc = String::new();
        for line in text.lines().map(str::trim) {
            if let Some(more) = line.strip_prefix("///") {
                doc.push_str(more);
            } else {
                if let Some((_, constant)) = line.split_once("const ")
                    && let Some((constant, _)) = constant.split_once(':')
                {
                    all.insert(format!("{module}::{constant}"), key_of(&doc));
                }
                doc.clear();
            }
        }
    }
    assert!(all.len() > 100, "{} constants", all.len());
    all
}

/// The module of a file, if it is `limits.rs` of a crate, a part of it, or that of the crate's client side.
fn limits_of(name: &str, path: &Path) -> Option<String> {
    let source = Path::new("crates").join(name).join("src");
    let root = name.replace('-', "_");
    let is_part = path.parent() == Some(&source.join("limits")) && !path.ends_with("tests.rs");
    if path == source.join("limits.rs") || is_part {
        return Some(format!("{root}::limits"));
    }
    (path == source.join("client").join("limits.rs")).then(|| format!("{root}::client::limits"))
}

/// The key in a documentation: the word in backticks right behind a parenthesis, if it looks like one.
fn key_of(doc: &str) -> Option<String> {
    let words = doc.split("(`").skip(1);
    let mut keys = words.filter_map(|rest| rest.split('`').next());
    keys.find(|word| {
        word.chars()
            .all(|c| c.is_ascii_lowercase() || c == '_' || c == '.')
    })
    .map(str::to_owned)
}

fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .any(|each| each == word)
}

/// Every Rust file under `crates`, with its path from the root.
fn sources() -> Vec<(PathBuf, String)> {
    let root = workspace();
    let mut folders = vec![root.join("crates")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                files.push((path.strip_prefix(&root).unwrap().to_path_buf(), text));
            }
        }
    }
    files
}
