//! Where relays may go: who says where decides how far.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use adit_client::Host;
use adit_client::redirect::{is_inward_address, reached_address};
use adit_net::Network;

/// Who asked for a relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelayOrigin {
    /// The operator, in the configuration.
    Configuration,
    /// Whoever uses the API.
    Api,
}

impl RelayOrigin {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Api => "api",
        }
    }
}

/// The addresses to which a relay may connect. Each is asked about when it is about to be connected to, after names were looked up, and
/// after redirects, so that a name that leads elsewhere tomorrow is no way around.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reach {
    origin: RelayOrigin,
    networks: Vec<Network>,
}

impl Reach {
    /// Beside `networks`, where each may go: for the operator everywhere but where machines tell about themselves, for the API the
    /// internet only.
    pub(super) const fn new(origin: RelayOrigin, networks: Vec<Network>) -> Self {
        Self { origin, networks }
    }

    pub(super) fn admits(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let is_open = match self.origin {
            RelayOrigin::Configuration => !is_local_to_a_link(address),
            RelayOrigin::Api => !is_inward_address(address) && !is_local_to_a_link(address),
        };
        is_open
            || self
                .networks
                .iter()
                .any(|network| network.contains(address))
    }

    /// What can be said without a look-up: proxies look up names themselves, and are asked for no address that is none for us.
    pub(super) fn admits_host(&self, host: &Host) -> bool {
        match (host.ip(), host.name()) {
            (Some(address), _) => self.admits(address),
            (None, Some(name)) => {
                let name = name.trim_end_matches('.');
                let is_here = name == "localhost" || name.ends_with(".localhost");
                !is_here || self.admits(Ipv4Addr::LOCALHOST.into())
            }
            (None, None) => true,
        }
    }
}

/// Addresses that mean something on one link only, where clouds keep what a machine may know about itself, and those of nobody.
fn is_local_to_a_link(address: IpAddr) -> bool {
    match reached_address(address) {
        IpAddr::V4(ip) => is_local_v4(ip),
        IpAddr::V6(ip) => {
            let [first, ..] = ip.segments();
            ip.is_unspecified()
                || ip.is_multicast()
                || first & 0xffc0 == 0xfe80
                || ip == METADATA_V6
        }
    }
}

fn is_local_v4(ip: Ipv4Addr) -> bool {
    ip.is_link_local()
        || ip.is_unspecified()
        || ip.is_multicast()
        || ip.is_broadcast()
        || ip == METADATA_V4
}

/// Where a cloud answers that does not use 169.254.169.254.
const METADATA_V4: Ipv4Addr = Ipv4Addr::new(100, 100, 100, 200);
/// The same for IPv6.
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(origin: RelayOrigin, networks: &[&str], open: &[&str], shut: &[&str]) {
        let networks = networks.iter().map(|network| network.parse().unwrap());
        let reach = Reach::new(origin, networks.collect());
        for address in open {
            assert!(
                reach.admits(address.parse().unwrap()),
                "{origin:?} {address}"
            );
        }
        for address in shut {
            assert!(
                !reach.admits(address.parse().unwrap()),
                "{origin:?} {address}"
            );
        }
    }

    const NOBODYS: [&str; 9] = [
        "169.254.169.254",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "fe80::1",
        "fd00:ec2::254",
        "100.100.100.200",
        "0.0.0.0",
        "224.0.0.1",
        "ff02::1",
    ];

    #[test]
    fn relays_of_the_configuration_go_everywhere_but_to_links() {
        let open = [
            "127.0.0.1",
            "::1",
            "10.1.2.3",
            "fd12::1",
            "192.0.2.7",
            "2001:db8::1",
        ];
        check(RelayOrigin::Configuration, &[], &open, &NOBODYS);
        check(
            RelayOrigin::Configuration,
            &["169.254.0.0/16"],
            &["169.254.1.1"],
            &["fe80::1"],
        );
    }

    #[test]
    fn relays_of_the_api_go_to_the_internet_and_where_the_operator_says() {
        let own = [
            "127.0.0.1",
            "::1",
            "10.1.2.3",
            "192.168.0.1",
            "172.16.9.9",
            "fd12::1",
            "::ffff:127.0.0.1",
        ];
        check(RelayOrigin::Api, &[], &["192.0.2.7", "2001:db8::1"], &own);
        check(RelayOrigin::Api, &[], &[], &NOBODYS);
        check(
            RelayOrigin::Api,
            &["10.0.0.0/8"],
            &["10.1.2.3", "::ffff:10.1.2.3"],
            &["127.0.0.1", "192.168.0.1", "169.254.169.254"],
        );
    }

    #[test]
    fn hosts_that_need_no_look_up_are_judged_at_once() {
        let reach = Reach::new(RelayOrigin::Api, Vec::new());
        for (host, admitted) in [
            ("127.0.0.1", false),
            ("[::1]", false),
            ("localhost", false),
            ("Localhost.", false),
            ("a.localhost", false),
            ("live.example.com", true),
            ("192.0.2.7", true),
        ] {
            assert_eq!(
                reach.admits_host(&Host::parse(host).unwrap()),
                admitted,
                "{host}"
            );
        }
    }
}
