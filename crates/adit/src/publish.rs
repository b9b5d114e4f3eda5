//! `adit publish`: a file, standard input or the built-in clip for a server, as a camera would send it.

mod headers;
mod sending;
mod summary;

use std::path::Path;
use std::time::Instant;

use adit_client::{Destination, Intent};

use crate::cli;
use crate::connect::{self, Failure, Interrupt, Told, Way, tell};
use crate::input::{Input, Turns};
use crate::log;
use crate::progress::{Elsewhere, Progress};
use sending::{Pace, Sending};

/// Publishes to the end of the input, until the time is over, or until somebody ends it. `began` is when the command was started.
///
/// # Errors
/// When the input cannot be read, no way leads to the server, or it does not take the stream.
pub(crate) fn run(arguments: &cli::Publish, began: Instant) -> Result<(), Failure> {
    log::start_quiet(arguments.run.way.log);
    tell(publish(arguments, began), arguments.run.json)
}

fn publish(arguments: &cli::Publish, began: Instant) -> Result<Told, Failure> {
    let input = input(arguments)?;
    let target = Way::stream(&arguments.url, &arguments.key)?;
    let name = input.name();
    let runs_on = input == Input::Stdin;
    let damaged = |why| Failure::Input {
        name: name.clone(),
        why,
    };
    let opened = input.open(arguments.repeat.unwrap_or(Turns::ONE));
    let mut frames = opened.map_err(|error| damaged(error.into()))?;
    let way = Way::new(&arguments.run.way, Intent::Publish, cli::Strategy::Standard)?;
    let summary = connect::run(&way, async {
        let mut interrupt = Interrupt::listen()?;
        // Both arms may be dropped. Nobody's name is taken for an input that has nothing to be seen or heard.
        let checked = tokio::select! {
            checked = frames.check() => checked,
            () = interrupt.asked() => return Err(Failure::Interrupted),
        };
        checked.map_err(damaged)?;
        let sending = Sending::new(sending::Order {
            way: way.clone(),
            destination: Destination::new(target),
            name: name.clone(),
            kind: arguments.kind.into(),
            pace: if arguments.no_pace {
                Pace::AsFastAsPossible
            } else {
                Pace::RealTime
            },
            runs_on,
            duration: arguments.duration,
            retry: arguments.run.retry,
            began,
        });
        let progress = Progress::new(Elsewhere::Nothing);
        Ok(sending.run(frames, progress, interrupt).await)
    })??;
    Ok(summary.told())
}

/// What is published, if the flags fit it.
fn input(arguments: &cli::Publish) -> Result<Input, Failure> {
    let usage = |text: String| Err(Failure::Usage { text });
    if arguments.input.starts_with("rtmp") && arguments.input.contains("://") {
        return usage("the input comes before the address: adit publish INPUT URL".to_owned());
    }
    let input = match Input::parse(&arguments.input) {
        Ok(input) => input,
        Err(error) => return usage(error.to_string()),
    };
    if input == Input::Stdin && arguments.key.key_file.as_deref() == Some(Path::new("-")) {
        return usage("standard input cannot hold both the key and what is published".to_owned());
    }
    if input == Input::Stdin && arguments.repeat.is_some() {
        return usage("standard input cannot be read again, so --loop needs a file".to_owned());
    }
    Ok(input)
}
