#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| entitlements::fuzzing::listing(data));
