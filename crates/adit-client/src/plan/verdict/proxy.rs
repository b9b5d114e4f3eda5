//! What is said of proxies: they stand before the server, and what they do is not to be taken for what it does.

use adit_net::Transport;
use adit_net::client::ProxyReply;

use super::{Case, Found};
use crate::plan::failure::{Cause, Failure, Stage};
use crate::plan::obstacle::Obstacle;
use crate::plan::report::{AttemptReport, Outcome};
use crate::strategy::{Proxy, ProxyForm};

impl<'a> Case<'a> {
    /// A proxy through which nothing goes, because it cannot be reached or used itself.
    pub(super) fn dead_proxy(&self) -> Option<(&'a Proxy, &'a Cause)> {
        self.find(|attempt, failure| {
            let proxy = attempt.rung.route().proxy()?;
            let of_proxy = is_of_proxy(attempt, failure);
            let is_alive = matches!(
                failure.cause(),
                Cause::ProxyDenied { .. } | Cause::ProxyCannotReach { .. } | Cause::NameNotForProxy
            );
            (of_proxy && !is_alive && !self.carries(proxy)).then(|| (proxy, failure.cause()))
        })
    }

    /// Whether an attempt through the proxy came good, or failed behind it.
    fn carries(&self, proxy: &Proxy) -> bool {
        let attempts = self.report.attempts.iter();
        let mut through = attempts.filter(|one| one.rung.route().proxy() == Some(proxy));
        through.any(|one| match one.failure() {
            Some(failure) => !is_of_proxy(one, failure),
            None => matches!(one.outcome, Outcome::Won | Outcome::Works),
        })
    }

    pub(super) fn proxy_login(&self) -> Found {
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

    pub(super) fn proxy_forbids(&self) -> Found {
        let sentence = self.find(|attempt, failure| {
            let proxy = attempt.rung.route().proxy()?;
            let host = &self.host;
            match failure.cause() {
                Cause::ProxyDenied { reply } => Some(self.denied(attempt, proxy, *reply)),
                Cause::ProxyCannotReach { reply } => Some(format!(
                    "the proxy {proxy} cannot reach {host} ({reply}): check the address and the port, and that the server runs"
                )),
                Cause::ProxyFails { reply } => Some(format!(
                    "the proxy {proxy} answers with an error ({reply}) instead of a connection to {host}: correct its address if it is no proxy, or ask its administrator"
                )),
                Cause::HttpStatus { status: status @ 502..=504 } if is_asked_for_requests(attempt) => Some(format!(
                    "the proxy {proxy} cannot reach {host} (status {status}): check the address and the port, and that the server runs"
                )),
                Cause::HttpStatus { status: 403 } if is_asked_for_requests(attempt) => Some(format!(
                    "the proxy {proxy} forbids requests to {host} (status 403): ask its administrator to allow them"
                )),
                _ => None,
            }
        })?;
        Some((Obstacle::ProxyForbids, sentence))
    }

    fn denied(&self, attempt: &AttemptReport, proxy: &Proxy, reply: ProxyReply) -> String {
        let host = &self.host;
        let denied = |cause: &Cause| matches!(cause, Cause::ProxyDenied { .. });
        let ports = self.port_list(denied).unwrap_or_default();
        let what = if proxy.kind().is_http() {
            "CONNECT"
        } else {
            "connections"
        };
        let mut attempts = self.report.attempts.iter();
        // Not instead of TLS, and not where it was tried.
        let other_way = proxy.kind().is_http()
            && attempt.rung.transport() == Transport::Rtmp
            && !attempts.any(is_asked_for_requests);
        let or = if other_way {
            ", or try rtmpt, which needs no CONNECT"
        } else {
            ""
        };
        format!(
            "the proxy {proxy} forbids the way to {host} {ports} ({reply}): ask its administrator to allow {what} to {host} {ports}{or}"
        )
    }

    /// What answers where a proxy should, or does not, and gives no sign of being one.
    pub(super) fn no_proxy(&self) -> Found {
        let host = &self.host;
        let page = self.find(|attempt, failure| match failure.cause() {
            Cause::HttpStatus { status } if failure.stage() == Stage::Proxy => {
                Some((attempt.rung.route().proxy()?, status))
            }
            _ => None,
        });
        if let Some((proxy, status)) = page {
            let sentence = format!(
                "the proxy {proxy} answers with a web page (status {status}) instead of a connection to {host}: correct its address if it is no proxy, or open a browser and log in to the network"
            );
            let obstacle = match status {
                511 => Obstacle::CaptivePortal,
                _ => Obstacle::ProxyUnreachable,
            };
            return Some((obstacle, sentence));
        }
        let sentence = self.find(|attempt, failure| {
            let proxy = attempt.rung.route().proxy()?;
            let asked = failure.stage() >= Stage::Proxy && is_of_proxy(attempt, failure);
            match failure.cause() {
                Cause::NotAProxy | Cause::NotTls if asked => Some(format!(
                    "what answers at {proxy} is not a proxy: correct its address or kind"
                )),
                cause @ (Cause::TimedOut | Cause::Slow | Cause::Closed) if asked && !self.carries(proxy) => Some(format!(
                    "the proxy {proxy} takes connections and does not answer as one should ({cause}): correct its address or kind, or check that it reaches {host} port {}",
                    attempt.rung.port()
                )),
                _ => None,
            }
        })?;
        Some((Obstacle::ProxyUnreachable, sentence))
    }

    pub(super) fn proxy_unreachable(&self) -> Found {
        let (attempt, failure) = self.find(|attempt, failure| {
            let proxied = attempt.rung.route().proxy().is_some();
            (proxied && failure.stage() <= Stage::Proxy).then_some((attempt, failure))
        })?;
        let proxy = attempt.rung.route().proxy()?;
        let sentence = format!(
            "the proxy {proxy} cannot be used ({}): correct its address, or connect without it",
            failure.cause()
        );
        Some((Obstacle::ProxyUnreachable, sentence))
    }

    /// A proxy that is told where the server is, and not its name.
    pub(super) fn told_addresses(&self) -> Option<&'a Proxy> {
        self.find(|attempt, failure| {
            let untold = *failure.cause() == Cause::NameNotForProxy;
            attempt.rung.route().proxy().filter(|_| untold)
        })
    }

    pub(super) fn proxied_all_fail_before_server(&self) -> bool {
        self.failures
            .iter()
            .filter(|(attempt, _)| attempt.rung.route().proxy().is_some())
            .all(|(_, failure)| {
                let before = matches!(
                    failure.cause(),
                    Cause::ProxyCannotReach { .. } | Cause::NameNotForProxy
                );
                before || failure.stage() <= Stage::Tcp
            })
    }
}

fn is_asked_for_requests(attempt: &AttemptReport) -> bool {
    attempt.rung.route().form() == Some(ProxyForm::AbsoluteForm)
}

/// Whether nobody but the proxy may have had a part in this failure of a way through one. What comes in place of an answer to a
/// request with a whole URL comes from the proxy.
fn is_of_proxy(attempt: &AttemptReport, failure: &Failure) -> bool {
    let no_answer = matches!(
        failure.cause(),
        Cause::TimedOut | Cause::Slow | Cause::Closed
    );
    let requests = failure.stage() == Stage::Http && is_asked_for_requests(attempt) && no_answer;
    failure.stage() <= Stage::Proxy || requests
}
