//! Servers that are taken down or taken over while people publish and play.
#![cfg(test)]

#[cfg(feature = "acme")]
mod certificate;
mod draining;
mod failing;
mod staying;
mod support;
mod taking_over;
mod tunnels;
