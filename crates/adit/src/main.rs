//! RTMP that gets through: the `adit` command.
//!
//! This crate knows flags, output and exit codes; what the server does is in `adit-server`.
//! Exit codes: 0 done, 1 something failed, 2 the command line is wrong.

mod cli;
mod log;
mod serve;
mod ui;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let arguments = cli::Arguments::parse();
    let outcome = match arguments.command {
        cli::Command::Serve(serve) => serve::run(&serve),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            ui::error(&failure);
            if let Some(remedy) = failure.remedy() {
                ui::hint(&remedy);
            }
            ExitCode::FAILURE
        }
    }
}
