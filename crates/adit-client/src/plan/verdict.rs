//! From many failures to the one obstacle, and to a sentence about it.

use std::fmt;

use adit_net::Transport;

use super::failure::{Cause, CertificateFault, Failure, Stage};
use super::report::{AttemptReport, Report};
use crate::strategy::{ProxyForm, Rung};

/// What stands in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Obstacle {
    /// Nothing: an attempt succeeded.
    None,
    /// The attempts have not ended yet.
    Unknown,
    /// The settings leave nothing to try.
    Settings,
    /// The network wants a login in a browser first.
    CaptivePortal,
    /// The server itself has refused.
    Rejected,
    /// The proxy wants a login, or refuses the one given.
    ProxyLogin,
    /// The proxy cannot be reached, or is none.
    ProxyUnreachable,
    /// The proxy forbids all that was tried.
    ProxyForbids,
    /// Somebody opens TLS on the way.
    TlsInterception,
    /// The certificate is not good.
    Certificate,
    /// TLS does not come up.
    Tls,
    /// The name has no address.
    Name,
    /// This machine has no network.
    Offline,
    /// A web server answers in place of a stream server.
    NoStreamServer,
    /// RTMP gets no answer on connections that open.
    RtmpFiltered,
    /// The server's machine answers, its ports do not.
    NothingListens,
    /// Nothing comes back.
    Firewall,
}

impl Obstacle {
    /// The obstacle in one or two lower case words, for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Unknown => "unknown",
            Self::Settings => "settings",
            Self::CaptivePortal => "captive-portal",
            Self::Rejected => "rejected",
            Self::ProxyLogin => "proxy-login",
            Self::ProxyUnreachable => "proxy-unreachable",
            Self::ProxyForbids => "proxy-forbids",
            Self::TlsInterception => "tls-interception",
            Self::Certificate => "certificate",
            Self::Tls => "tls",
            Self::Name => "name",
            Self::Offline => "offline",
            Self::NoStreamServer => "no-stream-server",
            Self::RtmpFiltered => "rtmp-filtered",
            Self::NothingListens => "nothing-listens",
            Self::Firewall => "firewall",
        }
    }
}

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
        let before = self
            .report
            .attempts
            .iter()
            .take_while(|one| one.id != winner.id);
        let failed = before.filter_map(|one| Some((one, one.failure()?))).last();
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

    fn proxy_login(&self) -> Found {
        let sentence = self.find(|attempt, failure| {
            let proxy = attempt.rung.route().proxy()?;
            match failure.cause() {
                Cause::ProxyLoginMissing => Some(format!(
                    "the proxy {proxy} asks for a user and a password: give them in the proxy's address"
                )),
                Cause::ProxyLoginRefused => Some(format!(
                    "the proxy {proxy} refuses the user or the password: correct them"
                )),
                Cause::ProxyLoginUnsupported { offered } => Some(format!(
                    "the proxy {proxy} wants a login of a kind that is not supported ({offered}): ask its administrator for Basic, Digest or NTLM"
                )),
                _ => None,
            }
        })?;
        Some((Obstacle::ProxyLogin, sentence))
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

    fn certificate(&self) -> Found {
        let host = &self.host;
        let sentence = self.find(|attempt, failure| {
            let Cause::Certificate(fault) = failure.cause() else {
                return None;
            };
            let port = attempt.rung.port();
            let issuer = match attempt.certificate() {
                Some(certificate) => format!(", issued by {},", certificate.issuer()),
                None => String::new(),
            };
            Some(match fault {
                CertificateFault::Untrusted => format!(
                    "the certificate of {host} on port {port}{issuer} is not trusted here: add its root to the trusted ones if you know it"
                ),
                CertificateFault::WrongName => format!(
                    "the certificate on port {port}{issuer} is not for {host}: check the address, or log in to the network in a browser"
                ),
                CertificateFault::Expired => format!(
                    "the certificate of {host} on port {port} is out of date: check this machine's clock, or ask for the server's to be renewed"
                ),
                CertificateFault::Invalid { reason } => format!(
                    "the certificate of {host} on port {port} is not valid ({reason}): ask for the server's to be replaced"
                ),
            })
        })?;
        Some((Obstacle::Certificate, sentence))
    }

    fn name(&self) -> Found {
        let proxied = self
            .report
            .attempts
            .iter()
            .any(|one| one.rung.route().proxy().is_some());
        let mut causes = self
            .direct()
            .map(|(_, failure)| (failure.stage(), failure.cause()));
        let (_, first) = causes.clone().next()?;
        if !causes.all(|(stage, _)| stage == Stage::Dns) {
            return None;
        }
        if proxied && !self.proxied_all_fail_before_server() {
            return None;
        }
        let host = &self.host;
        let sentence = match first {
            Cause::NameUnknown => format!("the name {host} does not exist: check the address"),
            _ => format!("no name server says where {host} is: check this machine's network"),
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

    fn proxy_forbids(&self) -> Found {
        let sentence = self.find(|attempt, failure| {
            let proxy = attempt.rung.route().proxy()?;
            let host = &self.host;
            match failure.cause() {
                Cause::ProxyDenied { status } => Some(format!(
                    "the proxy {proxy} forbids the way to {host} (status {status}): ask its administrator to allow CONNECT to {host} port 443"
                )),
                Cause::ProxyCannotReach { status } | Cause::HttpStatus { status: status @ 502..=504 } => Some(format!(
                    "the proxy {proxy} cannot reach {host} (status {status}): check the address and the port, and that the server runs"
                )),
                Cause::ProxyFails { status } => Some(format!(
                    "the proxy {proxy} answers with an error (status {status}) instead of a connection to {host}: ask its administrator"
                )),
                Cause::HttpStatus { status } if is_form(&attempt.rung, ProxyForm::AbsoluteForm) && *status == 403 => {
                    Some(format!(
                        "the proxy {proxy} forbids requests to {host} (status {status}): ask its administrator to allow them"
                    ))
                }
                _ => None,
            }
        })?;
        Some((Obstacle::ProxyForbids, sentence))
    }

    fn web_server(&self) -> Found {
        let (port, cause) = self.find(|attempt, failure| match failure.cause() {
            cause @ (Cause::HttpStatus { .. }
            | Cause::HttpRedirect { .. }
            | Cause::AnsweredHttp) => Some((attempt.rung.port(), cause)),
            _ => None,
        })?;
        let sentence = format!(
            "a web server without RTMPT answers on {} port {port} ({cause}): check host and port, or enable the tunnel on the server",
            self.host
        );
        Some((Obstacle::NoStreamServer, sentence))
    }

    fn handshake(&self) -> Found {
        let (attempt, failure) = self.find(|attempt, failure| {
            (failure.stage() >= Stage::Http).then_some((attempt, failure))
        })?;
        let (host, port) = (&self.host, attempt.rung.port());
        Some(match failure.cause() {
            Cause::AnsweredTls => (
                Obstacle::Tls,
                format!("{host} speaks TLS on port {port}: use an rtmps:// address"),
            ),
            Cause::NotRtmp | Cause::BadHttp => (
                Obstacle::NoStreamServer,
                format!(
                    "another kind of server answers on {host} port {port}: check host and port"
                ),
            ),
            cause if failure.stage() == Stage::Connect => (
                Obstacle::RtmpFiltered,
                format!(
                    "{host} port {port} completes the RTMP handshake and then does not answer connect ({cause}): the server hangs or a firewall filters it, so try again later or use rtmps or rtmpts"
                ),
            ),
            cause => (
                Obstacle::RtmpFiltered,
                format!(
                    "connections to {host} port {port} open, but nothing answers RTMP ({cause}): a firewall filters it or another kind of server listens, so check the port or use rtmps or rtmpts"
                ),
            ),
        })
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

    fn proxy_unreachable(&self) -> Found {
        let (attempt, failure) = self.find(|attempt, failure| {
            let proxied = attempt.rung.route().proxy().is_some();
            (proxied && failure.stage() <= Stage::Proxy).then_some((attempt, failure))
        })?;
        let proxy = attempt.rung.route().proxy()?;
        let sentence = match failure.cause() {
            Cause::NotAProxy => {
                format!("what answers at {proxy} is not a proxy: correct its address or kind")
            }
            cause => format!(
                "the proxy {proxy} cannot be used ({cause}): correct its address, or connect without it"
            ),
        };
        Some((Obstacle::ProxyUnreachable, sentence))
    }

    /// Nothing but TCP is left.
    fn ports(&self) -> (Obstacle, String) {
        let refused = |(_, failure): &(_, &Failure)| *failure.cause() == Cause::Refused;
        let (host, ports) = (&self.host, self.port_list());
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

    fn port_list(&self) -> String {
        let mut ports: Vec<u16> = Vec::new();
        for (attempt, _) in &self.failures {
            if !ports.contains(&attempt.rung.port()) {
                ports.push(attempt.rung.port());
            }
        }
        let texts: Vec<String> = ports.iter().map(ToString::to_string).collect();
        match texts.split_last() {
            Some((last, [])) => format!("port {last}"),
            Some((last, before)) => format!("ports {} and {last}", before.join(", ")),
            None => "any port".to_owned(),
        }
    }

    fn direct(&self) -> impl Iterator<Item = (&'a AttemptReport, &'a Failure)> + Clone {
        let direct = |(attempt, _): &(&AttemptReport, _)| attempt.rung.route().proxy().is_none();
        self.failures.clone().into_iter().filter(direct)
    }

    fn proxied_all_fail_before_server(&self) -> bool {
        self.failures
            .iter()
            .filter(|(attempt, _)| attempt.rung.route().proxy().is_some())
            .all(|(_, failure)| {
                matches!(failure.cause(), Cause::ProxyCannotReach { .. })
                    || failure.stage() <= Stage::Tcp
            })
    }

    fn find<T>(&self, one: impl Fn(&'a AttemptReport, &'a Failure) -> Option<T>) -> Option<T> {
        self.failures
            .iter()
            .find_map(|(attempt, failure)| one(attempt, failure))
    }
}

fn is_form(rung: &Rung, form: ProxyForm) -> bool {
    rung.route().form() == Some(form)
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
