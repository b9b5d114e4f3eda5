//! The certificate: what is said when one is made, and what can be done about one that is not usable.

mod addresses;

use std::path::Path;
use std::{fs, io};

use adit_server::TlsError;
use adit_server::tls::{CertificateSource, Tls};

use super::ServeError;

/// The certificate that [`prepare`] will load or make.
///
/// # Errors
/// The TLS library refuses its settings.
pub(super) fn promised(source: CertificateSource) -> Result<Tls, TlsError> {
    Tls::promised(with_addresses(source))
}

/// What a self-signed certificate that is to be made is for.
pub(super) fn with_addresses(mut source: CertificateSource) -> CertificateSource {
    if let CertificateSource::SelfSigned {
        state_directory,
        names,
    } = &mut source
        && !state_directory.join("self-signed.crt").exists()
    {
        // One that is there stays when addresses change: players were told to trust it.
        names.extend(addresses::of_this_machine());
    }
    source
}

/// Loads the certificate if there is to be one; a line of the log says so when it had to be made.
///
/// # Errors
/// It can be neither used nor made.
pub(super) async fn prepare(tls: Option<&Tls>) -> Result<(), ServeError> {
    let Some(tls) = tls.cloned() else {
        return Ok(());
    };
    let prepared = tokio::task::spawn_blocking(move || load_or_make(&tls)).await;
    Ok(prepared.map_err(io::Error::from)??)
}

fn load_or_make(tls: &Tls) -> Result<(), TlsError> {
    let file = tls.certificate_path();
    let CertificateSource::SelfSigned { .. } = tls.source() else {
        return tls.prepare();
    };
    let kept = fs::read(&file).ok();
    tls.prepare()?;
    match (kept, fs::read(&file).ok()) {
        (None, _) => {
            tracing::info!(file = %file.display(), "self-signed certificate made");
        }
        (before, now) if before != now => {
            tracing::info!(
                file = %file.display(),
                "self-signed certificate made anew: players that trusted the one before have to be told again"
            );
        }
        _ => {}
    }
    Ok(())
}

/// What the person can do about a file that holds no usable `what`.
pub(crate) fn remedy(path: &Path, what: &str) -> Option<String> {
    let shown = path.display();
    let content = String::from_utf8_lossy(&fs::read(path).ok()?).into_owned();
    // In the name of the block, or in the header of an older one.
    let is_encrypted = content.contains("BEGIN ENCRYPTED PRIVATE KEY")
        || content.contains("Proc-Type: 4,ENCRYPTED");
    Some(if is_encrypted {
        format!(
            "the key is encrypted; to take the password off: openssl pkey -in {shown} -out FILE"
        )
    } else if !content.contains("-----BEGIN ") {
        format!("the file is not PEM: a {what} there begins with -----BEGIN")
    } else if what.contains("key") && !content.contains("PRIVATE KEY-----") {
        "the file holds no PRIVATE KEY block: perhaps --cert and --key are the wrong way round"
            .to_owned()
    } else {
        format!("the PEM block of the {what} is damaged: copy the file again")
    })
}

#[cfg(test)]
mod tests;
