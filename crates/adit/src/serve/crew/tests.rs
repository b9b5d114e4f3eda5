use std::collections::HashSet;
use std::thread::ThreadId;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::*;

const THREADS: usize = 4;

fn runtime() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder
        .worker_threads(THREADS)
        .enable_all()
        .build()
        .unwrap()
}

/// The threads that do the work of tasks that wake each other.
fn at_work(runtime: &Runtime) -> HashSet<ThreadId> {
    runtime.block_on(async {
        let mut tasks = JoinSet::new();
        for _ in 0..50 {
            let (to_other, mut from_one) = mpsc::channel(1);
            let (to_one, mut from_other) = mpsc::channel(1);
            tasks.spawn(async move {
                let mut seen = HashSet::new();
                for _ in 0..20 {
                    to_other.send(()).await.unwrap();
                    from_other.recv().await.unwrap();
                    seen.insert(thread::current().id());
                }
                seen
            });
            tasks.spawn(async move {
                let mut seen = HashSet::new();
                while from_one.recv().await.is_some() {
                    seen.insert(thread::current().id());
                    to_one.send(()).await.unwrap();
                }
                seen
            });
        }
        tasks.join_all().await.into_iter().flatten().collect()
    })
}

/// Waits until the work is done by as many threads as that.
fn wait_for_work(runtime: &Runtime, is_it: impl Fn(usize) -> bool) {
    let since = Instant::now();
    while !is_it(at_work(runtime).len()) {
        assert!(since.elapsed() < Duration::from_mins(1));
    }
}

/// Waits until so many rest.
fn wait_for(threads: &Threads, resting: usize) {
    let since = Instant::now();
    while threads.rest().resting != resting {
        assert!(since.elapsed() < Duration::from_mins(1));
        thread::yield_now();
    }
}

#[test]
fn threads_that_rest_leave_all_work_to_one_and_come_back_when_they_are_needed() {
    let runtime = runtime();
    // No break: whatever is done is done by a thread that does not rest.
    let threads = Arc::new(Threads::new(THREADS, Duration::from_hours(1)));
    for _ in 0..20 {
        threads.serve_with(1, runtime.handle());
        wait_for_work(&runtime, |count| count == 1);
        // As fast as that, nobody has noticed that it was needed.
        threads.serve_with(THREADS, runtime.handle());
        threads.serve_with(1, runtime.handle());
        assert_eq!(threads.rest().resting, THREADS - 1);
        wait_for_work(&runtime, |count| count == 1);
        threads.serve_with(THREADS, runtime.handle());
        wait_for(&threads, 0);
    }
    wait_for_work(&runtime, |count| count > 1);
}

#[test]
fn a_task_that_gives_way_again_and_again_is_held_up_by_no_rest() {
    let runtime = runtime();
    let threads = Arc::new(Threads::new(THREADS, Duration::from_millis(1)));
    for _ in 0..20 {
        threads.serve_with(1, runtime.handle());
        runtime.block_on(async {
            let mut tasks = JoinSet::new();
            for _ in 0..50 {
                tasks.spawn(async {
                    for _ in 0..20 {
                        tokio::task::yield_now().await;
                    }
                });
            }
            tasks.join_all().await;
        });
        threads.serve_with(THREADS, runtime.handle());
    }
    wait_for(&threads, 0);
}

#[test]
fn dropping_it_ends_the_rest() {
    let runtime = runtime();
    // Nobody looks after these: a machine with much to do brings none of them back.
    let crew = Crew(Arc::new(Threads::new(THREADS, Duration::from_hours(1))));
    let threads = Arc::clone(&crew.0);
    threads.serve_with(1, runtime.handle());
    wait_for_work(&runtime, |count| count == 1);
    drop(crew);
    wait_for(&threads, 0);
    threads.serve_with(1, runtime.handle());
    assert_eq!(threads.rest().resting, 0, "it is over");
}

#[test]
fn a_probe_says_how_long_it_waits_until_it_has_had_its_turn() {
    let runtime = Builder::new_current_thread().build().unwrap();
    let mut probe = Probe::send(runtime.handle());
    let before = probe.sent;
    // Nobody runs the runtime.
    assert!(probe.look(runtime.handle()) <= before.elapsed());
    assert_eq!(probe.sent, before);
    runtime.block_on(async { tokio::task::yield_now().await });
    let waited = *probe.waited.get().unwrap();
    assert_eq!(probe.look(runtime.handle()), waited);
    assert_ne!(probe.sent, before, "another one is on the way");
}

#[test]
fn threads_are_added_when_those_that_serve_are_busy_and_taken_away_when_half_would_do() {
    let quick = |serving, all, usage| {
        let is_late = false;
        next(serving, all, Strain { usage, is_late })
    };
    assert_eq!(quick(1, 4, 0.75), 1);
    assert_eq!(quick(1, 4, 0.76), 2);
    assert_eq!(quick(2, 4, 1.6), 4);
    assert_eq!(quick(2, 3, 1.6), 3);
    assert_eq!(quick(4, 4, 4.0), 4);
    assert_eq!(quick(4, 4, 1.0), 4);
    assert_eq!(quick(4, 4, 0.9), 2);
    assert_eq!(quick(2, 4, 0.5), 2);
    assert_eq!(quick(2, 4, 0.4), 1);
    assert_eq!(quick(1, 4, 0.0), 1);
}

#[test]
fn threads_are_added_when_work_waits_whoever_has_the_cores() {
    let late = |serving, all| {
        let (usage, is_late) = (0.1, true);
        next(serving, all, Strain { usage, is_late })
    };
    assert_eq!(late(1, 4), 2);
    assert_eq!(late(2, 4), 4);
    assert_eq!(late(4, 4), 4);
}
