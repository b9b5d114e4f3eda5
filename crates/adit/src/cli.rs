//! The command line: what can be asked for, and in which words.

mod access;
mod address;
mod application;
mod certificate;
mod client;
mod config;
mod content;
mod doctor;
mod encoders;
pub(crate) mod hidden;
mod installation;
mod recording;
mod sign;
pub(crate) mod span;
mod top;
mod way_out;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use adit_server::Network;
use clap::{Args, Parser, Subcommand, ValueEnum};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use access::Access;
pub(crate) use address::{Address, AddressMistake, unexpected, without_secrets};
pub(crate) use application::{Application, Call, Edits, So};
pub(crate) use certificate::Certificate;
pub(crate) use client::{Play, Probe, Publish, Record, Retry, Tunnel, Watch};
pub(crate) use config::{Config, ConfigCommand};
pub(crate) use content::{AppKind, Content, UnknownApps};
pub(crate) use doctor::Doctor;
pub(crate) use encoders::EncoderAuth;
pub(crate) use installation::Installation;
pub(crate) use recording::{Recording, record_sync};
pub(crate) use sign::Sign;
pub(crate) use top::Top;
pub(crate) use way_out::{Key, ProxyType, Strategy, WayOut};

use crate::connect::Search;

/// RTMP that gets through: one server port for RTMP, RTMPT and RTMPS.
#[derive(Debug, Parser)]
#[command(name = "adit", version, propagate_version = true, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the server: RTMP, RTMPT, RTMPS and RTMPTS on every port it listens on
    Serve(Serve),
    /// Publish an FLV file, standard input or a test clip to a server
    #[command(after_help = EXIT_CODES)]
    Publish(Publish),
    /// Play a stream: to a player, a file, or as figures
    #[command(after_help = EXIT_CODES)]
    Play(Play),
    /// Record a stream in an FLV file
    #[command(after_help = EXIT_CODES)]
    Record(Record),
    /// Try every way to a server, and say what stands in between
    #[command(after_help = EXIT_CODES)]
    Probe(Probe),
    /// Lend the way out to an encoder or player on this machine
    #[command(after_help = EXIT_CODES)]
    Tunnel(Tunnel),
    /// Call a method of an application, and print what it returns
    #[command(after_help = EXIT_CODES)]
    Call(Call),
    /// Watch and change a shared object: one line of JSON for each change
    #[command(after_help = EXIT_CODES)]
    So(So),
    /// Tell whether recordings are whole, and what is wrong with them
    #[command(after_help = EXIT_CODES)]
    Verify(Verify),
    /// Write man pages or shell completions
    #[command(subcommand)]
    Generate(Generate),
    /// Check, show and explain the configuration of the server
    #[command(after_help = EXIT_CODES)]
    Config(Config),
    /// Make an address that lets play or publish for a while
    #[command(after_help = EXIT_CODES)]
    Sign(Sign),
    /// Look at an installation, and tell what to do about what is wrong
    #[command(after_help = EXIT_CODES)]
    Doctor(Doctor),
    /// Show what a server does, in a terminal
    #[command(after_help = EXIT_CODES)]
    Top(Top),
}

/// What scripts learn from how a command ends.
const EXIT_CODES: &str = "Exit codes: 0 done, 1 something failed, 2 the command line or the configuration is wrong, 3 no way leads to the server, 130 interrupted (serve and tunnel, which end no other way, 0)";

impl Command {
    /// How widely a way to the server is looked for.
    pub(crate) fn search(&self) -> Search {
        let (address, way, usual) = match self {
            Self::Serve(_)
            | Self::Verify(_)
            | Self::Generate(_)
            | Self::Config(_)
            | Self::Sign(_)
            | Self::Doctor(_)
            | Self::Top(_) => {
                return Search::Everywhere;
            }
            Self::Publish(publish) => (&publish.url, &publish.run.way, Strategy::Standard),
            Self::Play(play) => (&play.watch.url, &play.watch.run.way, Strategy::Standard),
            Self::Record(record) => (&record.watch.url, &record.watch.run.way, Strategy::Standard),
            Self::Probe(probe) => (&probe.url, &probe.way, Strategy::Reach),
            Self::Tunnel(tunnel) => (&tunnel.url, &tunnel.way, Strategy::Reach),
            Self::Call(call) => (&call.application.url, &call.way, Strategy::Standard),
            Self::So(so) => (&so.application.url, &so.way, Strategy::Standard),
        };
        let reach = way.strategy.unwrap_or(usual) == Strategy::Reach;
        match (reach, address.has_port()) {
            (true, false) => Search::Everywhere,
            (true, true) => Search::OnePort,
            (false, true) => Search::OneWayOnOnePort,
            (false, false) => Search::SomeWays,
        }
    }
}

/// The flags of `adit serve`.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Configuration in TOML; `ADIT_…` variables go before it, and flags before those
    /// [default: adit.toml in `$CONFIGURATION_DIRECTORY`, if there is one]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Address and port to listen on; repeat for more, port 0 picks a free one
    /// [default: ports 1935, 80 and 443 of every address]
    #[arg(long, value_name = "ADDR:PORT", value_parser = listen_address)]
    pub(crate) listen: Vec<SocketAddr>,

    #[command(flatten)]
    pub(crate) certificate: Certificate,

    #[command(flatten)]
    pub(crate) own: Own,

    /// How log lines are written to standard error; `ADIT_LOG=debug` in the environment asks for more of them
    /// [default: pretty]
    #[arg(long, value_enum)]
    pub(crate) log: Option<LogFormat>,

    /// How long media may wait to share a write with what follows it
    /// [default: balanced]
    #[arg(long, value_enum)]
    pub(crate) latency: Option<Latency>,

    /// Network of load balancers whose PROXY protocol header is believed; repeat for more
    #[arg(long, value_name = "CIDR")]
    pub(crate) trust_proxy: Vec<Network>,

    #[command(flatten)]
    pub(crate) access: Access,

    #[command(flatten)]
    pub(crate) content: Content,

    #[command(flatten)]
    pub(crate) recording: Recording,
}

/// What a server has for itself.
#[derive(Debug, Args)]
pub(crate) struct Own {
    /// Where the server keeps what must survive a restart (the self-signed certificate, persistent shared objects, the token of the API)
    /// [default: `$STATE_DIRECTORY`, else adit in the user's state directory]
    #[arg(long, value_name = "DIR")]
    pub(crate) state_dir: Option<PathBuf>,

    /// File that keeps persistent shared objects
    /// [default: objects.redb in the state directory]
    #[arg(long, value_name = "FILE")]
    pub(crate) objects: Option<PathBuf>,

    /// Address and port of the HTTP API, with metrics and health; its token is in api-token in the state directory
    /// [default: no API]
    #[arg(long, value_name = "ADDR:PORT", value_parser = nearby_address)]
    pub(crate) api: Option<SocketAddr>,

    /// Take over the ports of the server that runs with the same state directory; whoever is connected stays with that one until done
    #[arg(long)]
    pub(crate) takeover: bool,

    /// How long those who are connected may stay after SIGTERM, or when another server takes over
    /// [default: 5m]
    #[arg(long, value_name = "TIME", value_parser = span::parse_or_zero)]
    pub(crate) drain_timeout: Option<Duration>,

    /// Threads that serve connections
    /// [default: one for each core]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
}

/// The flags of `adit verify`.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// FLV files; none of them is changed
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,

    /// Print one JSON object for each file
    #[arg(long)]
    pub(crate) json: bool,
}

/// What is made from the command line itself.
#[derive(Debug, Subcommand)]
pub(crate) enum Generate {
    /// Man pages: adit.1 and one for each command
    Man {
        /// The directory to write them to; made if it is not there
        #[arg(value_name = "DIR")]
        directory: PathBuf,
    },
    /// A completion script, on standard output
    Completions {
        /// The shell it is for
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
}

/// The shape of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people
    Pretty,
    /// One JSON object a line, for machines
    Json,
}

/// When players are woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Latency {
    /// Every message at once
    Low,
    /// At each video message; audio waits for it, 35 ms at most
    Balanced,
    /// Up to 350 ms together: the least CPU
    Throughput,
}

impl From<Latency> for adit_server::Latency {
    fn from(latency: Latency) -> Self {
        match latency {
            Latency::Low => Self::Low,
            Latency::Balanced => Self::Balanced,
            Latency::Throughput => Self::Throughput,
        }
    }
}

/// `ADDR:PORT`, and the short forms `:PORT` and `PORT` for every address.
pub(crate) fn listen_address(text: &str) -> Result<SocketAddr, String> {
    let port_alone = text.strip_prefix(':').unwrap_or(text);
    if let Ok(port) = port_alone.parse::<u16>() {
        return Ok(every_address(port));
    }
    if let Some(Ok(port)) = text.strip_prefix("localhost:").map(str::parse::<u16>) {
        return Ok(SocketAddr::from(([127, 0, 0, 1], port)));
    }
    text.parse().map_err(|_| {
        "not an address to listen on; write ADDR:PORT as in 127.0.0.1:1935 or [::]:1935".to_owned()
    })
}

/// The same for what strangers should not reach by mistake: a port alone is one of this machine.
pub(crate) fn nearby_address(text: &str) -> Result<SocketAddr, String> {
    match text.parse() {
        Ok(port) => Ok(SocketAddr::from(([127, 0, 0, 1], port))),
        Err(_) => listen_address(text),
    }
}

/// Where a tunnel listens, as it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LocalListen {
    /// A port of this machine that others do not reach.
    Port(u16),
    /// This very address.
    Address(SocketAddr),
}

/// `PORT`, `:PORT` and `localhost:PORT` for this machine alone, `ADDR:PORT` for what it says.
fn local_listen(text: &str) -> Result<LocalListen, String> {
    let port_alone = text.strip_prefix("localhost:");
    let port_alone = port_alone.or_else(|| text.strip_prefix(':'));
    if let Ok(port) = port_alone.unwrap_or(text).parse() {
        return Ok(LocalListen::Port(port));
    }
    text.parse().map(LocalListen::Address).map_err(|_| {
        "not an address to listen on; write PORT, or ADDR:PORT as in 0.0.0.0:1935 to let others in"
            .to_owned()
    })
}

/// Every address of the machine, IPv6 and IPv4.
pub(crate) fn every_address(port: u16) -> SocketAddr {
    SocketAddr::from((std::net::Ipv6Addr::UNSPECIFIED, port))
}

#[cfg(test)]
mod tests;
