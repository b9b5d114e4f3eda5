//! Counts the instructions of what the server does for every message, and holds them against a file.
//!
//! ```text
//!   adit-count check     exits with 1 when a count is more than 2 % off what `instructions.txt` says
//!   adit-count update    writes the file anew
//! ```
//!
//! Each piece of work is run by valgrind's callgrind 100 times and 1,100 times; the difference, divided by a thousand, is what one
//! run costs. Set-up falls out of it, and so does everything that an operating system does at random.
//!
//! Counts do not depend on the clock, the caches or what else a machine does, but they belong to a compiler, and to a C library that
//! copies memory as it sees fit for the CPU. So the file says what it was made with, `check` compares all the same, whatever it runs
//! on, and when it fails it tells what is different; whoever changes the compiler or the machine updates the file in a commit of its
//! own. Fewer instructions fail as well: what was gained is to be kept.

mod work;

use std::{
    collections::BTreeMap,
    env,
    error::Error,
    fs,
    process::{Command, ExitCode},
};

use work::Work;

/// Where the counts are kept, beside the crate's manifest.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/instructions.txt");
/// Runs that are taken away from the longer ones.
const FEW: u64 = 100;
/// Runs that are counted.
const COUNTED: u64 = 1000;
/// How far a count may be off, in per mille.
const TOLERANCE: u64 = 20;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["check"] => check(),
        ["update"] => update().map(|()| true),
        ["run", name, times] => run(name, times).map(|()| true),
        _ => Err("usage: adit-count check | update".into()),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("adit-count: {error}");
            ExitCode::from(2)
        }
    }
}

/// What a file of counts holds: `# made with: …` lines, then a name and a count on each.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    made_with: Vec<String>,
    counts: BTreeMap<String, u64>,
}

impl Counts {
    fn measure() -> Result<Self, Box<dyn Error>> {
        if cfg!(debug_assertions) {
            return Err(
                "instructions of an unoptimized build say nothing: cargo run --release".into(),
            );
        }
        let mut counts = BTreeMap::new();
        for work in Work::ALL {
            let few = collected(work, FEW)?;
            let many = collected(work, FEW + COUNTED)?;
            counts.insert(work.name().to_owned(), many.saturating_sub(few) / COUNTED);
        }
        Ok(Self {
            made_with: made_with()?,
            counts,
        })
    }

    fn parse(text: &str) -> Result<Self, Box<dyn Error>> {
        let mut file = Self::default();
        for line in text.lines() {
            if let Some(what) = line.strip_prefix("# made with: ") {
                file.made_with.push(what.to_owned());
            } else if let Some((name, count)) = line.split_once(' ')
                && !line.starts_with('#')
            {
                file.counts.insert(name.to_owned(), count.trim().parse()?);
            }
        }
        Ok(file)
    }

    fn write(&self) -> String {
        let title =
            "# Instructions of one run of each work; see src/bin/adit-count/main.rs.".to_owned();
        let made = self
            .made_with
            .iter()
            .map(|what| format!("# made with: {what}"));
        let counts = self
            .counts
            .iter()
            .map(|(name, count)| format!("{name} {count}"));
        let lines: Vec<_> = std::iter::once(title).chain(made).chain(counts).collect();
        lines.join("\n") + "\n"
    }

    /// A line for each work, and whether it is within the tolerance of `kept`.
    fn compare(&self, kept: &Self) -> Vec<(String, bool)> {
        let names = self.counts.keys().chain(kept.counts.keys());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names.dedup();
        let line = |name: &String| {
            let (Some(now), Some(before)) = (self.counts.get(name), kept.counts.get(name)) else {
                return (format!("{name}: not in both"), false);
            };
            let within = now.abs_diff(*before) * 1000 <= before * TOLERANCE;
            let change = (*now as f64 / *before as f64 - 1.0) * 100.0;
            let verdict = if within { "" } else { ": more than 2 % off" };
            (
                format!("{name}: {now}, was {before} ({change:+.2} %){verdict}"),
                within,
            )
        };
        names.into_iter().map(line).collect()
    }
}

fn check() -> Result<bool, Box<dyn Error>> {
    let kept = Counts::parse(&fs::read_to_string(FILE)?)?;
    let now = Counts::measure()?;
    let lines = now.compare(&kept);
    for (line, _) in &lines {
        println!("{line}");
    }
    let is_good = lines.iter().all(|(_, within)| *within);
    if !is_good {
        for (was, is) in kept
            .made_with
            .iter()
            .zip(&now.made_with)
            .filter(|(was, is)| was != is)
        {
            println!("the counts were made with {was}, this is {is}");
        }
        println!(
            "if this is meant: cargo run --release -p adit-bench --no-default-features --bin adit-count -- update"
        );
    }
    Ok(is_good)
}

fn update() -> Result<(), Box<dyn Error>> {
    let counts = Counts::measure()?;
    fs::write(FILE, counts.write())?;
    print!("{}", counts.write());
    Ok(())
}

/// What valgrind runs.
fn run(name: &str, times: &str) -> Result<(), Box<dyn Error>> {
    let work = Work::ALL
        .into_iter()
        .find(|work| work.name() == name)
        .ok_or("there is no such work")?;
    work.run(times.parse()?)
}

/// Instructions of a whole process that runs a work so many times.
fn collected(work: Work, times: u64) -> Result<u64, Box<dyn Error>> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe()?)
        .args(["run", work.name(), &times.to_string()])
        .output()
        .map_err(|error| format!("valgrind: {error}; apt-get install valgrind"))?;
    let told = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("valgrind ended with {}:\n{told}", output.status).into());
    }
    let count = told
        .lines()
        .find_map(|line| line.split_once("Collected : "))
        .ok_or_else(|| format!("valgrind did not say what it collected:\n{told}"))?;
    Ok(count.1.trim().parse()?)
}

/// What the counts depend on: the compiler, the C library, valgrind and the CPU.
fn made_with() -> Result<Vec<String>, Box<dyn Error>> {
    let first_line = |program: &str| -> Result<String, Box<dyn Error>> {
        let output = Command::new(program)
            .arg("--version")
            .output()
            .map_err(|error| format!("{program}: {error}"))?;
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(text.lines().next().unwrap_or_default().to_owned())
    };
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = cpus
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("an unknown CPU", |(_, name)| name);
    Ok(vec![
        format!("{}, {}", first_line("rustc")?, env::consts::ARCH),
        first_line("ldd")?,
        first_line("valgrind")?,
        cpu.to_owned(),
    ])
}

#[cfg(test)]
mod tests;
