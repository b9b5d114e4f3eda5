//! What the configuration asks for, as the settings of a server.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use adit_server::application::{Applications, Chat, Live, Unknown, Vod};
use adit_server::tls::{CertificateSource, ShownCertificate};
use adit_server::{
    AppConfig, MediaRoot, Network, ObjectStore, RecordedStreams, ServerConfig, StoreError,
};

use super::{ServeError, access, api, certificate, front_page, objects, relays, state_dir};
use crate::cli::{AppKind, UnknownApps};
use crate::config::{App, AppRecording, Config};

/// The settings of a server that starts. Files that are named are opened.
///
/// # Errors
/// When one of them cannot be used.
pub(super) fn server(asked: &Config) -> Result<ServerConfig, ServeError> {
    let mut config = ServerConfig::default();
    config.net.tls = Some(certificate::promised(certificate_source(asked))?);
    let trusted = asked.server.trust_proxy.iter().map(|network| network.0);
    config.net.trusted_proxies = trusted.collect();
    warn_of_forgers(&config.net.trusted_proxies);
    config.net.http.front_page = Some(front_page::text().into());
    config.media = match &asked.server.media {
        Some(directory) => Some(media_root(directory.as_ref())?),
        None => None,
    };
    apply(asked, &mut config)?;
    Ok(config)
}

/// What is wrong with a configuration, beside what it says itself: files that it names, secrets and rules that are of no use. Nothing is made.
pub(crate) fn check(asked: &Config) -> Vec<ServeError> {
    let certificate = match (&asked.tls.cert, &asked.tls.key) {
        (Some(certificate), Some(key)) => {
            ShownCertificate::read(certificate.as_ref(), key.as_ref()).map(drop)
        }
        _ => Ok(()),
    };
    let checks = [
        certificate.map_err(ServeError::from),
        access::check(asked).map_err(ServeError::from),
        api::check(&asked.api).map_err(ServeError::from),
        relays::read(asked).map(drop).map_err(ServeError::from),
    ];
    checks.into_iter().filter_map(Result::err).collect()
}

/// The file of shared objects. No other process may have it open.
///
/// # Errors
/// It cannot be used.
pub(super) fn objects(asked: &Config) -> Result<Option<ObjectStore>, StoreError> {
    let file = asked.objects.file.as_ref().map(AsRef::as_ref);
    objects::store(file, || state_directory(asked))
}

/// Where the server keeps what must survive a restart.
pub(crate) fn state_directory(asked: &Config) -> PathBuf {
    match &asked.server.state_dir {
        Some(directory) => directory.0.clone(),
        None => state_dir::default(),
    }
}

/// Where the certificate comes from.
pub(crate) fn certificate_source(asked: &Config) -> CertificateSource {
    #[cfg(feature = "acme")]
    if let Some(acme) = acme(asked) {
        return acme.source();
    }
    match (&asked.tls.cert, &asked.tls.key) {
        (Some(certificate), Some(key)) => CertificateSource::Files {
            certificate: certificate.0.clone(),
            key: key.0.clone(),
        },
        _ => CertificateSource::SelfSigned {
            state_directory: state_directory(asked).join("tls"),
            names: Vec::new(),
        },
    }
}

/// What a certificate authority is asked for, if it is.
#[cfg(feature = "acme")]
pub(super) fn acme(asked: &Config) -> Option<adit_server::AcmeConfig> {
    asked.tls.acme.config(state_directory(asked).join("acme"))
}

/// What may also change while the server runs.
///
/// # Errors
/// When a file that is named cannot be used.
pub(super) fn apply(asked: &Config, config: &mut ServerConfig) -> Result<(), ServeError> {
    asked.limits.apply(config);
    asked.http.apply(&mut config.outputs);
    asked.hls.apply(&mut config.outputs.hls);
    config.latency = asked.server.latency.into();
    config.applications = applications(asked);
    warn_of_nothing_to_play(asked);
    config.access = access::read(asked)?;
    config.recording.sync = asked.recording.sync.0;
    config.recording.flush = asked.recording.flush.into();
    config.recording.streams = if asked.recording.all {
        RecordedStreams::All
    } else {
        RecordedStreams::OnRequest
    };
    Ok(())
}

/// What is different for the streams of an application.
fn streams(asked: &App) -> AppConfig {
    let mut app = AppConfig::default();
    app.latency = asked.latency.map(Into::into);
    app.tunnel = asked.tunnel.pace();
    app.codecs = asked.codecs.rules().map(Arc::new);
    app.recorded = asked.recording.map(|recording| match recording {
        AppRecording::All => RecordedStreams::All,
        AppRecording::OnRequest => RecordedStreams::OnRequest,
    });
    app
}

fn applications(asked: &Config) -> Applications {
    let none = Applications::default().unknown(match asked.server.unknown_apps {
        UnknownApps::Live => Unknown::AsLive,
        UnknownApps::Refuse => Unknown::Refused,
    });
    asked.apps.iter().fold(none, |all, (name, app)| {
        let all = all.streams(name, streams(app));
        match app.kind {
            AppKind::Live => all.with(name, Live),
            AppKind::Vod => all.with(name, Vod),
            AppKind::Chat => all.with(name, Chat::new()),
        }
    })
}

/// An application to show to somebody who wants to publish: `live`, or else the first one that takes streams.
pub(super) fn live_application(asked: &Config) -> Option<String> {
    let usual = match asked.apps.get(USUAL_APP) {
        Some(app) => app.kind == AppKind::Live,
        None => asked.server.unknown_apps == UnknownApps::Live,
    };
    if usual {
        return Some(USUAL_APP.to_owned());
    }
    let mut apps = asked.apps.iter();
    let live = apps.find(|(_, app)| app.kind == AppKind::Live);
    live.map(|(name, _)| name.clone())
}

/// What encoders are told to publish to by nearly every manual.
const USUAL_APP: &str = "live";

fn media_root(directory: &Path) -> Result<MediaRoot, ServeError> {
    MediaRoot::open(directory).map_err(|cause| ServeError::Media {
        directory: directory.to_owned(),
        cause,
    })
}

/// Applications that only play recordings have none without a directory.
fn warn_of_nothing_to_play(asked: &Config) {
    if asked.server.media.is_some() {
        return;
    }
    let vod = asked
        .apps
        .iter()
        .filter(|(_, app)| app.kind == AppKind::Vod);
    for (application, _) in vod {
        tracing::warn!(
            application,
            "nothing can be played there: no directory of recordings is named; --media DIR does that, or server.media"
        );
    }
}

/// A PROXY header from anywhere is a mistake: limits and logs go by the addresses in it.
fn warn_of_forgers(trusted: &[Network]) {
    for network in trusted
        .iter()
        .map(ToString::to_string)
        .filter(|network| network.ends_with("/0"))
    {
        tracing::warn!(
            network,
            "server.trust_proxy takes in everybody: whoever connects may claim any address; name the balancers only"
        );
    }
}
