use super::Signal;
use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// Counts how often it was rung.
#[derive(Default)]
struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn bell() -> (Arc<Bell>, Waker) {
    let bell = Arc::new(Bell::default());
    (Arc::clone(&bell), Waker::from(bell))
}

#[test]
fn whoever_waits_is_woken_once_and_sees_it() {
    let signal = Signal::default();
    let (bell, waker) = bell();
    let mut cx = Context::from_waker(&waker);
    let mut listener = signal.listener();
    for _ in 0..3 {
        assert_eq!(listener.poll(&mut cx), Poll::Pending);
    }
    assert_eq!(bell.0.load(Ordering::SeqCst), 0);
    signal.give();
    assert_eq!(bell.0.load(Ordering::SeqCst), 1);
    assert_eq!(listener.poll(&mut cx), Poll::Ready(()));
}

#[test]
fn the_task_that_looked_last_is_the_one_that_is_woken() {
    let signal = Signal::default();
    let (first, first_waker) = bell();
    let (second, second_waker) = bell();
    let mut listener = signal.listener();
    for waker in [&first_waker, &second_waker] {
        assert_eq!(
            listener.poll(&mut Context::from_waker(waker)),
            Poll::Pending
        );
    }
    signal.give();
    assert_eq!(first.0.load(Ordering::SeqCst), 0);
    assert_eq!(second.0.load(Ordering::SeqCst), 1);
}

#[test]
fn whoever_comes_later_sees_it_at_once() {
    let signal = Signal::default();
    signal.give();
    let (_, waker) = bell();
    let mut listener = signal.listener();
    assert_eq!(
        listener.poll(&mut Context::from_waker(&waker)),
        Poll::Ready(())
    );
}

#[tokio::test]
async fn work_goes_on_until_the_word_is_given() {
    let signal = Arc::new(Signal::default());
    let done = signal.run_until_given(pin!(async { 5 })).await;
    assert_eq!(done, Some(5));
    let other = Arc::clone(&signal);
    let endless = tokio::spawn(async move { other.run_until_given(pin!(pending::<()>())).await });
    tokio::task::yield_now().await;
    signal.give();
    assert_eq!(endless.await.unwrap(), None);
}
