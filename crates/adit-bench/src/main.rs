//! Benchmarks for Adit: the player swarm, rivals started and stopped, bare loops.

fn main() {}
