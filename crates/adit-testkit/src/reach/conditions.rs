//! The conditions: every network that the client is tried in. To add one, add a few lines here.
//!
//! A condition says what the gateway lets through ([`Rules`]), what stands in the way ([`Service`]), how the client
//! learns of it ([`Told`]), and by controls what must pass and what must not, so that a network that is not what it says
//! is found out before a client is blamed. [`HOST`](super::condition::HOST) is the name of the server, 198.51.100.2 its
//! address, 192.0.2.1 that of the gateway.

use super::condition::Speech::{Http, Https, Redirect, Rtmp, Rtmps};
use super::condition::{Condition, Control, Program, Service, Speech, Told};
use super::net::{DEAD, SERVER, SERVER6};
use super::rules::{
    Rules,
    Verdict::{Drop, Pass, Refuse},
};

#[cfg(test)]
mod tests;

/// The condition in which the race is timed beside single attempts.
pub const BLACK_HOLED: &str = "1935-dropped";

/// A handful that together touches every part of the lab, for a test in a hurry.
pub const QUICK: [&str; 5] = [
    "open",
    "1935-refused",
    "only-443-tls",
    "proxy-connect-forbidden",
    "nothing",
];

const PROXY: &str = "http://192.0.2.1:3128";
const PROXY_WITH_PASSWORD: &str = "http://lab:s3cret@192.0.2.1:3128";
const PROXY_BY_TLS: &str = "https://gate.example.test:3129";
const SOCKS: &str = "socks5h://192.0.2.1:1080";
const SOCKS_WITH_PASSWORD: &str = "socks5h://lab:s3cret@192.0.2.1:1080";

/// All of them, in the order of the table.
pub fn all() -> Vec<Condition> {
    let groups = [
        firewalls,
        transparent,
        explicit,
        logins,
        socks_and_pac,
        faults,
        addresses,
        reverse,
        hopeless,
    ];
    groups.into_iter().flat_map(|group| group()).collect()
}

/// What only looks at ports.
fn firewalls() -> Vec<Condition> {
    let only = |ports: &[u16]| {
        ports
            .iter()
            .fold(Rules::closed(), |rules, port| rules.port(*port, Pass))
    };
    vec![
        Condition::new("open", "open", Rules::open()).passes(&[
            to(Rtmp, 1935),
            to(Rtmp, 443),
            to(Rtmp, 80),
            to(Rtmps, 443),
            to(Http, 80),
            to(Https, 443),
        ]),
        Condition::new(
            "1935-refused",
            "1935 refused",
            Rules::open().port(1935, Refuse),
        )
        .passes(&[to(Rtmp, 443), to(Rtmp, 80)])
        .blocks(&[to(Rtmp, 1935)]),
        Condition::new(
            BLACK_HOLED,
            "1935 black-holed",
            Rules::open().port(1935, Drop),
        )
        .passes(&[to(Rtmp, 443), to(Rtmp, 80), to(Rtmps, 443), to(Http, 80)])
        .blocks(&[to(Rtmp, 1935)]),
        Condition::new("only-443-80", "only 443 and 80, raw", only(&[443, 80]))
            .passes(&[to(Rtmp, 443), to(Rtmp, 80)])
            .blocks(&[to(Rtmp, 1935)]),
        Condition::new("only-443", "only 443", only(&[443]))
            .passes(&[to(Rtmp, 443), to(Rtmps, 443)])
            .blocks(&[to(Rtmp, 1935), to(Rtmp, 80), to(Http, 80)]),
        Condition::new("only-80", "only 80, raw", only(&[80]))
            .passes(&[to(Rtmp, 80), to(Http, 80)])
            .blocks(&[to(Rtmp, 1935), to(Rtmp, 443)]),
    ]
}

/// What looks inside without being asked.
fn transparent() -> Vec<Condition> {
    vec![
        Condition::new(
            "transparent-80",
            "80 with a transparent HTTP proxy that refuses what is not HTTP (squid)",
            Rules::closed().intercept(80, 3129),
        )
        .with(Service::new(
            Program::Squid,
            3129,
            "http_port 3128\nhttp_port 3129 intercept\nhttp_access allow all",
        ))
        .passes(&[to(Http, 80)])
        .blocks(&[to(Rtmp, 80), to(Rtmp, 443), to(Rtmp, 1935)]),
        Condition::new(
            "only-443-tls",
            "443 that passes only TLS (squid, spliced)",
            Rules::closed().intercept(443, 3130),
        )
        .with(bumping("ssl_bump splice all"))
        .passes(&[to(Rtmps, 443), to(Https, 443)])
        .blocks(&[to(Rtmp, 443), to(Rtmp, 80), to(Rtmp, 1935)]),
        Condition::new(
            "interception",
            "TLS interception with a company CA, inside must be HTTP (squid, bumped)",
            Rules::closed().intercept(443, 3130),
        )
        .with(bumping("ssl_bump stare all\nssl_bump bump all"))
        .passes(&[to(Https, 443)])
        .blocks(&[to(Rtmps, 443), to(Rtmp, 443), to(Rtmp, 1935)]),
    ]
}

/// Proxies that the client is told of, and that are the only way out.
fn explicit() -> Vec<Condition> {
    let told =
        |id, title| Condition::new(id, title, Rules::closed()).told(Told::Environment(PROXY));
    vec![
        told("proxy-connect-443", "proxy, CONNECT to 443 only (squid)")
            .with(squid("acl tls port 443\nhttp_access deny CONNECT !tls\nhttp_access allow all"))
            .passes(&[to(Https, 443).via(PROXY), to(Http, 443).connect(PROXY), to(Http, 80).via(PROXY)])
            .blocks(&[to(Http, 80).connect(PROXY), to(Http, 1935).connect(PROXY), to(Rtmp, 443)]),
        told("tinyproxy-connect-443", "proxy, CONNECT to 443 only (tinyproxy)")
            .with(Service::new(Program::Tinyproxy, 3128, "Port 3128\nConnectPort 443"))
            .passes(&[to(Https, 443).via(PROXY), to(Http, 80).via(PROXY)])
            .blocks(&[to(Http, 1935).connect(PROXY), to(Rtmp, 443)]),
        told("proxy-connect-forbidden", "proxy, CONNECT forbidden (squid)")
            .with(squid("http_access deny CONNECT\nhttp_access allow all"))
            .passes(&[to(Http, 80).via(PROXY)])
            .blocks(&[to(Https, 443).via(PROXY), to(Http, 80).connect(PROXY), to(Http, 80)]),
        told("privoxy", "proxy, CONNECT forbidden, closes after each answer (privoxy)")
            .with(
                Service::new(Program::Privoxy, 3128, "listen-address 192.0.2.1:3128\nactionsfile {dir}/lab.action")
                    .file("lab.action", "{+limit-connect{0}}\n/\n"),
            )
            .passes(&[to(Http, 80).via(PROXY)])
            .blocks(&[to(Https, 443).via(PROXY), to(Http, 80)]),
        told("proxy-hidden-names", "proxy, CONNECT to 443 only, names resolve only there (squid)")
            .names(&["192.0.2.1 gate.example.test"])
            .with(
                squid("acl tls port 443\nhttp_access deny CONNECT !tls\nhttp_access allow all")
                    .file("hosts", "198.51.100.2 live.example.test\n"),
            )
            .passes(&[to(Https, 443).via(PROXY), to(Http, 80).via(PROXY)])
            .blocks(&[to(Http, 80), to(Rtmp, 1935)]),
        Condition::new("proxy-https", "proxy reached by TLS (squid)", Rules::closed())
            .names(&[SERVER, "192.0.2.1 gate.example.test"])
            .told(Told::Environment(PROXY_BY_TLS))
            .with(Service::new(
                Program::Squid,
                3129,
                "https_port 3129 tls-cert={certs}/gate.pem tls-key={certs}/gate.key\nhttp_access allow all",
            ))
            .passes(&[to(Https, 443).via(PROXY_BY_TLS), to(Http, 80).via(PROXY_BY_TLS)])
            .blocks(&[to(Http, 80).via("http://192.0.2.1:3129"), to(Rtmp, 443)]),
    ]
}

/// Proxies that want to know who asks.
fn logins() -> Vec<Condition> {
    let login = |id, title, scheme: &str, users: &str| {
        let access =
            "acl known proxy_auth REQUIRED\nhttp_access deny !known\nhttp_access allow all";
        Condition::new(id, title, Rules::closed())
            .told(Told::Environment(PROXY_WITH_PASSWORD))
            .with(squid(&format!("{scheme}\n{access}")).file("users", users))
            .passes(&[
                to(Http, 80).via(PROXY_WITH_PASSWORD),
                to(Https, 443).via(PROXY_WITH_PASSWORD),
            ])
            .blocks(&[
                to(Http, 80).via(PROXY),
                to(Https, 443).via(PROXY),
                to(Http, 80),
            ])
    };
    let wrong = &[to(Http, 80).via("http://lab:wrong@192.0.2.1:3128")];
    vec![
        login(
            "proxy-basic",
            "proxy with Basic (squid)",
            "auth_param basic program /usr/lib/squid/basic_ncsa_auth {dir}/users\nauth_param basic realm lab",
            "lab:$apr1$aditlabs$NpdEJi4VVfQy9v9TWe3jn.\n",
        )
        .blocks(wrong),
        login(
            "proxy-digest",
            "proxy with Digest (squid)",
            "auth_param digest program /usr/lib/squid/digest_file_auth {dir}/users\nauth_param digest realm lab",
            "lab:s3cret\n",
        )
        .blocks(wrong),
        login(
            "proxy-ntlm",
            "proxy with NTLM (squid)",
            "auth_param ntlm program {dir}/reach inside ntlm\nauth_param ntlm children 5",
            "",
        )
        .blocks(wrong),
        // It takes any password; what is tried here is its challenge, which is none too well made.
        login(
            "proxy-ntlm-old",
            "proxy with NTLM, the helper that comes with it (squid)",
            "auth_param ntlm program /usr/lib/squid/ntlm_fake_auth\nauth_param ntlm children 5",
            "",
        ),
    ]
}

/// SOCKS, and scripts that choose a proxy.
fn socks_and_pac() -> Vec<Condition> {
    let dante = |method: &str| {
        Service::new(
            Program::Dante,
            1080,
            format!("internal: 192.0.2.1 port = 1080\nsocksmethod: {method}"),
        )
    };
    let wpad = "192.0.2.1 wpad.example.test";
    vec![
        Condition::new("socks5", "SOCKS5 without password (dante)", Rules::closed())
            .told(Told::Environment(SOCKS))
            .with(dante("none"))
            .passes(&[to(Http, 80).via(SOCKS), to(Https, 443).via(SOCKS), to(Http, 1935).via(SOCKS)])
            .blocks(&[to(Rtmp, 1935), to(Http, 80)]),
        Condition::new("socks5-password", "SOCKS5 with password (dante)", Rules::closed())
            .told(Told::Environment(SOCKS_WITH_PASSWORD))
            .with(
                dante("username")
                    .etc("passwd", "{same}\nlab:x:4242:4242::/nonexistent:/usr/sbin/nologin\n")
                    .etc("shadow", "{same}\nlab:$6$aditlabs$oDTuA9KdQqvyXufXwvaQZApNcVxhpQTRpNA4PrPyeytb4qY8M6rjJAnckdORut8WYtF3R5BL2JH9vCW9o3KvV1:19000:0:99999:7:::\n"),
            )
            .passes(&[to(Http, 80).via(SOCKS_WITH_PASSWORD), to(Http, 1935).via(SOCKS_WITH_PASSWORD)])
            .blocks(&[to(Http, 80).via(SOCKS), to(Http, 80).via("socks5h://lab:wrong@192.0.2.1:1080")]),
        Condition::new("pac", "PAC file (squid)", Rules::closed())
            .told(Told::Pac("function FindProxyForURL(url, host) { return dnsDomainIs(host, \".example.test\") ? \"PROXY 192.0.2.1:3128\" : \"DIRECT\"; }\n"))
            .with(squid("http_access allow all"))
            .passes(&[to(Http, 80).via(PROXY), to(Https, 443).via(PROXY)])
            .blocks(&[to(Rtmp, 1935), to(Rtmp, 443), to(Http, 80)]),
        Condition::new("pac-fallback", "PAC file with fall-back: one proxy refuses, one is dead, one works (squid)", Rules::closed())
            .told(Told::Pac("function FindProxyForURL(url, host) { return \"PROXY 192.0.2.1:9; PROXY 192.0.2.77:3128; PROXY 192.0.2.1:3128; DIRECT\"; }\n"))
            .with(squid("http_access allow all"))
            .passes(&[to(Http, 80).via(PROXY)])
            .blocks(&[to(Http, 80).via("http://192.0.2.1:9"), to(Http, 80).via("http://192.0.2.77:3128"), to(Rtmp, 443)]),
        Condition::new("wpad-off", "WPAD off: a host `wpad` lies in wait and must not be asked", Rules::closed().port(443, Pass))
            .names(&[SERVER, wpad])
            .with(Service::new(Program::Fault, 80, "wpad 80"))
            .passes(&[to(Rtmp, 443)])
            .blocks(&[to(Rtmp, 1935), to(Http, 80)]),
    ]
}

/// Proxies that do HTTP badly.
fn faults() -> Vec<Condition> {
    let explicit = |id, title, fault: &str| {
        Condition::new(id, title, Rules::closed())
            .told(Told::Environment(PROXY))
            .with(Service::new(Program::Fault, 3128, format!("{fault} 3128")))
            .passes(&[to(Http, 80).via(PROXY)])
            .blocks(&[to(Https, 443).via(PROXY), to(Http, 80), to(Rtmp, 1935)])
    };
    let unasked = |id, title, fault: &str| {
        Condition::new(id, title, Rules::closed().intercept(80, 3129))
            .with(Service::new(Program::Fault, 3129, format!("{fault} 3129")))
            .passes(&[to(Http, 80)])
            .blocks(&[to(Rtmp, 80), to(Rtmp, 443), to(Rtmp, 1935)])
    };
    vec![
        explicit("http10", "HTTP/1.0 proxy without keep-alive", "http10"),
        unasked(
            "buffers",
            "transparent proxy that keeps whole bodies for 1 s",
            "buffers",
        ),
        explicit(
            "closes-every-five",
            "proxy that closes keep-alive after 5 answers",
            "closes-every-five",
        ),
        unasked(
            "body-limit",
            "transparent proxy that refuses bodies over 64 KiB (413), publishing",
            "body-limit",
        )
        .publishing(),
        unasked(
            "shuffles",
            "transparent proxy that reorders and duplicates POSTs",
            "shuffles",
        ),
        unasked("shuffles-publish", "the same, publishing", "shuffles").publishing(),
    ]
}

/// Names with an address that does not work.
fn addresses() -> Vec<Condition> {
    vec![
        Condition::new(
            "broken-ipv6",
            "broken IPv6, working IPv4",
            Rules::open().drop_ipv6(),
        )
        .names(&[SERVER6, SERVER])
        .passes(&[to(Rtmp, 1935).at(SERVER)])
        .blocks(&[to(Rtmp, 1935).at("[2001:db8:2::2]")]),
        Condition::new(
            "first-a-dead",
            "first A record dead",
            Rules::open().drop_host(DEAD),
        )
        .names(&[DEAD, SERVER])
        .passes(&[to(Rtmp, 1935).at(SERVER)])
        .blocks(&[to(Rtmp, 1935).at(DEAD)]),
        Condition::new("only-ipv6", "only IPv6", Rules::open())
            .names(&[SERVER6])
            .passes(&[to(Rtmp, 1935), to(Https, 443)]),
    ]
}

/// Servers that have an HTTP server before them.
fn reverse() -> Vec<Condition> {
    let nginx = "server {\n listen 80;\n listen 443 ssl;\n ssl_certificate {certs}/server.pem;\n ssl_certificate_key {certs}/server.key;\n location / { proxy_pass http://127.0.0.1:8935; }\n}";
    let haproxy = "frontend all\n bind *:80\n bind *:443 ssl crt {certs}/server-both.pem\n default_backend live\nbackend live\n server live 127.0.0.1:8935\n";
    let behind = |id, title, program, config| {
        Condition::new(id, title, Rules::open())
            .server(&[8935])
            .with(
                Service::new(program, 80, config)
                    .also_on(443)
                    .at_the_server(),
            )
            .passes(&[to(Http, 80), to(Https, 443)])
            .blocks(&[to(Rtmp, 1935), to(Rtmp, 80), to(Rtmps, 443)])
    };
    vec![
        behind(
            "behind-nginx",
            "server behind an HTTP reverse proxy (nginx, its defaults)",
            Program::Nginx,
            nginx,
        ),
        behind(
            "behind-haproxy",
            "server behind an HTTP reverse proxy (haproxy)",
            Program::Haproxy,
            haproxy,
        ),
    ]
}

/// Where nothing helps but a clear word.
fn hopeless() -> Vec<Condition> {
    let portal = "server { listen 8080 default_server; return 302 http://portal.example.test/login; }\n \
                  server { listen 8080; server_name portal.example.test; default_type text/html; return 200 '<html>Sign in</html>'; }\n \
                  server { listen 8443 ssl; ssl_certificate {certs}/gate.pem; ssl_certificate_key {certs}/gate.key; return 302 http://portal.example.test/login; }";
    vec![
        Condition::new(
            "portal",
            "captive portal (nginx)",
            Rules::closed().intercept(80, 8080).intercept(443, 8443),
        )
        .names(&[SERVER, "192.0.2.1 portal.example.test"])
        .with(Service::new(Program::Nginx, 8080, portal).also_on(8443))
        .verdict(&["portal", "sign in", "log in"])
        .passes(&[to(Redirect, 80)])
        .blocks(&[
            to(Http, 80),
            to(Https, 443),
            to(Rtmps, 443),
            to(Rtmp, 443),
            to(Rtmp, 1935),
        ]),
        Condition::new("nothing", "nothing open", Rules::closed())
            .verdict(&["firewall", "blocked", "no answer", "nothing", "no port"])
            .blocks(&[to(Rtmp, 1935), to(Rtmp, 443), to(Rtmp, 80)]),
    ]
}

fn to(speech: Speech, port: u16) -> Control {
    Control::new(speech, port)
}

/// squid on port 3128 of the gateway with these rules.
fn squid(lines: &str) -> Service {
    Service::new(Program::Squid, 3128, format!("http_port 3128\n{lines}"))
}

/// squid that takes TLS connections to itself, looks at their first step, and then does what `then` says.
fn bumping(then: &str) -> Service {
    let port = "https_port 3130 intercept ssl-bump tls-cert={certs}/company.pem tls-key={certs}/company.key \
                generate-host-certificates=on dynamic_cert_mem_cache_size=4MB";
    let helper = "sslcrtd_program /usr/lib/squid/security_file_certgen -s {dir}/made -M 4MB\nsslcrtd_children 2";
    let config = format!(
        "http_port 3128\n{port}\n{helper}\nacl first at_step SslBump1\nssl_bump peek first\n{then}\nhttp_access allow all"
    );
    Service::new(Program::Squid, 3130, config)
}
