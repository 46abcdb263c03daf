//! The records of a CSV file one after another, and what stands between them.

use std::borrow::Cow;
use std::io::Read;
use std::path::Path;

use memchr::{memchr, memchr_iter, memmem};

use super::csv_record::{NEVER_CLOSED, RecordScanner, is_blank, without_line_end};
use super::dialect::Dialect;
use super::input_file::InputFile;
use super::text_file::{fill, open};
use crate::error::{Error, InputError, Result};

/// Bytes that are looked at together; more where a record is longer.
const BLOCK: usize = 1 << 20;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Reads a file, compressed or not, whose text is checked on the way.
pub(super) struct CsvLines<'a> {
    path: &'a Path,
    dialect: &'a Dialect,
    reader: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    /// Where in the buffer the next record begins.
    start: usize,
    /// The line of the file at which it begins, from 1.
    line: u64,
    /// Until where the buffer is known to be text.
    checked: usize,
    has_quotes: bool,
    is_begun: bool,
    is_ended: bool,
    scanner: RecordScanner,
}

/// A line, or several where a quoted field goes on.
pub(super) enum CsvLine<'a> {
    Record(CsvRecord<'a>),
    Comment { has_quotes: bool },
    Blank,
}

/// A record without its line's end.
pub(super) struct CsvRecord<'a> {
    /// The line on which it begins, from 1.
    pub line: u64,
    bytes: &'a [u8],
    separator: u8,
    /// What was found where there are quotes.
    quoted: Option<&'a RecordScanner>,
}

/// What is next in the buffer, and its length.
enum Next {
    Comment(usize),
    Plain(usize),
    Quoted(usize),
}

impl<'a> CsvLines<'a> {
    pub fn open(file: &'a InputFile, dialect: &'a Dialect) -> Result<Self> {
        Ok(Self {
            path: &file.path,
            dialect,
            reader: open(file.readable())?,
            buffer: Vec::new(),
            start: 0,
            line: 1,
            checked: 0,
            has_quotes: false,
            is_begun: false,
            is_ended: false,
            scanner: RecordScanner::new(dialect.separator, dialect.limits.columns + 1),
        })
    }

    /// What is next; nothing at the end.
    ///
    /// # Errors
    ///
    /// [`InputError::BadLine`] for bytes that are not text, for a quote that is never closed, and for
    /// a row that is too long; [`Error::Io`].
    pub fn next(&mut self) -> Result<Option<CsvLine<'_>>> {
        let next = loop {
            match self.measure()? {
                Some(next) => break next,
                None if self.is_ended => return Ok(None),
                None => self.fill()?,
            }
        };
        let (Next::Comment(length) | Next::Plain(length) | Next::Quoted(length)) = next;
        let bytes = &self.buffer[self.start..self.start + length];
        let line = self.line;
        self.start += length;
        self.line += match next {
            Next::Quoted(_) => memchr_iter(b'\n', bytes).count() as u64,
            Next::Comment(_) | Next::Plain(_) => 1,
        };
        let bytes = without_line_end(bytes);
        let separator = self.dialect.separator;
        Ok(Some(match next {
            Next::Comment(_) => CsvLine::Comment {
                has_quotes: memchr(b'"', bytes).is_some(),
            },
            Next::Plain(_) if is_blank(bytes, separator) => CsvLine::Blank,
            Next::Plain(_) | Next::Quoted(_) => CsvLine::Record(CsvRecord {
                line,
                bytes,
                separator,
                quoted: matches!(next, Next::Quoted(_)).then_some(&self.scanner),
            }),
        }))
    }

    /// What is next, where the buffer has all of it.
    fn measure(&mut self) -> Result<Option<Next>> {
        let limits = &self.dialect.limits;
        let rest = &self.buffer[self.start..];
        let end = memchr(b'\n', rest);
        let length = end.map_or(rest.len(), |end| end + 1);
        if length > limits.row_bytes() {
            return Err(self.bad_line(self.line, &limits.too_long()));
        }
        if end.is_none() && !(self.is_ended && length > 0) {
            return Ok(None);
        }
        if self.dialect.is_comment(rest) {
            return Ok(Some(Next::Comment(length)));
        }
        if !self.has_quotes || memchr(b'"', &rest[..length]).is_none() {
            return Ok(Some(Next::Plain(length)));
        }
        self.scanner.clear();
        let mut length = self.scanner.scan(rest);
        let overlong = self.scanner.overlong(limits.row_bytes());
        let mut open = overlong.map(|open| (open, limits.not_closed()));
        if length.is_none() && self.is_ended && open.is_none() {
            let end = self.scanner.end(rest);
            open = end.err().map(|open| (open, NEVER_CLOSED.to_owned()));
            length = Some(rest.len());
        }
        match open {
            None => Ok(length.map(Next::Quoted)),
            Some((open, problem)) => {
                let line = self.line + memchr_iter(b'\n', &rest[..open]).count() as u64;
                Err(self.bad_line(line, &problem))
            }
        }
    }

    /// Reads on.
    fn fill(&mut self) -> Result<()> {
        self.buffer.drain(..self.start);
        self.checked -= self.start;
        self.start = 0;
        let held = self.buffer.len();
        let wanted = held.max(BLOCK / 2) * 2;
        self.buffer.resize(wanted, 0);
        let read = fill(&mut self.reader, &mut self.buffer[held..]);
        let read = read.map_err(Error::io(self.path))?;
        self.buffer.truncate(held + read);
        self.is_ended = self.buffer.len() < wanted;
        if !std::mem::replace(&mut self.is_begun, true) && self.buffer.starts_with(BYTE_ORDER_MARK)
        {
            self.buffer.drain(..BYTE_ORDER_MARK.len());
        }
        self.has_quotes = memchr(b'"', &self.buffer).is_some();
        self.check_text()
    }

    fn check_text(&mut self) -> Result<()> {
        let new = &self.buffer[self.checked..];
        let line_of = |offset: usize| {
            let before = &self.buffer[..self.checked + offset];
            self.line + memchr_iter(b'\n', before).count() as u64
        };
        if let Some(offset) = memchr(0, new) {
            let problem = "a NUL byte; a text file has none, so convert it (from UTF-16, perhaps) or remove it";
            return Err(self.bad_line(line_of(offset), problem));
        }
        let valid = match std::str::from_utf8(new) {
            Ok(text) => text.len(),
            // A character that goes on in what is not read yet.
            Err(error) if error.error_len().is_none() && !self.is_ended => error.valid_up_to(),
            Err(error) => {
                let problem = "not valid UTF-8; convert the file to UTF-8";
                return Err(self.bad_line(line_of(error.valid_up_to()), problem));
            }
        };
        self.checked += valid;
        Ok(())
    }

    pub fn bad_line(&self, line: u64, problem: &str) -> Error {
        InputError::BadLine {
            path: self.path.to_path_buf(),
            line,
            problem: problem.to_owned(),
        }
        .into()
    }
}

impl CsvRecord<'_> {
    /// The record as it is written.
    pub fn bytes(&self) -> &[u8] {
        self.bytes
    }

    /// The number of fields.
    pub fn width(&self) -> usize {
        match self.quoted {
            Some(quoted) => quoted.width(),
            None => 1 + memchr_iter(self.separator, self.bytes).count(),
        }
    }

    /// Whether a field is not as RFC 4180 has it.
    pub fn has_odd_quotes(&self) -> bool {
        self.quoted.is_some_and(RecordScanner::has_odd_quotes)
    }

    /// Whether two quotes stand side by side, as in an empty field in quotes.
    pub fn has_two_quotes(&self) -> bool {
        self.quoted.is_some() && memmem::find(self.bytes, b"\"\"").is_some()
    }

    /// The fields' texts.
    pub fn texts(&self) -> Vec<Cow<'_, str>> {
        let text = |bytes| match bytes {
            Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
            Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
        };
        match self.quoted {
            Some(quoted) => quoted.texts(self.bytes).map(text).collect(),
            None => {
                let fields = self.bytes.split(|byte| *byte == self.separator);
                fields.map(String::from_utf8_lossy).collect()
            }
        }
    }

    /// Adds the record to `plain` as RFC 4180 has it.
    pub fn write_plain(&self, plain: &mut Vec<u8>) {
        match self.quoted {
            Some(quoted) => quoted.write_plain(self.bytes, plain),
            None => {
                plain.extend_from_slice(self.bytes);
                plain.push(b'\n');
            }
        }
    }
}
