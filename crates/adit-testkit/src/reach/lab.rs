//! A run of the lab: what it needs looked for, the rows one after the other, the table.

use std::fs;
use std::io::{self, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use tempfile::TempDir;

use super::certs::Certificates;
use super::columns::{Column, Programs};
use super::condition::{Condition, Direction};
use super::row::{self, Bench, Row};
use super::table::{self, About};
use super::{clip, conditions, net, stop};

/// What a run is asked to do.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// Our client and server.
    pub adit: PathBuf,
    /// The ffmpeg of the columns.
    pub ffmpeg: PathBuf,
    /// The conditions.
    pub conditions: Vec<Condition>,
    /// The clients.
    pub columns: Vec<Column>,
    /// How many conditions at the same time.
    pub at_a_time: usize,
    /// Where the page goes.
    pub markdown: Option<PathBuf>,
    /// Where what every program said is kept.
    pub logs: Option<PathBuf>,
}

impl Options {
    /// All columns in these conditions, two at a time, nothing written.
    pub fn new(adit: PathBuf, conditions: Vec<Condition>) -> Self {
        Self {
            adit,
            ffmpeg: PathBuf::from("ffmpeg"),
            conditions,
            columns: Column::ALL.to_vec(),
            at_a_time: 2,
            markdown: None,
            logs: None,
        }
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The client did what it must in every condition.
    Met,
    /// It did not in some.
    Unmet,
    /// Some condition was not what it says.
    LabFailed,
    /// Somebody asked for the end.
    Stopped,
}

/// How much of the line that a program says about its version is enough.
const VERSION_LENGTH: usize = 48;

/// What the lab runs besides ours, and which argument makes it tell its version.
const TOOLS: [(&str, &str, &str); 14] = [
    ("ip", "iproute2", "-V"),
    ("nft", "nftables", "--version"),
    ("setpriv", "util-linux", "--version"),
    ("dnsmasq", "dnsmasq-base", "--version"),
    ("squid", "squid-openssl", "-v"),
    ("tinyproxy", "tinyproxy", "-v"),
    ("danted", "dante-server", "-v"),
    ("privoxy", "privoxy", "--version"),
    ("haproxy", "haproxy", "-v"),
    ("nginx", "nginx", "-v"),
    ("curl", "curl", "--version"),
    ("openssl", "openssl", "version"),
    ("ffmpeg", "ffmpeg", "-version"),
    ("chmod", "coreutils", "--version"),
];

/// Whether whoever runs this may make networks.
pub fn may_run() -> bool {
    rustix::process::geteuid().is_root()
}

/// The programs the lab lacks here, with their Debian packages.
pub fn missing() -> Vec<String> {
    TOOLS
        .iter()
        .filter(|(program, _, _)| find(program).is_none())
        .map(|(program, package, _)| format!("{program} (Debian: {package})"))
        .collect()
}

fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin"), PathBuf::from("/sbin")])
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// Runs the lab and prints each row when it is done.
///
/// # Errors
///
/// When the page cannot be written.
pub fn run(options: &Options) -> io::Result<Outcome> {
    stop::watch();
    net::sweep();
    let temporary = TempDir::with_prefix(net::own_prefix())?;
    let folder = options
        .logs
        .clone()
        .unwrap_or_else(|| temporary.path().to_owned());
    fs::create_dir_all(&folder)?;
    if fs::read_dir(&folder)?.next().is_some() {
        let why = format!(
            "{} is not empty; name a new folder for the logs",
            folder.display()
        );
        return Err(io::Error::other(why));
    }
    open(&folder)?;
    if options
        .conditions
        .iter()
        .any(|each| each.direction == Direction::Publish)
    {
        clip::LARGE.make(&options.ffmpeg, &folder);
    }
    let bench = Bench {
        programs: Programs::new(options.adit.clone(), options.ffmpeg.clone()),
        certs: Certificates::make(folder.join("certificates")),
        clip: clip::SMALL.make(&options.ffmpeg, &folder),
        folder: folder.clone(),
        columns: options.columns.clone(),
    };
    let rows = run_rows(options, &bench);
    if stop::requested() {
        return Ok(Outcome::Stopped);
    }
    if let Some(page) = &options.markdown {
        fs::write(page, table::page(&rows, &options.columns, &about(&bench)))?;
    }
    Ok(if rows.iter().any(|row| !row.lab.is_empty()) {
        Outcome::LabFailed
    } else if rows.iter().any(|row| !row.unmet.is_empty()) {
        Outcome::Unmet
    } else {
        Outcome::Met
    })
}

/// Programs that gave up being root must get to their folders.
fn open(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))
}

/// All rows, in the order of the conditions: first the one that is about milliseconds, alone, then a few at a time.
fn run_rows(options: &Options, bench: &Bench) -> Vec<Row> {
    let numbered = options.conditions.iter().enumerate();
    let (alone, together): (Vec<_>, Vec<_>) =
        numbered.partition(|(_, condition)| condition.id == conditions::BLACK_HOLED);
    let done = Mutex::new(Vec::new());
    for (rows, at_a_time) in [(alone, 1), (together, options.at_a_time.max(1))] {
        let next = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..at_a_time {
                scope.spawn(|| {
                    while let Some((number, condition)) =
                        rows.get(next.fetch_add(1, Ordering::Relaxed))
                    {
                        if stop::requested() {
                            return;
                        }
                        let row = guarded(*number, condition, bench);
                        if stop::requested() {
                            return;
                        }
                        say(&table::for_terminal(&row));
                        done.lock()
                            .expect("nobody panics with it")
                            .push((*number, row));
                    }
                });
            }
        });
    }
    let mut rows = done.into_inner().expect("nobody panics with it");
    rows.sort_by_key(|(number, _)| *number);
    rows.into_iter().map(|(_, row)| row).collect()
}

/// A row whose own panic is a failure of the lab; what it made is taken away while it unwinds.
fn guarded(number: usize, condition: &Condition, bench: &Bench) -> Row {
    catch_unwind(AssertUnwindSafe(|| row::run(number, condition, bench))).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().cloned();
        let said = said.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Row::broken(condition, said.unwrap_or_else(|| "a panic".to_owned()))
    })
}

fn about(bench: &Bench) -> About {
    let first_line = |program: &Path, argument: &str| {
        let output = Command::new(program).arg(argument).output().ok()?;
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        text.lines()
            .map(str::trim)
            .find(|line| !line.is_empty())
            .map(|line| {
                line.split("  ")
                    .next()
                    .unwrap_or(line)
                    .chars()
                    .take(VERSION_LENGTH)
                    .collect()
            })
    };
    let mut versions: Vec<(String, String)> = TOOLS
        .iter()
        .filter(|(program, _, _)| !["ip", "setpriv", "chmod", "ffmpeg"].contains(program))
        .filter_map(|(program, package, argument)| {
            Some((
                (*package).to_owned(),
                first_line(&find(program)?, argument)?,
            ))
        })
        .collect();
    versions.push((
        "ffmpeg".to_owned(),
        first_line(&bench.programs.ffmpeg, "-version").unwrap_or_default(),
    ));
    versions.push((
        "adit".to_owned(),
        first_line(&bench.programs.adit, "--version").unwrap_or_default(),
    ));
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let date = first_line(Path::new("date"), "+%Y-%m-%d").unwrap_or_default();
    About {
        date,
        kernel: kernel
            .trim()
            .split('-')
            .next()
            .unwrap_or_default()
            .to_owned(),
        versions,
        profile: if cfg!(debug_assertions) {
            "debug"
        } else {
            "release"
        },
    }
}

/// Whole rows at once: two threads may have something to say.
fn say(text: &str) {
    let mut out = io::stdout().lock();
    stop::best_effort(writeln!(out, "{text}"));
}
