//! `per-entity` as a user runs it.

use std::process::{Command, Output};

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
