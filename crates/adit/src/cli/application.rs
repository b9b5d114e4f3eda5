//! The flags of the commands that speak with an application.

use std::time::Duration;

use clap::Args;

use super::{Address, Retry, WayOut, span};

/// The flags of `adit call`.
#[derive(Debug, Args)]
pub(crate) struct Call {
    #[command(flatten)]
    pub(crate) application: Application,

    /// Method to call, perhaps with dots in it
    #[arg(value_name = "METHOD")]
    pub(crate) method: String,

    /// Arguments, each in JSON: 5 '"text"' '{"a":true}'; `-` alone reads them from standard input
    #[arg(value_name = "JSON", allow_negative_numbers = true)]
    pub(crate) arguments: Vec<String>,

    /// How long to wait for the answer [default: 30s]
    #[arg(long, value_name = "TIME", value_parser = span::parse, conflicts_with = "no_answer")]
    pub(crate) wait: Option<Duration>,

    /// Do not ask for an answer
    #[arg(long)]
    pub(crate) no_answer: bool,

    #[command(flatten)]
    pub(crate) way: WayOut,
}

/// The flags of `adit so`.
#[derive(Debug, Args)]
pub(crate) struct So {
    #[command(flatten)]
    pub(crate) application: Application,

    /// Name of the shared object
    #[arg(value_name = "NAME")]
    pub(crate) name: String,

    /// The object that the server keeps, not the temporary one of this name
    #[arg(long)]
    pub(crate) persistent: bool,

    #[command(flatten)]
    pub(crate) edits: Edits,

    /// End when the slots are told and every change is confirmed
    #[arg(long)]
    pub(crate) once: bool,

    /// How long --once waits for the object, and then for each confirmation [default: 10s]
    #[arg(long, value_name = "TIME", value_parser = span::parse, requires = "once")]
    pub(crate) wait: Option<Duration>,

    /// How long to try again when the connection breaks: `none`, `forever`, a number of tries, or a time as in 5m. The first connection
    /// is tried again only with `forever`
    #[arg(long, value_name = "HOW", default_value = "5m")]
    pub(crate) retry: Retry,

    #[command(flatten)]
    pub(crate) way: WayOut,
}

/// What is asked of a shared object.
#[derive(Debug, Args)]
pub(crate) struct Edits {
    /// Remove all slots first
    #[arg(long)]
    pub(crate) clear: bool,

    /// Remove a slot; repeat for more
    #[arg(long, value_name = "SLOT")]
    pub(crate) remove: Vec<String>,

    /// Set a slot, as in --set topic='"adits"'; repeat for more
    #[arg(long, value_name = "SLOT=JSON")]
    pub(crate) set: Vec<String>,

    /// Call a method at everybody who uses the object, as in --send onNews='["text",5]'; repeat for more
    #[arg(long, value_name = "METHOD[=JSON]")]
    pub(crate) send: Vec<String>,

    /// Read changes from standard input too, one JSON object a line, as in {"set":{"a":1}} or
    /// {"clear":true}
    #[arg(short, long)]
    pub(crate) input: bool,
}

/// Which application, and how it is spoken to.
#[derive(Debug, Args)]
pub(crate) struct Application {
    /// The application: `rtmp://host/app` or `rtmp://host/app/instance`, or rtmpt, rtmps, rtmpts
    #[arg(value_name = "URL")]
    pub(crate) url: Address,

    /// Speak AMF3 if the server does
    #[arg(long)]
    pub(crate) amf3: bool,

    /// What the application is told when it is connected to; repeat for more
    #[arg(long, value_name = "JSON", allow_negative_numbers = true)]
    pub(crate) connect: Vec<String>,
}
