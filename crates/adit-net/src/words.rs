//! What an I/O error means, in words for a log.

use rustls::AlertDescription;
use std::io::{self, ErrorKind};

/// What became of a connection, without the system's numbers; of errors that are not the system's, what they say
/// themselves.
pub fn plain_words(error: &io::Error) -> String {
    if let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref()) {
        return tls_words(tls);
    }
    if error.get_ref().is_some() {
        return error.to_string();
    }
    match error.kind() {
        ErrorKind::ConnectionReset => "the peer reset the connection".to_owned(),
        ErrorKind::BrokenPipe | ErrorKind::NotConnected | ErrorKind::WriteZero => {
            "the peer hung up while bytes were on their way to it".to_owned()
        }
        ErrorKind::ConnectionAborted => "the connection was cut off".to_owned(),
        ErrorKind::TimedOut => "the peer did not answer any more".to_owned(),
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown => {
            "no way through the network to the peer any more".to_owned()
        }
        ErrorKind::UnexpectedEof => "the peer hung up".to_owned(),
        _ => in_words(error),
    }
}

fn tls_words(error: &rustls::Error) -> String {
    match error {
        rustls::Error::AlertReceived(alert) if is_about_certificate(*alert) => {
            format!("the peer does not trust this server's certificate (tls alert {alert:?})")
        }
        rustls::Error::AlertReceived(alert) => {
            format!("the peer broke off (tls alert {alert:?})")
        }
        rustls::Error::PeerIncompatible(why) => {
            format!("no common way to encrypt, tls 1.2 or newer is needed ({why:?})")
        }
        rustls::Error::InvalidMessage(why) => format!("not tls as it should be ({why:?})"),
        other => format!("tls: {other}"),
    }
}

fn is_about_certificate(alert: AlertDescription) -> bool {
    matches!(
        alert,
        AlertDescription::UnknownCA
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateUnknown
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateRevoked
            | AlertDescription::UnsupportedCertificate
    )
}

/// What the system says, without its number.
pub fn in_words(error: &io::Error) -> String {
    let text = error.to_string();
    let words = text.split_once(" (os error").map(|(words, _)| words);
    words.unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests;
