//! How many connections the operating system lets a process have.

use rustix::process::{Resource, getrlimit};

use super::findings::Findings;
use crate::config::Config;

const CHECK: &str = "descriptors";

/// Compares the limit of this process, which is that of what is started beside it, with what is configured.
pub(super) fn look(config: &Config, findings: &mut Findings) {
    let settings = super::settings_of(config);
    let admission = &settings.net.admission;
    let connections = u64::try_from(admission.total).unwrap_or(u64::MAX);
    let needed = connections.saturating_add(admission.descriptors_reserve);
    match getrlimit(Resource::Nofile).maximum {
        Some(most) if most < needed => findings.warning(
            CHECK,
            format!("a process may have {most}, fewer than the {needed} for limits.conn.total = {connections} connections: the last ones wait"),
            "LimitNOFILE= of the unit, or ulimit -Hn, or a smaller limits.conn.total",
        ),
        Some(most) => findings.good(
            CHECK,
            format!("a process may have {most}, enough for {connections} connections"),
        ),
        None => findings.good(CHECK, "a process may have any number"),
    }
}
