//! As few threads serve connections as are enough.
//!
//! A thread of tokio that has more than one thing to do wakes another one to help. For a server that sends one frame to a thousand players
//! that is so with each frame, and while one thread could do it all, the help costs more than the work that it takes over: a fifth of
//! all CPU at a thousand players (`docs/performance.md`). So threads that are not needed are kept from helping: each of them runs a task
//! that blocks it, which leaves the others alone with the work and the sockets. When those are busy, more are let go.
//!
//! ```text
//!  CPU in use    0.75 of the threads that serve, or work waits    ──▶ twice as many
//!                0.5 of half of them, for 3 s, and nothing waits  ──▶ half as many
//! ```

use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use tokio::runtime::Handle;
use tracing::debug;

/// The threads of a runtime, of which those that are not needed rest. Dropping it ends their rest.
#[derive(Debug)]
pub(super) struct Crew(Arc<Threads>);

#[derive(Debug)]
struct Threads {
    all: usize,
    /// How long a thread that rests is blocked at a time.
    turn: Duration,
    rest: Mutex<Rest>,
    changed: Condvar,
}

/// Threads that do not serve. There are always fewer than there are threads.
#[derive(Debug, Default)]
struct Rest {
    /// How many ought to rest.
    wanted: usize,
    /// How many do, or are about to.
    resting: usize,
    is_over: bool,
}

impl Crew {
    /// Lets all threads of the runtime but one rest, and has them come back when they are needed.
    ///
    /// # Errors
    /// The system refuses the thread that looks after them.
    pub(super) fn start(runtime: Handle) -> std::io::Result<Self> {
        let threads = Arc::new(Threads::new(runtime.metrics().num_workers(), TURN));
        let crew = Self(Arc::clone(&threads));
        if threads.all > 1 {
            threads.serve_with(1, &runtime);
            let name = "adit-threads".to_owned();
            let look_after = move || threads.look_after(&runtime);
            thread::Builder::new().name(name).spawn(look_after)?;
        }
        Ok(crew)
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        let mut rest = self.0.rest();
        rest.wanted = 0;
        rest.is_over = true;
        drop(rest);
        self.0.changed.notify_all();
    }
}

impl Threads {
    fn new(all: usize, turn: Duration) -> Self {
        Self {
            all,
            turn,
            rest: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// Has so many threads serve.
    fn serve_with(self: &Arc<Self>, serving: usize, runtime: &Handle) {
        let mut rest = self.rest();
        if rest.is_over {
            return;
        }
        rest.wanted = self.all.saturating_sub(serving.max(1));
        while rest.resting < rest.wanted {
            rest.resting = rest.resting.saturating_add(1);
            let threads = Arc::clone(self);
            drop(runtime.spawn(threads.sit_out()));
        }
        drop(rest);
        self.changed.notify_all();
    }

    /// Blocks the thread that this is polled by for as long as it is not needed. The others take what waits there, as from any thread that is
    /// busy; but a task that gave way to others (`yield_now`, or its budget was spent) is the thread's own until that looks for more to do,
    /// and that is what the breaks are for: such a task waits for one or two turns, when a rest begins, and for no longer.
    async fn sit_out(self: Arc<Self>) {
        while self.block() {
            tokio::task::yield_now().await;
        }
    }

    /// Blocks the thread for one turn, and says whether there is another one.
    fn block(&self) -> bool {
        let is_needless = |rest: &mut Rest| rest.resting <= rest.wanted;
        let waited = self
            .changed
            .wait_timeout_while(self.rest(), self.turn, is_needless);
        let (mut rest, turn) = waited.unwrap_or_else(PoisonError::into_inner);
        let goes_on = turn.timed_out();
        if !goes_on {
            rest.resting = rest.resting.saturating_sub(1);
        }
        goes_on
    }

    /// Changes how many threads serve, until it is over.
    fn look_after(self: Arc<Self>, runtime: &Handle) {
        let mut serving = 1;
        let mut load = Load::begin();
        let mut probe = Probe::send(runtime);
        let mut calm_since = None;
        while self.sleep(LOOK) {
            let strain = Strain {
                usage: load.look(),
                is_late: probe.look(runtime) > LATE,
            };
            let (now, next) = (Instant::now(), next(serving, self.all, strain));
            let is_calm = next < serving;
            let calm_for = calm_since
                .filter(|_| is_calm)
                .map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
            calm_since = is_calm.then(|| calm_since.unwrap_or(now));
            if next > serving || calm_for >= CALM {
                debug!(serving = next, "threads that serve");
                self.serve_with(next, runtime);
                (serving, calm_since) = (next, None);
            }
        }
    }

    /// Sleeps so long; `false` where it is over.
    fn sleep(&self, span: Duration) -> bool {
        let goes_on = |rest: &mut Rest| !rest.is_over;
        let waited = self.changed.wait_timeout_while(self.rest(), span, goes_on);
        let (rest, _) = waited.unwrap_or_else(PoisonError::into_inner);
        !rest.is_over
    }

    /// What is behind the lock is whole after each statement.
    fn rest(&self) -> MutexGuard<'_, Rest> {
        self.rest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How much there is to do for the threads that serve.
#[derive(Clone, Copy, Debug)]
struct Strain {
    /// How many cores' worth of CPU are used.
    usage: f64,
    /// Whether work waits for its turn, however much CPU is used: other programs may have the cores, too.
    is_late: bool,
}

/// How many threads ought to serve in place of `serving`, of `all` there are.
fn next(serving: usize, all: usize, strain: Strain) -> usize {
    let Strain { usage, is_late } = strain;
    let share = |threads: usize| usage / f64::from(u32::try_from(threads).unwrap_or(u32::MAX));
    let (more, fewer) = (serving.saturating_mul(2).min(all), serving / 2);
    if share(serving) > BUSY || is_late {
        more
    } else if fewer > 0 && share(fewer) < IDLE {
        fewer
    } else {
        serving
    }
}

/// A task that does nothing but to have its turn.
struct Probe {
    sent: Instant,
    waited: Arc<OnceLock<Duration>>,
}

impl Probe {
    fn send(runtime: &Handle) -> Self {
        let (sent, waited) = (Instant::now(), Arc::<OnceLock<_>>::default());
        let mine = Arc::clone(&waited);
        drop(runtime.spawn(async move { mine.set(sent.elapsed()) }));
        Self { sent, waited }
    }

    /// How long it had to wait, or has waited up to now. One that has had its turn is followed by another one.
    fn look(&mut self, runtime: &Handle) -> Duration {
        let Some(waited) = self.waited.get().copied() else {
            return self.sent.elapsed();
        };
        *self = Self::send(runtime);
        waited
    }
}

/// How much CPU the process uses.
struct Load {
    since: Instant,
    used: Duration,
}

impl Load {
    fn begin() -> Self {
        Self {
            since: Instant::now(),
            used: used(),
        }
    }

    /// How many cores' worth since the last look.
    fn look(&mut self) -> f64 {
        let now = Self::begin();
        let span = now.since.saturating_duration_since(self.since);
        let used = now.used.saturating_sub(self.used);
        *self = now;
        used.as_secs_f64() / span.as_secs_f64().max(f64::EPSILON)
    }
}

fn used() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// Longer than any burst that a thread would help with in its break, and short enough for whoever waits for it.
const TURN: Duration = Duration::from_millis(100);

/// How often is looked.
const LOOK: Duration = Duration::from_millis(100);

/// From this share of their time on, the threads that serve get help. Below it what comes at the same moment does not wait for long.
const BUSY: f64 = 0.75;

/// Work that waits for longer is late. All frames of a moment for two thousand players are written in half of it.
const LATE: Duration = Duration::from_millis(20);

/// Below this share of their time, half of the threads would be enough.
const IDLE: f64 = 0.5;

/// For so long.
const CALM: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests;
