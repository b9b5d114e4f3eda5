use super::*;

#[test]
fn a_listener_is_found_in_the_table_of_sockets() {
    let table = "  sl  local_address rem_address   st\n   0: 00000000:0050 00000000:0000 0A 00000000\n   \
        1: 020200C0:C350 026433C6:078F 01 0000\n";
    assert!(listens(table, 80));
    // Connected, not listening.
    assert!(!listens(table, 50000));
    assert!(!listens(table, 443));
}

#[test]
fn names_keep_the_order_of_the_condition() {
    let (hosts, arguments) = name_server(&[
        "198.51.100.99",
        "198.51.100.2",
        "192.0.2.1 wpad.example.test",
    ]);
    assert_eq!(
        hosts,
        "198.51.100.99 live.example.test\n198.51.100.2 live.example.test\n192.0.2.1 wpad.example.test\n"
    );
    assert!(arguments.contains(&"--no-round-robin".to_owned()));
}

#[test]
fn own_lines_of_squid_come_before_the_denial_of_all() {
    let service = Service::new(Program::Squid, 3128, "http_access allow all");
    let text = complete(&service);
    assert!(text.find("allow all").unwrap() < text.find("deny all").unwrap());
}
