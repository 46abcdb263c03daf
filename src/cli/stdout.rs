//! What goes to stdout, for as long as somebody reads it.

use std::fmt::Display;
use std::io::{ErrorKind, Result, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Map, Value};

use super::visible::visible;

/// Of the documents that `--json` prints; it grows when a field is renamed or left out.
const JSON_VERSION: u64 = 1;

static READER_IS_GONE: AtomicBool = AtomicBool::new(false);

/// Whether writing to stdout failed because its reader has seen enough, as `head` has. Whatever
/// error follows from that is none to the user.
pub fn reader_is_gone() -> bool {
    READER_IS_GONE.load(Ordering::Relaxed)
}

/// Stdout, which notes when its reader is gone.
pub struct Stdout(std::io::Stdout);

impl Stdout {
    pub fn new() -> Self {
        Self(std::io::stdout())
    }
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        noted(self.0.write(bytes))
    }

    fn flush(&mut self) -> Result<()> {
        noted(self.0.flush())
    }
}

fn noted<T>(result: Result<T>) -> Result<T> {
    if let Err(error) = &result
        && error.kind() == ErrorKind::BrokenPipe
    {
        READER_IS_GONE.store(true, Ordering::Relaxed);
    }
    result
}

/// Prints a line or more, of which the terminal obeys nothing. That nobody reads it is not an error.
pub fn print(text: impl Display) -> Result<()> {
    let mut stdout = Stdout::new();
    let text = text.to_string();
    match writeln!(stdout, "{}", visible(&text)).and_then(|()| stdout.flush()) {
        Err(_) if reader_is_gone() => Ok(()),
        result => result,
    }
}

/// Prints the document of a command in one line.
pub fn print_json(document: Value) -> Result<()> {
    print(versioned(document))
}

/// The document of a command: its version, and its fields with names in snake_case.
pub fn versioned(document: Value) -> Value {
    let mut fields = Map::new();
    fields.insert("version".into(), JSON_VERSION.into());
    if let Value::Object(rest) = snake_case(document) {
        fields.extend(rest);
    }
    Value::Object(fields)
}

/// Specifications are in kebab-case, as their files are.
fn snake_case(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.into_iter();
            let fields = fields.map(|(name, value)| (name.replace('-', "_"), snake_case(value)));
            Value::Object(fields.collect())
        }
        Value::Array(values) => values.into_iter().map(snake_case).collect(),
        other => other,
    }
}
