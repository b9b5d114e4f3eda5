use super::{in_interfaces, in_routes, leads_further, of_this_machine};

#[test]
fn addresses_are_found_in_the_kernels_tables() {
    let routes = "Main:
  +-- 0.0.0.0/0 3 0 5
     +-- 127.0.0.0/8 2 0 2
        +-- 127.0.0.0/31 1 0 0
           |-- 127.0.0.0
              /8 host LOCAL
           |-- 127.0.0.1
              /32 host LOCAL
     +-- 10.77.0.0/24 2 0 2
           |-- 10.77.0.0
              /24 link UNICAST
           |-- 10.77.0.2
              /32 host LOCAL
        |-- 10.77.0.255
           /32 link BROADCAST
";
    let found: Vec<_> = in_routes(routes)
        .into_iter()
        .filter(leads_further)
        .map(|address| address.to_string())
        .collect();
    assert_eq!(found, ["10.77.0.2"]);

    let interfaces = "00000000000000000000000000000001 01 80 10 80       lo
fe8000000000000000fc00fffe000001 04 40 20 80     eth0
20010db8000000000000000000000002 04 40 00 82     eth0
";
    let found: Vec<_> = in_interfaces(interfaces)
        .into_iter()
        .filter(leads_further)
        .map(|address| address.to_string())
        .collect();
    assert_eq!(found, ["2001:db8::2"]);
}

#[test]
fn what_is_found_is_named_once_and_never_loopback() {
    let found = of_this_machine();
    for (place, address) in found.iter().enumerate() {
        assert!(!found[place + 1..].contains(address), "{found:?}");
        let address: std::net::IpAddr = address.parse().unwrap();
        assert!(!address.is_loopback(), "{found:?}");
    }
}
