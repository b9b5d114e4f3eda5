use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use super::{Entry, how_to_publish, what_to_paste};

fn pasted(addresses: &[&str]) -> String {
    let addresses: Vec<SocketAddr> = addresses.iter().map(|text| text.parse().unwrap()).collect();
    let machine: IpAddr = "192.0.2.7".parse().unwrap();
    what_to_paste(&addresses, machine, ("live", &Entry::Free), None).unwrap_or_default()
}

#[test]
fn usual_ports_are_left_out_of_urls() {
    let text = pasted(&["[::]:1935", "[::]:80", "[::]:443"]);
    assert!(text.contains("\n    rtmp://192.0.2.7/live\n"), "{text}");
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
fn the_application_is_one_that_there_is() {
    let addresses = ["[::]:1935".parse().unwrap()];
    let machine = "192.0.2.7".parse().unwrap();
    let text = what_to_paste(&addresses, machine, ("events", &Entry::Free), None).unwrap();
    assert!(text.contains("\n    rtmp://192.0.2.7/events\n"), "{text}");
    assert!(!text.contains("/live"), "{text}");
}

#[test]
fn publishing_is_shown_with_what_it_takes() {
    let shown = |entry| how_to_publish("rtmp://host/live", "live", &entry);
    let key = shown(Entry::Key("/etc/keys".into()));
    assert!(
        key.contains("test?key=KEY, with a key of /etc/keys; server\n"),
        "{key}"
    );
    assert!(key.ends_with(" 'rtmp://host/live/test?key=KEY'"), "{key}");
    let login = shown(Entry::Login("/etc/users".into()));
    assert!(login.contains("a password of /etc/users"), "{login}");
    assert!(
        login.ends_with(" rtmp://USER:PASSWORD@host/live/test"),
        "{login}"
    );
    let free = shown(Entry::Free);
    assert!(free.contains("any stream key will do"), "{free}");
    for other in [key, login, shown(Entry::Proof), shown(Entry::Closed)] {
        assert!(!other.contains("any stream key will do"), "{other}");
    }
    assert!(!shown(Entry::Closed).contains("rtmp://"));
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
    let text = what_to_paste(&addresses, machine, ("live", &Entry::Free), Some(path)).unwrap();
    for wanted in ["SSL_CERT_FILE=", "--ca-file "] {
        let line = format!("\n    {wanted}/state/tls/self-signed.crt\n");
        assert!(text.contains(&line), "{text}");
    }
    assert!(!pasted(&["[::]:1935"]).contains("self-signed"));
}

#[test]
fn what_is_indented_can_be_pasted_as_it_stands() {
    let text = pasted(&["[::]:1935", "[::]:80", "[::]:443"]);
    let indented: Vec<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("    "))
        .collect();
    assert_eq!(
        indented,
        [
            "rtmp://192.0.2.7/live",
            "ffmpeg -re -i FILE -c copy -f flv rtmp://192.0.2.7/live/test",
            "ffplay rtmp://192.0.2.7/live/test",
            "ffplay rtmpt://192.0.2.7/live/test",
            "ffplay rtmps://192.0.2.7/live/test",
            "rtmpdump --live -r rtmpts://192.0.2.7/live/test -o - | ffplay -",
        ]
    );
}
