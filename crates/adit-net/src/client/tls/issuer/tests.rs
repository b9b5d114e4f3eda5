use super::PeerCertificate;
use crate::client::testing::authority;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

#[test]
fn names_are_read_and_nothing_cut_or_changed_panics() {
    let authority = authority("localhost");
    let whole = CertificateDer::from_pem_file(&authority.ca_file).unwrap();
    let found = PeerCertificate::read(&whole);
    assert_eq!(
        found.issuer.as_deref(),
        Some("Example Interceptor (Example Corp)")
    );
    assert_eq!(found.subject.as_deref(), Some("Example Interceptor"));
    for end in 0..whole.len() {
        let _ = PeerCertificate::read(&CertificateDer::from(&whole[..end]));
    }
    for at in 0..whole.len() {
        let mut changed = whole.to_vec();
        changed[at] ^= 0xff;
        let _ = PeerCertificate::read(&CertificateDer::from(changed));
    }
}

#[test]
fn what_cannot_be_read_is_nobody() {
    let nobody = PeerCertificate::read(&CertificateDer::from(vec![0x30, 0x84, 1, 1, 1, 1]));
    assert_eq!(
        nobody.to_string(),
        "for nobody named, issued by nobody named"
    );
}
