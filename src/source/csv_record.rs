//! Where a record of CSV ends and what its fields are, as Python's `csv` and pandas have it: a quote
//! opens a quoted field only where it is the field's first character, and is a character like any
//! other further on. Within a quoted field, two quotes stand for one; what follows the closing quote
//! is taken as it is.

use std::borrow::Cow;

use memchr::{memchr, memchr3};

/// What is wrong with a quote behind which a record goes on to the end.
pub(crate) const NEVER_CLOSED: &str = "a quote is opened here and never closed; close it";

/// Looks at one record after another, each as far as it has been read.
pub(crate) struct RecordScanner {
    separator: u8,
    state: State,
    /// Bytes of the record that have been looked at.
    position: usize,
    /// Where the present field begins.
    start: usize,
    form: Form,
    /// The first quote that opens a field of several lines.
    opened: Option<usize>,
    /// The first fields.
    fields: Vec<Field>,
    /// All fields that were closed.
    width: usize,
    /// Fields that are held.
    most_fields: usize,
}

#[derive(Clone, Copy)]
enum State {
    FieldStart,
    Unquoted,
    Quoted,
    /// Behind a quote within a quoted field: it closes the field, or is the first of two.
    BehindQuote,
}

/// How a field is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Without quotes.
    Plain,
    /// In quotes, and nothing behind them.
    Quoted,
    /// With a quote in its midst, or something behind the closing one.
    Odd,
}

/// A field within its record's bytes.
struct Field {
    start: usize,
    end: usize,
    form: Form,
}

impl RecordScanner {
    /// Holds no more than `most_fields` fields of a record, but counts all.
    pub fn new(separator: u8, most_fields: usize) -> Self {
        Self {
            separator,
            state: State::FieldStart,
            position: 0,
            start: 0,
            form: Form::Plain,
            opened: None,
            fields: Vec::new(),
            width: 0,
            most_fields,
        }
    }

    /// Begins another record.
    pub fn clear(&mut self) {
        self.fields.clear();
        *self = Self {
            fields: std::mem::take(&mut self.fields),
            ..Self::new(self.separator, self.most_fields)
        };
    }

    /// Looks on at a record, given from its beginning, and returns its length with its line's end;
    /// nothing where it goes on behind `record`.
    pub fn scan(&mut self, record: &[u8]) -> Option<usize> {
        while let Some(rest) = record.get(self.position..).filter(|rest| !rest.is_empty()) {
            match self.state {
                State::FieldStart if rest[0] == b'"' => {
                    (self.state, self.form) = (State::Quoted, Form::Quoted);
                    self.position += 1;
                }
                State::FieldStart => (self.state, self.form) = (State::Unquoted, Form::Plain),
                State::Unquoted => {
                    if self.unquoted(record, rest) {
                        return Some(self.position);
                    }
                }
                State::Quoted => self.quoted(rest),
                State::BehindQuote => match rest {
                    [b'"', ..] => {
                        self.state = State::Quoted;
                        self.position += 1;
                    }
                    [b'\r'] => return None,
                    [b'\r', b'\n', ..] | [b'\n', ..] => self.state = State::Unquoted,
                    [byte, ..] if *byte == self.separator => self.state = State::Unquoted,
                    _ => (self.state, self.form) = (State::Unquoted, Form::Odd),
                },
            }
        }
        None
    }

    /// Goes on to the end of a field without quotes, or to a quote in it; true at a line's end.
    fn unquoted(&mut self, record: &[u8], rest: &[u8]) -> bool {
        let Some(at) = memchr3(self.separator, b'\n', b'"', rest) else {
            self.position = record.len();
            return false;
        };
        let end = self.position + at;
        self.position = end + 1;
        match rest[at] {
            b'"' => self.form = Form::Odd,
            b'\n' => {
                self.close(without_return(record, self.start, end));
                return true;
            }
            _ => self.close(end),
        }
        false
    }

    fn quoted(&mut self, rest: &[u8]) {
        let at = memchr(b'"', rest);
        let within = &rest[..at.unwrap_or(rest.len())];
        if self.opened.is_none() && memchr(b'\n', within).is_some() {
            self.opened = Some(self.start);
        }
        self.position += within.len();
        if at.is_some() {
            self.state = State::BehindQuote;
            self.position += 1;
        }
    }

    fn close(&mut self, end: usize) {
        self.width += 1;
        if self.fields.len() < self.most_fields {
            self.fields.push(Field {
                start: self.start,
                end,
                form: self.form,
            });
        }
        (self.state, self.start) = (State::FieldStart, self.position);
    }

    /// Ends a record behind which nothing comes. Where a quote is never closed, the error is its
    /// place.
    pub fn end(&mut self, record: &[u8]) -> Result<(), usize> {
        match self.state {
            State::Quoted => return Err(self.start),
            State::FieldStart => self.form = Form::Plain,
            State::Unquoted | State::BehindQuote => {}
        }
        self.close(without_return(record, self.start, record.len()));
        Ok(())
    }

    /// The place of a quote behind which a row goes on for more than so many bytes.
    pub fn overlong(&self, longest: usize) -> Option<usize> {
        self.opened
            .filter(|opened| self.position - opened > longest)
    }

    /// The number of fields.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Whether a field is not as RFC 4180 has it.
    pub fn has_odd_quotes(&self) -> bool {
        self.fields.iter().any(|field| field.form == Form::Odd)
    }

    /// The fields' texts.
    pub fn texts<'a>(&'a self, record: &'a [u8]) -> impl Iterator<Item = Cow<'a, [u8]>> {
        let fields = self.fields.iter();
        fields.map(|field| text(&record[field.start..field.end]))
    }

    /// Adds the record to `plain` as RFC 4180 has it. What is written so stays as it is.
    pub fn write_plain(&self, record: &[u8], plain: &mut Vec<u8>) {
        for (position, field) in self.fields.iter().enumerate() {
            if position > 0 {
                plain.push(self.separator);
            }
            let bytes = &record[field.start..field.end];
            match field.form {
                Form::Odd => write_quoted(&text(bytes), plain),
                Form::Plain | Form::Quoted => plain.extend_from_slice(bytes),
            }
        }
        plain.push(b'\n');
    }
}

/// The text of a field.
fn text(field: &[u8]) -> Cow<'_, [u8]> {
    let Some(mut rest) = field.strip_prefix(b"\"") else {
        return field.into();
    };
    if let Some(quote) = memchr(b'"', rest)
        && quote + 1 == rest.len()
    {
        return rest[..quote].into();
    }
    let mut text = Vec::with_capacity(rest.len());
    while let Some(quote) = memchr(b'"', rest) {
        text.extend_from_slice(&rest[..quote]);
        rest = &rest[quote + 1..];
        let Some(behind) = rest.strip_prefix(b"\"") else {
            break;
        };
        text.push(b'"');
        rest = behind;
    }
    text.extend_from_slice(rest);
    text.into()
}

/// Adds a record as RFC 4180 has it, with quotes where they are needed.
pub(crate) fn write_record<'a>(
    texts: impl Iterator<Item = &'a str>,
    separator: u8,
    record: &mut Vec<u8>,
) {
    let start = record.len();
    for (position, text) in texts.enumerate() {
        if position > 0 {
            record.push(separator);
        }
        let text = text.as_bytes();
        let is_special = memchr3(b'"', b'\n', b'\r', text).is_some();
        if is_special || memchr(separator, text).is_some() {
            write_quoted(text, record);
        } else {
            record.extend_from_slice(text);
        }
    }
    if is_blank(&record[start..], separator) {
        record.insert(start, b'"');
        record.push(b'"');
    }
    record.push(b'\n');
}

fn write_quoted(text: &[u8], record: &mut Vec<u8>) {
    record.push(b'"');
    for &byte in text {
        if byte == b'"' {
            record.push(b'"');
        }
        record.push(byte);
    }
    record.push(b'"');
}

/// Whether a line without its end is no record, but only spaces and tabs.
pub(crate) fn is_blank(line: &[u8], separator: u8) -> bool {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t') && *byte != separator;
    line.iter().all(is_space)
}

/// A line without its end.
pub(crate) fn without_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The end of a field at the end of a line.
fn without_return(record: &[u8], start: usize, end: usize) -> usize {
    end - usize::from(record[start..end].ends_with(b"\r"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The records of a text that comes a few bytes at a time; nothing where a quote stays open.
    fn records(text: &[u8], step: usize) -> Option<Vec<Vec<Vec<u8>>>> {
        let mut scanner = RecordScanner::new(b',', usize::MAX);
        let mut records = Vec::new();
        let mut start = 0;
        while start < text.len() {
            let rest = &text[start..];
            scanner.clear();
            let mut shown = (0..rest.len()).step_by(step).chain([rest.len()]);
            let length = match shown.find_map(|shown| scanner.scan(&rest[..shown])) {
                Some(length) => length,
                None => {
                    scanner.end(rest).ok()?;
                    rest.len()
                }
            };
            let record = &rest[..length];
            if !without_line_end(record).is_empty() {
                records.push(scanner.texts(record).map(Cow::into_owned).collect());
            }
            start += length;
        }
        Some(records)
    }

    fn plain(text: &[u8]) -> Vec<u8> {
        let mut scanner = RecordScanner::new(b',', usize::MAX);
        let mut copy = Vec::new();
        let mut start = 0;
        while start < text.len() {
            scanner.clear();
            let rest = &text[start..];
            let length = scanner.scan(rest).unwrap_or_else(|| {
                scanner.end(rest).unwrap();
                rest.len()
            });
            scanner.write_plain(&rest[..length], &mut copy);
            start += length;
        }
        copy
    }

    fn csv_crate(text: &[u8]) -> Vec<Vec<Vec<u8>>> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(text);
        let records = reader.byte_records().map(Result::unwrap);
        let fields = |record: csv::ByteRecord| record.iter().map(<[u8]>::to_vec).collect();
        records.map(fields).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn records_are_those_of_the_csv_crate_and_of_their_plain_copy(
            parts in prop::collection::vec(
                prop::sample::select(vec!["a", "b", ",", "\"", "\"", "\n", "\r\n", " ", "é"]),
                0..24,
            ),
            step in 1usize..4,
        ) {
            let text = parts.concat().into_bytes();
            if let Some(found) = records(&text, step) {
                prop_assert_eq!(&found, &csv_crate(&text));
                prop_assert_eq!(&records(&plain(&text), 1 << 20), &Some(found));
                prop_assert_eq!(plain(&plain(&text)), plain(&text));
            }
        }
    }

    #[test]
    fn a_row_that_goes_on_for_too_long_is_told_by_its_first_open_quote() {
        let mut scanner = RecordScanner::new(b',', usize::MAX);
        let mut text = b"a,\"b\n".to_vec();
        text.resize(100, b' ');
        assert_eq!((scanner.scan(&text), scanner.overlong(100)), (None, None));
        text.resize(103, b' ');
        assert_eq!(
            (scanner.scan(&text), scanner.overlong(100)),
            (None, Some(2))
        );
    }

    #[test]
    fn more_fields_than_are_held_are_counted() {
        let mut scanner = RecordScanner::new(b',', 2);
        assert_eq!(scanner.scan(b"a,\"b\",c,d\n"), Some(10));
        assert_eq!(
            (scanner.width(), scanner.texts(b"a,\"b\",c,d\n").count()),
            (4, 2)
        );
        scanner.clear();
        assert_eq!(scanner.width(), 0);
    }

    #[test]
    fn a_field_is_quoted_where_it_would_be_read_as_something_else() {
        let mut record = Vec::new();
        write_record(
            ["a b", "19\" rack", "x,y", ""].into_iter(),
            b',',
            &mut record,
        );
        write_record([" "].into_iter(), b',', &mut record);
        write_record(["", ""].into_iter(), b'\t', &mut record);
        assert_eq!(
            String::from_utf8(record).unwrap(),
            "a b,\"19\"\" rack\",\"x,y\",\n\" \"\n\t\n"
        );
    }
}
