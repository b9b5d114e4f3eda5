//! The reach lab: which way out each client finds, network by network. Needs root, for network namespaces.
//!
//! Exit status: 0 the client did what it must in every condition, 1 it did not in some, 2 wrong arguments,
//! 3 the lab itself failed or lacks something here, 130 it was broken off.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use adit_testkit::reach::columns::Column;
use adit_testkit::reach::condition::Condition;
use adit_testkit::reach::lab::{self, Options, Outcome};
use adit_testkit::reach::{conditions, control, fault, ntlm};
use clap::{Args, Parser, Subcommand};

#[derive(Parser)]
#[command(
    name = "reach",
    about = "Tries the clients in every network of the reach lab and prints what came of it"
)]
struct Cli {
    #[command(flatten)]
    run: Run,
    #[command(subcommand)]
    inside: Option<Command>,
}

#[derive(Args)]
struct Run {
    /// Only conditions whose short name contains this; repeat for more, `quick` stands for a handful
    #[arg(long, value_name = "PATTERN")]
    only: Vec<String>,
    /// Only these columns, with commas between: classic, standard, reach, ffmpeg-rtmp, ffmpeg-rtmpt, ffmpeg-rtmps
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = column)]
    columns: Vec<Column>,
    /// Write the table there as a page
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// Print the short names of the conditions and end
    #[arg(long)]
    list: bool,
    /// The client and server under test [default: `adit` beside this program]
    #[arg(long, value_name = "FILE")]
    adit: Option<PathBuf>,
    /// The ffmpeg of the columns and of the publisher
    #[arg(long, value_name = "FILE", default_value = "ffmpeg")]
    ffmpeg: PathBuf,
    /// How many conditions at the same time
    #[arg(long, value_name = "COUNT", default_value_t = 2)]
    at_a_time: usize,
    /// Keep there what every program said
    #[arg(long, value_name = "DIR")]
    logs: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// What the lab runs inside its own namespaces
    #[command(hide = true, subcommand)]
    Inside(Inside),
}

#[derive(Subcommand)]
enum Inside {
    /// Asks an address for RTMP
    Answer { address: String, milliseconds: u64 },
    /// Checks passwords by NTLM for squid
    Ntlm,
    /// Serves a port of the gateway with a fault
    Fault { fault: fault::Fault, port: u16 },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match cli.inside {
        Some(Command::Inside(Inside::Answer {
            address,
            milliseconds,
        })) => {
            control::answer(&address, Duration::from_millis(milliseconds)).map(|()| Outcome::Met)
        }
        Some(Command::Inside(Inside::Ntlm)) => ntlm::serve()
            .map(|()| Outcome::Met)
            .map_err(|error| error.to_string()),
        Some(Command::Inside(Inside::Fault { fault, port })) => fault::serve(fault, port)
            .map(|()| Outcome::Met)
            .map_err(|error| error.to_string()),
        None => run(cli.run),
    };
    match outcome {
        Ok(Outcome::Met) => ExitCode::SUCCESS,
        Ok(Outcome::Unmet) => ExitCode::from(1),
        Ok(Outcome::LabFailed) => ExitCode::from(3),
        Ok(Outcome::Stopped) => ExitCode::from(130),
        Err(why) => {
            drop(writeln!(io::stderr(), "error: {why}"));
            ExitCode::from(3)
        }
    }
}

fn run(arguments: Run) -> Result<Outcome, String> {
    let chosen = choose(&arguments.only);
    if arguments.list {
        let mut out = io::stdout().lock();
        for condition in chosen {
            writeln!(out, "{:<24} {}", condition.id, condition.title)
                .map_err(|error| error.to_string())?;
        }
        return Ok(Outcome::Met);
    }
    if chosen.is_empty() {
        return Err(format!(
            "no condition is called like {}; see --list",
            arguments.only.join(", ")
        ));
    }
    if !lab::may_run() {
        return Err("the lab needs root, for network namespaces".to_owned());
    }
    let missing = lab::missing();
    if !missing.is_empty() {
        return Err(format!(
            "the lab lacks {}; run tools/install-peers",
            missing.join("; ")
        ));
    }
    let mut options = Options::new(adit(arguments.adit)?, chosen);
    options.ffmpeg = arguments.ffmpeg;
    if !arguments.columns.is_empty() {
        options.columns = arguments.columns;
    }
    options.at_a_time = arguments.at_a_time;
    options.markdown = arguments.markdown;
    options.logs = arguments.logs;
    lab::run(&options).map_err(|error| error.to_string())
}

fn choose(patterns: &[String]) -> Vec<Condition> {
    let wanted = |condition: &Condition| {
        patterns.is_empty()
            || patterns.iter().any(|pattern| {
                let quick = pattern == "quick" && conditions::QUICK.contains(&condition.id);
                quick || condition.id.contains(pattern.as_str())
            })
    };
    conditions::all().into_iter().filter(wanted).collect()
}

fn adit(given: Option<PathBuf>) -> Result<PathBuf, String> {
    let file = match given {
        Some(file) => file,
        None => std::env::current_exe()
            .map_err(|error| error.to_string())?
            .with_file_name("adit"),
    };
    std::path::absolute(&file)
        .ok()
        .filter(|file| file.is_file())
        .ok_or_else(|| {
            format!(
                "there is no {}; build it with `cargo build -p adit`, or name it with --adit",
                file.display()
            )
        })
}

fn column(name: &str) -> Result<Column, String> {
    Column::named(name).ok_or_else(|| format!("no column is called {name}"))
}
