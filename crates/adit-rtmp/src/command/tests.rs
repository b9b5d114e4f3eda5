//! Commands there and back, and everything a peer can write in their place.

mod addresses;
mod data;
mod round_trips;
mod statuses;
