//! `[tls]`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::units::Place;

/// The certificate for RTMPS and RTMPTS. Without one the server makes a self-signed one and keeps it in the state directory.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Tls {
    /// Certificate chain in PEM; read again whenever the file changes.
    pub(crate) cert: Option<Place>,
    /// Private key of the certificate in PEM.
    pub(crate) key: Option<Place>,
    /// A certificate that a certificate authority issues.
    #[cfg(feature = "acme")]
    pub(crate) acme: super::acme::Acme,
}
