//! `[objects]`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::units::Place;

/// Shared objects.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Objects {
    /// File that keeps persistent shared objects. Without it `objects.redb` in the state directory.
    pub(crate) file: Option<Place>,
}
