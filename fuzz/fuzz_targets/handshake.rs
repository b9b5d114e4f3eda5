//! Fuzzes [`adit_fuzz::handshake::handshake`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| adit_fuzz::handshake::handshake(data));
