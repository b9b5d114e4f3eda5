//! `adit record`: a stream in an FLV file that opens whenever writing stops.

use std::path::Path;
use std::time::Instant;

use crate::cli;
use crate::connect::{Failure, tell};
use crate::log;
use crate::play::{self, Length, Output};
use crate::progress::Elsewhere;

/// Records until the stream ends, the time is over, or somebody ends it. `began` is when the command was started.
///
/// # Errors
/// When no way leads to the server, the stream cannot be played, or the file cannot be written.
pub(crate) fn run(arguments: &cli::Record, began: Instant) -> Result<(), Failure> {
    log::start_quiet(arguments.watch.run.way.log);
    let told = play::watch(
        &arguments.watch,
        || output(arguments).map(Some),
        Length::Recorded,
        Elsewhere::Nothing,
        began,
    );
    tell(told, arguments.watch.run.json)
}

fn output(arguments: &cli::Record) -> Result<Output, Failure> {
    if arguments.output == Path::new("-") {
        return Err(Failure::Usage {
            text: "a recording needs a file; adit play URL -o - writes to standard output"
                .to_owned(),
        });
    }
    play::file(&arguments.output, &arguments.watch)
}
