#![no_main]

#[allow(dead_code)]
#[path = "../../support/hostile.rs"]
mod hostile;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hostile::model(bytes));
