//! Fuzzes [`adit_fuzz::recording::mp4_recording`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| adit_fuzz::recording::mp4_recording(data));
