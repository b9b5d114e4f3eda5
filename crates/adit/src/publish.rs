//! `adit publish`: a file, standard input or the built-in clip for a server, as a camera would send it.

mod backoff;
mod headers;
mod sending;
mod summary;

use std::path::Path;
use std::time::Instant;

use adit_client::{Destination, Intent};

use crate::cli;
use crate::connect::{Failure, Interrupt, Way, runtime};
use crate::input::{Input, Turns};
use crate::progress::{Elsewhere, Progress};
use crate::{log, ui};
use sending::{Pace, Sending};
use summary::Ended;

/// Publishes to the end of the input, until the time is over, or until somebody ends it. `began` is when the command was started.
///
/// # Errors
/// When the input cannot be read, no way leads to the server, or it does not take the stream.
pub(crate) fn run(arguments: &cli::Publish, began: Instant) -> Result<(), Failure> {
    log::start_quiet(arguments.way.log);
    let input = Input::parse(&arguments.input).map_err(|error| Failure::Usage {
        text: error.to_string(),
    })?;
    if input == Input::Stdin && arguments.key.key_file.as_deref() == Some(Path::new("-")) {
        return Err(Failure::Usage {
            text: "standard input cannot hold both the key and what is published".to_owned(),
        });
    }
    let target = Way::stream(&arguments.url, &arguments.key)?;
    let name = input.name();
    let is_live = input == Input::Stdin;
    let frames = input
        .open(turns(arguments))
        .map_err(|error| Failure::Input {
            name: name.clone(),
            text: error.to_string(),
        })?;
    let way = Way::new(&arguments.way, Intent::Publish, cli::Strategy::Standard)?;
    let runtime = runtime()?;
    let summary = runtime.block_on(async {
        let sending = Sending::new(sending::Order {
            way,
            destination: Destination::new(target),
            name,
            pace: if arguments.no_pace {
                Pace::AsFastAsPossible
            } else {
                Pace::RealTime
            },
            runs_on: is_live,
            duration: arguments.duration,
            retry: arguments.retry,
            began,
        });
        let progress = Progress::new(Elsewhere::Nothing);
        sending.run(frames, progress, Interrupt::listen()?).await
    });
    runtime.shutdown_background();
    let summary = summary?;
    if arguments.json {
        ui::line(&summary.json().to_string());
    } else {
        ui::note(&summary.sentence());
    }
    match summary.ended {
        Ended::Interrupted => Err(Failure::Interrupted),
        Ended::Failed(failure) => Err(failure),
        Ended::Complete | Ended::Duration => Ok(()),
    }
}

fn turns(arguments: &cli::Publish) -> Turns {
    match arguments.repeat {
        None => Turns::Count(1),
        Some(0) => Turns::Endless,
        Some(count) => Turns::Count(count),
    }
}
