use adit_net::Transport;

use super::{Entry, Memory, Place, UnixSeconds, Winner};
use crate::address::Target;
use crate::limits;
use crate::strategy::{Proxy, ProxyForm, ProxyId, ProxyKind, Route, Routes, Rung, Via};

const NOW: UnixSeconds = UnixSeconds(1_800_000_000);

fn place(server: &str) -> Place {
    Place::from_parts(server, "home", "")
}

fn rung(port: u16) -> Rung {
    Rung::new(Transport::Rtmpt, port, Route::Direct)
}

fn later(seconds: u64) -> UnixSeconds {
    UnixSeconds(NOW.0 + seconds)
}

#[test]
fn the_last_winner_of_a_place_is_recalled() {
    let mut memory = Memory::new();
    memory.remember(place("a"), &rung(80), NOW);
    memory.remember(place("b"), &rung(81), NOW);
    memory.remember(place("a"), &rung(82), later(1));
    assert_eq!(memory.recall(&place("a"), later(2)).unwrap().port(), 82);
    assert_eq!(memory.recall(&place("b"), later(2)).unwrap().port(), 81);
    assert_eq!(memory.recall(&place("c"), later(2)), None);
    memory.forget(&place("a"));
    assert_eq!(memory.recall(&place("a"), later(2)), None);
    assert_eq!(memory.entries().count(), 1);
}

#[test]
fn server_network_and_proxies_make_the_place() {
    let proxy = |id, name| Proxy::new(ProxyId(id), ProxyKind::Http, name);
    let one = |address, network, routes: &Routes| {
        Place::new(&Target::parse(address).unwrap(), network, routes)
    };
    let direct = Routes::direct();
    let base = one("rtmp://h/app/key", "home", &direct);
    assert_eq!(base, one("rtmp://me:pw@H/other", "home", &direct));
    assert_ne!(base, one("rtmps://h/app/key", "home", &direct));
    assert_ne!(base, one("rtmp://h:1935/app/key", "home", &direct));
    assert_ne!(base, one("rtmp://h/app/key", "work", &direct));
    let through = Routes::through(proxy(1, "p:1"));
    assert_ne!(base, one("rtmp://h/app/key", "home", &through));
    let (a, b) = (Via::Proxy(proxy(1, "p:1")), Via::Proxy(proxy(2, "p:2")));
    assert_eq!(
        one("rtmp://h", "x", &Routes::new(vec![a.clone(), b.clone()])),
        one("rtmp://h", "x", &Routes::new(vec![b, a])),
    );
}

#[test]
fn a_winner_knows_its_rung_again() {
    let proxied = |id, name| {
        Rung::new(
            Transport::Rtmps,
            443,
            Route::Proxy {
                proxy: Proxy::new(ProxyId(id), ProxyKind::Http, name),
                form: ProxyForm::Connect,
            },
        )
    };
    let winner = Winner::of(&proxied(1, "p:1"));
    assert!(winner.is(&proxied(7, "p:1")));
    assert!(!winner.is(&proxied(1, "q:1")));
    assert!(!winner.is(&Rung::new(Transport::Rtmps, 443, Route::Direct)));
    let (name, form) = winner.proxy().unwrap();
    let written = Winner::from_parts(winner.transport(), winner.port(), Some((name.into(), form)));
    assert_eq!(written, winner);
}

#[test]
fn age_ends_at_its_limit() {
    let mut memory = Memory::new();
    memory.remember(place("a"), &rung(80), NOW);
    assert!(
        memory
            .recall(&place("a"), later(limits::WINNER_AGE_S))
            .is_some()
    );
    assert!(
        memory
            .recall(&place("a"), later(limits::WINNER_AGE_S + 1))
            .is_none()
    );
    let entries: Vec<Entry> = memory.entries().cloned().collect();
    assert_eq!(Memory::restore(entries.clone(), later(5)), memory);
    let old = Memory::restore(entries, later(limits::WINNER_AGE_S + 1));
    assert_eq!(old, Memory::new());
}

#[test]
fn size_ends_at_its_limit_and_the_oldest_goes_first() {
    let mut memory = Memory::new();
    for number in 0..limits::WINNERS {
        memory.remember(place(&number.to_string()), &rung(80), NOW);
    }
    assert_eq!(memory.entries().count(), limits::WINNERS);
    assert!(memory.recall(&place("0"), NOW).is_some());
    memory.remember(place("one more"), &rung(80), NOW);
    assert_eq!(memory.entries().count(), limits::WINNERS);
    assert!(memory.recall(&place("0"), NOW).is_none());
    assert!(memory.recall(&place("1"), NOW).is_some());
}

#[test]
fn long_texts_are_not_remembered() {
    let mut memory = Memory::new();
    let fits = place(&"s".repeat(limits::MEMORY_TEXT));
    let long = place(&"s".repeat(limits::MEMORY_TEXT + 1));
    memory.remember(fits.clone(), &rung(80), NOW);
    memory.remember(long.clone(), &rung(80), NOW);
    assert!(memory.recall(&fits, NOW).is_some());
    assert!(memory.recall(&long, NOW).is_none());
    let proxy = "p".repeat(limits::MEMORY_TEXT + 1);
    let winner = Winner::from_parts(Transport::Rtmp, 1, Some((proxy, ProxyForm::Socks)));
    let memory = Memory::restore([Entry::new(place("a"), winner, NOW)], NOW);
    assert_eq!(memory, Memory::new());
}
