use super::others;
use crate::client::PeerCertificate;
use crate::client::limits;

fn shown(presented: &[&str]) -> String {
    let presented: Vec<String> = presented.iter().map(ToString::to_string).collect();
    let certificate = PeerCertificate {
        subject: Some("The Server".to_owned()),
        issuer: None,
    };
    others(&certificate, &presented)
}

#[test]
fn the_names_of_a_certificate_for_others_are_told_up_to_a_limit() {
    assert_eq!(shown(&[]), "The Server");
    assert_eq!(
        shown(&["DnsName(\"a.example\")", "IpAddress(192.0.2.1)"]),
        "a.example, 192.0.2.1"
    );
    let many = ["DnsName(\"a\")"; limits::SHOWN_NAMES + 1];
    assert_eq!(shown(&many[..limits::SHOWN_NAMES]), "a, a, a, a");
    assert_eq!(shown(&many), "a, a, a, a, others");
}
