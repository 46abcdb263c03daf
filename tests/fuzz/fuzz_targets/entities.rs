#![no_main]

#[path = "../../support/hostile.rs"]
mod hostile;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let directory = tempfile::tempdir().unwrap();
    hostile::write_store(directory.path(), bytes, bytes);
    hostile::store(directory.path());
});
