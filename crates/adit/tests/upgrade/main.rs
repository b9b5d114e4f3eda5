//! Servers that are taken down or taken over while people publish and play.
#![cfg(test)]

mod draining;
mod support;
mod taking_over;
mod tunnels;
