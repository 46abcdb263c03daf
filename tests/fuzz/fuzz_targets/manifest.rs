#![no_main]

#[allow(dead_code)]
#[path = "../../support/hostile.rs"]
mod hostile;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("manifest.json"), bytes).unwrap();
    hostile::store(directory.path());
});
