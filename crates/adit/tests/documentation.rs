//! The pages of docs/ and the README: found, linked, and quoting what the programs really say.
#![cfg(test)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn pages() -> Vec<PathBuf> {
    let docs = fs::read_dir(workspace().join("docs")).unwrap();
    let docs = docs.map(|entry| entry.unwrap().path());
    docs.filter(|path| path.extension().is_some_and(|kind| kind == "md"))
        .collect()
}

/// What `[text](target)` points to, web addresses apart.
fn links(text: &str) -> Vec<&str> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target)
        .filter(|target| !target.contains("://") && !target.starts_with('#'))
        .collect()
}

#[test]
fn every_link_leads_to_a_file() {
    let mut links_seen = 0;
    for page in pages().into_iter().chain([workspace().join("README.md")]) {
        let text = fs::read_to_string(&page).unwrap();
        for link in links(&text) {
            let file = link.split('#').next().unwrap();
            let target = page.parent().unwrap().join(file);
            assert!(target.exists(), "{} points to {link}", page.display());
            links_seen += 1;
        }
    }
    assert!(links_seen > 20, "{links_seen}");
}

#[test]
fn the_readme_leads_to_every_page() {
    let readme = fs::read_to_string(workspace().join("README.md")).unwrap();
    let linked: BTreeSet<_> = links(&readme).into_iter().collect();
    for page in pages() {
        let name = page.file_name().unwrap().to_str().unwrap();
        let link = format!("docs/{name}");
        assert!(linked.contains(&*link), "the README does not link {link}");
    }
}

/// The text of all source files, each run of white space and line ends in strings as one space.
fn sources() -> String {
    let mut text = String::new();
    let mut folders = vec![workspace().join("crates")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let is_test = path.ends_with("tests") || path.ends_with("tests.rs");
            if path.is_dir() && !is_test {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") && !is_test {
                text.push_str(&fs::read_to_string(path).unwrap());
            }
        }
    }
    text.replace("\\\n", "")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn the_messages_of_the_troubleshooting_page_are_those_of_the_programs() {
    let page = fs::read_to_string(workspace().join("docs/troubleshooting.md")).unwrap();
    let sources = sources();
    let mut looked_at = 0;
    // The first column, but for what other programs say.
    let rows = page.lines().filter_map(|line| line.strip_prefix("| "));
    let messages = rows.filter_map(|row| row.split(" | ").next());
    let ours = messages.filter(|message| !message.contains(':') || message.starts_with('`'));
    for message in ours.flat_map(|cell| cell.split('`').skip(1).step_by(2)) {
        for part in message.split('…').map(str::trim) {
            let part = part.trim_matches(['(', ')']).trim();
            if part.len() > 2 {
                assert!(sources.contains(part), "nothing says `{part}` ({message})");
                looked_at += 1;
            }
        }
    }
    assert!(looked_at > 15, "{looked_at}");
}
