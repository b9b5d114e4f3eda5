use std::fs;
use std::path::Path;

use super::*;

fn group(root: &Path, path: &str, files: &[(&str, &str)]) {
    let directory = root.join(path);
    fs::create_dir_all(&directory).unwrap();
    for (name, text) in files {
        fs::write(directory.join(name), format!("{text}\n")).unwrap();
    }
}

#[test]
fn the_smallest_limit_of_all_groups_counts_without_files_that_are_given_back() {
    let root = tempfile::tempdir().unwrap();
    group(
        root.path(),
        "system.slice",
        &[
            ("memory.max", "1000"),
            ("memory.high", "800"),
            ("memory.current", "500"),
            (
                "memory.stat",
                "anon 100\nfile 160\ninactive_file 50\nactive_file 90\nslab_reclaimable 10\nslab_unreclaimable 5",
            ),
        ],
    );
    let own = [("memory.max", "max"), ("memory.high", "900")];
    group(root.path(), "system.slice/adit.service", &own);
    let found = Group::find(root.path(), "0::/system.slice/adit.service\n").unwrap();
    assert_eq!(found.directory, root.path().join("system.slice"));
    assert_eq!(found.usage(), Usage::new(350, 800));
}

#[test]
fn groups_without_a_limit_are_none() {
    let root = tempfile::tempdir().unwrap();
    group(root.path(), "a", &[("memory.max", "max")]);
    assert_eq!(Group::find(root.path(), "0::/a\n"), None);
    assert_eq!(Group::find(root.path(), "0::/\n"), None);
    assert_eq!(Group::find(root.path(), "4:memory:/a\n"), None);
    assert_eq!(Group::find(root.path(), ""), None);
}

#[test]
fn what_the_system_says_is_read_and_anything_else_is_nothing() {
    let status = "VmHWM:\t 9 kB\nVmRSS:\t 2048 kB\n";
    assert_eq!(field(status, "VmRSS:"), Some(2048));
    assert_eq!(field("", "VmRSS:"), None);
}

#[test]
fn a_limit_of_its_own_is_compared_with_what_the_process_has_in_memory() {
    let mut gauge = Gauge::new();
    let usage = gauge.read(Some(1 << 40)).unwrap();
    assert_eq!(usage.total, 1 << 40);
    assert!(usage.used > 1 << 20, "{usage:?}");
    assert!(gauge.read(None).unwrap().total > usage.used);
    assert_eq!(gauge.read(Some(0)), None);
}

#[test]
fn percents_are_reached_and_not_nearly() {
    let usage = |used| Usage::new(used, 1000).unwrap();
    assert!(!usage(799).reaches(80));
    assert!(usage(800).reaches(80));
    assert!(Usage::new(u64::MAX, u64::MAX).unwrap().reaches(99));
    assert!(!usage(u64::MAX).reaches(100), "100 is never");
}
