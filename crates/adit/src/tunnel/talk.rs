//! What the user is told while a tunnel runs.

use std::time::{Duration, Instant};

use adit_server::relay::{Happening, Lasting, News};
use tokio::sync::mpsc;

use super::breaks::{Breaks, Telling};
use crate::connect::Way;
use crate::ui;

/// Tells all news until there are no more, and keeps which ways have worked.
pub(super) async fn about(mut news: mpsc::Receiver<News>, way: Way) {
    let mut breaks = Breaks::default();
    while let Some(news) = news.recv().await {
        let telling = breaks.note(news.stream, &news.what, Instant::now());
        if let Some(line) = line(&news, telling) {
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
fn line(news: &News, telling: Telling) -> Option<String> {
    match (telling, &news.what) {
        (Telling::Nothing, _) => None,
        (Telling::Lasting(span), Happening::Broken { cause, .. }) => {
            Some(still_without(&news.far, span, cause))
        }
        _ => Some(news.to_string()),
    }
}

fn still_without(far: &str, span: Duration, cause: &str) -> String {
    let after = match span.as_secs() {
        0 => String::new(),
        _ => format!(" after {}", Lasting(span)),
    };
    format!("still without {far}{after}: {cause}")
}

#[cfg(test)]
mod tests;
