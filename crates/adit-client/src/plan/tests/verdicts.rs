use super::{Scene, ladder};
use crate::limits;
use crate::plan::{
    AttemptId, Cause, Certificate, CertificateFault, Goal, Obstacle, PeerText, Policy, ProxyReply,
    Stage, Trust,
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
        &[tcp(Cause::TurnedAway)],
        O::Firewall,
        "the network refuses connections to h ports 1935, 443 and 80 (a firewall rejects them), or the host is off: check that it runs, or ask for TCP port 443 to be opened or for a proxy",
    );
    check(
        "rtmp://h/a",
        &[tcp(Cause::TurnedAway), tcp(Cause::TimedOut)],
        O::Firewall,
        "the network refuses connections to h port 1935 (a firewall rejects them), or the host is off: check that it runs, or ask for TCP port 443 to be opened or for a proxy",
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
fn a_server_that_answers_wrongly_is_at_fault_and_no_firewall() {
    let check = |address, stage, cause, sentence| {
        let rows = [failed(stage, cause), failed(Stage::Tcp, Cause::Refused)];
        check(
            address,
            Strategy::Standard,
            "-",
            &rows,
            Obstacle::Server,
            sentence,
        );
    };
    let reason = || PeerText::new("for a reason");
    check(
        "rtmpt://h/a",
        Stage::Handshake,
        Cause::BadTunnel { reason: reason() },
        "h answers on port 80, but not as an RTMPT server should (for a reason): the server or a load balancer before it is at fault, so tell its operator, or try rtmp or rtmps",
    );
    check(
        "rtmp://h:1935/a",
        Stage::Connect,
        Cause::BadRtmp { reason: reason() },
        "h answers on port 1935 and breaks the rules of RTMP (for a reason): the server is at fault, so check host and port, and tell its operator",
    );
    check(
        "rtmpt://h/a",
        Stage::Http,
        Cause::Slow,
        "h begins to answer on port 80 and does not come to an end in time: the server hangs, is overloaded or is of another kind, so check host and port, or try again later",
    );
}

#[test]
fn a_tunnel_through_which_nothing_comes_is_told() {
    check(
        "rtmpt://h/a",
        Strategy::Standard,
        "-",
        &[failed(Stage::Handshake, Cause::TimedOut)],
        Obstacle::RtmpFiltered,
        "h port 80 opens a tunnel, but no RTMP comes through it (no answer in time): the server behind it hangs, or a proxy or load balancer on the way keeps its answers",
    );
}

#[test]
fn an_answer_that_has_begun_is_told_from_none_until_the_next_stage() {
    let ladder = ladder("rtmpt://h/a", Strategy::Standard, "-");
    let late = |answered: Stage, last: Stage| {
        let mut scene = Scene::new(&ladder, Policy::staggered());
        scene.until(1).progress(0, answered);
        scene.plan.handle_answer(AttemptId(0));
        scene.progress(0, last).until(20_000);
        let report = scene.plan.report(scene.now);
        report.attempts()[0].failure().unwrap().clone()
    };
    let slow = late(Stage::Http, Stage::Http);
    assert_eq!((slow.stage(), slow.cause()), (Stage::Http, &Cause::Slow));
    let silent = late(Stage::Http, Stage::Handshake);
    assert_eq!(
        (silent.stage(), silent.cause()),
        (Stage::Handshake, &Cause::TimedOut)
    );
}

#[test]
fn success_names_the_way_that_was_expected_and_a_proxy_that_is_dead() {
    let ladder = ladder("rtmp://h/a", Strategy::Reach, "p:3128");
    // Direct ways and those of the proxy take turns.
    let sentence = |fails: &dyn Fn(usize) -> Option<(Stage, Cause)>| {
        let mut scene = Scene::new(&ladder, Policy::staggered().with_goal(Goal::Survey));
        for at in 0..ladder.rungs().len() {
            scene.until(u64::try_from(at).unwrap() * 300);
            match fails(at) {
                Some((stage, cause)) => scene.fail(at, stage, cause),
                None => scene.succeed(at),
            };
        }
        scene.until(10_000);
        scene.plan.report(scene.now).verdict().to_string()
    };
    let is_direct = |at: usize| ladder.rungs()[at].route().proxy().is_none();
    let first = ladder.rungs()[0].to_string();
    assert_eq!(first, "rtmp:1935");
    let dead = sentence(&|at| (!is_direct(at)).then_some((Stage::Tcp, Cause::Refused)));
    assert_eq!(
        dead,
        "rtmp:1935 works without the proxy http://p:3128, which cannot be used (refused)"
    );
    let needed = sentence(&|at| is_direct(at).then_some((Stage::Tcp, Cause::TurnedAway)));
    let way = ladder.rungs()[1].to_string();
    assert_eq!(
        needed,
        format!("{way} works; rtmp:1935 does not: rejected on the way, or the host is off")
    );
    let forbids = Cause::ProxyDenied {
        reply: ProxyReply::Status(403),
    };
    let alive = sentence(&|at| (!is_direct(at)).then_some((Stage::Proxy, forbids.clone())));
    assert_eq!(alive, "rtmp:1935 works");
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
        &[bad(
            CertificateFault::WrongName {
                names: "a.example, b.example".into(),
            },
            "CN=R11",
            Trust::WrongName,
        )],
        O::Certificate,
        "the certificate on port 443, issued by CN=R11, is for a.example, b.example and not for h: check the address, or log in to the network in a browser",
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
        &[proxy(Cause::ProxyDenied {
            reply: ProxyReply::Status(403),
        })],
        O::ProxyForbids,
        "the proxy http://p:3128 forbids the way to h ports 1935 and 80 (status 403): ask its administrator to allow CONNECT to h ports 1935 and 80",
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
        &[proxy(Cause::ProxyCannotReach {
            reply: ProxyReply::Status(503),
        })],
        O::ProxyForbids,
        "the proxy http://p:3128 cannot reach h (status 503): check the address and the port, and that the server runs",
    );
    check(
        &[proxy(Cause::ProxyFails {
            reply: ProxyReply::Status(500),
        })],
        O::ProxyForbids,
        "the proxy http://p:3128 answers with an error (status 500) instead of a connection to h: correct its address if it is no proxy, or ask its administrator",
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
        &[failed(Stage::Tcp, Cause::TurnedAway)],
        O::ProxyUnreachable,
        "the proxy http://p:3128 cannot be used (rejected on the way, or the host is off): correct its address, or connect without it",
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
fn what_a_proxy_does_is_told_from_what_the_server_does() {
    use Obstacle as O;
    let check = |address, rows: &[Row], obstacle, sentence| {
        check(
            address,
            Strategy::Standard,
            "p:3128",
            rows,
            obstacle,
            sentence,
        );
    };
    let denied = Cause::ProxyDenied {
        reply: ProxyReply::Status(403),
    };
    check(
        "rtmp://h:1935/a",
        &[failed(Stage::Proxy, denied.clone())],
        O::ProxyForbids,
        "the proxy http://p:3128 forbids the way to h port 1935 (status 403): ask its administrator to allow CONNECT to h port 1935, or try rtmpt, which needs no CONNECT",
    );
    check(
        "rtmps://h/a",
        &[failed(Stage::Proxy, denied)],
        O::ProxyForbids,
        "the proxy http://p:3128 forbids the way to h port 443 (status 403): ask its administrator to allow CONNECT to h port 443",
    );
    let untrusted = Cause::Certificate(CertificateFault::Untrusted);
    check(
        "rtmp://h/a",
        &[(Stage::Proxy, untrusted, Some(("CN=p", Trust::Refused)))],
        O::Certificate,
        "the certificate of the proxy http://p:3128, issued by CN=p, is not trusted here: add its root to the trusted ones if you know it",
    );
    check(
        "rtmp://h/a",
        &[failed(Stage::Proxy, Cause::HttpStatus { status: 511 })],
        O::CaptivePortal,
        "the proxy http://p:3128 answers with a web page (status 511) instead of a connection to h: correct its address if it is no proxy, or open a browser and log in to the network",
    );
    check(
        "rtmpt://h/a",
        &[failed(Stage::Http, Cause::TimedOut)],
        O::ProxyUnreachable,
        "the proxy http://p:3128 takes connections and does not answer as one should (no answer in time): correct its address or kind, or check that it reaches h port 80",
    );
    check(
        "rtmpt://h/a",
        &[failed(Stage::Http, Cause::HttpStatus { status: 404 })],
        O::NoStreamServer,
        "a web server without RTMPT answers on h port 80 behind the proxy http://p:3128 (HTTP status 404): check host and port, and that http://p:3128 is a proxy, or enable the tunnel on the server",
    );
    check(
        "rtmp://h/a",
        &[
            failed(Stage::Handshake, Cause::Closed),
            failed(Stage::Http, Cause::TimedOut),
        ],
        O::RtmpFiltered,
        "connections to h port 1935 behind the proxy http://p:3128 open, but nothing answers RTMP (closed by the other side): a firewall filters it or another kind of server listens, so check the port or use rtmps or rtmpts",
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
        let seen = Certificate::new(issuer, trust);
        assert_eq!(seen.interceptor(), expected, "{issuer}");
        assert_eq!(seen.of_proxy().interceptor(), None, "{issuer}");
    }
}
