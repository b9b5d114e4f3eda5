//! The flags of the commands that go to a server.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;

use super::{Address, Key, WayOut, listen_address, span};

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

    /// Begin a file again when it ends: N times in all, or until interrupted
    #[arg(long = "loop", value_name = "N", num_args = 0..=1, default_missing_value = "0")]
    pub(crate) repeat: Option<u32>,

    /// Send as fast as the network takes it, not as the clock of the input goes
    #[arg(long)]
    pub(crate) no_pace: bool,

    /// End after this time of the input
    #[arg(long, value_name = "TIME", value_parser = span::parse)]
    pub(crate) duration: Option<Duration>,

    /// How long to try again when the connection breaks: `none`, `forever`, a number of tries, or a time as in 5m
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
pub(crate) struct Play {
    /// Where from: `rtmp://host/app/name`, or rtmpt, rtmps, rtmpts
    #[arg(value_name = "URL")]
    pub(crate) url: Address,

    #[command(flatten)]
    pub(crate) key: Key,

    /// Write FLV to this file, or with `-` to standard output for a player: adit play URL -o - | ffplay -
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Overwrite the file if it exists
    #[arg(long, requires = "output")]
    pub(crate) force: bool,

    /// Write a line of figures each second even where standard error is no terminal
    #[arg(long)]
    pub(crate) stats: bool,

    /// End after this time, counted from the first picture or sound
    #[arg(long, value_name = "TIME", value_parser = span::parse)]
    pub(crate) duration: Option<Duration>,

    /// How long to wait for a stream that has not started [default: until interrupted]
    #[arg(long, value_name = "TIME", value_parser = span::parse)]
    pub(crate) wait: Option<Duration>,

    /// Print one JSON object about the run at its end
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) way: WayOut,
}

/// The flags of `adit record`.
#[derive(Debug, Args)]
pub(crate) struct Record {
    /// Where from: `rtmp://host/app/name`, or rtmpt, rtmps, rtmpts
    #[arg(value_name = "URL")]
    pub(crate) url: Address,

    #[command(flatten)]
    pub(crate) key: Key,

    /// FLV file to write; it can be opened at any moment, even after a crash
    #[arg(short, long, value_name = "FILE", required = true)]
    pub(crate) output: PathBuf,

    /// Overwrite the file if it exists
    #[arg(long)]
    pub(crate) force: bool,

    /// End after so much of the stream
    #[arg(long, value_name = "TIME", value_parser = span::parse)]
    pub(crate) duration: Option<Duration>,

    /// How long to wait for a stream that has not started [default: until interrupted]
    #[arg(long, value_name = "TIME", value_parser = span::parse)]
    pub(crate) wait: Option<Duration>,

    /// Print one JSON object about the run at its end
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) way: WayOut,
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

    /// Where encoders and players of this machine find it
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:1935", value_parser = listen_address)]
    pub(crate) listen: SocketAddr,

    /// How long to try again when the far side breaks: `none`, `forever`, a number of tries, or a time as in 5m
    #[arg(long, value_name = "HOW", default_value = "forever")]
    pub(crate) retry: Retry,

    #[command(flatten)]
    pub(crate) way: WayOut,
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
