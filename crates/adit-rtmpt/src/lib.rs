//! The RTMP tunnel over HTTP as a state machine; no I/O.
