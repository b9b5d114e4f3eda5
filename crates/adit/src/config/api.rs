//! `[api]`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::units::{ListenNearby, Secret};

/// The HTTP API, with metrics and health, on a port of its own.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Api {
    /// Address and port of the API, as in `127.0.0.1:9350`; a port alone is one of this machine. Without it there is none. It is not encrypted:
    /// let other machines reach it only through something that encrypts.
    pub(crate) listen: Option<ListenNearby>,
    /// What whoever uses the API has to know, 16 characters or more. Without it a token is made at the first start, in the file `api-token`
    /// of the state directory.
    pub(crate) token: Option<Secret>,
    /// Names of hosts by which the API is reached, beside addresses and `localhost`. Requests for other names are refused: they come from
    /// pages of strangers.
    pub(crate) hosts: Vec<String>,
}
