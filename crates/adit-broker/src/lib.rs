//! Live streams in memory: who publishes, who reads, the frame log and its cursors.

mod broker;
mod config;
mod delivery;
mod key;
mod limits;
mod shared;

pub use broker::{Broker, NameInUse, Publication, StreamSnapshot, Subscription};
pub use config::{BrokerConfig, GopCache, Latency, PublisherInfo, SubscribeOptions};
pub use delivery::{Delivery, PublicationInfo};
pub use key::{KeyTooLong, StreamKey};
pub use shared::SharedFrame;
