//! Scripted sessions: what the peers of the field send, and what they get; on a virtual clock.

mod clients;
mod commands;
mod connect;
mod data;
mod deadlines;
mod limits;
mod pairs;
mod publish_play;
mod splits;
mod support;
