//! One row of the table: the network made, the server started, the controls tried, the clients run.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use super::certs::Certificates;
use super::columns::{Cell, Column, LOOK_MICROSECONDS, Programs, Trial};
use super::condition::{Condition, Expected, HOST, Place};
use super::fault::TOUCHED;
use super::net::Network;
use super::services::{self, Running};
use super::{control, stop};
use crate::peers::QUIET;

#[cfg(test)]
mod tests;

/// Within which time a client says why it cannot.
const VERDICT_WITHIN: Duration = Duration::from_secs(10);
/// The exit code of a client that reached nothing.
const NOTHING_REACHED: i32 = 3;
/// How much later than the best single attempt the race may be.
const RACE_COSTS: Duration = Duration::from_millis(300);
/// How often the race is run.
const RACES: usize = 5;
/// The first client begins at once, so that its time is its own; the others one after the other.
const NEXT_CLIENT_AFTER: Duration = Duration::from_millis(400);

/// What all rows of a run share.
#[derive(Debug)]
pub struct Bench {
    /// The clients and the server.
    pub programs: Programs,
    /// The certificates.
    pub certs: Certificates,
    /// What is published.
    pub clip: PathBuf,
    /// Where rows have their folders.
    pub folder: PathBuf,
    /// What is tried.
    pub columns: Vec<Column>,
}

/// What came of one condition.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its short name.
    pub id: &'static str,
    /// What the table calls it.
    pub title: &'static str,
    /// A cell for every column that was asked for.
    pub cells: Vec<(Column, Cell)>,
    /// What is wrong with the lab: then the cells say nothing.
    pub lab: Vec<String>,
    /// What the client should have done and did not.
    pub unmet: Vec<String>,
    /// What else was measured.
    pub notes: Vec<String>,
}

impl Row {
    fn new(condition: &Condition) -> Self {
        Self {
            id: condition.id,
            title: condition.title,
            cells: Vec::new(),
            lab: Vec::new(),
            unmet: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// A row that the lab could not make.
    pub fn broken(condition: &Condition, why: String) -> Self {
        let mut row = Self::new(condition);
        row.lab.push(why);
        row
    }

    /// The cell of a column.
    pub fn cell(&self, column: Column) -> Option<&Cell> {
        self.cells
            .iter()
            .find(|(each, _)| *each == column)
            .map(|(_, cell)| cell)
    }
}

/// Makes the condition, tries the clients in it, and takes everything away again.
pub fn run(number: usize, condition: &Condition, bench: &Bench) -> Row {
    let mut row = Row::new(condition);
    let folder = bench.folder.join(condition.id);
    fs::create_dir_all(&folder).expect("the folder of the run takes folders");
    let network = Network::build(number, &condition.rules);
    let running = match start_all(condition, &network, &folder, bench) {
        Ok(running) => running,
        Err(why) => {
            row.lab.push(why);
            return row;
        }
    };
    row.lab = control::check(condition, &network, &folder, &bench.certs);
    if row.lab.is_empty() && !stop::requested() {
        let trial = Trial {
            programs: &bench.programs,
            network: &network,
            condition,
            certs: &bench.certs,
            folder: &folder,
        };
        row.cells = run_clients(&trial, &bench.columns);
        row.unmet.extend(
            row.cell(Column::Reach)
                .and_then(|cell| unmet(condition, cell)),
        );
        if condition.id == super::conditions::BLACK_HOLED && bench.columns.contains(&Column::Reach)
        {
            race(&trial, &mut row);
        }
    }
    look_at(&running, &mut row);
    write_logs(&folder, &running);
    row
}

/// The name server, the server with its publisher, and what stands in the way.
fn start_all(
    condition: &Condition,
    network: &Network,
    folder: &Path,
    bench: &Bench,
) -> Result<Vec<Running>, String> {
    let mut running = vec![services::start_name_server(
        &condition.names,
        network,
        folder,
    )?];
    let mut server = network.command(Place::Server, &bench.programs.adit);
    server.arg("serve");
    // What comes through proxies is not taken for local.
    server.args(["--publish", "anyone"]);
    for port in &condition.server {
        server.args(["--listen", &format!("[::]:{port}")]);
    }
    server.arg("--cert").arg(bench.certs.file("server.pem"));
    server.arg("--key").arg(bench.certs.file("server.key"));
    server.arg("--state-dir").arg(folder.join("server-state"));
    server.env_remove("ADIT_LOG").env("NO_COLOR", "1");
    running.push(Running::from_command(
        "adit serve",
        &mut server,
        folder,
        &condition.server,
    )?);
    running.push(publish(condition, network, folder, bench)?);
    for service in &condition.services {
        running.push(Running::start(service, network, folder, &bench.certs)?);
    }
    Ok(running)
}

/// Feeds the server, and waits until a player beside it would get something.
fn publish(
    condition: &Condition,
    network: &Network,
    folder: &Path,
    bench: &Bench,
) -> Result<Running, String> {
    let url = format!("rtmp://127.0.0.1:{}/live/clip", condition.server[0]);
    let mut feed = network.command(Place::Server, &bench.programs.ffmpeg);
    feed.args(QUIET);
    feed.args(["-re", "-stream_loop", "-1", "-i"]);
    feed.arg(&bench.clip)
        .args(["-c", "copy", "-f", "flv", &url]);
    let running = Running::from_command("publisher", &mut feed, folder, &[])?;
    let mut look: Command = network.command(Place::Server, &bench.programs.ffmpeg);
    look.args(QUIET);
    look.args(["-analyzeduration", LOOK_MICROSECONDS, "-i", &url]);
    look.args(["-t", "0.1", "-f", "null", "-"]);
    let mut look = crate::process::Process::start("a player beside the server", &mut look);
    match stop::wait_for(Duration::from_secs(15), || look.has_ended().then_some(())) {
        Some(()) if look.wait(Duration::from_secs(1)).success() => Ok(running),
        _ => Err(format!(
            "the stream does not play beside the server: {look}\n{}",
            running.said()
        )),
    }
}

/// All clients, at the same time but not begun in the same moment, ours first.
fn run_clients(trial: &Trial<'_>, columns: &[Column]) -> Vec<(Column, Cell)> {
    let mut order = columns.to_vec();
    order.sort_by_key(|column| *column != Column::Reach);
    thread::scope(|scope| {
        let mut clients = Vec::new();
        for (place, column) in (0..).zip(order) {
            if place > 0 {
                thread::sleep(NEXT_CLIENT_AFTER);
            }
            clients.push((column, scope.spawn(move || trial.run(column))));
        }
        let done: Vec<(Column, Cell)> = clients
            .into_iter()
            .map(|(column, client)| (column, client.join().unwrap_or(Cell::NotTried)))
            .collect();
        let find = |column: &Column| done.iter().find(|(each, _)| each == column).cloned();
        columns.iter().filter_map(find).collect()
    })
}

/// What `reach` should have done and did not.
fn unmet(condition: &Condition, cell: &Cell) -> Option<String> {
    match (condition.expected, cell) {
        (Expected::Media, Cell::Carried { .. }) => None,
        (
            Expected::Verdict(words),
            Cell::Failed {
                obstacle,
                exit,
                took,
            },
        ) => {
            let said = obstacle.to_lowercase();
            if *exit != Some(NOTHING_REACHED) {
                Some(format!(
                    "`reach` must end with code {NOTHING_REACHED}, not {exit:?}"
                ))
            } else if *took > VERDICT_WITHIN {
                Some(format!("`reach` took {took:.1?} for its verdict"))
            } else if words.iter().any(|word| said.contains(word)) {
                None
            } else {
                Some(format!("`reach` does not name the cause: {obstacle}"))
            }
        }
        (Expected::Media, _) => Some(format!("`reach` must carry media: {cell}")),
        (Expected::Verdict(_), _) => {
            Some(format!("`reach` cannot get through here, and says: {cell}"))
        }
    }
}

/// The race beside each of its attempts alone, one after the other, nothing else running.
fn race(trial: &Trial<'_>, row: &mut Row) {
    let second = Duration::from_secs(1);
    let first_media = |strategy: &str, url: &str, round: usize| match trial.adit(
        strategy,
        url,
        second,
        &format!("race-{}-{round}", url.replace([':', '/'], "-")),
    ) {
        Cell::Carried { first_media, .. } => Some(first_media),
        _ => None,
    };
    let singles = [
        "rtmp://live:443",
        "rtmp://live:80",
        "rtmpt://live:80",
        "rtmps://live:443",
        "rtmpts://live:443",
    ];
    let best = singles
        .iter()
        .filter_map(|start| {
            let url = format!(
                "{}/live/clip",
                start.replace("//live", &format!("//{HOST}"))
            );
            let best = (0..2)
                .filter_map(|round| first_media("standard", &url, round))
                .min()?;
            Some((best, start.replace("://live", "")))
        })
        .min();
    let url = format!("rtmp://{HOST}/live/clip");
    let mut races: Vec<Duration> = (0..RACES)
        .filter_map(|round| first_media("reach", &url, round))
        .collect();
    races.sort_unstable();
    match (best, races.get(races.len() / 2)) {
        (Some((best, rung)), Some(raced)) => {
            let more = raced.saturating_sub(best);
            row.notes.push(format!(
                "1935 black-holed: first media after {} ms with `reach` (median of {RACES}), {} ms with the best single attempt ({rung}): {} ms more, {} ms allowed",
                raced.as_millis(), best.as_millis(), more.as_millis(), RACE_COSTS.as_millis()
            ));
            if more > RACE_COSTS {
                row.unmet
                    .push(format!("the race costs {} ms", more.as_millis()));
            }
        }
        _ => row.notes.push(
            "1935 black-holed: the race could not be measured beside single attempts".to_owned(),
        ),
    }
}

/// What the programs in the way have to say after it.
fn look_at(running: &[Running], row: &mut Row) {
    for each in running {
        if !each.is_running() {
            row.lab
                .push(format!("ended before the row did: {}", each.said()));
        }
        for line in each
            .printed()
            .lines()
            .filter(|line| line.starts_with(TOUCHED))
        {
            row.unmet
                .push(format!("somebody asked the host wpad: {line}"));
        }
    }
}

fn write_logs(folder: &Path, running: &[Running]) {
    let mut text = String::new();
    for each in running {
        writeln!(text, "{}", each.said()).expect("a string takes all");
    }
    stop::best_effort(fs::write(folder.join("said.txt"), text));
}
