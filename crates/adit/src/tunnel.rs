//! `adit tunnel`: lends the way out to an encoder or player on this machine.

mod breaks;
mod first_screen;
mod place;
mod talk;

use adit_client::{ConnectError, Destination, Intent, Target};
use adit_server::relay::{NEWS, Patience, RelayConfig};
use adit_server::{Listener, Server, ServerConfig};
use tokio::sync::mpsc;

use crate::cli::{self, Retry};
use crate::connect::{self, Failure, Interrupt, Way};
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
    connect::run(&way, tunnel(arguments, target, way.clone()))?
}

async fn tunnel(arguments: &cli::Tunnel, target: Target, way: Way) -> Result<(), Failure> {
    let mut interrupt = Interrupt::listen()?;
    let listeners = place::bind(arguments.listen).map_err(ServeError::from)?;
    let listening: Vec<_> = listeners.iter().map(Listener::local_addr).collect();
    if let Some(address) = place::itself(&target, &listening).await {
        return Err(Failure::Usage {
            text: format!(
                "{target} is this tunnel itself, which listens on {address}: name the server behind it, or another port with --listen"
            ),
        });
    }
    let (told, news) = mpsc::channel(NEWS);
    let mut relay = RelayConfig::new(way.client().clone(), target.clone(), way.options().clone());
    relay.patience = patience(arguments.retry);
    relay.news = Some(told);
    let mut config = ServerConfig::default();
    config.relay = Some(relay);
    let server = Server::new(config, listeners);
    first_screen::print(server.local_addrs(), &target);
    let talking = tokio::spawn(talk::about(news, way.clone()));
    let trying = (!arguments.no_trial).then(|| tokio::spawn(try_once(way, target)));
    server
        .run(async {
            interrupt.asked().await;
            ui::aside("Ctrl-C again ends at once");
        })
        .await;
    if let Some(trying) = trying {
        trying.abort();
    }
    // The last news are told: it ends with the server that has them.
    drop(talking.await);
    Ok(())
}

/// Connects and hangs up, so that the user knows at once whether there is a way.
async fn try_once(way: Way, target: Target) {
    match way.connect(&mut Destination::new(target.clone())).await {
        Ok(connection) => {
            let took = connection.report().elapsed().as_millis();
            ui::event(&format!(
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
    ui::event(&format!("{target}: {failure}"));
    if let Failure::Connect(ConnectError::Unreachable { report, settings }) = failure {
        for attempt in report.attempts() {
            if let Some(failure) = attempt.failure() {
                ui::event(&format!("{}: {failure}", attempt.rung()));
            }
        }
        if let Some(settings) = settings {
            ui::event(&format!("proxy settings were left aside: {settings}"));
        }
    }
    ui::event("whoever publishes or plays here tries again; adit probe URL says more");
}

fn patience(retry: Retry) -> Patience {
    match retry {
        Retry::Never => Patience::None,
        Retry::Forever => Patience::Forever,
        Retry::Times(times) => Patience::Times(times),
        Retry::For(span) => Patience::For(span),
    }
}
