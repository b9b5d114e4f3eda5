//! The bare loop as a server.

use std::path::Path;

use super::{Launcher, Server, process};
use crate::{cli::LoopMode, error::Result};

pub(super) fn start(launcher: &Launcher, mode: LoopMode, dir: &Path) -> Result<Server> {
    let players = launcher.connections.to_string();
    let mode = mode.to_string();
    let arguments = ["bare-loop", "--players", &players, "--mode", &mode];
    let child = process::start(&process::own_program()?, &arguments, dir)?;
    Server::when_it_says_so(format!("loop-{mode}"), child, dir)
}
