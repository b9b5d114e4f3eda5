//! The public address: every way there, tried.

use std::path::PathBuf;

use adit_client::network::GivenProxy;
use adit_client::plan::Outcome;
use adit_client::{Intent, Target};
use adit_server::tls::CertificateSource;

use super::findings::Findings;
use crate::cli::{self, LogFormat, ProxyType, WayOut};
use crate::config::Config;
use crate::connect::{self, Failure, Way, secrets};
use crate::serve::certificate_source;

const CHECK: &str = "public";

/// Tries every way, as `adit probe` does.
///
/// # Errors
/// The system refuses what that needs.
pub(super) fn look(
    config: &Config,
    target: &Target,
    findings: &mut Findings,
) -> Result<(), Failure> {
    let way = Way::new(&way_out(config), Intent::Play, cli::Strategy::Reach)?;
    let report = match connect::run(&way, way.probe(target))? {
        Ok(report) => report,
        Err(failure) => {
            findings.wrong(CHECK, failure.to_string(), "");
            return Ok(());
        }
    };
    let mut works = Vec::new();
    let mut fails = Vec::new();
    for attempt in report.attempts() {
        let rung = attempt.rung().to_string();
        match attempt.outcome() {
            Outcome::Won | Outcome::Works => works.push(rung),
            _ => fails.push(rung),
        }
    }
    let remedy = "adit probe URL tells each step; forward the ports at the router, and open them in the firewall";
    if works.is_empty() {
        let verdict = secrets::without(report.verdict().sentence()).into_owned();
        findings.wrong(CHECK, verdict, remedy);
        return Ok(());
    }
    findings.good(
        CHECK,
        format!("{} is reached by {}", report.host(), works.join(", ")),
    );
    if !fails.is_empty() {
        findings.note(CHECK, format!("and not by {}", fails.join(", ")));
    }
    findings.note(
        CHECK,
        "that was from this machine, which may reach itself where others do not: adit probe from another network tells",
    );
    Ok(())
}

/// Directly, whatever proxies this machine has: that is how others come.
fn way_out(config: &Config) -> WayOut {
    WayOut {
        strategy: None,
        proxy: GivenProxy::None,
        proxy_type: ProxyType::Best,
        ca_file: own_certificate(config),
        insecure: false,
        sequential: false,
        timeout: None,
        log: LogFormat::Pretty,
    }
}

/// A self-signed certificate is told of elsewhere.
fn own_certificate(config: &Config) -> Option<PathBuf> {
    match certificate_source(config) {
        CertificateSource::SelfSigned {
            state_directory, ..
        } => Some(state_directory.join("self-signed.crt")).filter(|file| file.exists()),
        _ => None,
    }
}
