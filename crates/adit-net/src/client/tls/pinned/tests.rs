use super::Pinned;
use crate::client::testing::own_authority;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::aws_lc_rs;
use rustls::{CertificateError, Error};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use std::sync::Arc;
use std::time::Duration;

const YEAR_2020: Duration = Duration::from_hours(438_288);
const YEAR_2030: Duration = Duration::from_hours(525_960);
const YEAR_2040: Duration = Duration::from_hours(613_608);

/// What is said at `now` to the certificate for `localhost` that is valid from 2025 to 2035.
fn check(name: &str, now: Duration, expected: Option<CertificateError>) {
    let own = own_authority("localhost");
    let known: Vec<_> = CertificateDer::pem_file_iter(&own.ca_file)
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let certificate = known[0].clone();
    let others = rustls_platform_verifier::Verifier::new_with_extra_roots(
        known.clone(),
        Arc::new(aws_lc_rs::default_provider()),
    );
    let verifier = Pinned::new(known, Arc::new(others.unwrap()));
    let name = ServerName::try_from(name).unwrap();
    let now = UnixTime::since_unix_epoch(now);
    let result = verifier.verify_server_cert(&certificate, &[], &name, &[], now);
    match (result, expected) {
        (Ok(_), None) => {}
        (Err(Error::InvalidCertificate(error)), Some(expected)) => assert!(
            error == expected || matches!(error, CertificateError::NotValidForNameContext { .. }),
            "{error:?}"
        ),
        (result, expected) => panic!("{result:?} instead of {expected:?}"),
    }
}

#[test]
fn a_known_certificate_is_good_for_its_name_while_it_is_valid() {
    check("localhost", YEAR_2030, None);
    check(
        "other.example",
        YEAR_2030,
        Some(CertificateError::NotValidForName),
    );
    check("localhost", YEAR_2020, Some(CertificateError::NotValidYet));
    check("localhost", YEAR_2040, Some(CertificateError::Expired));
}
