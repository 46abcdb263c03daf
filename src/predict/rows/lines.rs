//! Lines of text as they come.

use std::io::BufRead;
use std::path::Path;

use memchr::{memchr, memchr_iter};

use crate::error::{Error, InputError, Result};
use crate::source::{ReadLimits, read_line};

/// Reads lines; some can be put back, to be read again.
pub(super) struct Lines {
    input: Box<dyn BufRead + Send>,
    limits: ReadLimits,
    /// What was put back, and how far it has been read again.
    back: Vec<u8>,
    position: usize,
    /// Lines that have been read.
    read: u64,
}

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

impl Lines {
    pub fn new(input: Box<dyn BufRead + Send>, limits: ReadLimits) -> Self {
        Self {
            input,
            limits,
            back: Vec::new(),
            position: 0,
            read: 0,
        }
    }

    /// The number of the line that was read last, from 1.
    pub fn number(&self) -> u64 {
        self.read
    }

    /// Whether lines that were put back are still to be read again.
    pub fn has_back(&self) -> bool {
        self.position < self.back.len()
    }

    /// Adds the next line with its end to `text`; false where there is none. `name` is what the
    /// lines come from.
    ///
    /// # Errors
    ///
    /// [`InputError::BadLine`] for a line that is longer than the limit, [`Error::Io`].
    pub fn read(&mut self, text: &mut Vec<u8>, name: &str) -> Result<bool> {
        let back = &self.back[self.position..];
        if back.is_empty() {
            let start = text.len();
            let read = read_line(&mut self.input, text, self.limits.row_bytes());
            match read.map_err(Error::io(Path::new(name)))? {
                Some(0) => return Ok(false),
                Some(_) => {}
                None => return Err(bad_row(name, self.read + 1, self.limits.too_long())),
            }
            if self.read == 0 && text[start..].starts_with(BYTE_ORDER_MARK) {
                text.drain(start..start + BYTE_ORDER_MARK.len());
            }
        } else {
            let length = memchr(b'\n', back).map_or(back.len(), |end| end + 1);
            text.extend_from_slice(&back[..length]);
            self.position += length;
        }
        self.read += 1;
        Ok(true)
    }

    /// Has whole lines, those that were read last, read again.
    pub fn put_back(&mut self, lines: &[u8]) {
        let last = usize::from(!lines.is_empty() && !lines.ends_with(b"\n"));
        self.read -= (memchr_iter(b'\n', lines).count() + last) as u64;
        self.back.drain(..self.position);
        self.back.splice(..0, lines.iter().copied());
        self.position = 0;
    }
}

/// A row that cannot be read or predicted.
pub(super) fn bad_row(input: &str, line: u64, problem: String) -> Error {
    InputError::BadLine {
        path: input.into(),
        line,
        problem,
    }
    .into()
}
