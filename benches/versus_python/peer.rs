//! The Python versions: processes that print one line of JSON.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::Value;

/// What one run of a process took and told.
pub struct Run {
    /// Wall clock of the whole process.
    pub wall: f64,
    pub report: Value,
}

impl Run {
    pub fn number(&self, pointer: &str) -> f64 {
        let number = self.report.pointer(pointer).and_then(Value::as_f64);
        number.unwrap_or_else(|| panic!("{pointer} in {}", self.report))
    }
}

/// Runs a script of `benches/python`. Nothing where a library is missing, which is said.
pub fn python(script: &str, arguments: &[&str]) -> Option<Run> {
    let python = std::env::var("PER_ENTITY_PYTHON").unwrap_or_else(|_| "python3".into());
    let models = crate::common::scratch_directory().join("python-models");
    let _ = std::fs::remove_dir_all(&models);
    let mut command = Command::new(&python);
    command
        .arg(Path::new("benches/python").join(script))
        .args(arguments)
        .arg("--output-dir")
        .arg(&models);
    let Some(run) = timed(&mut command) else {
        println!("skipped: {script}, for {python} cannot run it");
        return None;
    };
    if let Some(reason) = run.report.get("skipped") {
        println!("skipped: {script}: {reason}");
        return None;
    }
    Some(run)
}

/// Runs the `per-entity` binary.
pub fn ours(arguments: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_per-entity"));
    timed(command.arg("--json").args(arguments)).expect("per-entity runs")
}

/// Nothing for a process that fails, or whose last line is no JSON.
fn timed(command: &mut Command) -> Option<Run> {
    // What others wrote before is not to be waited for within the time.
    rustix::fs::sync();
    let started = Instant::now();
    let output = command.stderr(Stdio::null()).output().ok()?;
    let wall = started.elapsed().as_secs_f64();
    let text = String::from_utf8(output.stdout).ok()?;
    let last = text.trim_end().lines().last().unwrap_or_default();
    let report = serde_json::from_str(last)
        .or_else(|_| serde_json::from_str(&text))
        .ok()?;
    output.status.success().then_some(Run { wall, report })
}
