//! `adit record`: a stream in an FLV file that opens whenever writing stops.

use std::path::Path;
use std::time::Instant;

use adit_client::Intent;

use crate::cli;
use crate::connect::{Failure, Interrupt, Way, runtime};
use crate::log;
use crate::play::{self, Length, Output, Viewing};
use crate::progress::{Elsewhere, Progress};

/// Records until the stream ends, the time is over, or somebody ends it. `began` is when the command was started.
///
/// # Errors
/// When no way leads to the server, the stream cannot be played, or the file cannot be written.
pub(crate) fn run(arguments: &cli::Record, began: Instant) -> Result<(), Failure> {
    log::start_quiet(arguments.way.log);
    let target = Way::stream(&arguments.url, &arguments.key)?;
    if arguments.output == Path::new("-") {
        return Err(Failure::Usage {
            text: "a recording needs a file; adit play URL -o - writes to standard output"
                .to_owned(),
        });
    }
    let output = Output::file(&arguments.output, play::overwrite(arguments.force))?;
    let way = Way::new(&arguments.way, Intent::Play, cli::Strategy::Standard)?;
    let runtime = runtime()?;
    let outcome = runtime.block_on(async {
        let viewing = Viewing {
            way,
            target,
            length: arguments.duration.map(Length::Recorded),
            wait: arguments.wait,
            began,
        };
        let progress = Progress::new(Elsewhere::Nothing);
        viewing
            .run(Some(output), progress, Interrupt::listen()?)
            .await
    });
    runtime.shutdown_background();
    play::tell(outcome?, arguments.json)
}
