//! The flags of the commands that go to a server.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use adit_client::rtmp::command::PublishKind;
use clap::{Args, ValueEnum};

use super::{Address, Key, LocalListen, WayOut, local_listen, span};
use crate::input::Turns;

/// The flags of `adit publish`.
#[derive(Debug, Args)]
pub(crate) struct Publish {
    /// FLV file, `-` for FLV on standard input, or `pattern:` for a test clip (pattern:1280x720@30,2.5M)
    #[arg(value_name = "INPUT")]
    pub(crate) input: String,

    /// Where to: `rtmp://host/app/key`, or rtmpt, rtmps, rtmpts
    #[arg(value_name = "URL")]
    pub(crate) url: Address,

    #[command(flatten)]
    pub(crate) key: Key,

    /// Begin a file again when it ends: `--loop=3` plays it three times in all, `--loop` until interrupted
    #[arg(
        long = "loop",
        value_name = "N",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = ENDLESS,
        value_parser = turns
    )]
    pub(crate) repeat: Option<Turns>,

    /// Whether the server records the stream that it sends on
    #[arg(long = "as", value_name = "KIND", value_enum, default_value_t = PublishAs::Live)]
    pub(crate) kind: PublishAs,

    /// Send as fast as the network takes it, not as the clock of the input goes
    #[arg(long)]
    pub(crate) no_pace: bool,

    /// End after this time of the input
    #[arg(long, value_name = "TIME", value_parser = span::parse)]
    pub(crate) duration: Option<Duration>,

    #[command(flatten)]
    pub(crate) run: Run,
}

/// What is played, and how; the same for a player and a recording.
#[derive(Debug, Args)]
pub(crate) struct Watch {
    /// Where from: `rtmp://host/app/name`, or rtmpt, rtmps, rtmpts
    #[arg(value_name = "URL")]
    pub(crate) url: Address,

    #[command(flatten)]
    pub(crate) key: Key,

    /// Overwrite the file if it exists
    #[arg(long, requires = "output")]
    pub(crate) force: bool,

    /// Play the recording of that name from this time on, all of it with 0s, and not the live stream; pictures begin with the key
    /// frame before it
    #[arg(long, value_name = "TIME", value_parser = span::parse_or_zero)]
    pub(crate) start: Option<Duration>,

    // Its help is that of the command: they count different times.
    #[arg(long, value_name = "TIME", value_parser = span::parse)]
    pub(crate) duration: Option<Duration>,

    /// How long to wait for a stream that has not started [default: until interrupted]
    #[arg(long, value_name = "TIME", value_parser = span::parse)]
    pub(crate) wait: Option<Duration>,

    #[command(flatten)]
    pub(crate) run: Run,
}

/// What publishing and playing have in common.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// How long to try again when the connection breaks: `none`, `forever`, a number of tries, or a time as in 5m. The first connection
    /// is tried again only with `forever`
    #[arg(long, value_name = "HOW", default_value = "5m")]
    pub(crate) retry: Retry,

    /// Print one JSON object about the run at its end
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) way: WayOut,
}

/// The flags of `adit play`.
#[derive(Debug, Args)]
#[command(mut_arg("duration", |duration| duration.help(
    "End after so long by the clock on the wall, from the first picture or sound on; with --start, so much of the recording behind that time is played"
)))]
pub(crate) struct Play {
    /// Write FLV to this file, or with `-` to standard output for a player: adit play URL -o - | ffplay -
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Write a line of figures each second even where standard error is no terminal
    #[arg(long)]
    pub(crate) stats: bool,

    // Last, because its last flags stand under a heading of their own.
    #[command(flatten)]
    pub(crate) watch: Watch,
}

/// The flags of `adit record`.
#[derive(Debug, Args)]
#[command(mut_arg("duration", |duration| duration.help(
    "End when so much is recorded, by the clock of the stream: where it stands still, that takes longer; with --start, so much of the recording behind that time"
)))]
pub(crate) struct Record {
    /// FLV file to write; it can be opened at any moment, even after a crash
    #[arg(short, long, value_name = "FILE", required = true)]
    pub(crate) output: PathBuf,

    #[command(flatten)]
    pub(crate) watch: Watch,
}

/// The flags of `adit probe`.
#[derive(Debug, Args)]
pub(crate) struct Probe {
    /// Server and application: `rtmp://host/app`, or rtmpt, rtmps, rtmpts; a stream name is not needed
    #[arg(value_name = "URL")]
    pub(crate) url: Address,

    /// Print one JSON object in place of the table
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) way: WayOut,
}

/// The flags of `adit tunnel`.
#[derive(Debug, Args)]
pub(crate) struct Tunnel {
    /// The server to lend the way to: `rtmp://host/app`, or rtmpt, rtmps, rtmpts. The stream key is the encoder's, unless the URL ends
    /// with one; without an application in the URL that is the encoder's too. An application of several parts ends with `//`
    #[arg(value_name = "URL")]
    pub(crate) url: Address,

    #[command(flatten)]
    pub(crate) key: Key,

    /// Port where encoders and players of this machine find it; with an address, as in 0.0.0.0:1935, others may reach it too
    #[arg(long, value_name = "[ADDR:]PORT", default_value = "1935", value_parser = local_listen)]
    pub(crate) listen: LocalListen,

    /// Do not connect at the start to see whether there is a way: a server that takes one connection only, as ffmpeg -listen 1, would
    /// take that one
    #[arg(long)]
    pub(crate) no_trial: bool,

    /// How long to try again when the far side breaks: `none`, `forever`, a number of tries, or a time as in 5m
    #[arg(long, value_name = "HOW", default_value = "forever")]
    pub(crate) retry: Retry,

    #[command(flatten)]
    pub(crate) way: WayOut,
}

/// What becomes of a published stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PublishAs {
    /// It does not, unless it records every stream
    Live,
    /// It does; what it has recorded under this name before is kept as NAME~1 and so on, or, by other servers, overwritten
    Record,
    /// It goes on at the end of what it has recorded under this name before, if there is anything
    Append,
}

impl From<PublishAs> for PublishKind {
    fn from(kind: PublishAs) -> Self {
        match kind {
            PublishAs::Live => Self::Live,
            PublishAs::Record => Self::Record,
            PublishAs::Append => Self::Append,
        }
    }
}

/// What `--loop` alone means.
const ENDLESS: &str = "forever";

/// How often a file is read.
fn turns(text: &str) -> Result<Turns, String> {
    match text.parse() {
        Ok(count) => Ok(Turns::Count(count)),
        Err(_) if text == ENDLESS => Ok(Turns::Endless),
        Err(_) => Err("write --loop, or a number of times from 1 as in --loop=3".to_owned()),
    }
}

/// How long a broken connection is made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retry {
    /// Not at all.
    Never,
    /// Until somebody ends it.
    Forever,
    /// This many times for each break.
    Times(NonZeroU32),
    /// This long for each break.
    For(Duration),
}

impl FromStr for Retry {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "none" | "0" => Ok(Self::Never),
            "forever" => Ok(Self::Forever),
            _ => match text.parse() {
                Ok(times) => Ok(Self::Times(times)),
                Err(_) => span::parse(text).map(Self::For).map_err(|_| {
                    "write none, forever, a number of tries, or a time as in 5m".to_owned()
                }),
            },
        }
    }
}
