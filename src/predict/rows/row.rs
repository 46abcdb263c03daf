//! Rows of text as they come, one by one.

use std::io::BufRead;

use polars::prelude::*;
use serde_json::Value;

use crate::error::{Error, InputError, Result};
use crate::source::{DatasetSpec, Format};

/// One row, as it came.
pub(super) struct Row {
    /// The line on which it begins, from 1.
    pub line: u64,
    /// Its text, without the line's end.
    pub text: String,
    /// Its fields, in their order.
    pub fields: Vec<(String, Value)>,
}

/// Reads rows of NDJSON or CSV.
pub(super) struct RowReader<R> {
    input: R,
    /// What the rows come from, in messages.
    name: String,
    spec: DatasetSpec,
    /// What separates the fields of CSV; nothing for NDJSON.
    separator: Option<u8>,
    /// The columns of CSV, where they are known.
    names: Option<Vec<String>>,
    line: u64,
}

impl<R: BufRead> RowReader<R> {
    pub fn new(input: R, name: &str, format: Format, spec: DatasetSpec) -> Self {
        let default = match format {
            Format::Csv => Some(','),
            Format::Tsv => Some('\t'),
            _ => None,
        };
        let columns = &spec.csv.columns;
        Self {
            input,
            name: name.to_owned(),
            separator: default.map(|default| spec.csv.separator.unwrap_or(default) as u8),
            names: (!columns.is_empty()).then(|| columns.clone()),
            spec,
            line: 0,
        }
    }

    /// The next row; nothing at the end.
    pub fn next(&mut self) -> Result<Option<Row>> {
        loop {
            let first = self.line + 1;
            let Some(text) = self.record()? else {
                return Ok(None);
            };
            let comment = self.spec.csv.comment.as_deref();
            let comment = comment.filter(|_| self.separator.is_some());
            if text.trim().is_empty() || comment.is_some_and(|prefix| text.starts_with(prefix)) {
                continue;
            }
            let at = |problem: String| bad_row(&self.name, first, problem);
            let Some(separator) = self.separator else {
                let fields = json_fields(&text).map_err(at)?;
                return Ok(Some(Row {
                    line: first,
                    text,
                    fields,
                }));
            };
            let values = csv_fields(&text, separator).map_err(at)?;
            let Some(names) = &self.names else {
                self.names = Some(values);
                continue;
            };
            if names.len() != values.len() {
                let (found, wanted) = (values.len(), names.len());
                let problem = format!("{found} fields instead of {wanted}; correct the row");
                return Err(at(problem));
            }
            let fields = names.iter().cloned().zip(values.into_iter().map(csv_value));
            return Ok(Some(Row {
                line: first,
                fields: fields.collect(),
                text,
            }));
        }
    }

    /// A line, or several where a quoted field of CSV goes on.
    fn record(&mut self) -> Result<Option<String>> {
        let mut text = String::new();
        loop {
            let start = text.len();
            let read = self.input.read_line(&mut text).map_err(|error| {
                let problem = format!("{error}; rows are UTF-8 text");
                bad_row(&self.name, self.line + 1, problem)
            })?;
            if read == 0 {
                return Ok((start > 0).then_some(text));
            }
            if self.line == 0 && text.starts_with(BYTE_ORDER_MARK) {
                text.drain(..BYTE_ORDER_MARK.len());
            }
            self.line += 1;
            let is_open = self.separator.is_some() && text.matches('"').count() % 2 == 1;
            if !is_open {
                let length = text.trim_end_matches(['\n', '\r']).len();
                text.truncate(length);
                return Ok(Some(text));
            }
        }
    }
}

/// A row that cannot be read or predicted.
pub(super) fn bad_row(name: &str, line: u64, problem: String) -> Error {
    InputError::BadLine {
        path: name.into(),
        line,
        problem,
    }
    .into()
}

const BYTE_ORDER_MARK: &str = "\u{FEFF}";

fn json_fields(text: &str) -> std::result::Result<Vec<(String, Value)>, String> {
    let row: serde_json::Map<String, Value> =
        serde_json::from_str(text).map_err(|error| format!("{error}; correct the row"))?;
    Ok(row.into_iter().collect())
}

fn csv_fields(text: &str, separator: u8) -> std::result::Result<Vec<String>, String> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .delimiter(separator)
        .from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    reader
        .read_record(&mut record)
        .map_err(|error| format!("{error}; correct the row"))?;
    Ok(record.iter().map(str::to_owned).collect())
}

fn csv_value(text: String) -> Value {
    match text.is_empty() {
        true => Value::Null,
        false => Value::String(text),
    }
}

impl Row {
    /// The row as a frame whose columns have the kinds that they had at training.
    pub fn frame(&self, spec: &DatasetSpec) -> std::result::Result<DataFrame, String> {
        let columns = self.fields.iter().map(|(name, value)| {
            let is_numeric = spec.numeric.contains(name);
            let cleaned = match value {
                Value::String(text) => clean(text, spec).map(|text| match is_numeric {
                    true => number(name, text),
                    false => Ok(Column::new(name.into(), [text])),
                }),
                other => scalar(name, other).map(Ok),
            };
            let null = || match is_numeric {
                true => Column::new(name.into(), [None::<f64>]),
                false => Column::new(name.into(), [None::<&str>]),
            };
            cleaned.unwrap_or_else(|| Ok(null()))
        });
        let columns = columns.collect::<std::result::Result<Vec<Column>, String>>()?;
        DataFrame::new(1, columns).map_err(|error| error.to_string())
    }
}

/// A field's text as training saw it; nothing where it is missing.
fn clean<'a>(text: &'a str, spec: &DatasetSpec) -> Option<&'a str> {
    let text = if spec.trim { text.trim() } else { text };
    (!spec.missing.iter().any(|missing| missing == text)).then_some(text)
}

/// A value of JSON that is not text; nothing for null.
fn scalar(name: &str, value: &Value) -> Option<Column> {
    let name = name.into();
    Some(match value {
        Value::Null => return None,
        Value::Bool(value) => Column::new(name, [*value]),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => Column::new(name, [number]),
            (_, Some(number)) => Column::new(name, [number]),
            _ => Column::new(name, [number.as_f64()]),
        },
        nested => Column::new(name, [nested.to_string()]),
    })
}

fn number(name: &str, text: &str) -> std::result::Result<Column, String> {
    if text.trim().is_empty() {
        return Ok(Column::new(name.into(), [None::<f64>]));
    }
    match text.trim().parse::<f64>() {
        Ok(number) => Ok(Column::new(name.into(), [number])),
        Err(_) => Err(format!(
            "column '{name}' is numeric, but holds '{text}'; correct the row"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(format: Format, text: &str) -> Vec<Result<Row>> {
        let spec = DatasetSpec::new(["k"], "y");
        let mut reader = RowReader::new(text.as_bytes(), "stdin", format, spec);
        std::iter::from_fn(|| reader.next().transpose()).collect()
    }

    #[test]
    fn quoted_line_ends_belong_to_their_row() {
        let rows = rows(
            Format::Csv,
            "\u{FEFF}a,b\r\n1,\"x\r\ny \"\"z\"\"\"\r\n\r\n2,w",
        );
        let rows: Vec<Row> = rows.into_iter().map(Result::unwrap).collect();
        let field = |row: usize, field: usize| rows[row].fields[field].clone();
        assert_eq!(field(0, 0), ("a".into(), "1".into()));
        assert_eq!(field(0, 1), ("b".into(), "x\r\ny \"z\"".into()));
        assert_eq!(field(1, 1), ("b".into(), "w".into()));
        assert_eq!((rows[0].line, rows[1].line), (2, 5));
    }

    #[test]
    fn bad_rows_are_named_by_their_line() {
        for (format, text, problem) in [
            (
                Format::Csv,
                "a,b\n1,2\n3\n",
                "stdin:3: 1 fields instead of 2",
            ),
            (Format::Ndjson, "{\"a\":1}\n[1]\n", "stdin:2: "),
            (Format::Ndjson, "\n\n{\"a\":", "stdin:3: "),
        ] {
            let last = rows(format, text).pop().unwrap();
            let error = last.err().unwrap().to_string();
            assert!(error.starts_with(problem), "{error}");
        }
    }
}
