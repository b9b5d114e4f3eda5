//! RTMP that gets through: the `adit` command.
//!
//! This crate knows flags, output and exit codes; what the server does is in `adit-server`, the way out in `adit-client`.
//! Exit codes: 0 done, 1 something failed, 2 the command line or the configuration is wrong, 3 no way leads to the server, 130 interrupted.

mod amf;
mod application;
mod calling;
mod cli;
mod columns;
mod config;
mod connect;
mod doctor;
mod generate;
mod input;
mod installation;
mod log;
mod play;
mod probe;
mod progress;
mod publish;
mod record;
mod serve;
mod sharing;
mod sign;
mod top;
mod traces;
mod tunnel;
mod ui;
mod verify;

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser as _;
use clap::error::{ContextKind, ContextValue, ErrorKind};

fn main() -> ExitCode {
    let began = Instant::now();
    let arguments = match cli::Arguments::try_parse_from(cli::hidden::arguments()) {
        Ok(arguments) => arguments,
        Err(mistake) => return refuse(mistake),
    };
    // The key of a server is a file, no secret.
    if !matches!(
        arguments.command,
        cli::Command::Serve(_) | cli::Command::Config(_)
    ) {
        cli::hidden::hide();
    }
    let search = arguments.command.search();
    let outcome = match arguments.command {
        cli::Command::Serve(serve) => serve::run(&serve),
        cli::Command::Publish(publish) => publish::run(&publish, began),
        cli::Command::Play(play) => play::run(&play, began),
        cli::Command::Record(record) => record::run(&record, began),
        cli::Command::Probe(probe) => probe::run(&probe),
        cli::Command::Tunnel(tunnel) => tunnel::run(&tunnel),
        cli::Command::Call(call) => calling::run(&call),
        cli::Command::So(so) => sharing::run(&so),
        cli::Command::Verify(verify) => verify::run(&verify),
        cli::Command::Generate(what) => generate::run(&what),
        cli::Command::Config(config) => config::run(&config),
        cli::Command::Sign(sign) => sign::run(&sign),
        cli::Command::Doctor(doctor) => doctor::run(&doctor),
        cli::Command::Top(top) => top::run(&top),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.tell(search),
    }
}

/// Says what is wrong with the command line, or what was asked about it, without any password that stands in it.
fn refuse(mut mistake: clap::Error) -> ExitCode {
    if !mistake.use_stderr() {
        mistake.exit();
    }
    if mistake.kind() == ErrorKind::UnknownArgument {
        let shown = match mistake.get(ContextKind::InvalidArg) {
            Some(ContextValue::String(argument)) => cli::unexpected(argument),
            _ => cli::unexpected(""),
        };
        mistake.insert(ContextKind::InvalidArg, ContextValue::String(shown));
        mistake.insert(ContextKind::Suggested, ContextValue::None);
    }
    let arguments = cli::hidden::arguments();
    let arguments = arguments
        .iter()
        .map(|argument| argument.to_string_lossy().into_owned());
    let text = cli::without_secrets(&mistake.to_string(), arguments);
    // There is nobody to tell where standard error is closed.
    drop(io::stderr().write_all(text.as_bytes()));
    ExitCode::from(connect::USAGE)
}
