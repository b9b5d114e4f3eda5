//! `adit serve`: binds the ports, says what to paste where, serves until Ctrl-C.

mod access;
mod api;
mod certificate;
mod descriptors;
mod encoders;
mod first_screen;
mod front_page;
mod objects;
mod plan;
mod ports;
mod relays;
mod reload;
mod state_dir;
mod supervisor;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use adit_server::tls::{CertificateSource, Tls};
use adit_server::{BindError, Listener, Server, StoreError, TlsError};
use thiserror::Error;
use tokio::signal::unix::{Signal, SignalKind, signal};

use self::reload::Reloader;
use crate::cli::{self, LogFormat};
use crate::config::{self, Config, Sources};
use crate::connect::{Failure, in_words};
use crate::{log, ui};

pub(crate) use self::access::{check as check_access, publishers};
pub(crate) use self::certificate::remedy as certificate_remedy;
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
    /// What is said about access cannot be used.
    #[error(transparent)]
    Access(#[from] access::AccessError),
    /// There cannot be the relays that are asked for.
    #[error(transparent)]
    Relays(#[from] relays::RelayError),
    /// There is no API where one was asked for.
    #[error(transparent)]
    Api(#[from] api::ApiError),
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
    let format = loaded.as_ref().map(|loaded| loaded.config.log.format);
    log::start(format.unwrap_or_else(|_| arguments.log.unwrap_or(LogFormat::Pretty)));
    let config = loaded.map_err(Failure::Configuration)?.config;
    Ok(run_with(sources, config)?)
}

fn run_with(sources: Sources, config: Config) -> Result<(), ServeError> {
    descriptors::raise();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    // On a worker like everything else: the thread that waits here would have to be woken for each connection.
    let serving = runtime.spawn(serve(sources, config));
    let outcome = runtime
        .block_on(serving)
        .unwrap_or_else(|defect| std::panic::resume_unwind(defect.into_panic()));
    // A look at certificate files on a network that is down must not hold up the end.
    runtime.shutdown_background();
    outcome
}

async fn serve(sources: Sources, asked: Config) -> Result<(), ServeError> {
    let interrupt = signal(SignalKind::interrupt())?;
    let terminate = signal(SignalKind::terminate())?;
    let hangup = signal(SignalKind::hangup())?;
    let addresses: Vec<_> = asked.server.listen.iter().map(|listen| listen.0).collect();
    let listeners = listeners(&addresses)?;
    let first_key = access::first_key(&asked);
    let config = plan::server(&asked)?;
    let relays = relays::read(&asked)?;
    let tls = config.net.tls.clone();
    let api = api::bind(&asked.api, &plan::state_directory(&asked)).await?;
    let server = Server::new(config, listeners);
    let control = server.control();
    control.set_relays(relays, relays::networks(&asked));
    #[cfg(feature = "acme")]
    let acme = plan::acme(&asked);
    let published_to = plan::live_application(&asked);
    let reloader = Reloader::new(sources, asked);
    let reloads = Arc::clone(&reloader);
    control.on_reload(move |control| reloads.reload(control));
    let addresses = server.local_addrs().to_vec();
    if let Some(api) = &api {
        api.print();
    }
    let api = api.map(|api| api.serve(server.control()));
    // Publishers and players without TLS are served while a certificate is made, which takes longer than all the rest.
    let mut prepared = Ok(());
    let until_stopped = async {
        prepared = certificate::prepare(tls.as_ref()).await;
        if prepared.is_ok() {
            #[cfg(feature = "acme")]
            if let (Some(acme), Some(tls)) = (acme, tls.clone()) {
                // It ends with the runtime.
                tokio::spawn(adit_server::keep_certificate(acme, tls));
            }
            let certificate = tls.as_ref().and_then(self_signed);
            first_screen::print(
                &addresses,
                published_to.as_deref(),
                certificate.as_deref(),
                first_key.as_ref(),
            );
            supervisor::ready();
            // Whatever is read again when the server stops is of no use any more.
            tokio::select! {
                () = asked_to_stop(interrupt, terminate) => {}
                () = reload::watch(reloader, control, hangup) => {}
            }
            supervisor::stopping();
        }
    };
    server.run(until_stopped).await;
    if let Some(api) = api {
        api.stop().await;
    }
    prepared
}

/// Sockets that were handed over, in place of all others; else those that were asked for, else the usual ports.
fn listeners(asked: &[SocketAddr]) -> Result<Vec<Listener>, ServeError> {
    let handed_over = supervisor::sockets()?;
    if !handed_over.is_empty() {
        return Ok(handed_over);
    }
    Ok(if asked.is_empty() {
        ports::bind_defaults()?
    } else {
        ports::bind_asked(asked)?
    })
}

/// The file of the certificate, when players have to be told to trust it.
fn self_signed(tls: &Tls) -> Option<PathBuf> {
    match tls.source() {
        CertificateSource::SelfSigned { .. } => Some(tls.certificate_path().to_owned()),
        _ => None,
    }
}

/// Ready at the first Ctrl-C or SIGTERM. From then on a second Ctrl-C ends the process at once.
async fn asked_to_stop(mut interrupt: Signal, mut terminate: Signal) {
    // Both arms are cancel-safe: a signal that was not taken is delivered to the next call.
    tokio::select! {
        _ = interrupt.recv() => ui::aside("Ctrl-C again ends at once"),
        _ = terminate.recv() => {}
    }
    tokio::spawn(async move {
        interrupt.recv().await;
        #[expect(clippy::exit, reason = "asked for twice by the person at the keyboard")]
        std::process::exit(INTERRUPTED);
    });
}

/// The exit code of a process that was interrupted, as shells count it.
const INTERRUPTED: i32 = 130;
