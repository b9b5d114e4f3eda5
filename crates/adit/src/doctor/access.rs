//! Files that say who may publish and play.

use super::findings::Findings;
use crate::config::Config;
use crate::config::access::Who;
use crate::serve;

const CHECK: &str = "access";

/// Whether they can be used, and whether everybody may publish.
pub(super) fn look(config: &Config, findings: &mut Findings) {
    if let Err(error) = serve::check_api(&config.api) {
        findings.wrong(
            "api",
            error.to_string(),
            "without api.token the server makes one and keeps it in its state directory",
        );
    }
    if let Err(error) = serve::check_access(config) {
        findings.wrong(
            CHECK,
            error.to_string(),
            "docs/access.md tells what is in these files; the user of the server has to be able to read them",
        );
        return;
    }
    let asks_others = config.access.callbacks.publish.is_some() || !config.access.rules.is_empty();
    match serve::publishers(config) {
        Who::Anyone if !asks_others => findings.warning(
            CHECK,
            "whoever reaches the server may publish",
            "access.publish = \"local\" or \"key\"",
        ),
        Who::Nobody => findings.note(CHECK, "nobody may publish (access.publish)"),
        Who::Local => findings.good(
            CHECK,
            "this machine and private networks publish freely, everybody else with a proof",
        ),
        _ => findings.good(CHECK, "publishing takes a proof, a rule or a callback"),
    }
}
