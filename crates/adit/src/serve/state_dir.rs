//! Where the program keeps its files when no flag says so.

use std::env;
use std::path::PathBuf;

/// `$STATE_DIRECTORY` as systemd sets it, else `adit` in the user's state directory, else a folder beside the caller.
pub(crate) fn default() -> PathBuf {
    let set = |name: &str| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    set("STATE_DIRECTORY")
        .or_else(|| set("XDG_STATE_HOME").map(|base| base.join("adit")))
        .or_else(|| set("HOME").map(|home| home.join(".local/state/adit")))
        .unwrap_or_else(|| PathBuf::from("adit-state"))
}
