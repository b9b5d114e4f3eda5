//! Adit itself.

use std::{
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command},
};

use super::{Launcher, Place, Server, process};
use crate::{
    cli::Latency,
    error::{Error, Result},
};

pub(super) fn start(launcher: &Launcher, latency: Latency, place: &Place) -> Result<Server> {
    let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
    let child = begin(launcher, latency, anywhere, place)?;
    Server::when_it_says_so(format!("adit-{latency}"), child, place)
}

/// Starts it without waiting for anything.
pub(super) fn begin(
    launcher: &Launcher,
    latency: Latency,
    address: SocketAddr,
    place: &Place,
) -> Result<Child> {
    let program = launcher.adit.as_deref().ok_or_else(|| {
        Error::Setup(
            "the adit binary is not beside adit-bench; build it (cargo build --release) or name it \
             with --adit PATH"
                .to_owned(),
        )
    })?;
    let state = place.dir.join("state").display().to_string();
    let mode = latency.to_string();
    let address = address.to_string();
    let mut arguments = vec!["serve", "--listen", &address, "--state-dir", &state];
    // Players that were dropped say no goodbye, and nobody waits for them.
    arguments.extend(["--drain-timeout", "0s"]);
    if latency != Latency::default() {
        arguments.extend(["--latency", &mode]);
    }
    let threads = launcher.threads.map(|threads| threads.to_string());
    if let Some(threads) = &threads {
        arguments.extend(["--threads", threads]);
    }
    process::start(program, &arguments, place)
}

pub(super) fn version(launcher: &Launcher) -> String {
    let Some(program) = &launcher.adit else {
        return String::new();
    };
    let output = Command::new(program).arg("--version").output();
    let version = output
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        .unwrap_or_default();
    match launcher.threads {
        Some(threads) => format!("{version}, --threads {threads}"),
        None => version,
    }
}

/// The binary beside this program, if there is one.
pub(crate) fn beside_this_program() -> Option<PathBuf> {
    let path = process::own_program().ok()?.with_file_name("adit");
    path.is_file().then_some(path)
}
