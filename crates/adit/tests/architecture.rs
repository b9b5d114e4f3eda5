//! The rules of the house that a compiler does not know: which crate may depend on which, and how long things may be.
#![cfg(test)]

use std::fs;
use std::path::{Path, PathBuf};

use adit_testkit::peers::workspace;
use cargo_metadata::{DependencyKind, MetadataCommand};

/// The crates without I/O, and all that they may use from outside.
const CORES: [(&str, &[&str]); 5] = [
    ("adit-amf", &["bytes", "thiserror"]),
    (
        "adit-rtmp",
        &["bytes", "hmac", "sha2", "subtle", "thiserror", "tracing"],
    ),
    ("adit-rtmpt", &["bytes", "thiserror"]),
    ("adit-media", &["bytes", "shiguredo_mp4", "thiserror"]),
    ("adit-broker", &["bytes", "thiserror"]),
];

/// Crates that only one room of the house may know.
const ONLY_IN: [(&str, &[&str]); 7] = [
    ("clap", &["adit", "adit-bench", "adit-testkit"]),
    ("hyper", &["adit-net", "adit-server"]),
    ("rustls", &["adit-net", "adit-bench"]),
    ("tokio-rustls", &["adit-net"]),
    ("socket2", &["adit-net", "adit-bench"]),
    ("tracing-subscriber", &["adit"]),
    ("opentelemetry", &["adit"]),
];

/// The longest source file, without tests, in lines.
const FILE_LINES: usize = 600;

/// The longest function, in lines.
const FUNCTION_LINES: usize = 60;

/// The most fields of a struct.
const STRUCT_FIELDS: usize = 12;

#[test]
fn crates_depend_on_each_other_only_along_the_arrows() {
    let table = Table::read();
    let mut wrong = Vec::new();
    for package in packages() {
        let from = package.name.as_str();
        for dependency in package
            .dependencies
            .iter()
            .filter(|dependency| dependency.path.is_some())
        {
            let to = dependency.name.as_str();
            let allowed = match dependency.kind {
                // A test may use the test kit and anything that stands below its own crate.
                DependencyKind::Development => {
                    to == "adit-testkit" || table.place(to) < table.place(from)
                }
                _ => table.allows(from, to),
            };
            if !allowed {
                wrong.push(format!("{from} must not depend on {to}"));
            }
        }
    }
    report(
        "arrows that are not in the table of docs/architecture.md",
        &wrong,
    );
}

#[test]
fn the_table_itself_has_only_arrows_that_point_down() {
    let table = Table::read();
    let mut wrong = Vec::new();
    for (at, (from, arrows)) in table.rows.iter().enumerate() {
        for to in arrows.iter().filter(|to| to.starts_with("adit")) {
            if table.place(to).is_none_or(|place| place >= at) {
                wrong.push(format!("{from} → {to}"));
            }
        }
    }
    report("arrows that point up", &wrong);
}

#[test]
fn cores_know_no_sockets_clocks_or_tasks() {
    let mut wrong = Vec::new();
    for package in packages() {
        let Some((name, known)) = CORES
            .iter()
            .find(|(name, _)| *name == package.name.as_str())
        else {
            continue;
        };
        for dependency in &package.dependencies {
            let foreign = dependency.path.is_none() && dependency.kind == DependencyKind::Normal;
            if foreign && !known.contains(&dependency.name.as_str()) {
                wrong.push(format!("{name} must not depend on {}", dependency.name));
            }
        }
    }
    report("what a core must not know", &wrong);
}

#[test]
fn sockets_tls_http_and_arguments_stay_in_their_rooms() {
    let mut wrong = Vec::new();
    for package in packages() {
        for dependency in package
            .dependencies
            .iter()
            .filter(|each| each.kind == DependencyKind::Normal)
        {
            let room = ONLY_IN.iter().find(|(name, _)| *name == dependency.name);
            if room.is_some_and(|(_, rooms)| !rooms.contains(&package.name.as_str())) {
                wrong.push(format!(
                    "{} must not know {}",
                    package.name, dependency.name
                ));
            }
        }
    }
    report("crates that know too much", &wrong);
}

#[test]
fn the_table_has_a_row_for_every_crate_and_no_other() {
    let mut rows: Vec<String> = Table::read()
        .rows
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    let mut crates: Vec<String> = packages()
        .into_iter()
        .map(|package| package.name.to_string())
        .collect();
    rows.sort();
    crates.sort();
    assert_eq!(
        rows, crates,
        "the table of docs/architecture.md and the crates"
    );
}

#[test]
fn files_functions_and_structs_stay_short() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let lines = text.lines().count();
        if !is_test(&file) && lines > FILE_LINES {
            wrong.push(format!(
                "{}: {lines} lines, {FILE_LINES} allowed",
                file.display()
            ));
        }
        for (line, name, length) in functions(&text) {
            // A test may be one long table.
            if !is_test(&file) && length > FUNCTION_LINES {
                wrong.push(format!(
                    "{}:{line}: fn {name} has {length} lines, {FUNCTION_LINES} allowed",
                    file.display()
                ));
            }
        }
        for (line, name, fields) in structs(&text) {
            if fields > STRUCT_FIELDS {
                wrong.push(format!(
                    "{}:{line}: struct {name} has {fields} fields, {STRUCT_FIELDS} allowed",
                    file.display()
                ));
            }
        }
    }
    report("too long", &wrong);
}

#[test]
fn every_queue_has_a_limit() {
    let sources = sources().into_iter().filter(|(file, _)| !is_test(file));
    let wrong: Vec<String> = sources
        .filter(|(_, text)| text.contains(&["unbounded_", "channel"].concat()))
        .map(|(file, _)| file.display().to_string())
        .collect();
    report("queues without a limit", &wrong);
}

#[test]
fn nothing_is_ignored_allowed_or_put_off() {
    // Put together here so that this file does not contain them itself.
    let words: [(String, &str); 5] = [
        (
            ["#[ig", "nore"].concat(),
            "a test that is not run tests nothing",
        ),
        (["#[al", "low("].concat(), "say #[expect(…, reason = …)]"),
        (["#![al", "low("].concat(), "say #![expect(…, reason = …)]"),
        (["TO", "DO"].concat(), "name the issue, as in (#12)"),
        (["FIX", "ME"].concat(), "fix it, or file an issue"),
    ];
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        for (number, line) in (1..).zip(text.lines()) {
            let numbered = line.contains("DO(#");
            for (word, why) in words
                .iter()
                .filter(|(word, _)| line.contains(word.as_str()))
            {
                if !(numbered && word.starts_with("TO")) {
                    wrong.push(format!("{}:{number}: {word}: {why}", file.display()));
                }
            }
        }
    }
    report("not in this house", &wrong);
}

#[test]
fn lengths_are_counted_as_rustfmt_lays_them_out() {
    let text = "impl A {\n    pub const fn one(\n        self,\n    ) -> u8 {\n        1\n    }\n}\nfn two() {\n}\n\
        /// A struct.\npub struct B {\n    /// A field: documented.\n    pub a: u8,\n    #[x]\n    b: Vec<u8>,\n}\nstruct C;\n";
    assert_eq!(
        functions(text),
        [(2, "one".to_owned(), 5), (8, "two".to_owned(), 2)]
    );
    assert_eq!(structs(text), [(11, "B".to_owned(), 2)]);
}

fn packages() -> Vec<cargo_metadata::Package> {
    let mut command = MetadataCommand::new();
    command
        .manifest_path(workspace().join("Cargo.toml"))
        .no_deps();
    command
        .other_options(vec!["--offline".to_owned()])
        .exec()
        .unwrap()
        .packages
}

/// The table of crates in `docs/architecture.md`: a row each, lowest first, with what it may depend on.
struct Table {
    rows: Vec<(String, Vec<String>)>,
}

impl Table {
    fn read() -> Self {
        let page = fs::read_to_string(workspace().join("docs/architecture.md")).unwrap();
        let mut table = Self { rows: Vec::new() };
        for line in page.lines().filter(|line| line.starts_with("| `adit")) {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let above = || table.rows.iter().map(|(name, _)| name.clone());
            let arrows = match cells[3] {
                "all above" | "whatever it measures" => above().collect(),
                "cores" => above()
                    .filter(|name| CORES.iter().any(|(core, _)| core == name))
                    .collect(),
                // Names stand between backticks, whatever is said about them beside.
                listed => listed
                    .split('`')
                    .skip(1)
                    .step_by(2)
                    .map(str::to_owned)
                    .collect(),
            };
            table
                .rows
                .push((cells[1].trim_matches('`').to_owned(), arrows));
        }
        table
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.rows.iter().position(|(each, _)| each == name)
    }

    fn allows(&self, from: &str, to: &str) -> bool {
        self.rows
            .iter()
            .any(|(name, arrows)| name == from && arrows.iter().any(|arrow| arrow == to))
    }
}

fn report(what: &str, wrong: &[String]) {
    assert!(wrong.is_empty(), "{what}:\n  {}", wrong.join("\n  "));
}

/// Every Rust file of the workspace with its text.
fn sources() -> Vec<(PathBuf, String)> {
    let root = workspace();
    let mut folders = vec![root.join("crates"), root.join("fuzz")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        // The fuzz targets may not be there in a source package.
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("target") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                files.push((path.strip_prefix(&root).unwrap().to_path_buf(), text));
            }
        }
    }
    files.sort();
    assert!(
        files.len() > 20,
        "the sources are not where this test looks"
    );
    files
}

fn is_test(file: &Path) -> bool {
    file.iter().any(|part| {
        ["tests", "tests.rs", "testing.rs", "fuzz"]
            .iter()
            .any(|name| part == *name)
    })
}

/// Line number, name and length of every function, by the indentation that rustfmt gives.
fn functions(text: &str) -> Vec<(usize, String, usize)> {
    items(text, "fn ")
        .into_iter()
        .map(|(line, name, body)| (line, name, body.len() + 2))
        .collect()
}

/// Line number, name and number of fields of every struct.
fn structs(text: &str) -> Vec<(usize, String, usize)> {
    let count = |body: &[&str]| {
        let code = body.iter().map(|line| line.trim_start());
        code.filter(|line| !line.starts_with("//") && !line.starts_with('#') && line.contains(": "))
            .count()
    };
    items(text, "struct ")
        .into_iter()
        .map(|(line, name, body)| (line, name, count(&body)))
        .collect()
}

/// The items that begin with `keyword` and have a body over several lines: line number, name and the lines inside.
fn items<'a>(text: &'a str, keyword: &str) -> Vec<(usize, String, Vec<&'a str>)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        let Some(place) = code.find(keyword) else {
            continue;
        };
        let modifiers = code[..place].split_whitespace();
        if !modifiers
            .clone()
            .all(|word| word.starts_with("pub") || ["const", "async", "extern"].contains(&word))
        {
            continue;
        }
        let closing = format!("{}}}", " ".repeat(line.len() - code.len()));
        let Some(length) = lines[at..].iter().position(|line| *line == closing) else {
            continue;
        };
        let one_liner = code.ends_with(';') || code.ends_with('}');
        if !one_liner {
            let name: String = code[place + keyword.len()..]
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            found.push((at + 1, name, lines[at + 1..at + length].to_vec()));
        }
    }
    found
}
