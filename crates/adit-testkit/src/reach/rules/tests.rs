use super::*;

/// The lines of `chain` that are rules of this condition, without what every gateway has.
fn rules_of(chain: &str, rules: &Rules) -> Vec<String> {
    let text = rules.nftables();
    let from = text.split(&format!("chain {chain} {{\n")).nth(1).unwrap();
    let lines = from.lines().take_while(|line| line.trim() != "}");
    lines
        .map(|line| line.trim().to_owned())
        .filter(|line| !line.starts_with("type ") && !line.starts_with("ct state"))
        .collect()
}

#[test]
fn an_open_gateway_passes_everything() {
    let rules = Rules::open();
    assert_eq!(rules_of("through", &rules), ["iifname \"inside\" accept"]);
    assert!(rules_of("intercept", &rules).is_empty());
}

#[test]
fn exceptions_stand_before_what_happens_otherwise() {
    let rules = Rules::closed()
        .port(443, Verdict::Pass)
        .port(1935, Verdict::Refuse);
    assert_eq!(
        rules_of("through", &rules),
        [
            "iifname \"inside\" tcp dport 443 accept",
            "iifname \"inside\" tcp dport 1935 reject with tcp reset",
            "iifname \"inside\" drop",
        ]
    );
}

#[test]
fn hosts_and_ipv6_are_dropped_before_ports_are_looked_at() {
    let rules = Rules::open()
        .drop_host("198.51.100.99")
        .drop_host("2001:db8::9")
        .drop_ipv6();
    assert_eq!(
        rules_of("through", &rules),
        [
            "ip daddr 198.51.100.99 drop",
            "ip6 daddr 2001:db8::9 drop",
            "meta nfproto ipv6 drop",
            "iifname \"inside\" accept",
        ]
    );
}

#[test]
fn an_intercepted_port_ends_at_the_gateway() {
    let rules = Rules::closed().intercept(80, 3129);
    assert_eq!(
        rules_of("intercept", &rules),
        ["iifname \"inside\" tcp dport 80 redirect to :3129"]
    );
}

#[test]
fn replies_come_back_whatever_the_rules_say() {
    assert!(
        Rules::closed()
            .nftables()
            .contains("ct state established,related accept")
    );
}
