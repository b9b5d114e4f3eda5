use super::{GENERALIZED_TIME, PeerCertificate, UTC_TIME, Validity, seconds};
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
        let _ = Validity::read(&CertificateDer::from(&whole[..end]));
    }
    for at in 0..whole.len() {
        let mut changed = whole.to_vec();
        changed[at] ^= 0xff;
        let changed = CertificateDer::from(changed);
        let _ = PeerCertificate::read(&changed);
        let _ = Validity::read(&changed);
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

#[test]
fn times_of_certificates_are_read_and_others_are_not() {
    let check = |tag, text: &str, expected| {
        assert_eq!(seconds(tag, text.as_bytes()), expected, "{text}");
    };
    check(UTC_TIME, "700101000000Z", Some(0));
    check(UTC_TIME, "500101000000Z", Some(0));
    check(UTC_TIME, "491231235959Z", Some(2_524_607_999));
    check(UTC_TIME, "000229120000Z", Some(951_825_600));
    check(UTC_TIME, "261122193500Z", Some(1_795_376_100));
    check(GENERALIZED_TIME, "20500101000000Z", Some(2_524_608_000));
    check(GENERALIZED_TIME, "99991231235959Z", Some(253_402_300_799));
    for text in [
        "20500101000000",
        "20501301000000Z",
        "20500100000000Z",
        "20500101240000Z",
        "20500101000000+0100",
        "2050010100000\u{e9}",
        "",
    ] {
        check(GENERALIZED_TIME, text, None);
    }
    check(0x02, "700101000000Z", None);
}
