//! Benchmarks for Adit: the player swarm, rivals started and stopped, bare loops.
//!
//! `adit-bench fanout` starts each server as a child process, lets one publisher feed it and many
//! players read from it, checks every message the players receive, and prints what it cost: CPU
//! seconds per delivered gigabit, bytes of memory per connection, delay. Exit status: 0 all
//! delivered, 1 a server lost or spoilt messages or players, 2 the run broke off.

mod bare_loop;
mod cli;
mod error;
mod fanout;
mod measure;
mod media;
mod publisher;
mod report;
mod round;
mod server;
mod stats;
mod swarm;
mod tunnel;
mod wire;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Fanout(options) => fanout::run(&options),
        Command::Tunnel(options) => tunnel::run(&options),
        Command::BareLoop(options) => bare_loop::run(&options).map(|()| true),
        Command::Child { parent, command } => server::run_as_child(parent, &command).map(|()| true),
        Command::Janitor { dir } => server::run_janitor(&dir).map(|()| true),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("adit-bench: {error}");
            ExitCode::from(2)
        }
    }
}
