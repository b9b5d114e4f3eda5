//! `adit so`: a shared object watched and changed from a terminal.

mod edits;
mod told;
mod watching;

use std::time::Duration;

use adit_client::Destination;
use adit_client::rtmp::shared_object::Persistence;

use crate::application;
use crate::cli;
use crate::connect::{self, Failure, Interrupt};
use crate::log;
use watching::{End, Watching};

/// Tells what happens to a shared object, one line of JSON each, and asks for the changes of flags and standard input.
///
/// # Errors
/// No way leads to the server, it refuses the object or a change, or a change is not confirmed in time.
pub(crate) fn run(arguments: &cli::So) -> Result<(), Failure> {
    log::start_quiet(arguments.way.log);
    let edit = edits::of_flags(&arguments.edits)?;
    let (way, target) = application::way(&arguments.application, &arguments.way)?;
    connect::run(&way, async {
        let interrupt = Interrupt::listen()?;
        let watching = Watching::new(
            way.clone(),
            Destination::new(target),
            &arguments.name,
            if arguments.persistent {
                Persistence::Persistent
            } else {
                Persistence::Temporary
            },
            arguments.retry,
            if arguments.once {
                End::WhenConfirmed(arguments.wait.unwrap_or(CONFIRMED))
            } else {
                End::WhenInterrupted
            },
        );
        let lines = arguments.edits.input.then(edits::of_stdin);
        watching.run(edit, lines, interrupt).await
    })?
}

/// How long changes may take to be confirmed.
const CONFIRMED: Duration = Duration::from_secs(10);
