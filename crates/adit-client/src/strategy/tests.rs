use proptest::prelude::*;

use super::{
    Condition, Ladder, Proxy, ProxyId, ProxyKind, ProxyType, Route, Routes, Rung, Strategy, Via,
};
use crate::address::Target;
use crate::limits;
use crate::memory::Winner;

fn proxy(name: &str) -> Proxy {
    let kind = match name.split_once("://").map(|(kind, _)| kind) {
        Some("socks") => ProxyKind::Socks5h,
        Some("https") => ProxyKind::Https,
        _ => ProxyKind::Http,
    };
    let place = name.split_once("://").map_or(name, |(_, place)| place);
    Proxy::new(ProxyId(0), kind, place)
}

/// `-` = directly, anything else a proxy.
fn steps(list: &[&str]) -> Vec<Via> {
    list.iter()
        .map(|name| match *name {
            "-" => Via::Direct,
            name => Via::Proxy(proxy(name)),
        })
        .collect()
}

/// `rtmpt:80`, behind it `@p` by CONNECT, `@@p` by absolute form, `@~p` by SOCKS; `?` = on condition.
fn show(ladder: &Ladder) -> String {
    let one = |rung: &Rung| {
        let via = match rung.route() {
            Route::Direct => String::new(),
            Route::Proxy { proxy, form } => {
                let sign = match form {
                    super::ProxyForm::Connect => "@",
                    super::ProxyForm::AbsoluteForm => "@@",
                    super::ProxyForm::Socks => "@~",
                };
                format!("{sign}{}", proxy.name())
            }
        };
        let condition = match rung.condition() {
            Condition::Always => "",
            Condition::TlsCarriesOnlyHttp => "?",
        };
        format!("{}:{}{via}{condition}", rung.transport(), rung.port())
    };
    ladder.rungs().iter().map(one).collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn check(strategy: Strategy, kind: ProxyType, address: &str, via: &[&str], expected: &str) {
    let target = Target::parse(address).unwrap();
    let ladder = Ladder::new(&target, strategy, kind, &Routes::new(steps(via)), None);
    assert_eq!(
        show(&ladder),
        expected,
        "{strategy:?} {kind:?} {address} {via:?}"
    );
}

#[test]
fn standard_is_the_tech_note() {
    for (address, expected) in [
        ("rtmp://h/a", "rtmp:1935 rtmpt:80"),
        ("rtmp://h:1935/a", "rtmp:1935"),
        ("rtmp://h:8080/a", "rtmp:8080"),
        ("rtmpt://h/a", "rtmpt:80"),
        ("rtmpt://h:8080/a", "rtmpt:8080"),
        ("rtmps://h/a", "rtmps:443 rtmpts:443?"),
        ("rtmps://h:8443/a", "rtmps:8443 rtmpts:8443?"),
        ("rtmpts://h/a", "rtmpts:443"),
        ("rtmpts://h:8443/a", "rtmpts:8443"),
    ] {
        check(Strategy::Standard, ProxyType::Best, address, &[], expected);
    }
}

#[test]
fn standard_uses_the_proxy_of_the_system_for_each_attempt() {
    for (address, via, expected) in [
        ("rtmp://h/a", &["p"][..], "rtmp:1935@p rtmpt:80@@p"),
        ("rtmp://h:99/a", &["p"], "rtmp:99@p"),
        ("rtmpt://h/a", &["p"], "rtmpt:80@@p"),
        ("rtmpt://h/a", &["https://p"], "rtmpt:80@@p"),
        ("rtmps://h/a", &["p"], "rtmps:443@p rtmpts:443@p?"),
        ("rtmpts://h/a", &["p"], "rtmpts:443@p"),
        ("rtmp://h/a", &["socks://p"], "rtmp:1935@~p rtmpt:80@~p"),
        (
            "rtmp://h/a",
            &["p", "q", "-"],
            "rtmp:1935@p rtmp:1935@q rtmp:1935 rtmpt:80@@p rtmpt:80@@q rtmpt:80",
        ),
        (
            "rtmps://h/a",
            &["p", "-"],
            "rtmps:443@p rtmpts:443@p? rtmps:443 rtmpts:443?",
        ),
        ("rtmp://h/a", &["-"], "rtmp:1935 rtmpt:80"),
    ] {
        check(Strategy::Standard, ProxyType::Best, address, via, expected);
    }
}

#[test]
fn settings_may_differ_between_requests_and_bytes() {
    let routes = Routes::by_scheme(steps(&["p"]), steps(&["socks://s", "-"]));
    let target = Target::parse("rtmp://h/a").unwrap();
    let ladder = |strategy| Ladder::new(&target, strategy, ProxyType::Best, &routes, None);
    assert_eq!(
        show(&ladder(Strategy::Standard)),
        "rtmp:1935@~s rtmp:1935 rtmpt:80@@p"
    );
    assert!(show(&ladder(Strategy::Reach)).contains("rtmpts:443@p"));
}

#[test]
fn classic_is_the_earlier_player() {
    for (address, via, expected) in [
        ("rtmp://h/a", &[][..], "rtmp:1935 rtmp:443 rtmp:80"),
        ("rtmp://h:443/a", &[], "rtmp:443"),
        ("rtmpt://h/a", &[], "rtmpt:80"),
        ("rtmps://h/a", &[], "rtmps:443"),
        ("rtmps://h:444/a", &[], "rtmps:444"),
        ("rtmpts://h/a", &[], "rtmpts:443"),
        ("rtmp://h/a", &["p"], "rtmp:1935@p rtmp:443@p rtmp:80@p"),
    ] {
        check(Strategy::Classic, ProxyType::Best, address, via, expected);
    }
    check(
        Strategy::Classic,
        ProxyType::None,
        "rtmps://h",
        &[],
        "rtmps:443",
    );
    check(
        Strategy::Classic,
        ProxyType::None,
        "rtmp://h",
        &["p"],
        "rtmp:1935 rtmp:443 rtmp:80",
    );
}

#[test]
fn reach_is_every_way_direct_and_through_each_proxy() {
    for (address, via, expected) in [
        (
            "rtmp://h/a",
            &[][..],
            "rtmp:1935 rtmp:443 rtmp:80 rtmps:443 rtmpt:80 rtmpts:443",
        ),
        (
            "rtmpt://h/a",
            &[],
            "rtmpt:80 rtmp:1935 rtmp:443 rtmp:80 rtmps:443 rtmpts:443",
        ),
        ("rtmps://h/a", &[], "rtmps:443 rtmpts:443"),
        ("rtmpts://h/a", &[], "rtmpts:443 rtmps:443"),
        ("rtmp://h:99/a", &[], "rtmp:99 rtmps:99 rtmpt:99 rtmpts:99"),
        ("rtmpt://h:99/a", &[], "rtmpt:99 rtmp:99 rtmps:99 rtmpts:99"),
        ("rtmps://h:99/a", &[], "rtmps:99 rtmpts:99"),
        ("rtmpts://h:99/a", &[], "rtmpts:99 rtmps:99"),
        (
            "rtmp://h/a",
            &["p"],
            "rtmp:1935 rtmp:1935@p rtmp:443 rtmps:443@p rtmp:80 rtmpt:80@@p \
             rtmps:443 rtmp:443@p rtmpt:80 rtmpts:443@p rtmpts:443 rtmp:80@p",
        ),
        (
            "rtmps://h/a",
            &["p", "socks://q", "-"],
            "rtmps:443 rtmps:443@p rtmps:443@~q rtmpts:443 rtmpts:443@p rtmpts:443@~q",
        ),
        (
            "rtmps://h:99/a",
            &["p", "p"],
            "rtmps:99 rtmps:99@p rtmpts:99 rtmpts:99@p",
        ),
    ] {
        check(Strategy::Reach, ProxyType::Best, address, via, expected);
    }
}

#[test]
fn proxy_type_decides_on_tls_and_connect_as_flash_had_it() {
    for (kind, address, via, expected) in [
        (
            ProxyType::None,
            "rtmp://h",
            &["p"][..],
            "rtmp:1935 rtmpt:80@@p",
        ),
        (ProxyType::None, "rtmps://h", &[], "rtmpts:443"),
        (ProxyType::None, "rtmps://h:99", &["p"], "rtmpts:99@p"),
        (ProxyType::None, "rtmpt://h", &["p"], "rtmpt:80@@p"),
        (ProxyType::None, "rtmpts://h", &[], "rtmpts:443"),
        (ProxyType::Http, "rtmp://h", &["p"], "rtmp:1935 rtmpt:80@@p"),
        (ProxyType::Http, "rtmps://h", &[], "rtmpts:443"),
        (ProxyType::Connect, "rtmp://h", &[], "rtmp:1935"),
        (
            ProxyType::Connect,
            "rtmp://h",
            &["p"],
            "rtmp:1935 rtmp:1935@p",
        ),
        (
            ProxyType::Connect,
            "rtmps://h",
            &["p"],
            "rtmps:443 rtmps:443@p",
        ),
        (
            ProxyType::Connect,
            "rtmpt://h",
            &["p"],
            "rtmpt:80 rtmpt:80@p",
        ),
        (
            ProxyType::Connect,
            "rtmpts://h",
            &["socks://p"],
            "rtmpts:443 rtmpts:443@~p",
        ),
        (
            ProxyType::ConnectOnly,
            "rtmp://h",
            &["p", "-"],
            "rtmp:1935@p",
        ),
        (ProxyType::ConnectOnly, "rtmps://h", &["p"], "rtmps:443@p"),
        (ProxyType::ConnectOnly, "rtmpt://h", &["p"], "rtmpt:80@p"),
        (ProxyType::ConnectOnly, "rtmp://h", &[], ""),
        (
            ProxyType::Best,
            "rtmps://h",
            &["p"],
            "rtmps:443@p rtmpts:443@p?",
        ),
    ] {
        check(Strategy::Standard, kind, address, via, expected);
    }
    for (kind, address, via, expected) in [
        (
            ProxyType::None,
            "rtmp://h",
            &[][..],
            "rtmp:1935 rtmp:443 rtmp:80 rtmpt:80 rtmpts:443",
        ),
        (
            ProxyType::None,
            "rtmps://h",
            &["p"],
            "rtmpts:443 rtmpts:443@p",
        ),
        (
            ProxyType::Http,
            "rtmp://h:9",
            &["p"],
            "rtmp:9 rtmpt:9@@p rtmpt:9 rtmpts:9@p rtmpts:9",
        ),
        (
            ProxyType::Connect,
            "rtmp://h",
            &[],
            "rtmp:1935 rtmp:443 rtmp:80 rtmps:443",
        ),
        (
            ProxyType::Connect,
            "rtmpt://h:9",
            &["p"],
            "rtmpt:9 rtmpt:9@p rtmp:9 rtmp:9@p rtmps:9 rtmps:9@p rtmpts:9 rtmpts:9@p",
        ),
        (ProxyType::ConnectOnly, "rtmps://h", &["p"], "rtmps:443@p"),
        (ProxyType::ConnectOnly, "rtmp://h", &[], ""),
    ] {
        check(Strategy::Reach, kind, address, via, expected);
    }
}

#[test]
fn the_remembered_winner_is_first_where_the_strategy_promises_no_order() {
    let target = Target::parse("rtmp://h/a").unwrap();
    let routes = Routes::through(proxy("p"));
    let ladder = |strategy, winner: Option<&Winner>| {
        Ladder::new(&target, strategy, ProxyType::Best, &routes, winner)
    };
    let plain = ladder(Strategy::Reach, None);
    let winner = Winner::of(&plain.rungs()[5]);
    let moved = ladder(Strategy::Reach, Some(&winner));
    assert_eq!(moved.rungs()[0], plain.rungs()[5]);
    assert_eq!(moved.rungs()[1..6], plain.rungs()[..5]);
    assert_eq!(moved.rungs()[6..], plain.rungs()[6..]);

    let tunnel = Winner::of(&ladder(Strategy::Standard, None).rungs()[1]);
    assert_eq!(
        ladder(Strategy::Standard, Some(&tunnel)),
        ladder(Strategy::Standard, None)
    );
    let unlisted = Winner::from_parts(adit_net::Transport::Rtmp, 22, None);
    assert_eq!(ladder(Strategy::Reach, Some(&unlisted)), plain);
}

#[test]
fn proxies_and_rungs_end_at_their_limits() {
    let target = Target::parse("rtmp://h/a").unwrap();
    let names: Vec<String> = (0..=limits::PROXIES)
        .map(|number| format!("p{number}"))
        .collect();
    let ladder = |count: usize| {
        let list: Vec<&str> = names.iter().take(count).map(String::as_str).collect();
        Ladder::new(
            &target,
            Strategy::Reach,
            ProxyType::Best,
            &Routes::new(steps(&list)),
            None,
        )
    };
    assert_eq!(
        ladder(limits::PROXIES).rungs().len(),
        6 * (limits::PROXIES + 1)
    );
    assert_eq!(ladder(limits::PROXIES + 1), ladder(limits::PROXIES));

    let rungs = |count: usize| {
        let ports = (1..=u16::try_from(count).unwrap())
            .map(|port| Rung::new(adit_net::Transport::Rtmp, port, Route::Direct));
        Ladder::from_rungs(target.host().clone(), ports.collect())
    };
    assert_eq!(rungs(limits::RUNGS).rungs().len(), limits::RUNGS);
    assert_eq!(rungs(limits::RUNGS + 1), rungs(limits::RUNGS));
}

#[test]
fn a_connection_says_what_flash_said_of_it() {
    let target = Target::parse("rtmp://h/a").unwrap();
    let ladder = Ladder::new(
        &target,
        Strategy::Reach,
        ProxyType::Best,
        &Routes::through(proxy("p:3128")),
        None,
    );
    let said: Vec<String> = ladder
        .rungs()
        .iter()
        .map(|rung| format!("{rung} {}", rung.connected_proxy_type()))
        .collect();
    for expected in [
        "rtmp:1935 none",
        "rtmp:1935 via http://p:3128 CONNECT",
        "rtmpt:80 HTTP",
        "rtmpt:80 via http://p:3128 HTTP",
        "rtmps:443 none",
        "rtmpts:443 HTTPS",
    ] {
        assert!(
            said.iter().any(|said| said == expected),
            "{expected} in {said:?}"
        );
    }
}

proptest! {
    #[test]
    fn no_ladder_gives_up_tls_or_leaves_the_port(
        scheme in prop::sample::select(vec!["rtmp", "rtmpt", "rtmps", "rtmpts"]),
        port in prop::option::of(1_u16..),
        strategy in prop::sample::select(vec![Strategy::Standard, Strategy::Classic, Strategy::Reach]),
        kind in prop::sample::select(vec![
            ProxyType::None, ProxyType::Http, ProxyType::Connect, ProxyType::ConnectOnly, ProxyType::Best,
        ]),
        via in prop::collection::vec(prop::sample::select(vec!["-", "p", "q", "socks://s"]), 0..4),
    ) {
        let address = match port {
            Some(port) => format!("{scheme}://h:{port}/a/b"),
            None => format!("{scheme}://h/a/b"),
        };
        let target = Target::parse(&address).unwrap();
        let ladder = Ladder::new(&target, strategy, kind, &Routes::new(steps(&via)), None);
        let has_proxy = via.iter().any(|step| *step != "-");
        prop_assert_eq!(ladder.rungs().is_empty(), kind == ProxyType::ConnectOnly && !has_proxy);
        for (at, rung) in ladder.rungs().iter().enumerate() {
            prop_assert!(rung.transport().is_secure() || !target.scheme().is_secure());
            prop_assert!(port.is_none_or(|port| port == rung.port()));
            prop_assert!(!ladder.rungs()[..at].contains(rung));
            if rung.condition() == Condition::TlsCarriesOnlyHttp {
                let before = &ladder.rungs()[at - 1];
                prop_assert_eq!((before.port(), before.route()), (rung.port(), rung.route()));
            }
        }
    }
}

#[test]
fn a_proxy_is_shown_with_the_scheme_it_was_given_with() {
    for url in [
        "http://p:1",
        "https://p:1",
        "socks4://p:1",
        "socks4a://p:1",
        "socks5://p:1",
        "socks5h://p:1",
    ] {
        let given = adit_net::client::Proxy::parse(url).unwrap();
        let name = given.address().to_string();
        let proxy = Proxy::new(ProxyId(0), given.kind(), &name);
        assert_eq!(proxy.to_string(), url);
    }
}
