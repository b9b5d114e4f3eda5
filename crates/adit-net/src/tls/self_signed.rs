//! A certificate for servers that have none: made once, kept, and shown again after a restart, so that clients
//! which were told to trust it go on doing so.

use super::file::{Readers, write_whole};
use super::load::Files;
use crate::error::TlsError;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Where the certificate in `directory` is, or will be.
pub(super) fn files(directory: &Path) -> Files {
    Files {
        certificate: directory.join("self-signed.crt"),
        key: directory.join("self-signed.key"),
    }
}

/// Makes the certificate kept in `directory` if it is missing or does not cover `names`.
pub(super) fn find_or_make(directory: &Path, names: &[String]) -> Result<(), TlsError> {
    let files = files(directory);
    let listing = directory.join("self-signed.names");
    let wanted = all_names(names);
    let covered: BTreeSet<String> = fs::read_to_string(&listing)
        .map(|text| text.lines().map(str::to_owned).collect())
        .unwrap_or_default();
    if files.certificate.exists() && files.key.exists() && wanted.is_subset(&covered) {
        return Ok(());
    }
    // Names it was once asked for stay, so that two configurations do not take turns in replacing it.
    let names: BTreeSet<String> = wanted.union(&covered).take(MOST_NAMES).cloned().collect();
    make(&files, &listing, &names)
}

fn make(files: &Files, listing: &Path, names: &BTreeSet<String>) -> Result<(), TlsError> {
    let (certificate, key) = generate(names)?;
    write_pair(files, &certificate, &key)?;
    let listed: String = names.iter().flat_map(|name| [name, "\n"]).collect();
    write(listing, &listed, Readers::Everybody)
}

/// Makes a certificate for files that are not there yet and that somebody else will write.
pub(super) fn stand_in(files: &Files, names: &[String]) -> Result<(), TlsError> {
    if files.certificate.exists() && files.key.exists() {
        return Ok(());
    }
    let (certificate, key) = generate(&all_names(names))?;
    write_pair(files, &certificate, &key)
}

/// Certificate and key, in PEM.
fn generate(names: &BTreeSet<String>) -> Result<(String, String), TlsError> {
    let generate = |source| TlsError::Generate { source };
    let mut params =
        CertificateParams::new(names.iter().cloned().collect::<Vec<_>>()).map_err(generate)?;
    params
        .distinguished_name
        .push(DnType::CommonName, "adit self-signed");
    // From before this was written, for machines whose clock is behind, to the last year that X.509 writes with two digits.
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2049, 12, 31);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate().map_err(generate)?;
    let certificate = params.self_signed(&key).map_err(generate)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

/// Writes the key, for its owner alone, and then the certificate.
pub(super) fn write_pair(files: &Files, certificate: &str, key: &str) -> Result<(), TlsError> {
    write(&files.key, key, Readers::Owner)?;
    write(&files.certificate, certificate, Readers::Everybody)
}

fn all_names(given: &[String]) -> BTreeSet<String> {
    let own = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let names = own
        .into_iter()
        .chain(machine_name())
        .chain(given.iter().cloned());
    names.filter(|name| is_name(name)).collect()
}

/// Whether a certificate can carry it, and one line can list it.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 253 && name.bytes().all(|byte| byte.is_ascii_graphic())
}

fn machine_name() -> Option<String> {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = name.or_else(|| std::env::var("HOSTNAME").ok());
    let name = name.or_else(|| std::env::var("COMPUTERNAME").ok())?;
    Some(name.trim().to_ascii_lowercase())
}

fn write(path: &Path, content: &str, readers: Readers) -> Result<(), TlsError> {
    write_whole(path, content.as_bytes(), readers).map_err(|source| TlsError::File {
        path: path.to_owned(),
        source,
    })
}

/// Names one certificate may carry.
const MOST_NAMES: usize = 100;
