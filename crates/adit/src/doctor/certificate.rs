//! The certificate: whether it can be used, for whom, and for how long.

use std::path::Path;
use std::time::{Duration, SystemTime};

use adit_client::Target;
use adit_server::TlsError;
use adit_server::tls::{CertificateSource, ShownCertificate};

use super::findings::Findings;
use crate::config::Config;
use crate::serve::{certificate_remedy, certificate_source};

const CHECK: &str = "certificate";

/// Looks at the files that the server shows, or will.
pub(super) fn look(config: &Config, public: Option<&Target>, findings: &mut Findings) {
    let host = public.map(|target| target.host().to_string());
    match certificate_source(config) {
        CertificateSource::Files { certificate, key } => {
            if let Some(shown) = read(&certificate, &key, findings) {
                dates(
                    &shown,
                    "a certificate that has expired is refused by everybody: have a new one issued; the server takes it as soon as it is there",
                    findings,
                );
                names(&shown, host.as_deref(), findings);
            }
        }
        CertificateSource::Managed {
            certificate,
            key,
            names: wanted,
        } => {
            managed(&certificate, &key, &wanted, host.as_deref(), findings);
        }
        CertificateSource::SelfSigned {
            state_directory, ..
        } => {
            self_signed(&state_directory, host.as_deref(), findings);
        }
        _ => {}
    }
}

fn managed(
    certificate: &Path,
    key: &Path,
    wanted: &[String],
    host: Option<&str>,
    findings: &mut Findings,
) {
    if !certificate.exists() {
        let what = format!(
            "for {}: it is asked for at the first start",
            wanted.join(", ")
        );
        findings.note(CHECK, what);
        return;
    }
    let Some(shown) = read(certificate, key, findings) else {
        return;
    };
    if is_own(&shown) {
        findings.wrong(
            CHECK,
            format!("none was issued yet for {}", wanted.join(", ")),
            "the log of the server says why (journalctl -u adit); the authority has to reach port 80, or 443, under that name",
        );
        return;
    }
    dates(
        &shown,
        "it should have been renewed by itself: the log of the server says why it was not",
        findings,
    );
    for name in wanted.iter().map(String::as_str).chain(host) {
        names(&shown, Some(name), findings);
    }
}

fn self_signed(directory: &Path, host: Option<&str>, findings: &mut Findings) {
    let certificate = directory.join("self-signed.crt");
    if !certificate.exists() {
        findings.note(CHECK, "a self-signed one is made at the first start");
        return;
    }
    let Some(shown) = read(&certificate, &directory.join("self-signed.key"), findings) else {
        return;
    };
    let what = format!(
        "self-signed, for {}: nobody trusts it by himself",
        shown.hosts.join(", ")
    );
    if host.is_some() {
        let remedy = "tls.acme.names has one issued, tls.cert and tls.key name one of yours";
        findings.warning(CHECK, what, remedy);
    } else {
        findings.note(CHECK, what);
    }
}

fn read(certificate: &Path, key: &Path, findings: &mut Findings) -> Option<ShownCertificate> {
    match ShownCertificate::read(certificate, key) {
        Ok(shown) => Some(shown),
        Err(error) => {
            let remedy = match &error {
                TlsError::Content { path, what } => certificate_remedy(path, what),
                _ => None,
            };
            let usual = "the user of the server has to be able to read both files, and they have to belong together";
            findings.wrong(
                CHECK,
                error.to_string(),
                remedy.unwrap_or_else(|| usual.to_owned()),
            );
            None
        }
    }
}

fn dates(shown: &ShownCertificate, remedy: &str, findings: &mut Findings) {
    let now = SystemTime::now();
    let ends = day(shown.ends);
    if now < shown.begins {
        let what = format!("it is valid only from {} on", day(shown.begins));
        findings.wrong(CHECK, what, "the clock of this machine may be wrong");
    } else if shown.ends <= now {
        findings.wrong(CHECK, format!("it has expired on {ends}"), remedy);
    } else if shown.ends < now.checked_add(SOON).unwrap_or(now) {
        findings.warning(CHECK, format!("it expires on {ends}"), remedy);
    } else {
        let hosts = shown.hosts.join(", ");
        findings.good(CHECK, format!("for {hosts}, until {ends}"));
    }
}

fn names(shown: &ShownCertificate, host: Option<&str>, findings: &mut Findings) {
    let Some(host) = host else {
        return;
    };
    if !shown.is_for(host.trim_matches(['[', ']'])) {
        findings.wrong(
            CHECK,
            format!("it is not for {host}, but for {}", shown.hosts.join(", ")),
            format!("have one issued for {host}"),
        );
    }
}

/// Whether the server made it itself, until there is another.
fn is_own(shown: &ShownCertificate) -> bool {
    shown.names.issuer.as_deref() == Some("adit self-signed")
}

fn day(at: SystemTime) -> String {
    let text = humantime::format_rfc3339_seconds(at).to_string();
    text.chars().take("2026-01-01".len()).collect()
}

/// Certificates are renewed earlier than so long before their end.
const SOON: Duration = Duration::from_hours(14 * 24);
