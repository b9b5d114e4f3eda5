//! Readers on threads of their own: no wake-up may get lost.

use std::hint;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use crate::testing::{Publisher, broker, frame, key};
use crate::{Broker, Delivery, Limits, SubscribeOptions, Subscription};

const READERS: usize = 3;
const ROUNDS: u32 = 5_000;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for the next delivery on the calling thread.
fn next(subscription: &mut Subscription, waker: &Waker) -> Delivery {
    loop {
        match subscription.poll_next(&mut Context::from_waker(waker)) {
            Poll::Ready(delivery) => return delivery,
            Poll::Pending => thread::park(),
        }
    }
}

/// Tells the time of each frame until the stream stops.
fn read(broker: &Broker, times: &SyncSender<u32>) {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut subscription = broker.subscribe(key("a"), SubscribeOptions::default());
    loop {
        match next(&mut subscription, &waker) {
            Delivery::Frame(shared) => {
                let at = shared.frame().at().ms();
                times.send(at).unwrap();
                dawdle(at);
            }
            Delivery::Stopped { .. } => break,
            Delivery::Started { .. } => {}
            Delivery::Skipped { frames } => panic!("skipped {frames}"),
        }
    }
}

/// Spends a different small time each round, so that falling asleep and the next frame meet at
/// every moment.
fn dawdle(round: u32) {
    for _ in 0..round.wrapping_mul(2_654_435_761) >> 20 {
        hint::spin_loop();
    }
}

fn expect(times: &Receiver<u32>, at: u32) {
    let got = times
        .recv_timeout(Duration::from_secs(20))
        .expect("a wake-up was lost");
    assert_eq!(got, at);
}

#[test]
fn every_frame_reaches_every_sleeping_reader() {
    let broker = broker(Limits::default());
    let mut publisher = Publisher::new(&broker, "a");
    publisher.push("K@0");
    thread::scope(|scope| {
        let readers: Vec<_> = (0..READERS)
            .map(|_| {
                let (sender, receiver) = sync_channel(4);
                let broker = &broker;
                scope.spawn(move || read(broker, &sender));
                receiver
            })
            .collect();
        for times in &readers {
            expect(times, 0);
        }
        for at in 1..=ROUNDS {
            publisher.push_frame(frame(if at % 50 == 0 { "K" } else { "I" }, at));
            for times in &readers {
                expect(times, at);
            }
        }
        drop(publisher);
    });
    assert_eq!(broker.streams().len(), 0);
}

#[test]
fn every_publication_reaches_a_reader_that_sleeps_in_between() {
    let broker = broker(Limits::default());
    let mut subscription = broker.subscribe(key("a"), SubscribeOptions::default());
    let (sender, times) = sync_channel(4);
    thread::scope(|scope| {
        scope.spawn(move || {
            let waker = Waker::from(Arc::new(Unpark(thread::current())));
            let mut at = 0;
            while at < ROUNDS {
                if let Delivery::Frame(shared) = next(&mut subscription, &waker) {
                    at = shared.frame().at().ms();
                    sender.send(at).unwrap();
                    dawdle(at);
                }
            }
        });
        for at in 1..=ROUNDS {
            // It ends at once: what the reader sees of it depends on when it looks, but it sees it.
            Publisher::new(&broker, "a").push_frame(frame("A", at));
            expect(&times, at);
        }
    });
    assert_eq!(broker.streams().len(), 0);
}
