//! What the operating system says about the process; where it does not say it, the number is left out.

use std::fmt;
use std::fs;

use rustix::process::{Resource, getrlimit};

use super::{Writer, bytes, float};
use crate::memory::resident;

/// Ticks a second in `/proc/self/stat`, the same on every Linux that programs meet.
const TICKS: f64 = 100.0;

pub(super) fn write(to: &mut Writer<'_>) -> fmt::Result {
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        to.gauge(
            "process_open_fds",
            "File descriptors in use",
            float(open.count()),
        )?;
    }
    if let Some(most) = getrlimit(Resource::Nofile).current {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        to.gauge(
            "process_max_fds",
            "File descriptors there may be",
            float(most),
        )?;
    }
    if let Some(resident) = resident() {
        to.gauge(
            "process_resident_memory_bytes",
            "Memory in use",
            bytes(resident),
        )?;
    }
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    if let Some(ticks) = cpu_ticks(&stat) {
        to.seconds(
            "process_cpu_seconds",
            "Time of processors used",
            ticks / TICKS,
        )?;
    }
    Ok(())
}

/// The 14th and 15th field; the second is a name in parentheses that may hold anything.
fn cpu_ticks(stat: &str) -> Option<f64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_says_is_read_and_anything_else_is_nothing() {
        let stat = "7 (a) b) S 1 2 3 4 5 6 7 8 9 10 30 12 0 0";
        assert_eq!(cpu_ticks(stat), Some(42.0));
        assert_eq!(cpu_ticks("7"), None);
    }
}
