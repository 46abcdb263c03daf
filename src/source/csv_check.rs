//! One fast look at a CSV file before Polars reads it: how many rows, which of them have the wrong
//! number of fields, and whether it is text at all. Polars itself pads or cuts a ragged row without
//! a word, and cannot say at which line a file stops being text.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use memchr::{memchr, memchr_iter, memchr2_iter};

use super::observation::{Observation, Texts};
use crate::error::{Error, InputError, Result};

/// How the file is written, every choice made.
#[derive(Clone, Debug)]
pub(super) struct Dialect {
    /// Column names of a file without header.
    pub columns: Vec<String>,
    pub separator: u8,
    pub comment: Option<String>,
}

/// What a look at one file found.
#[derive(Clone, Debug, Default)]
pub(super) struct CsvCheck {
    pub path: PathBuf,
    /// The column names, from the header where there is one.
    pub columns: Vec<String>,
    /// Lines before the first record.
    pub skip_lines: usize,
    /// Rows, ragged ones included; neither header, comments nor empty lines.
    pub rows: u64,
    /// Number of rows with the wrong number of fields.
    pub ragged: u64,
    /// Where Polars, which takes an empty line behind the header for a row of nulls, counts rows
    /// that are to be left out: the ragged ones and empty lines. Ascending.
    pub excluded: Vec<u32>,
    /// Line and number of fields of the first ragged row.
    pub first_ragged: Option<(u64, usize)>,
    /// What the texts of each column look like, ragged rows aside; none where nobody asked.
    pub observations: Vec<Observation>,
}

impl CsvCheck {
    /// Looks at one file, compressed or not; and at its values, where `texts` says how they are
    /// written.
    pub fn take(path: &Path, dialect: &Dialect, texts: Option<&Texts>) -> Result<Self> {
        let mut checker = Checker {
            dialect,
            texts,
            separators: Vec::new(),
            check: CsvCheck {
                path: path.to_path_buf(),
                columns: dialect.columns.clone(),
                ..CsvCheck::default()
            },
            line: 1,
            position: 0,
            started: false,
        };
        let mut reader = open(path)?;
        let mut buffer = Vec::new();
        let mut first = true;
        loop {
            let held = buffer.len();
            let wanted = held.max(BLOCK / 2) * 2;
            buffer.resize(wanted, 0);
            let read = fill(&mut reader, &mut buffer[held..]).map_err(Error::io(path))?;
            buffer.truncate(held + read);
            let end_of_file = buffer.len() < wanted;
            if std::mem::take(&mut first) && buffer.starts_with(BYTE_ORDER_MARK) {
                buffer.drain(..BYTE_ORDER_MARK.len());
            }
            let whole = checker.records(&buffer, end_of_file)?;
            buffer.drain(..whole);
            if end_of_file {
                return checker.finish();
            }
        }
    }
}

/// Bytes that are looked at together; more where a record is longer.
const BLOCK: usize = 1 << 20;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Opens a file for reading, uncompressed by its first bytes.
pub(super) fn open(path: &Path) -> Result<Box<dyn Read>> {
    let mut magic = [0; 4];
    let mut file = File::open(path).map_err(Error::io(path))?;
    let length = fill(&mut file, &mut magic).map_err(Error::io(path))?;
    let file = File::open(path).map_err(Error::io(path))?;
    Ok(match &magic[..length] {
        [0x1F, 0x8B, ..] => Box::new(flate2::read::MultiGzDecoder::new(BufReader::new(file))),
        [0x28, 0xB5, 0x2F, 0xFD] => {
            Box::new(zstd::stream::read::Decoder::new(file).map_err(Error::io(path))?)
        }
        _ => Box::new(file),
    })
}

fn fill(reader: &mut impl Read, mut buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut total = 0;
    while !buffer.is_empty() {
        match reader.read(buffer) {
            Ok(0) => break,
            Ok(read) => {
                total += read;
                buffer = &mut buffer[read..];
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(total)
}

struct Checker<'a> {
    dialect: &'a Dialect,
    texts: Option<&'a Texts>,
    /// Where the fields of a record end; scratch memory.
    separators: Vec<usize>,
    check: CsvCheck,
    /// The line at which the next record begins, from 1.
    line: u64,
    /// The next row's position as Polars counts.
    position: u32,
    /// Whether the first record has been seen.
    started: bool,
}

impl Checker<'_> {
    /// Looks at all whole records of `bytes` and returns their length.
    fn records(&mut self, bytes: &[u8], end_of_file: bool) -> Result<usize> {
        let first_line = self.line;
        let quoted = memchr(b'"', bytes).is_some();
        let mut start = 0;
        while start < bytes.len() {
            let rest = &bytes[start..];
            let comment = self.is_comment(rest);
            let end = if quoted && !comment {
                quoted_record_end(rest)
            } else {
                memchr(b'\n', rest)
            };
            let length = match end {
                Some(end) => end + 1,
                None if end_of_file => rest.len(),
                None => break,
            };
            let record = &rest[..length];
            if !comment {
                self.record(record, quoted)?;
            }
            self.line += if quoted {
                memchr_iter(b'\n', record).count() as u64
            } else {
                1
            };
            start += length;
        }
        self.check_text(&bytes[..start], first_line)?;
        Ok(start)
    }

    fn is_comment(&self, record: &[u8]) -> bool {
        let prefix = self.dialect.comment.as_deref();
        prefix.is_some_and(|prefix| record.starts_with(prefix.as_bytes()))
    }

    fn record(&mut self, record: &[u8], quoted: bool) -> Result<()> {
        let record = record.strip_suffix(b"\n").unwrap_or(record);
        let record = record.strip_suffix(b"\r").unwrap_or(record);
        if record.iter().all(|byte| matches!(byte, b' ' | b'\t')) {
            if self.started {
                self.exclude();
            }
            return Ok(());
        }
        if !std::mem::replace(&mut self.started, true) {
            self.check.skip_lines = self.line as usize - 1;
            if self.check.columns.is_empty() {
                self.check.columns = self.header(record)?;
                return Ok(());
            }
        }
        let separator = self.dialect.separator;
        let quoted = quoted && memchr(b'"', record).is_some();
        let fields = if quoted {
            quoted_fields(record, separator).ok_or_else(|| {
                self.bad_line(
                    self.line,
                    "a quote is opened here and never closed; close it",
                )
            })?
        } else {
            self.separators.clear();
            self.separators.extend(memchr_iter(separator, record));
            1 + self.separators.len()
        };
        if fields != self.check.columns.len() {
            self.check.ragged += 1;
            self.check.first_ragged.get_or_insert((self.line, fields));
            self.exclude();
        } else {
            self.position += 1;
            self.observe(record, quoted);
        }
        self.check.rows += 1;
        Ok(())
    }

    /// Looks at the values of a record.
    fn observe(&mut self, record: &[u8], quoted: bool) {
        let Some(texts) = self.texts else {
            return;
        };
        let columns = self.check.columns.len();
        self.check
            .observations
            .resize_with(columns, Observation::default);
        let mut observations = self.check.observations.iter_mut();
        if quoted {
            let mut reader = csv::ReaderBuilder::new()
                .has_headers(false)
                .delimiter(self.dialect.separator)
                .from_reader(record);
            let mut fields = csv::ByteRecord::new();
            if let Ok(true) = reader.read_byte_record(&mut fields) {
                for (observation, field) in observations.zip(&fields) {
                    observation.look_at(field, texts);
                }
            }
            return;
        }
        let mut start = 0;
        let ends = self.separators.iter().copied().chain([record.len()]);
        for end in ends {
            if let Some(observation) = observations.next() {
                observation.look_at(&record[start..end], texts);
            }
            start = end + 1;
        }
    }

    fn exclude(&mut self) {
        self.check.excluded.push(self.position);
        self.position += 1;
    }

    fn header(&self, record: &[u8]) -> Result<Vec<String>> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .delimiter(self.dialect.separator)
            .from_reader(record);
        let mut names = csv::StringRecord::new();
        reader.read_record(&mut names).map_err(|_| {
            self.bad_line(
                self.line,
                "the header is not valid UTF-8; convert the file to UTF-8",
            )
        })?;
        let names: Vec<String> = names.iter().map(str::to_owned).collect();
        for (position, name) in names.iter().enumerate() {
            if names[..position].contains(name) {
                let problem = format!("the header names column '{name}' twice; rename one of them");
                return Err(self.bad_line(self.line, &problem));
            }
        }
        Ok(names)
    }

    fn check_text(&self, bytes: &[u8], first_line: u64) -> Result<()> {
        let line_of =
            |offset: usize| first_line + memchr_iter(b'\n', &bytes[..offset]).count() as u64;
        if let Some(offset) = memchr(0, bytes) {
            let problem = "a NUL byte; a text file has none, so convert it (from UTF-16, perhaps) or remove it";
            return Err(self.bad_line(line_of(offset), problem));
        }
        if let Err(error) = std::str::from_utf8(bytes) {
            let problem = "not valid UTF-8; convert the file to UTF-8";
            return Err(self.bad_line(line_of(error.valid_up_to()), problem));
        }
        Ok(())
    }

    fn bad_line(&self, line: u64, problem: &str) -> Error {
        InputError::BadLine {
            path: self.check.path.clone(),
            line,
            problem: problem.to_owned(),
        }
        .into()
    }

    fn finish(self) -> Result<CsvCheck> {
        if self.check.rows == 0 {
            return Err(InputError::Empty {
                header: self.dialect.columns.is_empty() && !self.check.columns.is_empty(),
                path: self.check.path,
            }
            .into());
        }
        Ok(self.check)
    }
}

/// Where the line of a record ends; line ends within quotes belong to the record.
fn quoted_record_end(bytes: &[u8]) -> Option<usize> {
    let mut within_quotes = false;
    memchr2_iter(b'"', b'\n', bytes).find(|&position| {
        if bytes[position] == b'"' {
            within_quotes = !within_quotes;
            return false;
        }
        !within_quotes
    })
}

/// The number of fields, or nothing where a quote is not closed.
fn quoted_fields(record: &[u8], separator: u8) -> Option<usize> {
    let mut within_quotes = false;
    let mut fields = 1;
    for position in memchr2_iter(b'"', separator, record) {
        if record[position] == b'"' {
            within_quotes = !within_quotes;
        } else if !within_quotes {
            fields += 1;
        }
    }
    (!within_quotes).then_some(fields)
}

/// The first value that is refused: its line, its column and its text. `columns` are the columns
/// to look at, and what each refuses.
pub(super) fn first_refused(
    check: &CsvCheck,
    dialect: &Dialect,
    columns: &[(String, Box<dyn Fn(&str) -> bool>)],
) -> Result<Option<(u64, String, String)>> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(dialect.columns.is_empty())
        .delimiter(dialect.separator)
        .flexible(true)
        .from_reader(open(&check.path)?);
    let mut record = csv::ByteRecord::new();
    let comment = dialect.comment.as_deref().map(str::as_bytes);
    let position = |name: &String| check.columns.iter().position(|column| column == name);
    while reader
        .read_byte_record(&mut record)
        .map_err(|error| InputError::BadLine {
            path: check.path.clone(),
            line: error.position().map_or(0, |position| position.line()),
            problem: error.to_string(),
        })?
    {
        let first = record.get(0).unwrap_or_default();
        let is_comment = comment.is_some_and(|comment| first.starts_with(comment));
        if is_comment || record.len() != check.columns.len() {
            continue;
        }
        for (name, refuses) in columns {
            let Some(field) = position(name).and_then(|position| record.get(position)) else {
                continue;
            };
            let text = String::from_utf8_lossy(field);
            if refuses(&text) {
                let line = record.position().map_or(0, |position| position.line());
                return Ok(Some((line, name.clone(), text.into_owned())));
            }
        }
    }
    Ok(None)
}
