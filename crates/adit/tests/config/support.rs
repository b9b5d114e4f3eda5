//! A folder with a file, and what the binary says about it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

const ADIT: &str = env!("CARGO_BIN_EXE_adit");

/// A folder with an `adit.toml`.
pub(crate) fn folder(file: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("adit.toml"), file).unwrap();
    folder
}

/// `adit ARGUMENTS` in a folder, with these variables and none else that matters.
pub(crate) fn adit(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(ADIT);
    command.args(arguments).current_dir(folder);
    command.env_remove("CONFIGURATION_DIRECTORY");
    command.envs(variables.iter().copied());
    command.output().unwrap()
}

/// What `adit config check` says about a file, without the last line.
#[track_caller]
pub(crate) fn check_file(file: &str, expected: &str) {
    let folder = folder(file);
    let output = adit(folder.path(), &["config", "check", "adit.toml"], &[]);
    let said = String::from_utf8(output.stderr).unwrap();
    let (mistakes, count) = said.trim_end().rsplit_once('\n').unwrap();
    // Empty lines of the file leave spaces at the end of theirs.
    let lines: Vec<_> = mistakes.lines().map(str::trim_end).collect();
    assert_eq!(lines.join("\n"), expected.trim_matches('\n'), "{said}");
    assert!(count.starts_with("error: "), "{count}");
    assert_eq!(output.status.code(), Some(2), "{said}");
}

/// What is said about variables.
#[track_caller]
pub(crate) fn check_variables(variables: &[(&str, &str)], expected: &str) {
    let folder = folder("");
    let output = adit(folder.path(), &["config", "check"], variables);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said.trim_end(), expected.trim_matches('\n'));
    assert_eq!(output.status.code(), Some(2));
}

/// What the lines of `adit config check` that begin with a cross say about a file.
pub(crate) fn told(file: &str) -> Vec<String> {
    let folder = folder(file);
    let output = adit(folder.path(), &["config", "check", "adit.toml"], &[]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    let told = said
        .lines()
        .filter_map(|line| line.trim().strip_prefix("× "));
    told.map(str::to_owned).collect()
}

/// What is said about a variable.
pub(crate) fn variable(name: &str, value: &str) -> String {
    let folder = folder("");
    let output = adit(folder.path(), &["config", "check"], &[(name, value)]);
    String::from_utf8(output.stderr).unwrap()
}
