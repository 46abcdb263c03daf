//! `per-entity` as a user runs it.

use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

/// A command of `per-entity`, as one would type it. What stands in single quotes is one argument.
pub fn per_entity(arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_per-entity"));
    for (position, part) in arguments.split('\'').enumerate() {
        match position % 2 {
            0 => command.args(part.split_whitespace()),
            _ => command.arg(part),
        };
    }
    command
}

/// Runs a command to its end.
pub fn finish(command: &mut Command) -> Finished {
    let output = command.output();
    output
        .unwrap_or_else(|error| panic!("{command:?}: {error}"))
        .into()
}

/// What a program said, and how it ended. None ends by a panic.
#[derive(Debug)]
pub struct Finished {
    /// The exit code; none if a signal ended the program.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Finished {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("programs print UTF-8");
        let (stdout, stderr) = (text(output.stdout), text(output.stderr));
        assert!(!stderr.contains("panicked"), "{stderr}");
        Self {
            code: output.status.code(),
            stdout,
            stderr,
        }
    }
}

impl Finished {
    /// Itself, if the program ended well.
    #[track_caller]
    pub fn succeeded(self) -> Self {
        assert_eq!(self.code, Some(0), "{}{}", self.stdout, self.stderr);
        self
    }

    /// What the program said on stderr, if it ended with this exit code.
    #[track_caller]
    pub fn failed(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{}{}", self.stdout, self.stderr);
        self.stderr
    }

    /// The JSON that the program printed.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error} in {}{}", self.stdout, self.stderr))
    }
}

/// Memory that a program had at the peak, in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct PeakMemory {
    /// All that was resident, pages of the program and of files among it.
    pub resident: u64,
    /// What was the program's own, as far as it was seen at one moment or another.
    pub own: u64,
}

impl PeakMemory {
    fn see(&mut self, process: u32) -> bool {
        let status = std::fs::read_to_string(format!("/proc/{process}/status"));
        let status = status.unwrap_or_default();
        let bytes = |field: &str| {
            let kibibytes = status.split_once(field)?.1.split_whitespace().next()?;
            Some(kibibytes.parse::<u64>().ok()? << 10)
        };
        let (Some(resident), Some(own)) = (bytes("VmHWM:"), bytes("RssAnon:")) else {
            return false;
        };
        self.resident = self.resident.max(resident);
        self.own = self.own.max(own);
        true
    }
}

/// Runs a command to its end, and looks at its memory meanwhile.
pub fn finish_watched(command: &mut Command) -> (Finished, PeakMemory) {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let running = command.spawn();
    let running = running.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let process = running.id();
    let watch = std::thread::spawn(move || {
        let mut peak = PeakMemory::default();
        while peak.see(process) {
            std::thread::sleep(Duration::from_millis(2));
        }
        peak
    });
    let finished = running.wait_with_output().unwrap().into();
    (finished, watch.join().unwrap())
}
