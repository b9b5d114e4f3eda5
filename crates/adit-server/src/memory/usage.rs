//! What the operating system says about memory.
//!
//! In a control group with a limit (`MemoryMax=` of a service, the limit of a container) that is what counts, the buffers of sockets
//! included: the kernel ends the process when the group runs out of it. Elsewhere it is what the process has in memory, of what the
//! machine has.

use std::fs;
use std::path::{Path, PathBuf};

/// What is used of what there is, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// What is used.
    pub used: u64,
    /// What may be used; never 0.
    pub total: u64,
}

impl Usage {
    /// `None` where nothing may be used, which only a system says that does not know.
    pub(crate) fn new(used: u64, total: u64) -> Option<Self> {
        (total != 0).then_some(Self { used, total })
    }

    /// Whether so many percent are used; 100 are never.
    pub(super) fn reaches(self, percent: u8) -> bool {
        if percent >= 100 {
            return false;
        }
        let used = u128::from(self.used).saturating_mul(100);
        used >= u128::from(self.total).saturating_mul(percent.into())
    }
}

/// Reads how much is used.
#[derive(Debug)]
pub(crate) struct Gauge {
    group: Option<Group>,
    /// How often the group was read since it was looked for.
    looks: u8,
}

/// The control group that has the smallest limit of those that the process is in.
#[derive(Debug, PartialEq, Eq)]
struct Group {
    directory: PathBuf,
    total: u64,
}

impl Gauge {
    pub(crate) const fn new() -> Self {
        Self {
            group: None,
            looks: 0,
        }
    }

    /// What is used of `total`, or of what the system lets the process use. `None` where it does not say it.
    pub(crate) fn read(&mut self, total: Option<u64>) -> Option<Usage> {
        if let Some(total) = total {
            return Usage::new(resident()?, total);
        }
        if self.looks == 0 {
            let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
            self.group = Group::find(Path::new("/sys/fs/cgroup"), &groups);
        }
        let usage = match &self.group {
            Some(group) => group.usage(),
            None => Usage::new(resident()?, kilobytes("/proc/meminfo", "MemTotal:")?),
        };
        // A process may be moved to another group.
        self.looks = match usage {
            Some(_) => self.looks.wrapping_add(1) % LOOKS,
            None => 0,
        };
        usage
    }
}

impl Group {
    /// Of the groups in `/proc/self/cgroup`, which holds a line `0::/path` where there is one tree for all controllers.
    fn find(root: &Path, groups: &str) -> Option<Self> {
        let path = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
        let own = root.join(path);
        let all = own.ancestors().take_while(|it| it.starts_with(root));
        let limited = all.filter_map(|directory| {
            // Above `memory.high` the kernel makes the process wait for memory, which is no better than not to have it.
            let limits = ["memory.max", "memory.high"].map(|file| number(&directory.join(file)));
            let total = limits.into_iter().flatten().min()?;
            Some(Self {
                directory: directory.to_owned(),
                total,
            })
        });
        limited.min_by_key(|group| group.total)
    }

    /// Without what the kernel takes back when somebody needs it: files in memory, and what it knows of them.
    fn usage(&self) -> Option<Usage> {
        let current = number(&self.directory.join("memory.current"))?;
        let stat = fs::read_to_string(self.directory.join("memory.stat")).ok()?;
        let given_back = ["active_file ", "inactive_file ", "slab_reclaimable "];
        let given_back = given_back.iter().filter_map(|name| field(&stat, name));
        let used = given_back.fold(current, u64::saturating_sub);
        Usage::new(used, self.total)
    }
}

/// What the process has in memory, in bytes.
pub(crate) fn resident() -> Option<u64> {
    kilobytes("/proc/self/status", "VmRSS:")
}

/// What stands in a line `NAME   123 kB`, in bytes.
fn kilobytes(path: &str, name: &str) -> Option<u64> {
    let text = fs::read_to_string(path).ok()?;
    field(&text, name)?.checked_mul(1024)
}

/// The number behind `name` at the beginning of a line.
fn field(text: &str, name: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    rest.trim_end_matches("kB").trim().parse().ok()
}

/// The number that is all of a file; none for the word `max`.
fn number(path: &Path) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// After so many looks the group is looked for again: its limits may be others by then.
const LOOKS: u8 = 40;

#[cfg(test)]
mod tests;
