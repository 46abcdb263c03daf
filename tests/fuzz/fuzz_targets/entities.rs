#![no_main]

#[allow(dead_code)]
#[path = "../../support/hostile.rs"]
mod hostile;

// Panics of the Parquet reader are caught and become errors; only one that is not caught counts.
static QUIET: std::sync::Once = std::sync::Once::new();

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    QUIET.call_once(|| std::panic::set_hook(Box::new(|_| {})));
    let directory = tempfile::tempdir().unwrap();
    hostile::write_store(directory.path(), bytes, bytes);
    hostile::store(directory.path());
});
