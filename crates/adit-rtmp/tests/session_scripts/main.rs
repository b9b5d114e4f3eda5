//! Scripted sessions: what the peers of the field send, and what they get; on a virtual clock.

#[cfg(test)]
mod alive;
#[cfg(test)]
mod amf3;
#[cfg(test)]
mod clients;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod confusion;
#[cfg(test)]
mod connect;
#[cfg(test)]
mod data;
#[cfg(test)]
mod deadlines;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod pair;
#[cfg(test)]
mod pairs;
#[cfg(test)]
mod playing;
#[cfg(test)]
mod publishing;
#[cfg(test)]
mod splits;
#[cfg(test)]
mod streams;
#[cfg(test)]
mod support;
