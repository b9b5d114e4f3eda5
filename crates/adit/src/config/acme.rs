//! `[tls.acme]`

use std::path::PathBuf;

use adit_server::{AcmeConfig, AcmeProof};
use clap::ValueEnum;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::units::Place;

/// A certificate that a certificate authority issues and renews by itself, in place of the self-signed one. The authority has to reach
/// port 80 or 443 of the server under each of the names.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Acme {
    /// Host names of the server. Without any, no certificate is asked for.
    pub(crate) names: Vec<String>,
    /// Address of mail that the authority may write to when something is wrong.
    pub(crate) contact: Option<String>,
    /// Directory of the authority, an `https://` URL.
    pub(crate) directory: String,
    /// PEM file with the root certificate of an authority that this machine does not trust, as in a company.
    pub(crate) root: Option<Place>,
    /// How the authority is shown that the names are the server's.
    pub(crate) proof: Proof,
}

/// The ways to prove a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Proof {
    /// The authority asks by HTTP on port 80.
    #[serde(rename = "http-01")]
    #[value(name = "http-01")]
    Http01,
    /// The authority asks by TLS on port 443.
    #[serde(rename = "tls-alpn-01")]
    #[value(name = "tls-alpn-01")]
    TlsAlpn01,
}

impl Default for Acme {
    fn default() -> Self {
        let usual = AcmeConfig::new(Vec::new(), PathBuf::new());
        Self {
            names: Vec::new(),
            contact: None,
            directory: usual.directory,
            root: None,
            proof: Proof::Http01,
        }
    }
}

impl Acme {
    /// What the server is to ask for, if anything, keeping all of it in this directory.
    pub(crate) fn config(&self, state_directory: PathBuf) -> Option<AcmeConfig> {
        if self.names.is_empty() {
            return None;
        }
        let mut config = AcmeConfig::new(self.names.clone(), state_directory);
        config.contact.clone_from(&self.contact);
        config.directory.clone_from(&self.directory);
        config.authority_root = self.root.as_ref().map(|root| root.0.clone());
        config.proof = match self.proof {
            Proof::Http01 => AcmeProof::Http01,
            Proof::TlsAlpn01 => AcmeProof::TlsAlpn01,
        };
        Some(config)
    }
}
