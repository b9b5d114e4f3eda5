use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use super::what_to_paste;

fn pasted(addresses: &[&str]) -> String {
    let addresses: Vec<SocketAddr> = addresses.iter().map(|text| text.parse().unwrap()).collect();
    let machine: IpAddr = "192.0.2.7".parse().unwrap();
    what_to_paste(&addresses, machine, None).unwrap_or_default()
}

#[test]
fn usual_ports_are_left_out_of_urls() {
    let text = pasted(&["[::]:1935", "[::]:80", "[::]:443"]);
    assert!(text.contains("server rtmp://192.0.2.7/live "), "{text}");
    assert!(text.contains("rtmpt://192.0.2.7/live/test"), "{text}");
    assert!(text.contains("rtmps://192.0.2.7/live/test"), "{text}");
}

#[test]
fn stand_ins_are_named() {
    let text = pasted(&["[::]:1935", "[::]:8080", "[::]:8443"]);
    assert!(text.contains("rtmpt://192.0.2.7:8080/live/test"), "{text}");
    assert!(text.contains("rtmps://192.0.2.7:8443/live/test"), "{text}");
    assert!(text.contains("rtmpts://192.0.2.7:8443/live/test"), "{text}");
}

#[test]
fn a_single_port_serves_every_scheme() {
    let text = pasted(&["[::1]:4000"]);
    for scheme in ["rtmp", "rtmpt", "rtmps", "rtmpts"] {
        assert!(
            text.contains(&format!("{scheme}://[::1]:4000/live/test")),
            "{text}"
        );
    }
}

#[test]
fn without_an_address_there_is_nothing_to_paste() {
    assert_eq!(pasted(&[]), "");
}

#[test]
fn a_self_signed_certificate_is_named_by_its_file() {
    let path = Path::new("/state/tls/self-signed.crt");
    let addresses = ["[::]:1935".parse().unwrap()];
    let machine = "192.0.2.7".parse().unwrap();
    let text = what_to_paste(&addresses, machine, Some(path)).unwrap();
    assert!(
        text.contains("\ntrust     /state/tls/self-signed.crt "),
        "{text}"
    );
    assert!(!pasted(&["[::]:1935"]).contains("trust"));
}
