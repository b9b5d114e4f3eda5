use super::super::{CertificateSource, Tls};
use super::*;

#[test]
fn a_certificate_tells_for_whom_and_for_how_long_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let source = CertificateSource::SelfSigned {
        state_directory: folder.path().to_owned(),
        names: vec!["live.example".to_owned(), "192.0.2.7".to_owned()],
    };
    let file = Tls::load(source).unwrap().certificate_path();
    let shown = ShownCertificate::read(&file, &file.with_extension("key")).unwrap();
    assert_eq!(shown.names.issuer.as_deref(), Some("adit self-signed"));
    for host in ["live.example", "192.0.2.7", "localhost", "::1"] {
        assert!(shown.is_for(host), "{host}");
        assert!(
            shown.hosts.iter().any(|other| other == host),
            "{:?}",
            shown.hosts
        );
    }
    for host in ["other.example", "192.0.2.8", "nobody.invalid", "", "a b"] {
        assert!(!shown.is_for(host), "{host}");
    }
    let now = SystemTime::now();
    assert!(shown.begins < now && now < shown.ends);
}

#[test]
fn a_key_of_another_certificate_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let make = |name: &str| {
        let source = CertificateSource::SelfSigned {
            state_directory: folder.path().join(name),
            names: Vec::new(),
        };
        Tls::load(source).unwrap().certificate_path()
    };
    let (one, other) = (make("one"), make("other"));
    let read = ShownCertificate::read(&one, &other.with_extension("key"));
    assert!(matches!(read, Err(TlsError::Mismatch { .. })), "{read:?}");
}
