//! An end before the end: Ctrl-C, SIGTERM and SIGHUP are noted here, and every wait of the lab looks.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tokio::signal::unix::{SignalKind, signal};

static STOP: AtomicBool = AtomicBool::new(false);

/// How often a wait looks.
pub const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Notes the signals from now on, instead of dying of them.
pub fn watch() {
    let (ready, is_ready) = std::sync::mpsc::sync_channel::<()>(1);
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let runtime = runtime.expect("a runtime for signals");
        runtime.block_on(async {
            let mut interrupt = signal(SignalKind::interrupt()).expect("SIGINT can be watched");
            let mut terminate = signal(SignalKind::terminate()).expect("SIGTERM can be watched");
            let mut hang_up = signal(SignalKind::hangup()).expect("SIGHUP can be watched");
            drop(ready);
            loop {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                    _ = hang_up.recv() => {}
                }
                STOP.store(true, Ordering::Relaxed);
            }
        });
    });
    // The sender is dropped, not used, when the signals are watched.
    best_effort(is_ready.recv());
}

/// Whether somebody asked for the end.
pub fn requested() -> bool {
    STOP.load(Ordering::Relaxed)
}

/// Waits until `ready` gives something, the time is over or the end is asked for.
pub fn wait_for<T>(within: Duration, mut ready: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + within;
    loop {
        if let Some(found) = ready() {
            return Some(found);
        }
        if requested() || Instant::now() >= deadline {
            return None;
        }
        thread::sleep(LOOK_EVERY);
    }
}

/// For what may fail while cleaning up, where nothing better can be done.
pub fn best_effort<T, E>(outcome: Result<T, E>) {
    drop(outcome);
}
