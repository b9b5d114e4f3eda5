//! Fuzzes [`adit_fuzz::amf::amf3`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| adit_fuzz::amf::amf3(data));
