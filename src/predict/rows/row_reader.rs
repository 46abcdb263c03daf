//! Rows of text as they come, one by one.

use std::borrow::Cow;
use std::collections::HashSet;
use std::io::BufRead;
use std::sync::Arc;

use memchr::{memchr, memchr_iter};

use super::columns::RowColumns;
use super::lines::{Lines, bad_row};
use super::row::{Field, Row};
use crate::error::Result;
use crate::source::{
    DatasetSpec, FolderValues, Format, JsonValue, NEVER_CLOSED, ReadLimits, RecordScanner,
    each_field, is_blank, named_twice, without_line_end,
};

/// Reads rows of NDJSON or CSV.
pub(super) struct RowReader {
    lines: Lines,
    limits: ReadLimits,
    /// What the rows come from.
    input: Arc<str>,
    columns: Arc<RowColumns>,
    /// What the names of folders give to every row.
    folders: Vec<Field>,
    /// How CSV is written; nothing for NDJSON.
    csv: Option<Csv>,
}

struct Csv {
    separator: u8,
    comment: Option<String>,
    /// The columns, once they are known.
    names: Option<Vec<Arc<str>>>,
    scanner: RecordScanner,
    limits: ReadLimits,
}

/// A record of CSV, and what is wrong with it.
struct Record {
    line: u64,
    bytes: Vec<u8>,
    problem: Option<String>,
}

const NOT_UTF_8: &str = "not valid UTF-8; convert it to UTF-8";

impl RowReader {
    pub fn new(
        reader: Box<dyn BufRead + Send>,
        input: &str,
        format: Format,
        spec: &DatasetSpec,
        columns: Arc<RowColumns>,
    ) -> Self {
        let default = match format {
            Format::Csv => Some(','),
            Format::Tsv => Some('\t'),
            _ => None,
        };
        let names = spec.csv.columns.iter().map(|name| name.as_str().into());
        let csv = default.map(|default| {
            let separator = spec.csv.separator.unwrap_or(default) as u8;
            Csv {
                separator,
                comment: spec.csv.comment.clone(),
                names: (names.len() > 0).then(|| names.collect()),
                scanner: RecordScanner::new(separator, spec.limits.columns + 1),
                limits: spec.limits,
            }
        });
        Self {
            lines: Lines::new(reader, spec.limits),
            limits: spec.limits,
            input: input.into(),
            columns,
            folders: Vec::new(),
            csv,
        }
    }

    /// Gives these values to every row that has no such field.
    pub fn folders(mut self, folders: &FolderValues) -> Self {
        let folders = folders.iter().map(|(name, value)| Field {
            name: name.as_str().into(),
            value: value.clone(),
        });
        self.folders = folders.collect();
        self
    }

    /// A row with what its folders give to it.
    fn located(&self, mut row: Row) -> Row {
        let own = row.fields.len();
        // What cannot be told apart cannot be written with more behind it.
        if own > 0 || row.is_good() {
            let is_lacking = |folder: &&Field| row.fields.iter().all(|f| f.name != folder.name);
            let lacking: Vec<Field> = self.folders.iter().filter(is_lacking).cloned().collect();
            row.fields.extend(lacking);
        }
        row.from_folders = row.fields.len() - own;
        row
    }

    /// The next row, which may have a problem; nothing at the end.
    ///
    /// # Errors
    ///
    /// [`InputError::BadLine`] for a header that rows cannot be predicted under, [`Error::Io`].
    pub fn next(&mut self) -> Result<Option<Row>> {
        match self.csv {
            Some(_) => self.next_csv(),
            None => self.next_json(),
        }
    }

    fn next_json(&mut self) -> Result<Option<Row>> {
        let mut bytes = Vec::new();
        while self.lines.read(&mut bytes, &self.input)? {
            if bytes.trim_ascii().is_empty() {
                bytes.clear();
                continue;
            }
            bytes.truncate(without_line_end(&bytes).len());
            let (text, not_utf_8) = text(bytes);
            let fields = match not_utf_8 {
                Some(problem) => Err(problem),
                None => json_fields(&text, &self.columns, &self.limits),
            };
            let (fields, problem) = match fields {
                Ok(fields) => (fields, None),
                Err(problem) => (Vec::new(), Some(problem)),
            };
            return Ok(Some(self.located(Row {
                input: self.input.clone(),
                line: self.lines.number(),
                text,
                fields,
                from_folders: 0,
                problem,
            })));
        }
        Ok(None)
    }

    fn next_csv(&mut self) -> Result<Option<Row>> {
        while let (Some(record), Some(csv)) = (self.record()?, &mut self.csv) {
            let length = without_line_end(&record.bytes).len();
            let width = csv.scanner.width();
            let wanted = csv.names.as_ref().map_or(width, Vec::len);
            let (values, not_utf_8) = csv.values(&record.bytes[..length], wanted);
            let problem = record.problem.or(not_utf_8);
            let Some(names) = &csv.names else {
                let too_wide = || csv.limits.too_wide(width);
                let problem = problem.or_else(too_wide);
                let problem = problem.or_else(|| named_twice(&values)).or_else(|| {
                    let folders = self.folders.iter().map(|folder| folder.name.to_string());
                    let all: Vec<String> = values.iter().cloned().chain(folders).collect();
                    self.columns.check(&all).map(|error| error.to_string())
                });
                if let Some(problem) = problem {
                    return Err(bad_row(&self.input, record.line, problem));
                }
                csv.names = Some(values.iter().map(|name| name.as_str().into()).collect());
                continue;
            };
            let problem = problem.or_else(|| ragged(width, names.len()));
            let values = values
                .into_iter()
                .map(|text| Some(text).filter(|text| !text.is_empty()));
            let values = values.chain(std::iter::repeat(None));
            let fields = names.iter().cloned().zip(values);
            let mut bytes = record.bytes;
            bytes.truncate(length);
            let row = Row {
                input: self.input.clone(),
                line: record.line,
                text: text(bytes).0,
                fields: fields.map(|(name, value)| Field { name, value }).collect(),
                from_folders: 0,
                problem,
            };
            return Ok(Some(self.located(row)));
        }
        Ok(None)
    }

    /// A line, or several where a quoted field of CSV goes on. Where a quote is never closed, the
    /// record ends with its line, and the lines behind it are records of their own.
    fn record(&mut self) -> Result<Option<Record>> {
        let mut bytes = Vec::new();
        let Some(csv) = &mut self.csv else {
            return Ok(None);
        };
        if !csv.first_line(&mut bytes, &mut self.lines, &self.input)? {
            return Ok(None);
        }
        let first = self.lines.number();
        let open = csv.further_lines(&mut bytes, &mut self.lines, &self.input)?;
        let Some((open, problem)) = open else {
            return Ok(Some(Record {
                line: first,
                bytes,
                problem: None,
            }));
        };
        let line = first + memchr_iter(b'\n', &bytes[..open]).count() as u64;
        let end = memchr(b'\n', &bytes[open..]).map_or(bytes.len(), |end| open + end + 1);
        self.lines.put_back(&bytes[end..]);
        bytes.truncate(end);
        // Only the fields in front of the quote can be told.
        csv.scanner.clear();
        csv.scanner.scan(&bytes);
        Ok(Some(Record {
            line,
            bytes,
            problem: Some(problem),
        }))
    }
}

impl Csv {
    /// Reads the first line of a record, which is neither blank nor a comment; false at the end.
    fn first_line(&self, bytes: &mut Vec<u8>, lines: &mut Lines, input: &str) -> Result<bool> {
        let comment = self.comment.as_deref().map(str::as_bytes);
        while lines.read(bytes, input)? {
            let is_comment = comment.is_some_and(|prefix| bytes.starts_with(prefix));
            if !is_comment && !is_blank(without_line_end(bytes), self.separator) {
                return Ok(true);
            }
            bytes.clear();
        }
        Ok(false)
    }

    /// Reads on to the end of a record; returns the place of a quote that is never closed, and what
    /// is to be said of it.
    ///
    /// Lines that were put back all lay behind a quote that none of them closes. So none of them
    /// closes a quote of another either, and what is open at the end of one of them stays open: it
    /// is not looked for again, and a text is read in linear time whatever its quotes.
    fn further_lines(
        &mut self,
        bytes: &mut Vec<u8>,
        lines: &mut Lines,
        input: &str,
    ) -> Result<Option<(usize, String)>> {
        self.scanner.clear();
        loop {
            let is_whole = self.scanner.scan(bytes).is_some();
            let open = self.scanner.overlong(self.limits.row_bytes());
            if is_whole || open.is_some() {
                return Ok(open.map(|open| (open, self.limits.not_closed())));
            }
            if lines.has_back() || !lines.read(bytes, input)? {
                let open = self.scanner.end(bytes).err();
                return Ok(open.map(|open| (open, NEVER_CLOSED.to_owned())));
            }
        }
    }

    /// The first texts of the record that was scanned last, and what is wrong with them.
    fn values(&self, record: &[u8], wanted: usize) -> (Vec<String>, Option<String>) {
        let mut problem = None;
        let texts = self.scanner.texts(record).take(wanted);
        let texts = texts.map(|bytes| {
            let (text, not_utf_8) = text(bytes.into_owned());
            if not_utf_8.is_some() {
                problem = not_utf_8;
            }
            text
        });
        (texts.collect(), problem)
    }
}

/// Bytes as text, and what is wrong with them.
fn text(bytes: Vec<u8>) -> (String, Option<String>) {
    match String::from_utf8(bytes) {
        Ok(text) => (text, None),
        Err(error) => {
            let text = Cow::into_owned(String::from_utf8_lossy(error.as_bytes()));
            (text, Some(NOT_UTF_8.to_owned()))
        }
    }
}

fn ragged(found: usize, wanted: usize) -> Option<String> {
    let noun = if found == 1 { "field" } else { "fields" };
    (found != wanted).then(|| format!("{found} {noun} instead of {wanted}; correct the row"))
}

fn json_fields(
    text: &str,
    columns: &RowColumns,
    limits: &ReadLimits,
) -> std::result::Result<Vec<Field>, String> {
    let mut fields: Vec<Field> = Vec::new();
    each_field(text, limits.nesting, |name, value| {
        if let Some(problem) = limits.too_wide(fields.len() + 1) {
            return Err(problem);
        }
        let value = match value {
            JsonValue::Text(text) => Some(text.into_owned()),
            JsonValue::Other("null") => None,
            JsonValue::Other(text) => Some(text.to_owned()),
        };
        fields.push(Field {
            name: name.as_ref().into(),
            value,
        });
        Ok(())
    })
    .and_then(|()| match named_twice_in(&fields) {
        Some(name) => Err(format!("has field '{name}' twice")),
        None => Ok(()),
    })
    .map_err(|problem| format!("{problem}; correct the row"))?;
    match columns.refuse_added(fields.iter().map(|field| &*field.name)) {
        Some(error) => Err(error.to_string()),
        None => Ok(fields),
    }
}

/// A name that two fields have.
fn named_twice_in(fields: &[Field]) -> Option<&str> {
    /// Comparing each with each is faster up to so many.
    const FEW: usize = 32;
    let mut names = fields.iter().map(|field| &*field.name).enumerate();
    if fields.len() <= FEW {
        let is_earlier = |(position, name): &(usize, &str)| {
            fields[..*position]
                .iter()
                .any(|field| *field.name == **name)
        };
        return names.find(is_earlier).map(|(_, name)| name);
    }
    let mut earlier = HashSet::new();
    names
        .find(|(_, name)| !earlier.insert(*name))
        .map(|(_, name)| name)
}
