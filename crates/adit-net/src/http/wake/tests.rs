use super::{InPlace, TURNS};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

#[derive(Default)]
struct Task(AtomicUsize);

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Task {
    fn wakes(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// How often a future that wakes itself at its first `selfish` polls is polled, and how often its task is woken for that.
fn check(selfish: usize, polls: usize, wakes: usize) {
    let task = Arc::new(Task::default());
    let waker = Waker::from(Arc::clone(&task));
    let cx = Context::from_waker(&waker);
    let mut polled = 0;
    let pending = InPlace::new().poll(&cx, |cx| {
        polled += 1;
        if polled <= selfish {
            cx.waker().wake_by_ref();
        }
        Poll::<()>::Pending
    });
    assert!(pending.is_pending());
    assert_eq!((polled, task.wakes()), (polls, wakes));
}

#[test]
fn a_future_that_wakes_itself_is_polled_again_without_its_task() {
    check(0, 1, 0);
    check(1, 2, 0);
    check(TURNS - 1, TURNS, 0);
}

#[test]
fn a_future_that_never_rests_lets_other_tasks_have_a_turn() {
    check(TURNS, TURNS, 1);
    check(usize::MAX, TURNS, 1);
}

#[test]
fn a_future_that_rests_wakes_its_task() {
    let task = Arc::new(Task::default());
    let waker = Waker::from(Arc::clone(&task));
    let cx = Context::from_waker(&waker);
    let in_place = InPlace::new();
    let mut kept = None;
    let pending = in_place.poll(&cx, |cx| {
        kept = Some(cx.waker().clone());
        Poll::<()>::Pending
    });
    assert!(pending.is_pending());
    assert_eq!(task.wakes(), 0);
    kept.take().expect("it was polled").wake();
    assert_eq!(task.wakes(), 1);
}

#[test]
fn the_task_that_polled_last_is_the_one_that_is_woken() {
    let tasks = [Arc::new(Task::default()), Arc::new(Task::default())];
    let in_place = InPlace::new();
    let mut kept = None;
    for task in &tasks {
        let waker = Waker::from(Arc::clone(task));
        let pending = in_place.poll(&Context::from_waker(&waker), |cx| {
            kept.get_or_insert_with(|| cx.waker().clone());
            Poll::<()>::Pending
        });
        assert!(pending.is_pending());
    }
    kept.take().expect("it was polled").wake();
    assert_eq!(tasks.map(|task| task.wakes()), [0, 1]);
}
