//! `adit probe`: every way to a server tried to its end, and what stands in between.

mod json;
mod table;

use adit_client::Intent;
use adit_client::plan::{Outcome, Report};

use crate::cli;
use crate::connect::{self, Failure, Interrupt, Way};
use crate::{log, ui};

/// Tries every way and prints what came of it.
///
/// # Errors
/// No way leads to the server, or the settings for proxies cannot be followed.
pub(crate) fn run(arguments: &cli::Probe) -> Result<(), Failure> {
    log::start_quiet(arguments.way.log);
    let target = Way::address(&arguments.url)?;
    let way = Way::new(&arguments.way, Intent::Play, cli::Strategy::Reach)?;
    let probed = connect::run(&way, async {
        let mut interrupt = Interrupt::listen()?;
        // Both arms may be dropped: attempts that nobody waits for are given up.
        tokio::select! {
            report = way.probe(&target) => report,
            () = interrupt.asked() => Err(Failure::Interrupted),
        }
    });
    let report = match probed.map_err(Failure::from).flatten() {
        Err(failure) if arguments.json && !failure.is_usage() => {
            let text = json::without_report(&target, &failure).to_string();
            ui::print(&text).map_err(Failure::stdout)?;
            return Err(failure);
        }
        probed => probed?,
    };
    let text = if arguments.json {
        json::of(&report).to_string()
    } else {
        table::of(&report)
    };
    ui::print(&text).map_err(Failure::stdout)?;
    if works(&report) {
        Ok(())
    } else {
        Err(Failure::NoWay)
    }
}

/// Whether any way leads to the server.
fn works(report: &Report) -> bool {
    let mut attempts = report.attempts().iter();
    attempts.any(|attempt| matches!(attempt.outcome(), Outcome::Won | Outcome::Works))
}
