//! Fuzzes [`adit_fuzz::session::server_session`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| adit_fuzz::session::server_session(data));
