//! `adit tunnel`: lends the way out to an encoder or player on this machine.

mod first_screen;
mod talk;

use adit_client::{ConnectError, Destination, Intent, Target};
use adit_server::relay::{NEWS, Patience, RelayConfig};
use adit_server::{Listener, Server, ServerConfig};
use tokio::sync::mpsc;

use crate::cli::{self, Retry};
use crate::connect::{Failure, Interrupt, Way, runtime, secrets};
use crate::serve::ServeError;
use crate::{log, ui};

/// Listens for encoders and players until it is told to stop.
///
/// # Errors
/// When the address cannot be listened on, or the flags cannot be followed. That the server cannot be reached is said, but no error:
/// it may be reached when somebody needs it.
pub(crate) fn run(arguments: &cli::Tunnel) -> Result<(), Failure> {
    log::start_quiet(arguments.way.log);
    let target = Way::place(&arguments.url, &arguments.key)?;
    let way = Way::new(&arguments.way, Intent::Publish, cli::Strategy::Reach)?;
    let runtime = runtime()?;
    let outcome = runtime.block_on(tunnel(arguments, target, way));
    runtime.shutdown_background();
    outcome
}

async fn tunnel(arguments: &cli::Tunnel, target: Target, way: Way) -> Result<(), Failure> {
    let mut interrupt = Interrupt::listen()?;
    let listener = Listener::bind(arguments.listen).map_err(ServeError::from)?;
    let (told, news) = mpsc::channel(NEWS);
    let mut relay = RelayConfig::new(way.client().clone(), target.clone(), way.options().clone());
    relay.patience = patience(arguments.retry);
    relay.news = Some(told);
    let mut config = ServerConfig::default();
    config.relay = Some(relay);
    let server = Server::new(config, vec![listener]);
    first_screen::print(server.local_addrs(), &target);
    let talking = tokio::spawn(talk::about(news, way.clone()));
    let trying = tokio::spawn(try_once(way, target));
    server
        .run(async {
            interrupt.asked().await;
            ui::aside("Ctrl-C again ends at once");
        })
        .await;
    trying.abort();
    // The last news are told: it ends with the server that has them.
    drop(talking.await);
    Ok(())
}

/// Connects and hangs up, so that the user knows at once whether there is a way.
async fn try_once(way: Way, target: Target) {
    match way.connect(&mut Destination::new(target.clone())).await {
        Ok(connection) => {
            let took = connection.report().elapsed().as_millis();
            ui::note(&format!(
                "{target} can be reached by {} in {took} ms",
                connection.rung()
            ));
            connection.close().await;
        }
        Err(failure) => tell_obstacle(&target, &failure),
    }
}

/// Why there is no way now. The tunnel goes on all the same: each encoder that comes is another try.
fn tell_obstacle(target: &Target, failure: &Failure) {
    let text = format!("{target}: {failure}");
    ui::note(&secrets::without(&text));
    if let Failure::Connect(ConnectError::Unreachable { report, settings }) = failure {
        for attempt in report.attempts() {
            if let Some(failure) = attempt.failure() {
                ui::note(&format!("{}: {failure}", attempt.rung()));
            }
        }
        if let Some(settings) = settings {
            ui::note(&format!("proxy settings were left aside: {settings}"));
        }
    }
    ui::hint("whoever publishes or plays here tries again; adit probe URL says more");
}

fn patience(retry: Retry) -> Patience {
    match retry {
        Retry::Never => Patience::None,
        Retry::Forever => Patience::Forever,
        Retry::Times(times) => Patience::Times(times),
        Retry::For(span) => Patience::For(span),
    }
}
