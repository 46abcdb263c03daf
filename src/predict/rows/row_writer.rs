//! Rows and what was predicted for them, one by one.

use std::io::Write;

use serde_json::Value;

use super::row::Row;
use crate::source::Format;

/// Writes rows as NDJSON or CSV.
pub(super) enum RowWriter {
    /// Rows that came as NDJSON keep their text, with fields added at its end.
    Ndjson { from_ndjson: bool },
    /// All rows have the columns of the first.
    Csv {
        separator: u8,
        names: Option<Vec<String>>,
    },
}

impl RowWriter {
    pub fn new(from: Format, to: Format) -> Self {
        match to {
            Format::Ndjson => Self::Ndjson {
                from_ndjson: from == Format::Ndjson,
            },
            _ => Self::Csv {
                separator: if to == Format::Tsv { b'\t' } else { b',' },
                names: None,
            },
        }
    }

    pub fn write(
        &mut self,
        writer: &mut dyn Write,
        row: &Row,
        added: &[(String, Value)],
    ) -> Result<(), String> {
        let line = match self {
            Self::Ndjson { from_ndjson: true } => extended(row.text.trim(), added),
            Self::Ndjson { from_ndjson: false } => {
                let fields = row.fields.iter().chain(added).cloned();
                Value::Object(fields.collect()).to_string() + "\n"
            }
            Self::Csv { separator, names } => {
                let header = names.is_none();
                let all = || row.fields.iter().chain(added);
                let names =
                    names.get_or_insert_with(|| all().map(|(name, _)| name.clone()).collect());
                let values = aligned(names, all()).ok_or(
                    "has other fields than the first row; give all rows the same, or write NDJSON",
                )?;
                let mut text = String::new();
                if header {
                    text += &record(names.iter().map(String::as_str), *separator)?;
                }
                text + &record(values.iter().map(String::as_str), *separator)?
            }
        };
        writer
            .write_all(line.as_bytes())
            .map_err(|error| error.to_string())
    }
}

/// An object's text with more fields at its end.
fn extended(object: &str, added: &[(String, Value)]) -> String {
    let body = object.strip_suffix('}').unwrap_or(object).trim_end();
    let mut text = body.to_owned();
    for (name, value) in added {
        if !text.ends_with('{') {
            text.push(',');
        }
        text += &format!("{}:{value}", Value::from(name.as_str()));
    }
    text + "}\n"
}

/// The fields' texts in the order of `names`; nothing where names differ.
fn aligned<'a>(
    names: &[String],
    fields: impl Iterator<Item = &'a (String, Value)>,
) -> Option<Vec<String>> {
    let mut texts: Vec<Option<String>> = vec![None; names.len()];
    for (position, (name, value)) in fields.enumerate() {
        let same = names.get(position) == Some(name);
        let place = if same {
            position
        } else {
            names.iter().position(|other| other == name)?
        };
        texts[place] = Some(match value {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        });
    }
    texts.into_iter().collect()
}

fn record<'a>(fields: impl Iterator<Item = &'a str>, separator: u8) -> Result<String, String> {
    let mut writer = csv::WriterBuilder::new()
        .delimiter(separator)
        .from_writer(Vec::new());
    writer
        .write_record(fields)
        .map_err(|error| error.to_string())?;
    let bytes = writer.into_inner().map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|error| error.to_string())
}
