//! From many failures to the one obstacle, and to a sentence about it.

mod proxy;

use std::fmt;

use adit_net::Transport;

use super::failure::{Cause, CertificateFault, Failure, Stage};
use super::obstacle::Obstacle;
use super::report::{AttemptReport, Report};

/// The obstacle, and one sentence that names it and says what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    obstacle: Obstacle,
    sentence: String,
}

impl Verdict {
    /// What stands in the way.
    pub fn obstacle(&self) -> Obstacle {
        self.obstacle
    }

    /// The sentence, without a full stop.
    pub fn sentence(&self) -> &str {
        &self.sentence
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

pub(super) fn of(report: &Report) -> Verdict {
    let case = Case {
        report,
        failures: report
            .attempts
            .iter()
            .filter_map(|attempt| Some((attempt, attempt.failure()?)))
            .collect(),
        host: report.host.to_string(),
    };
    // What the user can mend nearest to himself comes first, what is only guessed comes last.
    let found = case
        .success()
        .or_else(|| case.nothing_to_tell())
        .or_else(|| case.captive_portal())
        .or_else(|| case.rejected())
        .or_else(|| case.hung_up())
        .or_else(|| case.proxy_login())
        .or_else(|| case.interception())
        .or_else(|| case.certificate())
        .or_else(|| case.name())
        .or_else(|| case.offline())
        .or_else(|| case.proxy_forbids())
        .or_else(|| case.no_proxy())
        .or_else(|| case.web_server())
        .or_else(|| case.handshake())
        .or_else(|| case.tls())
        .or_else(|| case.proxy_unreachable());
    let (obstacle, sentence) = found.unwrap_or_else(|| case.ports());
    Verdict { obstacle, sentence }
}

type Found = Option<(Obstacle, String)>;

struct Case<'a> {
    report: &'a Report,
    failures: Vec<(&'a AttemptReport, &'a Failure)>,
    host: String,
}

impl<'a> Case<'a> {
    fn success(&self) -> Found {
        let winner = self.report.winner()?;
        let direct = winner.rung.route().proxy().is_none();
        if let Some((proxy, cause)) = self.dead_proxy().filter(|_| direct) {
            let sentence = format!(
                "{} works without the proxy {proxy}, which cannot be used ({cause})",
                winner.rung
            );
            return Some((Obstacle::None, sentence));
        }
        let mut before = self
            .report
            .attempts
            .iter()
            .take_while(|one| one.id != winner.id);
        // What was to be tried first is what people expect to work.
        let failed = before.find_map(|one| Some((one, one.failure()?)));
        let sentence = match failed {
            Some((one, failure)) => {
                format!(
                    "{} works; {} does not: {}",
                    winner.rung,
                    one.rung,
                    failure.cause()
                )
            }
            None => format!("{} works", winner.rung),
        };
        Some((Obstacle::None, sentence))
    }

    fn nothing_to_tell(&self) -> Found {
        if self.report.attempts.is_empty() {
            let sentence = format!(
                "the settings leave no way to {} to try: give a proxy, or allow connections without one",
                self.host
            );
            return Some((Obstacle::Settings, sentence));
        }
        let sentence = format!("no attempt to reach {} has ended yet", self.host);
        self.failures
            .is_empty()
            .then_some((Obstacle::Unknown, sentence))
    }

    fn captive_portal(&self) -> Found {
        let pointed = self
            .direct()
            .find_map(|(_, failure)| match failure.cause() {
                Cause::HttpRedirect { to, .. } if to.as_str().is_empty() => Some(String::new()),
                Cause::HttpRedirect { to, .. } if !is_related(to.as_str(), &self.host) => {
                    Some(format!(" and points to {to}"))
                }
                Cause::HttpRedirect { status: 511, to } => Some(format!(" and points to {to}")),
                Cause::HttpStatus { status: 511 } => Some(String::new()),
                _ => None,
            });
        let web_on_rtmp = || {
            let odd = |(one, failure): (&AttemptReport, &Failure)| {
                *failure.cause() == Cause::AnsweredHttp && one.rung.port() == 1935
            };
            self.direct().any(odd).then(String::new)
        };
        let pointed = pointed.or_else(web_on_rtmp)?;
        let sentence = format!(
            "this network answers in place of {}{pointed}: open a browser, log in to the network, and try again",
            self.host
        );
        Some((Obstacle::CaptivePortal, sentence))
    }

    fn rejected(&self) -> Found {
        let description = self.find(|_, failure| match failure.cause() {
            Cause::Rejected { description } => Some(description),
            _ => None,
        })?;
        let sentence = format!(
            "{} was reached and refused the connection ({description}): check the application's name and the login",
            self.host
        );
        Some((Obstacle::Rejected, sentence))
    }

    fn hung_up(&self) -> Found {
        let (port, application) = self.find(|attempt, failure| match failure.cause() {
            Cause::HungUp { application } => Some((attempt.rung.port(), application)),
            _ => None,
        })?;
        let sentence = format!(
            "{} speaks RTMP on port {port} and hung up when asked for the application \"{application}\": most likely it has none of that name, so check the name in the address",
            self.host
        );
        Some((Obstacle::Rejected, sentence))
    }

    fn interception(&self) -> Found {
        let host = &self.host;
        let sentence = self.find(|attempt, failure| {
            let by = attempt.certificate().and_then(|one| one.interceptor());
            match (failure.cause(), by) {
                (Cause::Certificate(CertificateFault::Untrusted), Some(by)) => Some(format!(
                    "TLS to {host} is opened on the way by {by}, which this machine does not trust: add its root certificate to the trusted ones"
                )),
                (_, by) if attempt.rung.transport() == Transport::Rtmps && failure.leaves_only_http() => {
                    self.opened_tls(attempt, failure, by)
                }
                _ => None,
            }
        })?;
        Some((Obstacle::TlsInterception, sentence))
    }

    /// Native TLS came up and only HTTP passes inside; what became of HTTPS on the same way?
    fn opened_tls(
        &self,
        native: &AttemptReport,
        failure: &Failure,
        by: Option<&str>,
    ) -> Option<String> {
        let host = &self.host;
        let tunnel = self.failures.iter().find(|(other, _)| {
            other.rung.transport() == Transport::Rtmpts
                && (other.rung.port(), other.rung.route())
                    == (native.rung.port(), native.rung.route())
        });
        let by = match by {
            Some(by) => by,
            None if *failure.cause() == Cause::AnsweredHttp && tunnel.is_none() => "somebody",
            None => return None,
        };
        Some(match tunnel {
            Some((_, failure)) => format!(
                "TLS to {host} is opened on the way by {by} and only HTTP passes, but the tunnel inside it fails too ({}): enable RTMPT on the server",
                failure.cause()
            ),
            None => format!(
                "TLS to {host} is opened on the way by {by} and only HTTP passes: use an rtmpts:// address or the strategy reach"
            ),
        })
    }

    /// That of the server, or of a proxy that is spoken to over TLS.
    fn certificate(&self) -> Found {
        let sentence = self.find(|attempt, failure| {
            let Cause::Certificate(fault) = failure.cause() else {
                return None;
            };
            let (host, port) = (&self.host, attempt.rung.port());
            let of_proxy = failure.stage() <= Stage::Proxy;
            let proxy = attempt.rung.route().proxy().filter(|_| of_proxy);
            let (owner, whose) = match proxy {
                Some(proxy) => (format!("the proxy {proxy}"), "proxy's"),
                None => (format!("{host} on port {port}"), "server's"),
            };
            let issuer = match attempt.certificate() {
                Some(certificate) => format!(", issued by {},", certificate.issuer()),
                None => String::new(),
            };
            Some(match fault {
                CertificateFault::Untrusted => format!(
                    "the certificate of {owner}{issuer} is not trusted here: add its root to the trusted ones if you know it"
                ),
                CertificateFault::WrongName { names } => match proxy {
                    Some(proxy) => format!(
                        "the certificate of the proxy {proxy}{issuer} is for {names}, and not for the name in its address: correct the address"
                    ),
                    None => format!(
                        "the certificate on port {port}{issuer} is for {names} and not for {host}: check the address, or log in to the network in a browser"
                    ),
                },
                CertificateFault::Expired => format!(
                    "the certificate of {owner} is out of date: check this machine's clock, or ask for the {whose} to be renewed"
                ),
                CertificateFault::Invalid { reason } => format!(
                    "the certificate of {owner} is not valid ({reason}): ask for the {whose} to be replaced"
                ),
            })
        })?;
        Some((Obstacle::Certificate, sentence))
    }

    fn name(&self) -> Found {
        let mut causes = self
            .direct()
            .map(|(_, failure)| (failure.stage(), failure.cause()));
        let first = causes.clone().next();
        if !causes.all(|(stage, _)| stage == Stage::Dns) || !self.proxied_all_fail_before_server() {
            return None;
        }
        let host = &self.host;
        let sentence = match (self.told_addresses(), first) {
            (Some(proxy), _) => format!(
                "the name {host} is not to be found here, and the proxy {proxy} is told addresses, no names: check the name, or let the proxy look it up by socks5h:// or socks4a:// in its address"
            ),
            (None, Some((_, Cause::NameUnknown))) => {
                format!("the name {host} does not exist: check the address")
            }
            (None, Some(_)) => {
                format!("no name server says where {host} is: check this machine's network")
            }
            (None, None) => return None,
        };
        Some((Obstacle::Name, sentence))
    }

    fn offline(&self) -> Found {
        let unreachable = |(_, failure): &(_, &Failure)| *failure.cause() == Cause::Unreachable;
        self.failures.iter().all(unreachable).then(|| {
            let sentence = format!(
                "this machine has no way to {}: check its cable, wireless network or VPN",
                self.host
            );
            (Obstacle::Offline, sentence)
        })
    }

    fn web_server(&self) -> Found {
        let (attempt, cause) = self.find(|attempt, failure| match failure.cause() {
            cause @ (Cause::HttpStatus { .. }
            | Cause::HttpRedirect { .. }
            | Cause::AnsweredHttp) => Some((attempt, cause)),
            _ => None,
        })?;
        let place = self.place(attempt);
        let sentence = match attempt.rung.route().proxy() {
            Some(proxy) => format!(
                "a web server without RTMPT answers on {place} ({cause}): check host and port, and that {proxy} is a proxy, or enable the tunnel on the server"
            ),
            None => format!(
                "a web server without RTMPT answers on {place} ({cause}): check host and port, or enable the tunnel on the server"
            ),
        };
        Some((Obstacle::NoStreamServer, sentence))
    }

    fn handshake(&self) -> Found {
        let (attempt, failure) = self.find(|attempt, failure| {
            (failure.stage() >= Stage::Http).then_some((attempt, failure))
        })?;
        Some(match failure.cause() {
            Cause::AnsweredTls => (
                Obstacle::Tls,
                format!(
                    "{} speaks TLS on port {}: use an rtmps:// address",
                    self.host,
                    attempt.rung.port()
                ),
            ),
            Cause::NotRtmp | Cause::BadHttp => (
                Obstacle::NoStreamServer,
                format!(
                    "another kind of server answers on {}: check host and port",
                    self.place(attempt)
                ),
            ),
            cause => self
                .faulty_server(attempt, cause)
                .unwrap_or_else(|| self.silence(attempt, failure)),
        })
    }

    /// Somebody has answered, and wrongly.
    fn faulty_server(&self, attempt: &AttemptReport, cause: &Cause) -> Found {
        let (host, port) = (&self.host, attempt.rung.port());
        let sentence = match cause {
            Cause::BadTunnel { reason } => format!(
                "{host} answers on port {port}, but not as an RTMPT server should ({reason}): the server or a load balancer before it is at fault, so tell its operator, or try rtmp or rtmps"
            ),
            Cause::BadRtmp { reason } => format!(
                "{host} answers on port {port} and breaks the rules of RTMP ({reason}): the server is at fault, so check host and port, and tell its operator"
            ),
            Cause::Slow => format!(
                "{host} begins to answer on port {port} and does not come to an end in time: the server hangs, is overloaded or is of another kind, so check host and port, or try again later"
            ),
            _ => return None,
        };
        Some((Obstacle::Server, sentence))
    }

    /// Nobody has said anything that could be understood.
    fn silence(&self, attempt: &AttemptReport, failure: &Failure) -> (Obstacle, String) {
        let (place, cause) = (self.place(attempt), failure.cause());
        let sentence = match failure.stage() {
            Stage::Connect => format!(
                "{place} completes the RTMP handshake and then does not answer connect ({cause}): the server hangs or a firewall filters it, so try again later or use rtmps or rtmpts"
            ),
            Stage::Handshake if attempt.rung.transport().is_tunnel() => format!(
                "{place} opens a tunnel, but no RTMP comes through it ({cause}): the server behind it hangs, or a proxy or load balancer on the way keeps its answers"
            ),
            _ => format!(
                "connections to {place} open, but nothing answers RTMP ({cause}): a firewall filters it or another kind of server listens, so check the port or use rtmps or rtmpts"
            ),
        };
        (Obstacle::RtmpFiltered, sentence)
    }

    fn tls(&self) -> Found {
        let (attempt, failure) = self.find(|attempt, failure| {
            (failure.stage() == Stage::Tls).then_some((attempt, failure))
        })?;
        let (host, port, cause) = (&self.host, attempt.rung.port(), failure.cause());
        let sentence = match cause {
            Cause::NotTls => format!(
                "{host} speaks no TLS on port {port}: check the port, or use an address without TLS if the server has none"
            ),
            _ => format!(
                "TLS with {host} port {port} does not come up ({cause}): a firewall filters it, or the server's TLS is out of date"
            ),
        };
        Some((Obstacle::Tls, sentence))
    }

    /// Nothing but TCP is left.
    fn ports(&self) -> (Obstacle, String) {
        let host = &self.host;
        let turned_away = self.port_list(|cause| *cause == Cause::TurnedAway);
        if let Some(ports) = turned_away {
            let sentence = format!(
                "the network refuses connections to {host} {ports} (a firewall rejects them), or the host is off: check that it runs, or ask for TCP port 443 to be opened or for a proxy"
            );
            return (Obstacle::Firewall, sentence);
        }
        let all = self.port_list(|_| true);
        let ports = all.as_deref().unwrap_or("any port");
        let refused = |(_, failure): &(_, &Failure)| *failure.cause() == Cause::Refused;
        if self.failures.iter().all(refused) {
            let sentence = format!(
                "{host} refuses {ports}: check that the server runs and which port it uses"
            );
            return (Obstacle::NothingListens, sentence);
        }
        let sentence = format!(
            "nothing comes through to {host} on {ports}: it is down or a firewall drops this, so ask for TCP port 443 to be opened or for a proxy"
        );
        (Obstacle::Firewall, sentence)
    }

    /// Host and port, and the proxy that is said to lead there.
    fn place(&self, attempt: &AttemptReport) -> String {
        let (host, port) = (&self.host, attempt.rung.port());
        match attempt.rung.route().proxy() {
            Some(proxy) => format!("{host} port {port} behind the proxy {proxy}"),
            None => format!("{host} port {port}"),
        }
    }

    /// The ports of those that failed so.
    fn port_list(&self, so: impl Fn(&Cause) -> bool) -> Option<String> {
        let mut ports: Vec<u16> = Vec::new();
        for (attempt, failure) in &self.failures {
            if so(failure.cause()) && !ports.contains(&attempt.rung.port()) {
                ports.push(attempt.rung.port());
            }
        }
        let texts: Vec<String> = ports.iter().map(ToString::to_string).collect();
        match texts.split_last()? {
            (last, []) => Some(format!("port {last}")),
            (last, before) => Some(format!("ports {} and {last}", before.join(", "))),
        }
    }

    fn direct(&self) -> impl Iterator<Item = (&'a AttemptReport, &'a Failure)> + Clone {
        let direct = |(attempt, _): &(&AttemptReport, _)| attempt.rung.route().proxy().is_none();
        self.failures.clone().into_iter().filter(direct)
    }

    fn find<T>(&self, one: impl Fn(&'a AttemptReport, &'a Failure) -> Option<T>) -> Option<T> {
        self.failures
            .iter()
            .find_map(|(attempt, failure)| one(attempt, failure))
    }
}

/// Whether a redirect stays with the same site: `www.example.com` and `example.com`.
fn is_related(to: &str, host: &str) -> bool {
    // An IPv6 address stands in brackets there.
    let to = to.trim_matches(['[', ']']).to_ascii_lowercase();
    let below = |long: &str, short: &str| {
        long.strip_suffix(short)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    below(&to, host) || below(host, &to)
}
