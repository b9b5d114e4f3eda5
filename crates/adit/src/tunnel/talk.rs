//! What the user is told while a tunnel runs.

use std::time::Duration;

use adit_server::relay::{Direction, Happening, News};
use tokio::sync::mpsc;

use crate::connect::{Way, secrets};
use crate::ui;

/// Tells all news until there are no more, and keeps which ways have worked.
pub(super) async fn about(mut news: mpsc::Receiver<News>, way: Way) {
    while let Some(news) = news.recv().await {
        let line = line(news.direction, &news.far, &news.what);
        ui::note(&secrets::without(&line));
        match news.what {
            Happening::Connected { .. } | Happening::Recovered { .. } => way.remember(),
            Happening::Refused { .. } => {
                ui::hint("adit probe URL says what stands between here and the server");
            }
            _ => {}
        }
    }
}

/// One line about one thing that happened.
fn line(direction: Direction, far: &str, what: &Happening) -> String {
    let here = match direction {
        Direction::Push => "the encoder",
        Direction::Pull => "the player",
    };
    let seconds = |span: &Duration| format!("{:.1} s", span.as_secs_f64());
    match what {
        Happening::Connected { rung, took } => {
            format!(
                "connected to {far} by {rung} in {} ms ({direction})",
                took.as_millis()
            )
        }
        Happening::Refused { reason } => format!("{here} was refused: {far}: {reason}"),
        Happening::Broken { cause, again_in } => format!(
            "lost {far}: {cause}; {here} stays connected, next try in {}",
            seconds(again_in)
        ),
        Happening::Recovered {
            rung,
            after,
            skipped,
            repeated,
        } => format!(
            "connected to {far} again by {rung} after {}: {skipped}, {repeated} sent again",
            seconds(after)
        ),
        Happening::GivenUp { reason } => format!("{far} is given up, {here} too: {reason}"),
        other => format!("{far}: {other}"),
    }
}

#[cfg(test)]
mod tests;
