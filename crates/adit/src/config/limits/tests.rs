use std::fs;

use adit_server::ServerConfig;
use adit_testkit::peers::workspace;

use super::super::keys::Keys;
use super::super::path::KeyPath;
use super::{Limits, why_fixed};

/// The keys of the table of what peers can make the server do.
fn documented() -> Vec<String> {
    let text = fs::read_to_string(workspace().join("docs/limits.md")).unwrap();
    let header = "| key | value | beyond it | constant | counter | test |";
    let table = text.split(header).nth(1).unwrap();
    let rows = table.lines().skip(2).take_while(|line| !line.is_empty());
    rows.map(|row| row.split('`').nth(1).unwrap().to_owned())
        .collect()
}

fn is_key(key: &str) -> bool {
    let is_there = |path: String| Keys::all().find(&KeyPath::read(&path)).is_some();
    // How often a recording is made lasting is no protection, and stands with the recordings.
    is_there(format!("limits.{key}")) || key == "recording.sync"
}

#[test]
fn every_documented_limit_is_a_key_or_says_why_not() {
    let keys = documented();
    assert!(keys.len() > 100, "{}", keys.len());
    let forgotten: Vec<_> = keys
        .iter()
        .filter(|key| !is_key(key) && why_fixed(key).is_none())
        .collect();
    assert!(
        forgotten.is_empty(),
        "give these of docs/limits.md a line in config/limits/, or a reason in config/limits/fixed.rs: {forgotten:?}"
    );
    let both: Vec<_> = keys
        .iter()
        .filter(|key| is_key(key) && why_fixed(key).is_some())
        .collect();
    assert!(both.is_empty(), "these can be set: {both:?}");
}

#[test]
fn every_limit_that_can_be_set_is_documented() {
    let documented = documented();
    // Second values of a limit that has several stand in its row.
    let has_row = |key: &str| {
        documented
            .iter()
            .any(|row| key == row || key.starts_with(&format!("{row}_")))
    };
    let all = Keys::all().keys.iter().map(|key| key.path.to_string());
    let limits = all.filter_map(|key| Some(key.strip_prefix("limits.")?.to_owned()));
    let missing: Vec<_> = limits.filter(|key| !has_row(key)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn defaults_are_those_of_the_server_and_are_within_their_ranges() {
    let mut config = ServerConfig::default();
    let before = format!("{config:?}");
    Limits::default().apply(&mut config);
    assert_eq!(format!("{config:?}"), before);
    for key in &Keys::all().keys {
        let Some(default) = &key.default else {
            continue;
        };
        let value: toml::Value = serde_json::from_value(default.clone()).unwrap();
        assert!(key.admits(&value), "{}: {value}", key.path);
    }
}

#[test]
fn every_limit_reaches_the_server() {
    for key in &Keys::all().keys {
        let Some(name) = key.path.0.first().filter(|name| *name == "limits") else {
            continue;
        };
        let (low, high) = key.range.clone().unwrap();
        let is_usual = key.default.as_ref() == Some(&low);
        let other = if is_usual { high } else { low };
        let other: toml::Value = serde_json::from_value(other).unwrap();
        let table = super::super::tree::single(&key.path, other);
        let limits: Limits = table[name].clone().try_into().unwrap();
        let mut config = ServerConfig::default();
        let before = format!("{config:?}");
        limits.apply(&mut config);
        assert_ne!(format!("{config:?}"), before, "{}", key.path);
    }
}
