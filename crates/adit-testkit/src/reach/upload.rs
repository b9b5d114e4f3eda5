//! Cells of conditions that are about publishing: the client publishes, and ffmpeg beside the server plays.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use super::columns::{
    CELL_WITHIN, Cell, Column, FIRST_MEDIA_WITHIN, LOOK_MICROSECONDS, MEDIA, MEDIA_SLACK, Trial,
    ffmpeg_obstacle, last_word, reported_way, statistics,
};
use super::condition::{HOST, Place};
use super::watched::Watched;
use super::{clip, stop};
use crate::peers::QUIET;
use crate::process::Process;

/// How much a client publishes: more than the player wants, which is none too early.
const PUBLISHED: Duration = Duration::from_secs(8);
/// How long the player beside the server is up before the client begins.
const PLAYER_LEADS: Duration = Duration::from_millis(700);

/// Runs the client of `column` as a publisher and says what the player got.
pub fn run(trial: &Trial<'_>, column: Column) -> Cell {
    if column.ffmpeg().is_none() && !trial.programs.adit_plays {
        return Cell::NotThere;
    }
    let name = format!("from-{}", column.name());
    let player = Watched::start(&mut player(trial, &name));
    thread::sleep(PLAYER_LEADS);
    let (mut command, known) = client(trial, column, &name);
    let began = Instant::now();
    let mut client = Process::start("a publisher", &mut command);
    stop::wait_for(CELL_WITHIN, || {
        let late = began.elapsed() > FIRST_MEDIA_WITHIN && player.first().is_none();
        (late || client.has_ended() || is_enough(&player)).then_some(())
    });
    let took = began.elapsed();
    // A client that has done its work says by which rung when it ends.
    let within = if is_enough(&player) {
        PUBLISHED
    } else {
        Duration::ZERO
    };
    let ended = stop::wait_for(within, || client.has_ended().then_some(()));
    let exit = ended.and_then(|()| client.wait(Duration::from_secs(1)).code());
    let enough = is_enough(&player);
    let (watch, _, _) = player.end();
    stop::best_effort(std::fs::write(
        trial.folder.join(format!("{name}.txt")),
        client.to_string(),
    ));
    match watch.first() {
        Some(first) if enough => {
            let (rung, proxy) =
                known.unwrap_or_else(|| reported_way(&statistics(&client.stdout())));
            let first_media = first - began;
            Cell::Carried {
                rung,
                proxy,
                first_media,
            }
        }
        Some(_) => Cell::Failed {
            obstacle: format!("only {} ms of media arrived", watch.carried().as_millis()),
            exit: Some(exit.unwrap_or(-1)),
            took,
        },
        None => Cell::Failed {
            obstacle: obstacle(column, &client.stderr()),
            exit,
            took,
        },
    }
}

fn is_enough(player: &Watched) -> bool {
    player.carried() + MEDIA_SLACK >= MEDIA
}

fn obstacle(column: Column, talk: &str) -> String {
    if column.ffmpeg().is_some() {
        ffmpeg_obstacle(talk)
    } else {
        last_word(talk)
    }
}

fn player(trial: &Trial<'_>, name: &str) -> Command {
    let url = format!("rtmp://127.0.0.1:{}/live/{name}", trial.condition.server[0]);
    let mut command = trial.network.command(Place::Server, &trial.programs.ffmpeg);
    command.args(QUIET);
    command.args([
        "-analyzeduration",
        LOOK_MICROSECONDS,
        "-i",
        &url,
        "-c",
        "copy",
        "-f",
        "flv",
        "pipe:1",
    ]);
    command
}

/// The publisher, and its rung and proxy where they are known before.
fn client(
    trial: &Trial<'_>,
    column: Column,
    name: &str,
) -> (Command, Option<(String, Option<String>)>) {
    let clip = clip::LARGE.file(trial.folder.parent().unwrap_or(trial.folder));
    if let Some((scheme, rung)) = column.ffmpeg() {
        let mut command = trial.network.command(Place::Client, &trial.programs.ffmpeg);
        command.args(QUIET).args(["-re", "-i"]);
        command.arg(clip).args([
            "-c",
            "copy",
            "-f",
            "flv",
            &format!("{scheme}://{HOST}/live/{name}"),
        ]);
        let proxy = trial.prepare_ffmpeg(&mut command, rung);
        return (command, Some((rung.to_owned(), proxy)));
    }
    let mut command = trial.network.command(Place::Client, &trial.programs.adit);
    command
        .arg("publish")
        .arg(clip)
        .arg(format!("rtmp://{HOST}/live/{name}"));
    command.args([
        "--retry",
        "none",
        "--duration",
        &format!("{}s", PUBLISHED.as_secs()),
    ]);
    trial.prepare_adit(
        &mut command,
        column.name(),
        &format!("publish-{}", column.name()),
    );
    (command, None)
}
