//! RTMP as a state machine: handshake, chunk streams, messages, commands, sessions; no I/O.
