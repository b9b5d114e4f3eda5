//! `adit play`: a stream for a player, a file, or as figures.

mod figures;
mod limits;
mod output;
mod part;
mod summary;
mod viewing;

use std::path::Path;
use std::time::{Duration, Instant};

use adit_client::Intent;

use crate::cli::{self, Watch};
use crate::connect::{self, Failure, Interrupt, Told, Way, tell};
use crate::log;
use crate::progress::{Elsewhere, Progress};

pub(crate) use output::Output;
use output::Overwrite;
use part::Part;
pub(crate) use viewing::Length;
use viewing::Viewing;

/// Plays until the stream ends, the time is over, or somebody ends it. `began` is when the command was started.
///
/// # Errors
/// When no way leads to the server, the stream cannot be played, or the output cannot be written.
pub(crate) fn run(arguments: &cli::Play, began: Instant) -> Result<(), Failure> {
    log::start_quiet(arguments.watch.run.way.log);
    let elsewhere = if arguments.stats {
        Elsewhere::Lines
    } else {
        Elsewhere::Nothing
    };
    let told = watch(
        &arguments.watch,
        || output(arguments),
        Length::Watched,
        elsewhere,
        began,
    );
    tell(told, arguments.watch.run.json)
}

fn output(arguments: &cli::Play) -> Result<Option<Output>, Failure> {
    let output = match arguments.output.as_deref() {
        None => return Ok(None),
        Some(path) if path == Path::new("-") && arguments.watch.run.json => {
            return Err(Failure::Usage {
                text: "--json and -o - both want standard output".to_owned(),
            });
        }
        Some(path) if path == Path::new("-") => Output::stdout()?,
        Some(path) => file(path, &arguments.watch)?,
    };
    Ok(Some(output))
}

/// A file to be written, if it may be.
///
/// # Errors
/// When it exists and may not be overwritten, or cannot be written.
pub(crate) fn file(path: &Path, watch: &Watch) -> Result<Output, Failure> {
    let overwrite = if watch.force {
        Overwrite::Allowed
    } else {
        Overwrite::Refused
    };
    Output::file(path, overwrite)
}

/// Plays to whatever `output` makes, once it is certain that the address is one.
///
/// # Errors
/// What was in the way of beginning. What went wrong after that is told.
pub(crate) fn watch(
    watch: &Watch,
    output: impl FnOnce() -> Result<Option<Output>, Failure>,
    length: fn(Duration) -> Length,
    elsewhere: Elsewhere,
    began: Instant,
) -> Result<Told, Failure> {
    let target = Way::stream(&watch.url, &watch.key)?;
    let output = output()?;
    let way = Way::new(&watch.run.way, Intent::Play, cli::Strategy::Standard)?;
    let summary = connect::run(&way, async {
        let viewing = Viewing {
            way: way.clone(),
            target,
            part: watch.start.map(|start| Part::new(start, watch.duration)),
            // What is played of a recording is counted by its own clock.
            length: watch.duration.filter(|_| watch.start.is_none()).map(length),
            wait: watch.wait,
            retry: watch.run.retry,
            began,
        };
        let interrupt = Interrupt::listen()?;
        let summary = viewing.run(output, Progress::new(elsewhere), interrupt);
        Ok::<_, Failure>(summary.await)
    })??;
    Ok(summary.told())
}
