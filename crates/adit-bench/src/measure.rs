//! What the kernel says of a process and of the machine.

use std::{fs, time::SystemTime};

use rustix::time::{ClockId, clock_gettime};

use crate::error::{Doing, Error, Result};

/// The monotonic clock in nanoseconds; the same for all processes of the machine.
pub(crate) fn monotonic_ns() -> u64 {
    nanoseconds(ClockId::Monotonic)
}

/// CPU time this thread has used, in seconds.
pub(crate) fn thread_cpu_seconds() -> f64 {
    nanoseconds(ClockId::ThreadCPUTime) as f64 / 1e9
}

fn nanoseconds(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    seconds * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or_default()
}

/// CPU time of a process in seconds, user and system together: what all its threads have run so far,
/// to the nanosecond. `/proc/PID/stat` would say it in ticks of 10 ms, too coarse for a short window.
pub(crate) fn cpu_seconds(pid: u32) -> Result<f64> {
    let path = format!("/proc/{pid}/task");
    let tasks = fs::read_dir(&path).doing(|| format!("reading {path}"))?;
    let mut nanoseconds = 0;
    for task in tasks.flatten() {
        // A thread may end between the listing and the reading.
        if let Ok(text) = fs::read_to_string(task.path().join("schedstat")) {
            nanoseconds += ran_ns(&text)
                .ok_or_else(|| Error::Setup(format!("{path} has an unknown form: {text}")))?;
        }
    }
    Ok(nanoseconds as f64 / 1e9)
}

/// The first field of schedstat: the time on a core.
fn ran_ns(schedstat: &str) -> Option<u64> {
    schedstat.split_ascii_whitespace().next()?.parse().ok()
}

/// CPU time that all cores together have spent on anything, in seconds; what a hypervisor took away
/// counts too.
pub(crate) fn machine_cpu_seconds() -> Result<f64> {
    let path = "/proc/stat";
    let stat = fs::read_to_string(path).doing(|| format!("reading {path}"))?;
    let ticks = busy_ticks(&stat)
        .ok_or_else(|| Error::Setup(format!("{path} has an unknown form: {stat}")))?;
    Ok(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}

/// user, nice, system, (idle, iowait,) irq, softirq and steal of the first line.
fn busy_ticks(stat: &str) -> Option<u64> {
    let fields = stat
        .lines()
        .next()?
        .strip_prefix("cpu ")?
        .split_ascii_whitespace();
    let ticks: Vec<u64> = fields
        .map(str::parse)
        .collect::<std::result::Result<_, _>>()
        .ok()?;
    let (idle, iowait) = (ticks.get(3)?, ticks.get(4)?);
    Some(ticks.iter().take(8).sum::<u64>() - idle - iowait)
}

/// Memory a process has resident, in bytes.
pub(crate) fn resident_bytes(pid: u32) -> Result<u64> {
    let path = format!("/proc/{pid}/status");
    let status = fs::read_to_string(&path).doing(|| format!("reading {path}"))?;
    resident(&status).ok_or_else(|| Error::Setup(format!("{path} has no VmRSS")))
}

fn resident(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

/// Child processes of `pid`'s main thread.
pub(crate) fn children(pid: u32) -> Vec<u32> {
    fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))
        .unwrap_or_default()
        .split_ascii_whitespace()
        .filter_map(|child| child.parse().ok())
        .collect()
}

/// The machine a run was made on.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    pub(crate) cores: usize,
    pub(crate) cpu: String,
    pub(crate) memory_mib: u64,
    pub(crate) kernel: String,
    pub(crate) system: String,
    /// Runnable processes of the last minute when the run began, as the kernel averages them.
    pub(crate) load_before: String,
}

impl Machine {
    /// Reads what is known; what is not known stays empty.
    pub(crate) fn read() -> Self {
        let text = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let value = |text: &str, key: &str, by: char| {
            let line = text.lines().find(|line| line.starts_with(key));
            line.and_then(|line| line.split_once(by))
                .map(|(_, value)| value.trim().trim_matches('"').to_owned())
                .unwrap_or_default()
        };
        let memory = value(&text("/proc/meminfo"), "MemTotal", ':');
        let memory_kib: u64 = memory
            .trim_end_matches("kB")
            .trim()
            .parse()
            .unwrap_or_default();
        Self {
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            cpu: value(&text("/proc/cpuinfo"), "model name", ':'),
            memory_mib: memory_kib / 1024,
            kernel: text("/proc/sys/kernel/osrelease").trim().to_owned(),
            system: value(&text("/etc/os-release"), "PRETTY_NAME", '='),
            load_before: text("/proc/loadavg")
                .split(' ')
                .next()
                .unwrap_or_default()
                .to_owned(),
        }
    }
}

/// Now in UTC, as `2026-11-22T15:12:44Z`.
pub(crate) fn date() -> String {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    format_utc(since.as_secs())
}

/// Seconds since 1970 as a UTC date and time, by the Gregorian calendar.
fn format_utc(seconds: u64) -> String {
    let (mut days, of_day) = (seconds / 86_400, seconds % 86_400);
    let leap = |year: u64| {
        u64::from(year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)))
    };
    let mut year = 1970;
    while days >= 365 + leap(year) {
        days -= 365 + leap(year);
        year += 1;
    }
    let mut month = 1;
    for length in [31, 28 + leap(year), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    format!(
        "{year}-{month:02}-{:02}T{hour:02}:{minute:02}:{second:02}Z",
        days + 1
    )
}

#[cfg(test)]
mod tests;
