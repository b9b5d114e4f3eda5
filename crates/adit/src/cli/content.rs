//! What a server offers its clients: applications, and what they work with.

use std::str::FromStr;

use clap::{Args, ValueEnum};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The flags of `adit serve` that say what there is to connect to.
#[derive(Debug, Args)]
pub(crate) struct Content {
    /// What answers clients that connect to `rtmp://host/NAME`; repeat for more
    #[arg(long, value_name = "NAME=live|vod|chat")]
    pub(crate) app: Vec<NamedApplication>,

    /// What becomes of clients that connect to any other name
    /// [default: live]
    #[arg(long, value_enum, value_name = "HOW")]
    pub(crate) unknown_apps: Option<UnknownApps>,
}

/// An application, and the name it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NamedApplication {
    pub(crate) name: String,
    pub(crate) kind: AppKind,
}

/// What an application does.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AppKind {
    /// Everybody publishes and plays
    #[default]
    Live,
    /// Recordings are played, nothing is published
    Vod,
    /// Rooms with presence and messages, in the shared object `chat`
    Chat,
}

/// What becomes of a client that connects to a name without an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum UnknownApps {
    /// They are served like --app NAME=live
    Live,
    /// They are refused
    Refuse,
}

impl FromStr for NamedApplication {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, kind) = text
            .split_once('=')
            .ok_or("write NAME=KIND, as in films=vod")?;
        if name.contains(['/', '?']) {
            return Err(format!(
                "{name:?} is more than the name of an application: that ends at the first / of a path"
            ));
        }
        let kind = AppKind::from_str(kind, false).map_err(|_| {
            let known: Vec<_> = AppKind::value_variants()
                .iter()
                .filter_map(ValueEnum::to_possible_value)
                .map(|value| value.get_name().to_owned())
                .collect();
            format!(
                "{kind:?} is no kind of application; there are {}",
                known.join(", ")
            )
        })?;
        Ok(Self {
            name: name.to_owned(),
            kind,
        })
    }
}

#[cfg(test)]
mod tests;
