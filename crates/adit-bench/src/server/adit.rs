//! Adit itself.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use super::{Launcher, Server, process};
use crate::{
    cli::Latency,
    error::{Error, Result},
};

pub(super) fn start(launcher: &Launcher, latency: Latency, dir: &Path) -> Result<Server> {
    let program = launcher.adit.as_deref().ok_or_else(|| {
        Error::Setup(
            "the adit binary is not beside adit-bench; build it (cargo build --release) or name it \
             with --adit PATH"
                .to_owned(),
        )
    })?;
    let state = dir.join("state").display().to_string();
    let mode = latency.to_string();
    let mut arguments = vec!["serve", "--listen", "127.0.0.1:0", "--state-dir", &state];
    if latency != Latency::default() {
        arguments.extend(["--latency", &mode]);
    }
    let child = process::start(program, &arguments, dir)?;
    Server::when_it_says_so(format!("adit-{latency}"), child, dir)
}

pub(super) fn version(launcher: &Launcher) -> String {
    let Some(program) = &launcher.adit else {
        return String::new();
    };
    let output = Command::new(program).arg("--version").output();
    output
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        .unwrap_or_default()
}

/// The binary beside this program, if there is one.
pub(crate) fn beside_this_program() -> Option<PathBuf> {
    let path = process::own_program().ok()?.with_file_name("adit");
    path.is_file().then_some(path)
}
