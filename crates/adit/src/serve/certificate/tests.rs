use std::fs;

use super::remedy;

#[track_caller]
fn check(what: &str, content: &str, expected: &str) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file.pem");
    fs::write(&path, content).unwrap();
    let text = remedy(&path, what).unwrap();
    assert!(text.contains(expected), "{content:?}: {text}");
}

#[test]
fn a_key_that_is_not_usable_is_told_from_others() {
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMII\n";
    check("private key", encrypted, "openssl pkey -in ");
    let older = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n";
    check("private key", older, "openssl pkey -in ");
    check("private key", "junk", "not PEM");
    let certificate = "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n";
    check("private key", certificate, "the wrong way round");
    let damaged = "-----BEGIN PRIVATE KEY-----\n???\n-----END PRIVATE KEY-----\n";
    check("private key", damaged, "damaged");
}

#[test]
fn a_certificate_that_is_not_usable_has_a_remedy_too() {
    check("certificate", "\0\u{1}", "not PEM");
    check(
        "certificate",
        "-----BEGIN CERTIFICATE-----\n???\n",
        "damaged",
    );
}

#[test]
fn a_file_that_is_gone_has_none() {
    let path = std::path::Path::new("/no/such/file");
    assert_eq!(remedy(path, "private key"), None);
}
