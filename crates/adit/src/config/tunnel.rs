//! `[apps.NAME.tunnel]`

use adit_server::{PollByte, TunnelPace};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::units::Span;

/// How the clients of an application are paced that come through the tunnel, by RTMPT and RTMPTS.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AppTunnel {
    /// Pause that a client of the tunnel is asked to make between two requests while data flows; whole steps of 16 ms. Without it as
    /// `limits.rtmpt.poll_min` says.
    #[schemars(extend("x-range" = ["0s", "4064ms"]))]
    pub(crate) poll_min: Option<Span>,
    /// The same for one that has asked in vain for long. Without it as `limits.rtmpt.poll_max` says.
    #[schemars(extend("x-range" = ["0s", "4064ms"]))]
    pub(crate) poll_max: Option<Span>,
    /// How long an `/idle` without data is held. Without it as `limits.rtmpt.hold` says.
    #[schemars(extend("x-range" = ["20ms", "4s"]))]
    pub(crate) hold: Option<Span>,
}

impl AppTunnel {
    /// What it means for a server.
    pub(crate) fn pace(&self) -> TunnelPace {
        let byte = |pause: &Option<Span>| pause.as_ref().map(|it| PollByte::from_pause(it.0));
        let mut pace = TunnelPace::default();
        pace.min = byte(&self.poll_min);
        pace.max = byte(&self.poll_max);
        pace.hold = self.hold.as_ref().map(|hold| hold.0);
        pace
    }
}
