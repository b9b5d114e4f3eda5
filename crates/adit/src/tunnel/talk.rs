//! What the user is told while a tunnel runs.

use std::time::Instant;

use adit_server::relay::{Direction, Happening, Lasting, News};
use tokio::sync::mpsc;

use super::breaks::{Breaks, Telling};
use crate::connect::Way;
use crate::ui;

/// Tells all news until there are no more, and keeps which ways have worked.
pub(super) async fn about(mut news: mpsc::Receiver<News>, way: Way) {
    let mut breaks = Breaks::default();
    while let Some(news) = news.recv().await {
        let telling = breaks.note(news.connection.get(), &news.what, Instant::now());
        if let Some(line) = line(news.direction, &news.far, &news.what, telling) {
            ui::event(&format!("#{} {}: {line}", news.connection, news.direction));
        }
        match news.what {
            Happening::Connected { .. } | Happening::Recovered { .. } => way.remember(),
            Happening::Refused { .. } => {
                ui::event("adit probe URL says what stands between here and the server");
            }
            _ => {}
        }
    }
}

/// One line about one thing that happened, as much of it as is to be told.
fn line(direction: Direction, far: &str, what: &Happening, telling: Telling) -> Option<String> {
    match (telling, what) {
        (Telling::Nothing, _) => None,
        (Telling::Lasting(span), Happening::Broken { cause, .. }) => {
            let after = match span.as_secs() {
                0 => String::new(),
                _ => format!(" after {}", Lasting(span)),
            };
            Some(format!("still without {far}{after}: {cause}"))
        }
        _ => Some(whole(direction, far, what)),
    }
}

fn whole(direction: Direction, far: &str, what: &Happening) -> String {
    let here = match direction {
        Direction::Push => "the encoder",
        Direction::Pull => "the player",
    };
    match what {
        Happening::Connected { rung, took } => {
            format!("connected to {far} by {rung} in {} ms", took.as_millis())
        }
        Happening::Refused { reason } => format!("{here} was refused: {far}: {reason}"),
        Happening::Broken {
            cause,
            again_in,
            is_ending,
        } => {
            let state = if *is_ending {
                "has ended, what is left waits"
            } else {
                "stays connected"
            };
            let next = Lasting(*again_in);
            format!("lost {far}: {cause}; {here} {state}, next try in {next}")
        }
        Happening::Recovered {
            rung,
            after,
            skipped,
            repeated,
        } => format!(
            "connected to {far} again by {rung} after {}: {skipped}, {repeated} sent again",
            Lasting(*after)
        ),
        Happening::GivenUp { reason } => format!("{far} is given up, {here} too: {reason}"),
        Happening::Taken { holder } => {
            format!("{here} was refused: {holder} publishes this stream already")
        }
        Happening::OtherApplication { named } => format!(
            "{here} names the application {named}, but it goes to {far}, as the URL of the tunnel says"
        ),
        Happening::Waiting => {
            format!("{here} waits, {far} has not started or sends nothing yet")
        }
        other => format!("{far}: {other}"),
    }
}

#[cfg(test)]
mod tests;
