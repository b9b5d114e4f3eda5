//! The bare loop as a server.

use super::{Launcher, Place, Server, Setting, process};
use crate::{cli::LoopMode, error::Result};

pub(super) fn start(
    launcher: &Launcher,
    mode: LoopMode,
    setting: Setting,
    place: &Place,
) -> Result<Server> {
    let players = launcher.connections.to_string();
    let mode = mode.to_string();
    let rate = setting.rate.to_string();
    let mut arguments = vec!["bare-loop", "--players", &players, "--mode", &mode];
    arguments.extend(["--rate", &rate]);
    if setting.tls {
        arguments.push("--tls");
    }
    let child = process::start(&process::own_program()?, &arguments, place)?;
    Server::when_it_says_so(format!("loop-{mode}"), child, place)
}
