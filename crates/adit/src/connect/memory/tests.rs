use std::fs;

use adit_client::memory::{Entry, Memory, Place, UnixSeconds, Winner};
use adit_client::network::Transport;
use adit_client::strategy::ProxyForm;

use super::{read, write};

const NOW: UnixSeconds = UnixSeconds(1_000_000);

#[test]
fn what_is_written_down_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state/ways.json");
    let place = |server: &str| Place::from_parts(server, "192.0.2.0/24", "http://proxy:3128");
    let proxied = |form| Some(("http://proxy:3128".to_owned(), form));
    let entries = [
        (Transport::Rtmp, 1935, None),
        (Transport::Rtmpt, 80, proxied(ProxyForm::AbsoluteForm)),
        (Transport::Rtmps, 443, proxied(ProxyForm::Connect)),
        (Transport::Rtmpts, 8443, proxied(ProxyForm::Socks)),
    ]
    .map(|(transport, port, proxy)| {
        let winner = Winner::from_parts(transport, port, proxy);
        Entry::new(place(&format!("rtmp://host:{port}")), winner, NOW)
    });
    let memory = Memory::restore(entries, NOW);
    write(&path, &memory).unwrap();
    assert_eq!(Memory::restore(read(&path).unwrap(), NOW), memory);
    // Nothing else stays in the folder.
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn a_damaged_file_is_no_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ways.json");
    let check = |text: &str, expected: Option<usize>| {
        fs::write(&path, text).unwrap();
        let found = read(&path).ok().map(|entries| entries.len());
        assert_eq!(found, expected, "{text}");
    };
    check("", None);
    check("{\"ways\":[", None);
    check("[]", Some(0));
    check("{\"ways\":7}", Some(0));
    check("{\"ways\":[{},{\"server\":\"a\",\"port\":99999}]}", Some(0));
    check(&"a".repeat(2 << 20), None);
}
