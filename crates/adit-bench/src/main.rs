//! Benchmarks for Adit: the player swarm, rivals started and stopped, bare loops.
//!
//! `adit-bench all` starts each server as a child process, lets publishers feed it and players read
//! from it, checks every message the players receive, and prints what it cost beside nginx-rtmp and
//! beside the least a program can do: CPU, memory, delay. Exit status: 0 all well, 1 Adit
//! or a bare loop lost or spoilt messages or players or a measurement broke off, 2 the run broke off.

mod bare_loop;
mod cli;
mod error;
mod measure;
mod media;
mod publisher;
mod server;
mod stats;
mod suite;
mod swarm;
mod tunnel;
mod wire;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::All(options) => suite::run_all(&options),
        Command::Fanout(options) => suite::run_fanout(&options),
        Command::Tunnel(options) => tunnel::run(&options),
        Command::BareLoop(options) => bare_loop::run(&options).map(|()| true),
        Command::Child {
            parent,
            core,
            command,
        } => server::run_as_child(parent, core, &command).map(|()| true),
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
