//! Files that say who may publish and play.

use adit_server::access::Pattern;

use super::findings::Findings;
use crate::config::access::{Need, Rule, What, Who};
use crate::config::{Config, HookChoice, KeyPath};
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
    look_at(config, None, findings);
    for (name, app) in &config.apps {
        if app.publish.is_some() || app.callbacks.publish.is_some() {
            look_at(config, Some(name), findings);
        }
    }
}

/// Who may publish to one application, or to all that say nothing of their own.
fn look_at(config: &Config, application: Option<&str>, findings: &mut Findings) {
    let own = application.and_then(|name| config.apps.get(name));
    let asks = match own.and_then(|app| app.callbacks.publish.as_ref()) {
        Some(hook) => *hook.choice() != HookChoice::None,
        None => config.access.callbacks.publish.is_some(),
    };
    let mut rules = config.access.rules.iter();
    let asks_others = asks || rules.any(|rule| guards(rule, application));
    let key = match application {
        Some(name) => KeyPath::read("apps").join(name).join("publish"),
        None => KeyPath::read("access.publish"),
    };
    let place = application.map_or_else(String::new, |name| format!(" to {name}"));
    match serve::publishers(config, application) {
        Who::Anyone if !asks_others => findings.warning(
            CHECK,
            format!("whoever reaches the server may publish{place}"),
            format!("{key} = \"local\" or \"key\""),
        ),
        Who::Nobody => findings.note(CHECK, format!("nobody may publish{place} ({key})")),
        Who::Local => findings.good(
            CHECK,
            format!("this machine and private networks publish freely{place}, everybody else with a proof"),
        ),
        _ => findings.good(CHECK, format!("publishing{place} takes a proof, a rule or a callback")),
    }
}

/// Whether a rule keeps somebody from publishing to one application, or to all.
fn guards(rule: &Rule, application: Option<&str>) -> bool {
    let is_there = match application {
        Some(name) => rule.app.0.matches(name),
        None => rule.app.0 == Pattern::any(),
    };
    is_there && rule.need != Need::Nothing && rule.actions.contains(&What::Publish)
}
