//! The client library: connections that find a way out of any network, publish, play and call.
//!
//! To publish, connect to the application, open a message stream, and send frames:
//!
//! ```no_run
//! use adit_client::media::Frame;
//! use adit_client::network::{ConnectorConfig, GivenProxy};
//! use adit_client::rtmp::command::PublishKind;
//! use adit_client::{Client, ConnectOptions, Intent, Target};
//!
//! # async fn publish(frames: Vec<Frame>) -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::new(ConnectorConfig::system()?, GivenProxy::System);
//! let target = Target::parse("rtmp://live.example.com/app/key")?;
//! let connection = client.connect(&target, &ConnectOptions::new(Intent::Publish)).await?;
//! println!("connected by {}", connection.rung());
//!
//! let mut stream = connection.create_stream().await?;
//! stream.publish(&target.stream_argument(), PublishKind::Live).await?;
//! for frame in frames {
//!     stream.send(frame).await?;
//! }
//! stream.close(Some(target.name())).await?;
//! connection.close().await;
//! # Ok(())
//! # }
//! ```
//!
//! To play, ask a stream for its events. [`Strategy::Reach`](strategy::Strategy::Reach) goes through whatever the network lets
//! through, and an error says what stood in the way:
//!
//! ```no_run
//! use adit_client::connection::StreamEvent;
//! use adit_client::rtmp::command::Play;
//! use adit_client::strategy::Strategy;
//! # use adit_client::{Client, ConnectOptions, Intent, Target};
//!
//! # async fn play(client: Client, target: Target) -> Result<(), Box<dyn std::error::Error>> {
//! let options = ConnectOptions::new(Intent::Play).with_strategy(Strategy::Reach);
//! let connection = match client.connect(&target, &options).await {
//!     Ok(connection) => connection,
//!     Err(error) => {
//!         for attempt in error.report().map(|report| report.attempts()).unwrap_or_default() {
//!             eprintln!("{}: {}", attempt.rung(), attempt.outcome().as_str());
//!         }
//!         return Err(error.into());
//!     }
//! };
//! let mut stream = connection.create_stream().await?;
//! stream.play(Play::new(target.stream_argument().expose())).await?;
//! while let Some(event) = stream.next_event().await {
//!     if let StreamEvent::Frame(frame) = event {
//!         println!("{} ms: {} bytes", frame.at().ms(), frame.payload().len());
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! All of it needs a tokio runtime with time and I/O. A connection runs in a task of its own.
//!
//! The way to a server is found by parts that touch no network: an address becomes a
//! [`Target`], the target a ladder of attempts, and the ladder a plan that says what to dial when.
//!
//! ```
//! use std::time::Instant;
//!
//! use adit_client::Target;
//! use adit_client::plan::{Action, Plan, Policy};
//! use adit_client::strategy::{Ladder, ProxyType, Routes, Strategy};
//!
//! let target = Target::parse("rtmp://live.example.com/app/key")?;
//! assert_eq!(target.to_string(), "rtmp://live.example.com/app/***");
//!
//! let routes = Routes::direct();
//! let ladder = Ladder::new(&target, Strategy::Standard, ProxyType::Best, &routes, None);
//! let now = Instant::now();
//! let mut plan = Plan::new(now, &ladder, Policy::staggered());
//! let Some(Action::Dial(id, rung)) = plan.poll_action(now) else {
//!     unreachable!("the first attempt starts at once");
//! };
//! assert_eq!(rung.to_string(), "rtmp:1935");
//! plan.handle_success(now, id);
//! assert_eq!(plan.poll_action(now), Some(Action::Use(id)));
//! # Ok::<(), adit_client::AddressError>(())
//! ```

pub mod address;
pub mod auth;
mod client;
mod clock;
pub mod connection;
pub mod limits;
mod link;
pub mod memory;
mod message;
pub mod network;
pub mod plan;
pub mod redirect;
mod secret;
pub mod strategy;

pub use address::{AddressError, Credentials, Host, Scheme, Target};
pub use client::{Client, ConnectError, ConnectOptions, Destination, Intent};
pub use connection::{NetConnection, NetStream};
pub use secret::Secret;
pub use {adit_amf as amf, adit_media as media, adit_rtmp as rtmp};
