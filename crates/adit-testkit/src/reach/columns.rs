//! The clients: ours by strategy, and ffmpeg by scheme.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::certs::Certificates;
use super::condition::{Condition, Direction, HOST, Place, Told};
use super::net::Network;
use super::watched::Watched;
use super::{stop, upload};
use crate::peers::QUIET;
use crate::process::Process;

#[cfg(test)]
mod tests;

/// How much media makes a cell.
pub const MEDIA: Duration = Duration::from_secs(5);
/// What is missing of it at most: time stamps are those of frame starts.
pub(super) const MEDIA_SLACK: Duration = Duration::from_millis(500);
/// How long a client may try before the first media.
pub(super) const FIRST_MEDIA_WITHIN: Duration = Duration::from_secs(15);
/// How long a cell may take in all.
pub(super) const CELL_WITHIN: Duration = Duration::from_secs(27);
/// How long ffmpeg looks at the streams before it begins; by itself it takes 2 to 3 seconds.
pub(super) const LOOK_MICROSECONDS: &str = "500000";
/// The password of every proxy that wants one. No output of the client may have it.
pub const PASSWORD: &str = "s3cret";

/// A column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// `adit play --strategy classic`.
    Classic,
    /// `adit play --strategy standard`.
    Standard,
    /// `adit play --strategy reach`.
    Reach,
    /// ffmpeg plays `rtmp://`.
    FfmpegRtmp,
    /// ffmpeg plays `rtmpt://`.
    FfmpegRtmpt,
    /// ffmpeg plays `rtmps://`.
    FfmpegRtmps,
}

impl Column {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Classic,
        Self::Standard,
        Self::Reach,
        Self::FfmpegRtmp,
        Self::FfmpegRtmpt,
        Self::FfmpegRtmps,
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Classic => "classic",
            Self::Standard => "standard",
            Self::Reach => "reach",
            Self::FfmpegRtmp => "ffmpeg-rtmp",
            Self::FfmpegRtmpt => "ffmpeg-rtmpt",
            Self::FfmpegRtmps => "ffmpeg-rtmps",
        }
    }

    /// Its head in the table.
    pub fn title(self) -> &'static str {
        match self {
            Self::Classic => "adit `classic`",
            Self::Standard => "adit `standard`",
            Self::Reach => "adit `reach`",
            Self::FfmpegRtmp => "ffmpeg `rtmp://`",
            Self::FfmpegRtmpt => "ffmpeg `rtmpt://`",
            Self::FfmpegRtmps => "ffmpeg `rtmps://`",
        }
    }

    /// The column of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.name() == name)
    }

    /// Scheme and rung of an ffmpeg column.
    pub(super) fn ffmpeg(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::FfmpegRtmp => Some(("rtmp", "rtmp:1935")),
            Self::FfmpegRtmpt => Some(("rtmpt", "rtmpt:80")),
            Self::FfmpegRtmps => Some(("rtmps", "rtmps:443")),
            Self::Classic | Self::Standard | Self::Reach => None,
        }
    }
}

/// What came of one client in one condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Five seconds of media.
    Carried {
        /// Transport and port.
        rung: String,
        /// The proxy it went through.
        proxy: Option<String>,
        /// From the start of the client to the first sound or picture.
        first_media: Duration,
    },
    /// No media, or too little.
    Failed {
        /// What the client said last.
        obstacle: String,
        /// With which code it ended; `None` if it had to be ended.
        exit: Option<i32>,
        /// How long it tried.
        took: Duration,
    },
    /// The client has no such command yet.
    NotThere,
    /// The column was not asked for, or the run was broken off.
    NotTried,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Carried {
                rung,
                proxy,
                first_media,
            } => {
                write!(f, "{rung}")?;
                if let Some(proxy) = proxy {
                    write!(f, " by {}", proxy_kind(proxy))?;
                }
                write!(f, ", {} ms", first_media.as_millis())
            }
            Self::Failed {
                obstacle,
                exit,
                took,
            } => {
                let seconds = took.as_secs_f32();
                match exit {
                    Some(_) => write!(f, "– {obstacle} ({seconds:.1} s)"),
                    None => write!(f, "– no media within {seconds:.0} s"),
                }
            }
            Self::NotThere => write!(f, "adit play not there yet"),
            Self::NotTried => write!(f, "not tried"),
        }
    }
}

/// What matters of a proxy in a table: what it is, not where.
fn proxy_kind(proxy: &str) -> String {
    match proxy.split_once("://") {
        Some((scheme, _)) => format!("{scheme} proxy"),
        None => "proxy".to_owned(),
    }
}

/// The programs of a run.
#[derive(Debug)]
pub struct Programs {
    /// Our client and server.
    pub adit: PathBuf,
    /// Whether it knows `play`.
    pub adit_plays: bool,
    /// The ffmpeg of the columns.
    pub ffmpeg: PathBuf,
}

impl Programs {
    /// Looks at what `adit` can do.
    pub fn new(adit: PathBuf, ffmpeg: PathBuf) -> Self {
        let help = Command::new(&adit).args(["play", "--help"]).output();
        let adit_plays = help.is_ok_and(|output| output.status.success());
        Self {
            adit,
            adit_plays,
            ffmpeg,
        }
    }
}

/// One client in one condition.
#[derive(Debug)]
pub struct Trial<'a> {
    /// The programs.
    pub programs: &'a Programs,
    /// Where it happens.
    pub network: &'a Network,
    /// What is in the way.
    pub condition: &'a Condition,
    /// The certificates.
    pub certs: &'a Certificates,
    /// The folder of the row.
    pub folder: &'a Path,
}

impl Trial<'_> {
    /// Runs the client of `column` and says what came of it.
    pub fn run(&self, column: Column) -> Cell {
        if self.condition.direction == Direction::Publish {
            return upload::run(self, column);
        }
        if let Some((scheme, rung)) = column.ffmpeg() {
            return self.ffmpeg(&format!("{scheme}://{HOST}/live/clip"), rung);
        }
        self.adit(
            column.name(),
            &format!("rtmp://{HOST}/live/clip"),
            MEDIA,
            column.name(),
        )
    }

    /// Runs our client with one strategy on one URL, until `media` of it came. `memory` is a folder that nobody shares.
    pub fn adit(&self, strategy: &str, url: &str, media: Duration, memory: &str) -> Cell {
        if !self.programs.adit_plays {
            return Cell::NotThere;
        }
        let began = Instant::now();
        let mut process = Process::start(
            "adit play",
            &mut self.adit_command(strategy, url, media, memory),
        );
        let ended = stop::wait_for(CELL_WITHIN, || process.has_ended().then_some(()));
        let took = began.elapsed();
        let exit = ended.and_then(|()| process.wait(Duration::from_secs(1)).code());
        let (said, talk) = (process.stdout(), process.stderr());
        stop::best_effort(std::fs::write(
            self.folder.join(format!("{memory}.txt")),
            process.to_string(),
        ));
        if said.contains(PASSWORD) || talk.contains(PASSWORD) {
            return Cell::Failed {
                obstacle: "THE PASSWORD IS IN THE OUTPUT".to_owned(),
                exit: Some(-1),
                took,
            };
        }
        judge(&said, &talk, exit, took, media)
    }

    fn adit_command(&self, strategy: &str, url: &str, media: Duration, memory: &str) -> Command {
        let mut command = self.network.command(Place::Client, &self.programs.adit);
        command.args(["play", url, "--stats", "--duration"]);
        command.arg(format!("{}s", media.as_secs()));
        self.prepare_adit(&mut command, strategy, memory);
        command
    }

    /// What every command of ours is given: the strategy, the proxy as the client knows it, a home that nobody shares.
    pub(super) fn prepare_adit(&self, command: &mut Command, strategy: &str, memory: &str) {
        let home = self.folder.join(format!("home-{memory}"));
        command.args(["--json", "--strategy", strategy]);
        command.arg("--ca-file").arg(self.certs.file("trust.pem"));
        for variable in [
            "XDG_STATE_HOME",
            "XDG_CACHE_HOME",
            "XDG_CONFIG_HOME",
            "HOME",
        ] {
            command.env(variable, &home);
        }
        command
            .env_remove("STATE_DIRECTORY")
            .env_remove("ADIT_LOG")
            .env("NO_COLOR", "1");
        match self.condition.told {
            Told::Nothing => {}
            Told::Environment(proxy) if proxy.starts_with("socks") => {
                command.env("all_proxy", proxy);
            }
            Told::Environment(proxy) => {
                command.env("http_proxy", proxy).env("https_proxy", proxy);
            }
            Told::Pac(script) => {
                let file = self.folder.join("proxy.pac");
                std::fs::write(&file, script).expect("the folder of the row takes files");
                command
                    .arg("--proxy")
                    .arg(format!("pac+file://{}", file.display()));
            }
        }
    }

    /// What ffmpeg is given; the proxy that it will use for this rung, if any.
    pub(super) fn prepare_ffmpeg(&self, command: &mut Command, rung: &str) -> Option<String> {
        command.env("SSL_CERT_FILE", self.certs.file("trust.pem"));
        match self.condition.told {
            Told::Environment(proxy) if proxy.starts_with("http://") => {
                command.env("http_proxy", proxy);
                // ffmpeg's native RTMP knows no proxy.
                (!rung.starts_with("rtmp:")).then(|| proxy.to_owned())
            }
            _ => None,
        }
    }

    fn ffmpeg(&self, url: &str, rung: &str) -> Cell {
        let mut command = self.network.command(Place::Client, &self.programs.ffmpeg);
        command.args(QUIET);
        command.args(["-analyzeduration", LOOK_MICROSECONDS, "-i", url]);
        command.args([
            "-t",
            &MEDIA.as_secs().to_string(),
            "-c",
            "copy",
            "-f",
            "flv",
            "pipe:1",
        ]);
        let proxied = self.prepare_ffmpeg(&mut command, rung);
        let began = Instant::now();
        let watched = Watched::start(&mut command);
        stop::wait_for(CELL_WITHIN, || {
            let late = began.elapsed() > FIRST_MEDIA_WITHIN && watched.first().is_none();
            (late || watched.has_ended()).then_some(())
        });
        let (watch, exit, talk) = watched.end();
        let took = began.elapsed();
        stop::best_effort(std::fs::write(
            self.folder.join(format!("ffmpeg-{rung}.txt")),
            &talk,
        ));
        match watch.first() {
            Some(first) if watch.carried() + MEDIA_SLACK >= MEDIA => Cell::Carried {
                rung: rung.to_owned(),
                proxy: proxied,
                first_media: first - began,
            },
            Some(_) => Cell::Failed {
                obstacle: format!("only {} ms of media", watch.carried().as_millis()),
                exit: Some(exit.unwrap_or(-1)),
                took,
            },
            None => Cell::Failed {
                obstacle: ffmpeg_obstacle(&talk),
                exit,
                took,
            },
        }
    }
}

/// The verdict on our client, from what it printed.
fn judge(said: &str, talk: &str, exit: Option<i32>, took: Duration, media: Duration) -> Cell {
    let report = statistics(said);
    let number = |name: &str| report.get(name).and_then(Value::as_f64);
    let carried = number("duration_ms").unwrap_or(0.0);
    let enough = media.saturating_sub(MEDIA_SLACK).as_secs_f64() * 1000.0;
    let frames = number("frames").unwrap_or(0.0);
    if exit == Some(0) && carried >= enough && frames > 0.0 {
        let (rung, proxy) = reported_way(&report);
        return Cell::Carried {
            rung,
            proxy,
            first_media: Duration::from_secs_f64(
                number("first_media_ms").unwrap_or(0.0).max(0.0) / 1000.0,
            ),
        };
    }
    let obstacle = if exit == Some(0) {
        format!("only {carried} ms of media in {frames} frames")
    } else {
        last_word(talk)
    };
    Cell::Failed {
        obstacle,
        exit,
        took,
    }
}

/// Rung and proxy, as our client tells them in its figures.
pub(super) fn reported_way(report: &Value) -> (String, Option<String>) {
    let text = |field: &str| report.get(field).and_then(Value::as_str);
    // The proxy may stand in the rung as well; the table says it once.
    let rung = text("rung").unwrap_or("?");
    let rung = rung.split(" via ").next().unwrap_or(rung);
    (rung.to_owned(), text("proxy").map(str::to_owned))
}

/// The last JSON object among the lines of standard output.
pub(super) fn statistics(said: &str) -> Value {
    let mut objects = said
        .lines()
        .rev()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    objects
        .find(Value::is_object)
        .or_else(|| serde_json::from_str(said).ok())
        .unwrap_or(Value::Null)
}

/// What a client of ours said was wrong: its error, else its last line, without hints.
pub(super) fn last_word(talk: &str) -> String {
    let lines: Vec<&str> = talk
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let error = lines.iter().rfind(|line| line.starts_with("error: "));
    let said = error.or_else(|| lines.iter().rfind(|line| !line.starts_with("hint:")));
    said.map_or_else(
        || "nothing said".to_owned(),
        |line| line.trim_start_matches("error: ").to_owned(),
    )
}

/// What ffmpeg said was wrong, without addresses of its memory and the URL.
pub(super) fn ffmpeg_obstacle(talk: &str) -> String {
    let line = talk
        .lines()
        .map(str::trim)
        .rfind(|line| !line.is_empty())
        .unwrap_or("nothing said");
    let line = match line.strip_prefix('[') {
        Some(rest) => rest.split_once("] ").map_or(line, |(_, text)| text),
        None => line,
    };
    line.rsplit(": ").next().unwrap_or(line).to_owned()
}
