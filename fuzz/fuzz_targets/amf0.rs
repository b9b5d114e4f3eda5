//! Fuzzes [`adit_fuzz::amf::amf0`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| adit_fuzz::amf::amf0(data));
