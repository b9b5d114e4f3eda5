//! The table: printed row by row, and written as a page of the documentation.

use std::fmt::Write as _;

use super::columns::{Cell, Column};
use super::row::Row;

#[cfg(test)]
mod tests;

/// What a page says about the run.
#[derive(Clone, Debug)]
pub struct About {
    /// The day, as `2026-11-22`.
    pub date: String,
    /// The kernel.
    pub kernel: String,
    /// Programs with their versions.
    pub versions: Vec<(String, String)>,
    /// The profile that the clients were built with: a debug build is slower.
    pub profile: &'static str,
}

/// One row for the terminal.
pub fn for_terminal(row: &Row) -> String {
    let mut text = format!("{}  ({})\n", row.title, row.id);
    for why in &row.lab {
        writeln!(
            text,
            "  THE LAB FAILED: {}",
            why.trim_end().replace('\n', "\n    ")
        )
        .expect("a string takes all");
    }
    for (column, cell) in &row.cells {
        writeln!(text, "  {:<13} {cell}", column.name()).expect("a string takes all");
    }
    for note in &row.notes {
        writeln!(text, "  note: {note}").expect("a string takes all");
    }
    for why in &row.unmet {
        writeln!(text, "  NOT MET: {why}").expect("a string takes all");
    }
    text
}

/// The page.
pub fn page(rows: &[Row], columns: &[Column], about: &About) -> String {
    let mut text = String::from(HEAD);
    writeln!(
        text,
        "Made on {} on Linux {} by `reach --markdown docs/reach.md` ({} build), with:\n",
        about.date, about.kernel, about.profile
    )
    .expect("a string takes all");
    for (name, version) in &about.versions {
        writeln!(text, "* {name}: {version}").expect("a string takes all");
    }
    text.push_str("\n| condition |");
    for column in columns {
        write!(text, " {} |", column.title()).expect("a string takes all");
    }
    text.push_str("\n|---|");
    text.push_str(&"---|".repeat(columns.len()));
    for row in rows {
        write!(text, "\n| {} |", escape(row.title)).expect("a string takes all");
        for column in columns {
            let cell = match row.cell(*column) {
                Some(cell) => in_page(cell),
                None if row.lab.is_empty() => "not tried".to_owned(),
                None => "the lab failed".to_owned(),
            };
            write!(text, " {} |", escape(&cell)).expect("a string takes all");
        }
    }
    text.push('\n');
    list(&mut text, "Beside the table", rows, |row| row.notes.clone());
    list(&mut text, "Not met", rows, |row| {
        row.unmet
            .iter()
            .map(|why| format!("{}: {why}", row.title))
            .collect()
    });
    list(&mut text, "Where the lab failed", rows, |row| {
        row.lab
            .iter()
            .map(|why| format!("{}: {}", row.title, why.lines().next().unwrap_or_default()))
            .collect()
    });
    text
}

/// What was carried stands out; of an obstacle only what it is, without the advice that follows.
fn in_page(cell: &Cell) -> String {
    match cell {
        Cell::Carried { .. } => {
            let said = cell.to_string();
            match said.split_once(", ") {
                Some((rung, time)) => format!("**{rung}** {time}"),
                None => said,
            }
        }
        Cell::Failed {
            obstacle,
            exit,
            took,
        } => {
            let short = obstacle.split(": ").next().unwrap_or(obstacle);
            let obstacle = short.trim().to_owned();
            let (exit, took) = (*exit, *took);
            Cell::Failed {
                obstacle,
                exit,
                took,
            }
            .to_string()
        }
        Cell::NotThere | Cell::NotTried => cell.to_string(),
    }
}

fn list(text: &mut String, title: &str, rows: &[Row], of: impl Fn(&Row) -> Vec<String>) {
    let lines: Vec<String> = rows.iter().flat_map(of).collect();
    if lines.is_empty() {
        return;
    }
    writeln!(text, "\n## {title}\n").expect("a string takes all");
    for line in lines {
        writeln!(text, "* {line}").expect("a string takes all");
    }
}

fn escape(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

const HEAD: &str = "\
# Reach

Which way out each client finds, network by network. Every row is a network of its own, made of network namespaces, nftables and
the named proxy; what no real proxy does on request is done by a small fault proxy of the test kit. Before a client is tried, controls that are none of the
clients under test (a bare RTMP handshake, `curl`, `openssl s_client`) show that what must pass passes and what must not does not.

A cell in bold is the rung that carried 5 seconds of media, and the time from the start of the client to the first sound or picture:
for `adit play` by its own clock, for ffmpeg until the first FLV tag left it, which includes its start and its look at the streams. A cell with – is the obstacle in
the words of the client, and how long it took to say so. ffmpeg gets `http_proxy` where the proxy is one for HTTP. The clients of a row run at nearly the same time,
`reach` alone for its first 0.4 s, and none of them remembers anything of an earlier run.

";
