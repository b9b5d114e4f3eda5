//! The command line: text into things.

use std::{fmt, num::NonZeroU16, path::PathBuf};

use clap::{Parser, Subcommand, ValueEnum};

use crate::{
    media::{self, Profile},
    server::{Choice, Kind},
};

/// Measures Adit against nginx-rtmp and against what the kernel allows.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Every table of docs/performance.md but the tunnel's over a line, beside the goals.
    All(All),
    /// One publisher, many players: CPU per delivered gigabit, memory, delay.
    Fanout(Fanout),
    /// The tunnel beside direct RTMP: delay, throughput, CPU, requests, over a line with a round trip.
    Tunnel(Tunnel),
    /// Writes the benchmark's stream to plain connections as cheaply as the kernel allows.
    #[command(hide = true)]
    BareLoop(BareLoop),
    /// Becomes a server that ends when its parent does.
    #[command(hide = true)]
    Child {
        parent: u32,
        #[arg(long)]
        core: Option<usize>,
        #[arg(last = true)]
        command: Vec<String>,
    },
    /// Removes a directory when its standard input ends.
    #[command(hide = true)]
    Janitor { dir: PathBuf },
}

/// Options of `adit-bench all`.
#[derive(Debug, clap::Args)]
pub(crate) struct All {
    /// Sections to measure; all of them by default
    #[arg(long, value_delimiter = ',', value_enum)]
    pub(crate) only: Vec<Section>,
    /// Servers that take part besides nginx-rtmp; `tools/install-peers rivals` installs them
    #[arg(long, value_delimiter = ',', value_enum)]
    pub(crate) rivals: Vec<Rival>,
    /// Everything small and once, to see that it works: the figures mean nothing
    #[arg(long)]
    pub(crate) quick: bool,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// A server that need not be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Rival {
    /// Node-Media-Server
    Nms,
}

impl Rival {
    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::Nms => Kind::NodeMedia,
        }
    }
}

/// What is measured together, in one table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Section {
    /// 1,000 players in each latency mode
    Fanout,
    /// 100 to 4,000 players: what each gigabit costs
    Sweep,
    /// Players over TLS
    Rtmps,
    /// Players through the tunnel, everything on one core
    Rtmpt,
    /// Players through the tunnel that are ffmpegs
    Ffmpeg,
    /// One player alone
    One,
    /// Idle connections and players
    Memory,
    /// 500 small publishers
    Publishers,
    /// Connect, createStream and play, again and again
    Setup,
    /// From exec to the first answer, and the size of the binary
    Start,
}

/// Options of `adit-bench fanout`.
#[derive(Debug, clap::Args)]
pub(crate) struct Fanout {
    /// Players at the same time
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=15_000))]
    pub(crate) players: u32,
    /// Servers to measure: adit, adit-MODE, nginx, nms, loop, loop-MODE (loop modes: message, frame,
    /// 10hz, 3hz; plain loop is the one that writes as often as adit does)
    #[arg(long, value_delimiter = ',', default_value = "adit,nginx,loop")]
    pub(crate) servers: Vec<Choice>,
    /// Latency mode of plain adit
    #[arg(long, value_enum, default_value_t)]
    pub(crate) latency: Latency,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// Options of every benchmark that is run in rounds.
#[derive(Debug, clap::Args)]
pub(crate) struct Common {
    /// Seconds of each measured window; even numbers hold whole GOPs
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub(crate) seconds: u32,
    /// Times each server is measured; they take turns, and medians are printed
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) rounds: u32,
    /// The adit binary, if it is not beside this program
    #[arg(long)]
    pub(crate) adit: Option<PathBuf>,
    /// Threads of Adit, one for each core by default; 1 is what nginx-rtmp and the bare loops have
    #[arg(long)]
    pub(crate) threads: Option<NonZeroU16>,
    /// Writes all rounds, the machine and the date to this file
    #[arg(long)]
    pub(crate) json: Option<PathBuf>,
}

/// Options of `adit-bench tunnel`.
#[derive(Debug, clap::Args)]
pub(crate) struct Tunnel {
    /// Round trip of each leg, in milliseconds
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(0..=2000))]
    pub(crate) rtt: u32,
    /// Seconds measured, after two to settle
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub(crate) seconds: u32,
    /// Times each case is measured; they take turns, and medians are printed
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) rounds: u32,
    /// The adit binary, if it is not beside this program
    #[arg(long)]
    pub(crate) adit: Option<PathBuf>,
}

/// Options of the bare loop.
#[derive(Debug, clap::Args)]
pub(crate) struct BareLoop {
    /// Connections taken at most
    #[arg(long)]
    pub(crate) players: u32,
    #[arg(long, value_enum)]
    pub(crate) mode: LoopMode,
    #[arg(long, value_enum, default_value_t)]
    pub(crate) rate: Rate,
    /// Shakes hands and encrypts
    #[arg(long)]
    pub(crate) tls: bool,
}

/// Which stream is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Rate {
    /// 2.5 Mbit/s
    #[default]
    Standard,
    /// 1 Mbit/s
    Megabit,
    /// 191 kbit/s
    Small,
}

impl Rate {
    pub(crate) fn profile(self) -> &'static Profile {
        match self {
            Self::Standard => &media::STANDARD,
            Self::Megabit => &media::MEGABIT,
            Self::Small => &media::SMALL,
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(self, out)
    }
}

/// Adit's latency modes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Latency {
    /// Sends every message at once
    Low,
    /// Sends at each video message; audio rides along
    #[default]
    Balanced,
    /// Sends what has gathered in up to 350 ms
    Throughput,
}

impl Latency {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        Self::from_str(text, false)
    }

    /// The bare loop that writes as often.
    pub(crate) fn loop_mode(self) -> LoopMode {
        match self {
            Self::Low => LoopMode::Message,
            Self::Balanced => LoopMode::Frame,
            Self::Throughput => LoopMode::ThreeHertz,
        }
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(self, out)
    }
}

/// When the bare loop writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum LoopMode {
    /// One write per message
    Message,
    /// One write per video message, with the audio since the last one
    Frame,
    /// Ten writes a second
    #[value(name = "10hz")]
    TenHertz,
    /// One write in 350 ms
    #[value(name = "3hz")]
    ThreeHertz,
    /// Writes nothing: it reads what publishers send, once for each message
    Read,
    /// Answers those who want to play, and sends them nothing
    Answer,
}

impl LoopMode {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        Self::from_str(text, false)
    }
}

impl fmt::Display for LoopMode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(self, out)
    }
}

fn show(value: &impl ValueEnum, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    let value = value.to_possible_value();
    out.write_str(value.as_ref().map_or("", |value| value.get_name()))
}
