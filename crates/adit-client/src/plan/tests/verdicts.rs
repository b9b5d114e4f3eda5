use super::{Scene, ladder};
use crate::limits;
use crate::plan::{
    AttemptId, Cause, Certificate, CertificateFault, Obstacle, PeerText, Policy, Stage, Trust,
};
use crate::strategy::Strategy;

/// What became of one attempt: where and why it failed, and whose certificate it saw.
type Row = (Stage, Cause, Option<(&'static str, Trust)>);

fn failed(stage: Stage, cause: Cause) -> Row {
    (stage, cause, None)
}

/// Lets the rungs of a ladder fail one after the other, the last row for all that are left.
#[track_caller]
fn check(
    address: &str,
    strategy: Strategy,
    via: &str,
    rows: &[Row],
    obstacle: Obstacle,
    sentence: &str,
) {
    let ladder = ladder(address, strategy, via);
    let mut scene = Scene::new(&ladder, Policy::staggered());
    for at in 0..ladder.rungs().len() {
        scene.until(u64::try_from(at).unwrap());
        let (stage, cause, certificate) = rows[at.min(rows.len() - 1)].clone();
        if let Some((issuer, trust)) = certificate {
            scene
                .plan
                .handle_certificate(AttemptId(at), Certificate::new(issuer, trust));
        }
        scene.fail(at, stage, cause);
    }
    scene.until(100);
    assert!(
        scene.said.last().unwrap().ends_with("fail"),
        "{:?}",
        scene.said
    );
    let verdict = scene.plan.report(scene.now).verdict();
    assert_eq!(
        (verdict.obstacle(), verdict.sentence()),
        (obstacle, sentence)
    );
    assert!(!sentence.ends_with('.'));
}

#[test]
fn plain_networks() {
    use Obstacle as O;
    let tcp = |cause| failed(Stage::Tcp, cause);
    let check = |address, rows: &[Row], obstacle, sentence| {
        check(address, Strategy::Reach, "-", rows, obstacle, sentence);
    };
    check(
        "rtmp://h/a",
        &[tcp(Cause::Refused)],
        O::NothingListens,
        "h refuses ports 1935, 443 and 80: check that the server runs and which port it uses",
    );
    check(
        "rtmp://h:99/a",
        &[tcp(Cause::TimedOut)],
        O::Firewall,
        "nothing comes through to h on port 99: it is down or a firewall drops this, so ask for TCP port 443 to be opened or for a proxy",
    );
    check(
        "rtmp://h/a",
        &[tcp(Cause::Refused), tcp(Cause::TimedOut)],
        O::Firewall,
        "nothing comes through to h on ports 1935, 443 and 80: it is down or a firewall drops this, so ask for TCP port 443 to be opened or for a proxy",
    );
    check(
        "rtmp://h/a",
        &[tcp(Cause::Unreachable)],
        O::Offline,
        "this machine has no way to h: check its cable, wireless network or VPN",
    );
    check(
        "rtmp://h/a",
        &[failed(Stage::Dns, Cause::NameUnknown)],
        O::Name,
        "the name h does not exist: check the address",
    );
    check(
        "rtmp://h/a",
        &[failed(Stage::Dns, Cause::TimedOut)],
        O::Name,
        "no name server says where h is: check this machine's network",
    );
}

#[test]
fn somebody_else_answers() {
    use Obstacle as O;
    let check = |address, rows: &[Row], obstacle, sentence| {
        check(address, Strategy::Reach, "-", rows, obstacle, sentence);
    };
    let refused = failed(Stage::Tcp, Cause::Refused);
    let timed_out = failed(Stage::Tcp, Cause::TimedOut);
    let redirect = |to: &str| {
        failed(
            Stage::Http,
            Cause::HttpRedirect {
                status: 302,
                to: to.into(),
            },
        )
    };
    check(
        "rtmp://live.example.com/a",
        &[
            timed_out.clone(),
            timed_out.clone(),
            timed_out.clone(),
            timed_out.clone(),
            redirect("login.hotel.test"),
            timed_out.clone(),
        ],
        O::CaptivePortal,
        "this network answers in place of live.example.com and points to login.hotel.test: open a browser, log in to the network, and try again",
    );
    check(
        "rtmp://h/a",
        &[failed(Stage::Handshake, Cause::AnsweredHttp)],
        O::CaptivePortal,
        "this network answers in place of h: open a browser, log in to the network, and try again",
    );
    check(
        "rtmpt://example.com:80/a",
        &[redirect("www.Example.com"), refused.clone()],
        O::NoStreamServer,
        "a web server without RTMPT answers on example.com port 80 (HTTP status 302, redirected to www.Example.com): check host and port, or enable the tunnel on the server",
    );
    check(
        "rtmpt://h:80/a",
        &[redirect("h"), refused.clone()],
        O::NoStreamServer,
        "a web server without RTMPT answers on h port 80 (HTTP status 302, redirected to h): check host and port, or enable the tunnel on the server",
    );
    check(
        "rtmpt://[2001:db8::1]:80/a",
        &[redirect("[2001:db8::1]"), refused.clone()],
        O::NoStreamServer,
        "a web server without RTMPT answers on 2001:db8::1 port 80 (HTTP status 302, redirected to [2001:db8::1]): check host and port, or enable the tunnel on the server",
    );
    check(
        "rtmpt://h:80/a",
        &[redirect(""), refused.clone()],
        O::CaptivePortal,
        "this network answers in place of h: open a browser, log in to the network, and try again",
    );
    check(
        "rtmpt://h:80/a",
        &[
            failed(Stage::Http, Cause::HttpStatus { status: 200 }),
            refused.clone(),
        ],
        O::NoStreamServer,
        "a web server without RTMPT answers on h port 80 (a web page, not a tunnel): check host and port, or enable the tunnel on the server",
    );
    check(
        "rtmp://h:22/a",
        &[
            failed(Stage::Handshake, Cause::NotRtmp),
            failed(Stage::Tls, Cause::NotTls),
        ],
        O::NoStreamServer,
        "another kind of server answers on h port 22: check host and port",
    );
    check(
        "rtmp://h:443/a",
        &[
            failed(Stage::Handshake, Cause::AnsweredTls),
            refused.clone(),
        ],
        O::Tls,
        "h speaks TLS on port 443: use an rtmps:// address",
    );
    check(
        "rtmp://h/a",
        &[failed(Stage::Handshake, Cause::Closed), timed_out.clone()],
        O::RtmpFiltered,
        "connections to h port 1935 open, but nothing answers RTMP (closed by the other side): a firewall filters it or another kind of server listens, so check the port or use rtmps or rtmpts",
    );
    check(
        "rtmp://h/a",
        &[failed(Stage::Connect, Cause::TimedOut), timed_out.clone()],
        O::RtmpFiltered,
        "h port 1935 completes the RTMP handshake and then does not answer connect (no answer in time): the server hangs or a firewall filters it, so try again later or use rtmps or rtmpts",
    );
    let application = PeerText::new("a");
    check(
        "rtmp://h/a",
        &[
            failed(Stage::Connect, Cause::HungUp { application }),
            timed_out.clone(),
        ],
        O::Rejected,
        "h speaks RTMP on port 1935 and hung up when asked for the application \"a\": most likely it has none of that name, so check the name in the address",
    );
    check(
        "rtmps://h/a",
        &[failed(Stage::Tls, Cause::NotTls)],
        O::Tls,
        "h speaks no TLS on port 443: check the port, or use an address without TLS if the server has none",
    );
    check(
        "rtmps://h/a",
        &[failed(Stage::Tls, Cause::Closed)],
        O::Tls,
        "TLS with h port 443 does not come up (closed by the other side): a firewall filters it, or the server's TLS is out of date",
    );
    check(
        "rtmp://h/a",
        &[
            failed(
                Stage::Connect,
                Cause::Rejected {
                    description: "no such app".into(),
                },
            ),
            refused.clone(),
        ],
        O::Rejected,
        "h was reached and refused the connection (no such app): check the application's name and the login",
    );
}

#[test]
fn certificates_and_interceptors() {
    use Obstacle as O;
    let bad = |fault, issuer, trust| (Stage::Tls, Cause::Certificate(fault), Some((issuer, trust)));
    let check = |strategy, rows: &[Row], obstacle, sentence| {
        check("rtmps://h/a", strategy, "-", rows, obstacle, sentence);
    };
    check(
        Strategy::Reach,
        &[bad(
            CertificateFault::Untrusted,
            "CN=FortiGate CA",
            Trust::Refused,
        )],
        O::TlsInterception,
        "TLS to h is opened on the way by FortiGate, which this machine does not trust: add its root certificate to the trusted ones",
    );
    check(
        Strategy::Reach,
        &[
            (
                Stage::Handshake,
                Cause::Closed,
                Some(("CN=Acme Root", Trust::Added)),
            ),
            failed(Stage::Http, Cause::HttpStatus { status: 404 }),
        ],
        O::TlsInterception,
        "TLS to h is opened on the way by CN=Acme Root and only HTTP passes, but the tunnel inside it fails too (HTTP status 404): enable RTMPT on the server",
    );
    check(
        Strategy::Classic,
        &[failed(Stage::Handshake, Cause::AnsweredHttp)],
        O::TlsInterception,
        "TLS to h is opened on the way by somebody and only HTTP passes: use an rtmpts:// address or the strategy reach",
    );
    check(
        Strategy::Reach,
        &[bad(CertificateFault::Untrusted, "CN=h", Trust::Refused)],
        O::Certificate,
        "the certificate of h on port 443, issued by CN=h, is not trusted here: add its root to the trusted ones if you know it",
    );
    check(
        Strategy::Reach,
        &[bad(CertificateFault::WrongName, "CN=R11", Trust::Public)],
        O::Certificate,
        "the certificate on port 443, issued by CN=R11, is not for h: check the address, or log in to the network in a browser",
    );
    check(
        Strategy::Reach,
        &[failed(
            Stage::Tls,
            Cause::Certificate(CertificateFault::Expired),
        )],
        O::Certificate,
        "the certificate of h on port 443 is out of date: check this machine's clock, or ask for the server's to be renewed",
    );
    check(
        Strategy::Reach,
        &[failed(
            Stage::Tls,
            Cause::Certificate(CertificateFault::Invalid {
                reason: "it is revoked".into(),
            }),
        )],
        O::Certificate,
        "the certificate of h on port 443 is not valid (it is revoked): ask for the server's to be replaced",
    );
}

#[test]
fn proxies() {
    use Obstacle as O;
    let check = |rows: &[Row], obstacle, sentence| {
        check(
            "rtmp://h/a",
            Strategy::Standard,
            "p:3128",
            rows,
            obstacle,
            sentence,
        );
    };
    let proxy = |cause| failed(Stage::Proxy, cause);
    check(
        &[proxy(Cause::ProxyLoginMissing)],
        O::ProxyLogin,
        "the proxy http://p:3128 asks for a user and a password: give them in the proxy's address",
    );
    check(
        &[proxy(Cause::ProxyLoginRefused)],
        O::ProxyLogin,
        "the proxy http://p:3128 refuses the user or the password: correct them",
    );
    check(
        &[proxy(Cause::ProxyLoginUnsupported {
            offered: "Negotiate".into(),
        })],
        O::ProxyLogin,
        "the proxy http://p:3128 wants a login of a kind that is not supported (Negotiate): ask its administrator for Basic, Digest or NTLM",
    );
    check(
        &[proxy(Cause::ProxyDenied { status: 403 })],
        O::ProxyForbids,
        "the proxy http://p:3128 forbids the way to h (status 403): ask its administrator to allow CONNECT to h port 443",
    );
    check(
        &[
            failed(Stage::Tcp, Cause::TimedOut),
            failed(Stage::Http, Cause::HttpStatus { status: 403 }),
        ],
        O::ProxyForbids,
        "the proxy http://p:3128 forbids requests to h (status 403): ask its administrator to allow them",
    );
    check(
        &[proxy(Cause::ProxyCannotReach { status: 503 })],
        O::ProxyForbids,
        "the proxy http://p:3128 cannot reach h (status 503): check the address and the port, and that the server runs",
    );
    check(
        &[proxy(Cause::ProxyFails { status: 500 })],
        O::ProxyForbids,
        "the proxy http://p:3128 answers with an error (status 500) instead of a connection to h: ask its administrator",
    );
    check(
        &[
            failed(Stage::Tcp, Cause::TimedOut),
            failed(Stage::Http, Cause::HttpStatus { status: 502 }),
        ],
        O::ProxyForbids,
        "the proxy http://p:3128 cannot reach h (status 502): check the address and the port, and that the server runs",
    );
    check(
        &[failed(Stage::Tcp, Cause::Refused)],
        O::ProxyUnreachable,
        "the proxy http://p:3128 cannot be used (refused): correct its address, or connect without it",
    );
    check(
        &[proxy(Cause::NotAProxy)],
        O::ProxyUnreachable,
        "what answers at http://p:3128 is not a proxy: correct its address or kind",
    );
}

#[test]
fn success_and_its_absence() {
    let ladder = ladder("rtmp://h/a", Strategy::Standard, "-");
    let verdict = |scene: &mut Scene| {
        let verdict = scene.plan.report(scene.now).verdict();
        (verdict.obstacle(), verdict.to_string())
    };
    let mut scene = Scene::new(&ladder, Policy::staggered());
    scene.until(10);
    assert_eq!(
        verdict(&mut scene),
        (
            Obstacle::Unknown,
            "no attempt to reach h has ended yet".to_owned()
        )
    );
    scene.succeed(0).until(20);
    assert_eq!(
        verdict(&mut scene),
        (Obstacle::None, "rtmp:1935 works".to_owned())
    );

    let mut scene = Scene::new(&ladder, Policy::staggered());
    scene
        .until(10)
        .fail(0, Stage::Tcp, Cause::Refused)
        .until(20)
        .succeed(1)
        .until(30);
    assert_eq!(
        verdict(&mut scene),
        (
            Obstacle::None,
            "rtmpt:80 works; rtmp:1935 does not: refused".to_owned()
        )
    );

    let empty = crate::strategy::Ladder::from_rungs(crate::Host::parse("h").unwrap(), vec![]);
    let mut scene = Scene::new(&empty, Policy::staggered());
    scene.until(10);
    assert_eq!(
        verdict(&mut scene),
        (
            Obstacle::Settings,
            "the settings leave no way to h to try: give a proxy, or allow connections without one"
                .to_owned()
        )
    );
}

#[test]
fn texts_of_peers_are_cut_and_cleaned() {
    let text = |text: &str| PeerText::new(text).as_str().to_owned();
    assert_eq!(text("  a\nb\u{1b}[31mc\u{202e}d  "), "a b [31mc d");
    assert_eq!(
        text(&"x".repeat(limits::PEER_TEXT)).len(),
        limits::PEER_TEXT
    );
    assert_eq!(
        text(&"x".repeat(limits::PEER_TEXT + 1)).len(),
        limits::PEER_TEXT
    );
    assert_eq!(
        text(&"é".repeat(limits::PEER_TEXT)).len(),
        limits::PEER_TEXT
    );
}

#[test]
fn interceptors_are_known_by_name_or_by_an_added_root() {
    for (issuer, trust, expected) in [
        (
            "CN=Zscaler Intermediate Root CA",
            Trust::Accepted,
            Some("Zscaler"),
        ),
        ("O=squid, CN=proxy", Trust::Refused, Some("Squid")),
        ("CN=Acme Root", Trust::Added, Some("CN=Acme Root")),
        ("CN=Acme Root", Trust::Accepted, None),
        ("CN=Acme Root", Trust::Unchecked, None),
        ("CN=mitmproxy", Trust::Unchecked, Some("mitmproxy")),
        ("CN=R11, O=Let's Encrypt", Trust::Public, None),
        ("CN=Fortinet Public", Trust::Public, None),
    ] {
        assert_eq!(
            Certificate::new(issuer, trust).interceptor(),
            expected,
            "{issuer}"
        );
    }
}
