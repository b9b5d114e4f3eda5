//! The tunnel through proxies that do all that proxies may do: 10,000 requests through each kind, numbered bytes both ways,
//! and not one byte lost, doubled or out of order.
#![cfg(test)]

use std::time::{Duration, Instant};

use adit_testkit::Bytes;
use adit_testkit::hostile::{HostileProxy, Mischief};
use adit_testkit::numbered::Numbered;
use adit_testkit::peers::say;
use adit_testkit::random::{Random, seed};
use adit_testkit::server::AditServer;
use adit_testkit::tunnel::Tunnel;

/// Requests through each kind of proxy.
const REQUESTS: u64 = 10_000;

/// The longest that one request may take to be answered, whatever the proxy does.
const ANSWERED_WITHIN: Duration = Duration::from_secs(10);

#[test]
fn requests_that_pass_each_other() {
    check(Mischief::Reorder, 4);
}

#[test]
fn requests_sent_twice() {
    check(Mischief::Duplicate, 2);
}

#[test]
fn requests_sent_twice_while_many_are_under_way() {
    check(Mischief::Duplicate, 4);
}

#[test]
fn requests_and_replies_delayed() {
    check(Mischief::Delay(Duration::from_millis(4)), 4);
}

#[test]
fn everything_in_tiny_segments() {
    check(Mischief::Split, 2);
}

#[test]
fn connections_closed_after_a_few_requests() {
    check(Mischief::CloseAfter(7), 2);
}

#[test]
fn everything_in_http_1_0() {
    check(Mischief::Http10, 2);
}

#[test]
fn a_new_connection_for_every_request() {
    check(Mischief::NewConnection, 2);
}

#[test]
fn bodies_in_chunks() {
    check(Mischief::Chunked, 2);
}

#[test]
fn replies_lost_and_requests_sent_again() {
    check(Mischief::LoseReply, 2);
}

/// Runs one client through one proxy; `at_once` requests are under way at a time.
fn check(mischief: Mischief, at_once: usize) {
    let seed = seed();
    say(&format!(
        "{mischief:?}, {at_once} at once: ADIT_SEED={seed}"
    ));
    let server = AditServer::start_with(env!("CARGO_BIN_EXE_adit"), |command| {
        // The proxies say that they pass requests on, so nobody is taken for local.
        command.args(["--latency", "low", "--publish", "anyone"]);
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let began = Instant::now();
    runtime.block_on(async {
        let proxy = HostileProxy::start(server.address(), mischief, seed).await;
        let mut client = Client {
            tunnel: Tunnel::open(proxy.address(), at_once).await.unwrap(),
            numbered: Numbered::new("hostile", seed),
            random: Random::new(seed),
            rest: Bytes::new(),
        };
        while client.tunnel.requests() < REQUESTS {
            if let Err(error) = client.turn(Sending::Goes).await {
                panic!(
                    "request {}: {error}\n{:?}\n{}",
                    client.tunnel.requests(),
                    proxy.complaints(),
                    server.log()
                );
            }
        }
        // What is still on its way comes home.
        while client.numbered.under_way() > 0 || client.tunnel.is_waiting() {
            if let Err(error) = client.turn(Sending::IsOver).await {
                panic!(
                    "at the end: {error}\n{:?}\n{}",
                    proxy.complaints(),
                    server.log()
                );
            }
        }
        assert_eq!(proxy.complaints(), [""; 0]);
        let (messages, done) = (client.numbered.received(), proxy.mischief_done());
        say(&format!(
            "{mischief:?}: {messages} messages both ways, mischief done {done} times, {:?}",
            began.elapsed()
        ));
        assert!(
            messages >= REQUESTS / 4,
            "{messages} messages in {REQUESTS} requests"
        );
        assert!(
            done >= REQUESTS / 20,
            "{mischief:?} was done {done} times only"
        );
    });
    server.assert_sound();
}

/// Whether new messages are sent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sending {
    Goes,
    IsOver,
}

struct Client {
    tunnel: Tunnel,
    numbered: Numbered,
    random: Random,
    /// What was cut off from the last request, for the next one.
    rest: Bytes,
}

impl Client {
    /// Begins as many requests as there is room for, then takes one answer.
    async fn turn(&mut self, sending: Sending) -> Result<(), String> {
        while self.tunnel.has_room() {
            if sending == Sending::Goes {
                // An idle is held while nothing is on its way back, and then nothing happens for half a second.
                let least = u64::from(self.numbered.under_way() == 0);
                for _ in 0..self.random.below(3).max(least) {
                    if self.numbered.has_room() {
                        self.numbered.send();
                    }
                }
            }
            let output = self.next_output();
            if !output.is_empty() {
                self.tunnel.send(output);
            } else if sending == Sending::IsOver && self.numbered.under_way() == 0 {
                break;
            } else {
                self.tunnel.idle();
            }
        }
        if !self.tunnel.is_waiting() {
            return Ok(());
        }
        let answer = tokio::time::timeout(ANSWERED_WITHIN, self.tunnel.answer()).await;
        let data = answer
            .map_err(|_| "no answer".to_owned())?
            .map_err(|error| error.to_string())?;
        self.numbered.feed(data)
    }

    /// The bytes of the next request: all there are, or, as clients do, cut anywhere.
    fn next_output(&mut self) -> Bytes {
        let mut output = std::mem::take(&mut self.rest);
        if output.is_empty() {
            output = self.numbered.output();
            let cut = self.random.size_below(output.len().max(1));
            if cut >= 2 && self.random.one_in(4) {
                self.rest = output.split_off(cut);
            }
        }
        output
    }
}
