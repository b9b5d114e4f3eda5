//! `adit serve`: binds the ports, says what to paste where, serves until Ctrl-C.

mod access;
mod api;
mod certificate;
mod crew;
mod descriptors;
mod encoders;
mod ending;
mod first_screen;
mod front_page;
mod keeper;
mod objects;
mod open_files;
mod plan;
mod ports;
mod relays;
mod reload;
mod running;
mod state_dir;
mod supervisor;
mod upgrade;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use adit_server::tls::{CertificateSource, Tls};
use adit_server::{BindError, Listener, Server, ServerConfig, StoreError, TlsError, TraceContext};
use thiserror::Error;
use tokio::signal::unix::{SignalKind, signal};

use self::api::Bound;
use self::crew::Crew;
use self::ending::Signals;
use self::keeper::Keeper;
use self::reload::{Parts, Reloader};
use self::running::Running;
use self::upgrade::{Accession, Heir, Over, Shares};
use crate::cli::{self, LogFormat};
use crate::config::{self, Config, Sources};
use crate::connect::{Failure, in_words};
use crate::log::{self, Log};
use crate::traces::{Traces, TracesError};

pub(crate) use self::access::{check as check_access, publishers};
pub(crate) use self::api::check as check_api;
pub(crate) use self::certificate::remedy as certificate_remedy;
pub(crate) use self::plan::check;
pub(crate) use self::plan::{certificate_source, state_directory as state_directory_of};
pub(crate) use self::ports::{remedy as port_remedy, usual as usual_ports};
pub(crate) use self::state_dir::default as state_directory;

/// Why `adit serve` could not start or go on.
#[derive(Debug, Error)]
pub(crate) enum ServeError {
    /// A port that was asked for, or the RTMP port, cannot be had.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// No certificate can be shown to TLS clients.
    #[error("no certificate: {0}")]
    Tls(#[from] TlsError),
    /// A socket that a service manager hands over is of no use.
    #[error("a socket handed over by the service manager cannot be served: {0}")]
    HandedOver(#[source] io::Error),
    /// Persistent shared objects cannot be kept.
    #[error(transparent)]
    Objects(#[from] StoreError),
    /// The directory for media cannot be used.
    #[error("recordings cannot be kept in {}: {}", directory.display(), in_words(cause))]
    Media {
        /// The directory.
        directory: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// The server that runs was not taken over.
    #[error(transparent)]
    Takeover(#[from] upgrade::TakeoverError),
    /// What is said about access cannot be used.
    #[error(transparent)]
    Access(#[from] access::AccessError),
    /// There cannot be the relays that are asked for.
    #[error(transparent)]
    Relays(#[from] relays::RelayError),
    /// There is no API where one was asked for.
    #[error(transparent)]
    Api(#[from] api::ApiError),
    /// No spans can be sent to the collector.
    #[error(transparent)]
    Traces(#[from] TracesError),
    /// The operating system refused threads, signals or the like.
    #[error("the operating system refused what a server needs: {0}")]
    System(#[from] io::Error),
}

impl ServeError {
    /// What the person can do about it, if that is known.
    pub(crate) fn remedy(&self) -> Option<String> {
        match self {
            Self::Bind(error) => ports::remedy(error),
            Self::Tls(TlsError::File { source, .. })
                if source.kind() == io::ErrorKind::PermissionDenied =>
            {
                let remedy = "--state-dir DIR keeps the self-signed certificate elsewhere; --cert and --key name another one";
                Some(remedy.to_owned())
            }
            Self::Tls(TlsError::Content { path, what }) => certificate::remedy(path, what),
            Self::Objects(error) => objects::remedy(error),
            Self::Media { .. } => {
                let remedy = "--media DIR (server.media) names a directory that this user may write to; one that does not exist is made";
                Some(remedy.to_owned())
            }
            Self::Api(error) => api::remedy(error),
            _ => None,
        }
    }
}

/// Runs the server until it is told to stop.
///
/// # Errors
/// When the configuration has mistakes, a port cannot be bound, the certificate cannot be used, or the state directory cannot be
/// written.
pub(crate) fn run(arguments: &cli::Serve) -> Result<(), Failure> {
    let sources = Sources::of(arguments);
    let loaded = config::load(&sources);
    let loaded = match loaded {
        Ok(loaded) => loaded,
        Err(mistakes) => {
            let format = arguments.log.unwrap_or(LogFormat::Pretty);
            log::start(log::USUAL_LEVEL, format, &Traces::default());
            return Err(Failure::Configuration(mistakes));
        }
    };
    let asked = &loaded.config.log;
    // Spans have to be there before the log is.
    let traces = Traces::begin(&asked.opentelemetry).map_err(ServeError::from);
    let none = Traces::default();
    let log = log::start(
        &asked.level.0,
        asked.format,
        traces.as_ref().unwrap_or(&none),
    );
    let traces = traces?;
    let observers = Observers {
        log,
        traces: traces.context(),
    };
    let outcome = run_with(sources, loaded.config, observers);
    traces.end();
    Ok(outcome?)
}

/// Who hears of what goes on.
struct Observers {
    log: Log,
    traces: Option<Arc<dyn TraceContext>>,
}

impl Observers {
    fn collect_spans(&self, server: &Server) {
        if let Some(traces) = &self.traces {
            server.collect_spans(Arc::clone(traces));
        }
    }
}

fn run_with(sources: Sources, config: Config, observers: Observers) -> Result<(), ServeError> {
    descriptors::raise();
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if let Some(threads) = config.server.threads {
        builder.worker_threads(threads.get().into());
    }
    let runtime = builder.enable_all().build()?;
    let crew = Crew::start(runtime.handle().clone())?;
    // On a worker like everything else: the thread that waits here would have to be woken for each connection.
    let serving = runtime.spawn(serve(sources, config, observers));
    let outcome = runtime
        .block_on(serving)
        .unwrap_or_else(|defect| std::panic::resume_unwind(defect.into_panic()));
    drop(crew);
    // A look at certificate files on a network that is down must not hold up the end.
    runtime.shutdown_background();
    outcome
}

async fn serve(sources: Sources, asked: Config, observers: Observers) -> Result<(), ServeError> {
    let signals = Signals::listen()?;
    let hangup = signal(SignalKind::hangup())?;
    let upgrade = signal(SignalKind::user_defined2())?;
    let state_directory = plan::state_directory(&asked);
    let mut heir = heir(&asked, &state_directory).await?;
    let listeners = listeners(&asked, heir.as_mut().map(Heir::take_sockets))?;
    let mut first_key = access::first_key(&asked);
    let mut config = plan::server(&asked)?;
    let relays = relays::read(&asked)?;
    let tls = config.net.tls.clone();
    let old_api = heir.as_mut().and_then(Heir::take_api);
    let api = api::bind(&asked.api, &state_directory, old_api).await?;
    let shares = Shares::of(&listeners, api.as_ref())?;
    let accession = files(heir, &config).await?;
    config.objects.store = plan::objects(&asked)?;
    let (server, over) = begin(accession.as_ref(), config, listeners);
    observers.collect_spans(&server);
    let control = server.control();
    relays::keep(&control, &state_directory, relays::networks(&asked)).await;
    control.set_relays(relays, relays::networks(&asked));
    let keeper = Arc::new(Keeper::new(tls.clone(), &asked));
    let published_to = access::way_in(&asked);
    let parts = Parts {
        log: observers.log,
        guests: api.as_ref().map(Bound::guests),
        keeper: Arc::clone(&keeper),
    };
    let reloader = Reloader::new(&control, sources, asked, parts);
    let addresses = server.local_addrs().to_vec();
    let mut api = api.map(|api| api.serve(server.control()));
    let mut running = Running {
        signals,
        hangup,
        upgrade,
        control,
        reloader,
        visitors: server.visitors(),
        offer: None,
        keeper: Arc::clone(&keeper),
    };
    // Publishers and players without TLS are served while a certificate is made, which takes longer than all the rest.
    let mut prepared = Ok(());
    let until_stopped = async {
        prepared = take_over(accession, tls.as_ref()).await;
        if prepared.is_ok() {
            running.offer = shares.offer(&state_directory, over);
            keeper.start();
            let certificate = tls.as_ref().and_then(self_signed);
            let (application, certificate) = (published_to.as_ref(), certificate.as_deref());
            first_screen::print(&addresses, application, certificate, first_key.as_mut());
            running.until_stopped(&mut api).await;
        }
    };
    server.run(until_stopped).await;
    if let Some(api) = api {
        api.stop().await;
    }
    prepared
}

/// What the server that runs hands over, where it is to be taken over.
async fn heir(asked: &Config, state_directory: &Path) -> Result<Option<Heir>, ServeError> {
    if !asked.server.takeover {
        return Ok(None);
    }
    let heir = Heir::of(state_directory).await?;
    if heir.is_none() {
        tracing::info!("no server runs with this state directory that could be taken over");
    }
    Ok(heir)
}

/// Has the other server close the files that only one of them can have open, once all the rest is prepared.
async fn files(heir: Option<Heir>, config: &ServerConfig) -> Result<Option<Accession>, ServeError> {
    let Some(heir) = heir else {
        return Ok(None);
    };
    certificate::prepare(config.net.tls.as_ref()).await?;
    Ok(Some(heir.files().await?))
}

/// This server serves: the other one lets go. Where there is none the certificate is still to be prepared.
async fn take_over(accession: Option<Accession>, tls: Option<&Tls>) -> Result<(), ServeError> {
    match accession {
        Some(accession) => Ok(accession.take_over().await?),
        None => certificate::prepare(tls).await,
    }
}

/// The server, and whose place it takes.
fn begin(
    accession: Option<&Accession>,
    config: ServerConfig,
    listeners: Vec<Listener>,
) -> (Server, Over) {
    match accession {
        Some(accession) => {
            let server = Server::succeeding(accession.predecessor(), config, listeners);
            (server, Over::Predecessor)
        }
        None => (Server::new(config, listeners), Over::Nobody),
    }
}

/// Sockets that were handed over, in place of all others; else those that were asked for, else the usual ports. A server that was taken
/// over gives those of them that it has.
fn listeners(
    asked: &Config,
    taken_over: Option<Vec<Listener>>,
) -> Result<Vec<Listener>, ServeError> {
    let asked: Vec<_> = asked.server.listen.iter().map(|listen| listen.0).collect();
    if let Some(sockets) = taken_over {
        return Ok(ports::go_on_with(sockets, &asked)?);
    }
    let handed_over = supervisor::sockets()?;
    if !handed_over.is_empty() {
        return Ok(handed_over);
    }
    Ok(if asked.is_empty() {
        ports::bind_defaults()?
    } else {
        ports::bind_asked(&asked)?
    })
}

/// The file of the certificate, when players have to be told to trust it.
fn self_signed(tls: &Tls) -> Option<PathBuf> {
    match tls.source() {
        CertificateSource::SelfSigned { .. } => Some(tls.certificate_path()),
        _ => None,
    }
}
