//! What the gateway does with the packets of the client, as rules of nftables.

use std::fmt::Write as _;

use super::net::INSIDE;

#[cfg(test)]
mod tests;

/// What happens to a packet that wants through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on.
    Pass,
    /// A TCP reset comes back.
    Refuse,
    /// Nothing comes back.
    Drop,
}

impl Verdict {
    fn statement(self) -> &'static str {
        match self {
            Self::Pass => "accept",
            Self::Refuse => "reject with tcp reset",
            Self::Drop => "drop",
        }
    }
}

/// The rules of a gateway between the client and everything else.
#[derive(Clone, Debug)]
pub struct Rules {
    otherwise: Verdict,
    ports: Vec<(u16, Verdict)>,
    dropped_hosts: Vec<&'static str>,
    intercepts: Vec<(u16, u16)>,
    ipv6: Verdict,
}

impl Rules {
    /// Everything passes.
    pub fn open() -> Self {
        Self {
            otherwise: Verdict::Pass,
            ports: Vec::new(),
            dropped_hosts: Vec::new(),
            intercepts: Vec::new(),
            ipv6: Verdict::Pass,
        }
    }

    /// Nothing passes, and nothing is said about it.
    pub fn closed() -> Self {
        Self {
            otherwise: Verdict::Drop,
            ..Self::open()
        }
    }

    /// Another verdict for one TCP port.
    #[must_use]
    pub fn port(mut self, port: u16, verdict: Verdict) -> Self {
        self.ports.push((port, verdict));
        self
    }

    /// Packets to this address vanish.
    #[must_use]
    pub fn drop_host(mut self, address: &'static str) -> Self {
        self.dropped_hosts.push(address);
        self
    }

    /// IPv6 packets vanish.
    #[must_use]
    pub fn drop_ipv6(mut self) -> Self {
        self.ipv6 = Verdict::Drop;
        self
    }

    /// Connections to `port` end at `local`, a port of the gateway itself.
    #[must_use]
    pub fn intercept(mut self, port: u16, local: u16) -> Self {
        self.intercepts.push((port, local));
        self
    }

    /// The whole ruleset, as `nft -f -` reads it.
    pub fn nftables(&self) -> String {
        let mut text = String::from("table inet lab {\n");
        text.push_str(
            " chain through {\n  type filter hook forward priority filter; policy drop;\n",
        );
        text.push_str("  ct state established,related accept\n");
        for host in &self.dropped_hosts {
            let family = if host.contains(':') { "ip6" } else { "ip" };
            rule(&mut text, format_args!("{family} daddr {host} drop"));
        }
        if self.ipv6 != Verdict::Pass {
            let statement = self.ipv6.statement();
            rule(&mut text, format_args!("meta nfproto ipv6 {statement}"));
        }
        for (port, verdict) in &self.ports {
            let statement = verdict.statement();
            rule(
                &mut text,
                format_args!("iifname \"{INSIDE}\" tcp dport {port} {statement}"),
            );
        }
        let protocol = match self.otherwise {
            Verdict::Refuse => "meta l4proto tcp ",
            Verdict::Pass | Verdict::Drop => "",
        };
        let statement = self.otherwise.statement();
        rule(
            &mut text,
            format_args!("iifname \"{INSIDE}\" {protocol}{statement}"),
        );
        text.push_str(
            " }\n chain intercept {\n  type nat hook prerouting priority dstnat; policy accept;\n",
        );
        for (port, local) in &self.intercepts {
            rule(
                &mut text,
                format_args!("iifname \"{INSIDE}\" tcp dport {port} redirect to :{local}"),
            );
        }
        text.push_str(" }\n}\n");
        text
    }
}

fn rule(text: &mut String, rule: std::fmt::Arguments<'_>) {
    writeln!(text, "  {rule}").expect("a string takes all");
}
