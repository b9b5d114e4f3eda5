//! What environment and system say about proxies.

use super::pac::PacAddress;
use super::{DiscoveryError, unusable};
use proxy_watch::{Error, ProxyConfig, ProxyEnv, ProxyMode, pac::PacScript};
use std::fmt;

/// Settings about proxies.
#[derive(Clone)]
#[non_exhaustive]
pub enum Settings {
    /// Nothing is set, or it is set that there is no proxy.
    Nothing,
    /// Proxies by scheme, with exceptions.
    Manual(Box<ManualSettings>),
    /// A script decides.
    Pac(PacAddress),
    /// The network is to be asked (WPAD).
    AutoDetect,
}

/// Proxies by scheme, with exceptions.
#[derive(Clone)]
pub struct ManualSettings(pub(super) ProxyConfig);

impl Settings {
    /// The settings that environment variables make, by curl's rules: `http_proxy` only in lower case, because a web server passes
    /// a request's `Proxy:` field to its scripts as `HTTP_PROXY`; `https_proxy`, `all_proxy` and `no_proxy` in both cases, the
    /// lower one first; the one for a scheme before `all_proxy`. `no_proxy` lists names with all that is below them, addresses,
    /// networks and `*`.
    ///
    /// # Errors
    ///
    /// A variable names no proxy that can be used, so that what it wants is not known.
    pub fn from_environment<K: AsRef<str>, V: AsRef<str>>(
        variables: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Self, DiscoveryError> {
        let variables = variables
            .into_iter()
            .filter(|(name, _)| cfg!(windows) || name.as_ref() != "HTTP_PROXY");
        let environment = ProxyEnv::from_vars(variables).map_err(unusable)?;
        if !environment.rejected().is_empty() {
            return Err(DiscoveryError::Settings {
                text: "an environment variable for proxies holds something else than a proxy's URL"
                    .to_owned(),
            });
        }
        if !environment.is_configured() {
            return Ok(Self::Nothing);
        }
        Ok(Self::manual(environment.to_config()))
    }

    fn manual(config: ProxyConfig) -> Self {
        Self::Manual(Box::new(ManualSettings(config)))
    }

    fn from_config(config: ProxyConfig) -> Result<Self, DiscoveryError> {
        match &config.effective {
            ProxyMode::Direct => Ok(Self::Nothing),
            ProxyMode::Manual { .. } => Ok(Self::manual(config)),
            ProxyMode::Pac { url, .. } => Ok(Self::Pac(PacAddress::Url(url.clone()))),
            ProxyMode::WpadAutoDetect => Ok(Self::AutoDetect),
            mode => PacScript::from_mode(mode)
                .map(|script| Self::Pac(PacAddress::Inline(script.source().into())))
                .ok_or_else(|| DiscoveryError::Settings {
                    text: "the system decides about proxies in a way that is not known here"
                        .to_owned(),
                }),
        }
    }
}

/// Never shows what is set: proxies have passwords.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "Nothing",
            Self::Manual(_) => "Manual(..)",
            Self::Pac(_) => "Pac(..)",
            Self::AutoDetect => "AutoDetect",
        })
    }
}

/// Who knows about proxies. Both may block.
pub trait ProxySource: fmt::Debug + Send + Sync + 'static {
    /// What the environment says; it comes before the system.
    ///
    /// # Errors
    ///
    /// It says something that cannot be understood.
    fn environment(&self) -> Result<Settings, DiscoveryError>;

    /// What the system says.
    ///
    /// # Errors
    ///
    /// It cannot be read or understood.
    fn system(&self) -> Result<Settings, DiscoveryError>;
}

/// This process's environment and this machine's settings.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemSource;

impl ProxySource for SystemSource {
    fn environment(&self) -> Result<Settings, DiscoveryError> {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
            .map(|(name, value)| (name, value.to_string_lossy().into_owned()));
        Settings::from_environment(variables)
    }

    fn system(&self) -> Result<Settings, DiscoveryError> {
        match proxy_watch::read() {
            Ok(config) => Settings::from_config(config),
            // There is no place where settings could be: a server without a desktop.
            Err(Error::Unsupported) => Ok(Settings::Nothing),
            Err(error) => Err(unusable(error)),
        }
    }
}
