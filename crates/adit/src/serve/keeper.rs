//! The certificate that is shown, and whoever has it issued: what a reload may put in the place of both.

use adit_server::TlsError;
use adit_server::tls::{Candidate, CertificateSource, Tls};

use super::{certificate, plan};
use crate::config::Config;

/// Has the server go by a certificate.
pub(super) struct Keeper {
    tls: Option<Tls>,
    #[cfg(feature = "acme")]
    issuing: acme::Issuing,
}

/// What the configuration asks for, loaded and not shown yet.
pub(super) struct Other {
    /// None where it comes from where it came from.
    candidate: Option<Candidate>,
    #[cfg(feature = "acme")]
    acme: Option<adit_server::AcmeConfig>,
}

impl Keeper {
    /// For the certificate that the server begins with.
    pub(super) fn new(tls: Option<Tls>, asked: &Config) -> Self {
        #[cfg(not(feature = "acme"))]
        let _ = asked;
        Self {
            tls,
            #[cfg(feature = "acme")]
            issuing: acme::Issuing::new(plan::acme(asked)),
        }
    }

    /// From now on certificates are asked for, if any are to be. Call it when there is one to show meanwhile.
    pub(super) fn start(&self) {
        #[cfg(feature = "acme")]
        if let Some(tls) = &self.tls {
            self.issuing.start(tls);
        }
    }

    /// Asks for no more of them: another server does.
    pub(super) fn end(&self) {
        #[cfg(feature = "acme")]
        self.issuing.end();
    }

    /// Loads the certificate of a configuration, or makes it, where that is another one. Blocks.
    ///
    /// # Errors
    /// It can be neither used nor made.
    pub(super) fn look(&self, running: &Config, asked: &Config) -> Result<Other, TlsError> {
        let source = plan::certificate_source(asked);
        let candidate = match &self.tls {
            // Files whose content changes are watched.
            Some(tls) if source != plan::certificate_source(running) => {
                Some(tls.candidate(certificate::with_addresses(source))?)
            }
            _ => None,
        };
        Ok(Other {
            candidate,
            #[cfg(feature = "acme")]
            acme: plan::acme(asked),
        })
    }

    /// Shows it.
    pub(super) fn go_by(&self, other: Other) {
        let Some(tls) = &self.tls else { return };
        if let Some(candidate) = other.candidate {
            tls.adopt(candidate);
        }
        #[cfg(feature = "acme")]
        self.issuing.replace(other.acme, tls);
    }
}

/// The key of the configuration that names what cannot be used.
pub(super) fn key_of(error: &TlsError, asked: &Config) -> &'static str {
    let is_made = !matches!(
        plan::certificate_source(asked),
        CertificateSource::Files { .. }
    );
    let certificate = asked.tls.cert.as_ref().map(|place| &place.0);
    match error {
        _ if is_made => OTHER_SOURCE,
        TlsError::File { path, .. } | TlsError::Content { path, .. }
            if Some(path) == certificate =>
        {
            "tls.cert"
        }
        _ => "tls.key",
    }
}

/// Where nothing is said about files, the place of those that are made is.
const OTHER_SOURCE: &str = "server.state_dir";

#[cfg(feature = "acme")]
mod acme {
    use std::sync::{Mutex, PoisonError};

    use adit_server::tls::Tls;
    use adit_server::{AcmeConfig, keep_certificate};
    use tokio::task::AbortHandle;

    /// The task that has certificates issued.
    pub(super) struct Issuing(Mutex<State>);

    struct State {
        asked: Option<AcmeConfig>,
        phase: Phase,
    }

    enum Phase {
        /// There is no certificate yet that could be shown while one is asked for.
        Waiting,
        /// Nothing is asked for, or this task does it, which ends with the runtime.
        Started(Option<AbortHandle>),
        /// Nobody asks here any more.
        Ended,
    }

    impl Issuing {
        pub(super) const fn new(asked: Option<AcmeConfig>) -> Self {
            Self(Mutex::new(State {
                asked,
                phase: Phase::Waiting,
            }))
        }

        pub(super) fn start(&self, tls: &Tls) {
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            state.phase = Phase::Started(spawn(state.asked.clone(), tls));
        }

        pub(super) fn end(&self) {
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if let Phase::Started(Some(task)) = &state.phase {
                task.abort();
            }
            state.phase = Phase::Ended;
        }

        /// What has begun is given up where something else is asked for.
        pub(super) fn replace(&self, asked: Option<AcmeConfig>, tls: &Tls) {
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if state.asked == asked {
                return;
            }
            state.asked.clone_from(&asked);
            if let Phase::Started(task) = &mut state.phase {
                if let Some(task) = task.take() {
                    task.abort();
                }
                *task = spawn(asked, tls);
            }
        }
    }

    fn spawn(asked: Option<AcmeConfig>, tls: &Tls) -> Option<AbortHandle> {
        let task = tokio::spawn(keep_certificate(asked?, tls.clone()));
        Some(task.abort_handle())
    }
}
