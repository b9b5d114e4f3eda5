//! RTMP that gets through: the adit command.

fn main() {}
