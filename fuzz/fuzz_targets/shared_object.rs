//! Fuzzes [`adit_fuzz::shared_object::shared_object`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| adit_fuzz::shared_object::shared_object(data));
