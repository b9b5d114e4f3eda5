//! The certificate: what is said when one is made, and what can be done about one that is not usable.

mod addresses;

use std::fs;
use std::path::Path;

use adit_server::TlsError;
use adit_server::tls::{CertificateSource, Tls};

/// Loads the certificate; a line of the log says so when one had to be made.
///
/// # Errors
/// It can be neither used nor made.
pub(super) fn load(mut source: CertificateSource) -> Result<Tls, TlsError> {
    let CertificateSource::SelfSigned {
        state_directory,
        names,
    } = &mut source
    else {
        return Tls::load(source);
    };
    let kept = fs::read(state_directory.join("self-signed.crt")).ok();
    if kept.is_none() {
        // One that is there stays when addresses change: players were told to trust it.
        names.extend(addresses::of_this_machine());
    }
    let tls = Tls::load(source)?;
    let file = tls.certificate_path();
    match (kept, fs::read(file).ok()) {
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
    Ok(tls)
}

/// What the person can do about a file that holds no usable `what`.
pub(super) fn remedy(path: &Path, what: &str) -> Option<String> {
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
