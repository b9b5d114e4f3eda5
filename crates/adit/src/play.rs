//! `adit play`: a stream for a player, a file, or as figures.

mod figures;
mod output;
mod viewing;

use std::path::Path;
use std::time::Instant;

use adit_client::Intent;

use crate::cli;
use crate::connect::{Failure, Interrupt, Way, runtime};
use crate::progress::{Elsewhere, Progress};
use crate::{log, ui};

pub(crate) use output::{Output, Overwrite};
pub(crate) use viewing::{Ended, Length, Viewing};

/// Plays until the stream ends, the time is over, or somebody ends it. `began` is when the command was started.
///
/// # Errors
/// When no way leads to the server, the stream cannot be played, or the output cannot be written.
pub(crate) fn run(arguments: &cli::Play, began: Instant) -> Result<(), Failure> {
    log::start_quiet(arguments.way.log);
    let target = Way::stream(&arguments.url, &arguments.key)?;
    let output = match arguments.output.as_deref() {
        None => None,
        Some(path) if path == Path::new("-") => {
            if arguments.json {
                return Err(Failure::Usage {
                    text: "--json and -o - both want standard output".to_owned(),
                });
            }
            Some(Output::stdout()?)
        }
        Some(path) => Some(Output::file(path, overwrite(arguments.force))?),
    };
    let elsewhere = if arguments.stats {
        Elsewhere::Lines
    } else {
        Elsewhere::Nothing
    };
    let way = Way::new(&arguments.way, Intent::Play, cli::Strategy::Standard)?;
    let runtime = runtime()?;
    let outcome = runtime.block_on(async {
        let viewing = Viewing {
            way,
            target,
            length: arguments.duration.map(Length::Watched),
            wait: arguments.wait,
            began,
        };
        viewing
            .run(output, Progress::new(elsewhere), Interrupt::listen()?)
            .await
    });
    runtime.shutdown_background();
    tell(outcome?, arguments.json)
}

/// Whether `--force` was given.
pub(crate) fn overwrite(force: bool) -> Overwrite {
    if force {
        Overwrite::Allowed
    } else {
        Overwrite::Refused
    }
}

/// Says how it went, and ends as it ended.
///
/// # Errors
/// The failure that ended it, or the interruption.
pub(crate) fn tell(summary: viewing::Summary, json: bool) -> Result<(), Failure> {
    if json {
        ui::line(&summary.json().to_string());
    } else {
        ui::note(&summary.sentence());
    }
    match summary.ended {
        Ended::Interrupted => Err(Failure::Interrupted),
        Ended::Failed(failure) => Err(failure),
        _ => Ok(()),
    }
}
