//! What the library logs, for Python's `logging`. Threads of the library put it down, and whoever
//! waits for them passes it on, for only they may call Python.

use std::sync::Mutex;

use log::{Level, LevelFilter, Log, Metadata, Record};
use pyo3::prelude::*;

struct Notes(Mutex<Vec<(u8, String)>>);

static NOTES: Notes = Notes(Mutex::new(Vec::new()));

/// Has the library's log put down.
pub fn install() {
    // Another logger in this process cannot be: the module has a copy of `log` of its own.
    if log::set_logger(&NOTES).is_ok() {
        log::set_max_level(LevelFilter::Info);
    }
}

impl Log for Notes {
    fn enabled(&self, metadata: &Metadata) -> bool {
        metadata.target().starts_with("per_entity") && metadata.level() <= Level::Info
    }

    fn log(&self, record: &Record) {
        if self.enabled(record.metadata()) {
            note(record.level(), record.args().to_string());
        }
    }

    fn flush(&self) {}
}

/// Puts a line down.
pub fn note(level: Level, line: String) {
    // The numbers of Python's levels.
    let level = match level {
        Level::Error => 40,
        Level::Warn => 30,
        Level::Info => 20,
        Level::Debug | Level::Trace => 10,
    };
    if let Ok(mut notes) = NOTES.0.lock() {
        notes.push((level, line));
    }
}

/// Hands all that was put down to the logger `per_entity`.
pub fn pass_on(py: Python) -> PyResult<()> {
    let notes = NOTES.0.lock();
    let notes = notes.map_or_else(|_| Vec::new(), |mut notes| std::mem::take(&mut *notes));
    if notes.is_empty() {
        return Ok(());
    }
    let logger = py
        .import("logging")?
        .call_method1("getLogger", ("per_entity",))?;
    for (level, line) in notes {
        logger.call_method1("log", (level, "%s", line))?;
    }
    Ok(())
}
