//! `adit top`: what a server does, in a terminal, seen through its API.

mod look;
mod screen;
mod table;
mod view;

use std::io::{self, IsTerminal as _};

use adit_server::api::ApiClient;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use self::look::Look;
use self::screen::Screen;
use self::view::{Press, View};
use crate::cli::{self, LogFormat};
use crate::config::{self, Sources};
use crate::connect::{Failure, Interrupt, first_line};
use crate::installation::{TokenPlace, from_here};
use crate::{log, ui};

/// Shows it until somebody has seen enough, or once.
///
/// # Errors
/// There is no API, or it is not reached; or there is no terminal.
pub(crate) fn run(arguments: &cli::Top) -> Result<(), Failure> {
    log::start_quiet(LogFormat::Pretty);
    let is_terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    if !arguments.once && !is_terminal {
        let text = "there is no terminal to show it in; --once prints one table".to_owned();
        return Err(Failure::Usage { text });
    }
    let (base, token) = api(arguments)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(async {
        let client = ApiClient::new(&base, Some(token))?;
        if arguments.once {
            once(&client, arguments).await
        } else {
            watch_on(client, arguments).await
        }
    });
    // A thread still waits for a key.
    runtime.shutdown_background();
    outcome
}

/// Where the API is, and its token.
fn api(arguments: &cli::Top) -> Result<(String, String), Failure> {
    let given = arguments.token_file.as_deref().map(first_line).transpose();
    let given = given.map_err(|why| Failure::TokenFile {
        path: arguments.token_file.clone().unwrap_or_default(),
        why,
    })?;
    if let (Some(base), Some(token)) = (&arguments.api, &given) {
        return Ok((base.clone(), token.expose().to_owned()));
    }
    let sources = Sources::of_installation(&arguments.installation);
    let config = config::load(&sources)
        .map_err(Failure::Configuration)?
        .config;
    let base = match (&arguments.api, &config.api.listen) {
        (Some(base), _) => base.clone(),
        (None, Some(listen)) => format!("http://{}", from_here(listen.0)),
        (None, None) => {
            let text = "the configuration has no API (api.listen); --api URL and --token-file FILE name one".to_owned();
            return Err(Failure::Usage { text });
        }
    };
    let token = match given {
        Some(token) => token.expose().to_owned(),
        None => TokenPlace::of(&config)
            .read()
            .map_err(|(path, why)| Failure::TokenFile { path, why })?,
    };
    Ok((base, token))
}

async fn once(client: &ApiClient, arguments: &cli::Top) -> Result<(), Failure> {
    let mut view = View::default();
    view.take(Look::take(client).await?);
    tokio::time::sleep(arguments.interval).await;
    view.take(Look::take(client).await?);
    let text = view.lines(usize::MAX, usize::MAX).join("\n");
    ui::print(&text).map_err(Failure::stdout)
}

async fn watch_on(client: ApiClient, arguments: &cli::Top) -> Result<(), Failure> {
    let mut view = View::default();
    // What is wrong with the address or the token is told where it stays to be read.
    view.take(Look::take(&client).await?);
    let mut interrupt = Interrupt::listen()?;
    let mut resized = signal(SignalKind::window_change())?;
    let mut ticks = tokio::time::interval(arguments.interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (tell, mut looks) = watch::channel(None);
    // In a task of its own, so that keys are heard while the server takes its time.
    tokio::spawn(async move {
        loop {
            ticks.tick().await;
            let look = Look::take(&client).await.map_err(|error| error.to_string());
            if tell.send(Some(look)).is_err() {
                return;
            }
        }
    });
    let screen = Screen::enter()?;
    let mut keys = screen::keys();
    loop {
        let (columns, rows) = screen::size();
        screen.show(&view.lines(columns, rows));
        // All arms are cancel-safe: what was not taken comes again.
        tokio::select! {
            changed = looks.changed() => match changed {
                Ok(()) => view.hear(looks.borrow_and_update().clone()),
                Err(_) => return Ok(()),
            },
            key = keys.recv() => match key.map(|key| view.press(key)) {
                Some(Press::Heard) => {}
                // Without keys nobody could end it.
                Some(Press::Quit) | None => return Ok(()),
            },
            _ = resized.recv() => {}
            () = interrupt.asked() => return Err(Failure::Interrupted),
        }
    }
}
