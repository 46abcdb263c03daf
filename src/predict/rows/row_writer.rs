//! Rows and what was predicted for them, one by one.

use std::borrow::Cow;
use std::io::Write;
use std::sync::Arc;

use serde_json::Value;

use super::columns::RowColumns;
use super::row::{Field, Row};
use crate::source::{Format, write_record};

/// Writes rows as NDJSON or CSV.
pub(super) struct RowWriter {
    form: Form,
    columns: Arc<RowColumns>,
    /// Rows that were written without some of their fields, which the header does not have.
    pub cut: u64,
    text: Vec<u8>,
}

enum Form {
    /// Rows that came as NDJSON keep their text, with fields added at its end.
    Ndjson { from_ndjson: bool },
    /// All rows have the columns of the first, and those that are asked for.
    Csv {
        separator: u8,
        header: Option<Vec<Arc<str>>>,
    },
}

impl RowWriter {
    pub fn new(from: Format, to: Format, columns: Arc<RowColumns>) -> Self {
        let form = match to {
            Format::Ndjson => Form::Ndjson {
                from_ndjson: from == Format::Ndjson,
            },
            _ => Form::Csv {
                separator: if to == Format::Tsv { b'\t' } else { b',' },
                header: None,
            },
        };
        Self {
            form,
            columns,
            cut: 0,
            text: Vec::new(),
        }
    }

    /// Writes what stands before the first row, if that is not done yet.
    pub fn begin(&mut self, output: &mut dyn Write, row: &Row) -> std::io::Result<()> {
        let Form::Csv { separator, header } = &mut self.form else {
            return Ok(());
        };
        if header.is_some() || row.fields.is_empty() {
            return Ok(());
        }
        let asked = self.columns.asked.iter().map(|asked| &asked.name);
        let mut names: Vec<Arc<str>> = Vec::new();
        let own = row.fields.iter().map(|field| &field.name);
        for name in own.chain(asked) {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        let all = names.iter().chain(&self.columns.added);
        self.text.clear();
        write_record(all.map(|name| &**name), *separator, &mut self.text);
        *header = Some(names);
        output.write_all(&self.text)
    }

    /// Writes a row and the values that are added to it.
    pub fn write(
        &mut self,
        output: &mut dyn Write,
        row: &Row,
        added: &[Value],
    ) -> std::io::Result<()> {
        self.begin(output, row)?;
        self.text.clear();
        let added_names = self.columns.added.iter();
        match &self.form {
            Form::Ndjson { from_ndjson: true } => {
                let (_, folders) = row.fields.split_at(row.fields.len() - row.from_folders);
                let folders = folders.iter();
                let folders = folders.map(|f| (&f.name, Value::from(f.value.as_deref())));
                let more = folders.chain(added_names.zip(added.iter().cloned()));
                extend(&row.text, more, &mut self.text);
            }
            Form::Ndjson { from_ndjson: false } => {
                let own = row.fields.iter();
                let own = own.map(|field| (&field.name, Value::from(field.value.as_deref())));
                let all = own.chain(added_names.zip(added.iter().cloned()));
                let all = all.map(|(name, value)| (name.to_string(), value));
                self.text = Value::Object(all.collect()).to_string().into_bytes();
                self.text.push(b'\n');
            }
            Form::Csv { separator, header } => {
                let names = header.as_deref().unwrap_or_default();
                let (texts, unknown) = aligned(&row.fields, names);
                let texts = texts.iter().map(|text| text.unwrap_or_default());
                let added: Vec<Cow<'_, str>> = added.iter().map(text).collect();
                let all = texts.chain(added.iter().map(|text| &**text));
                write_record(all, *separator, &mut self.text);
                if let Some(name) = unknown {
                    note_cut(&mut self.cut, row, name);
                }
            }
        }
        output.write_all(&self.text)
    }
}

/// Counts a row that loses a field, and tells of the first.
fn note_cut(cut: &mut u64, row: &Row, name: &str) {
    if *cut == 0 {
        log::warn!(
            "{}:{}: field '{name}' is not in the header, which has the fields of the first row; such fields are left out (NDJSON keeps them)",
            row.input,
            row.line
        );
    }
    *cut += 1;
}

/// Adds an object's text, and more fields at its end.
fn extend<'a>(
    object: &str,
    added: impl Iterator<Item = (&'a Arc<str>, Value)>,
    text: &mut Vec<u8>,
) {
    let object = object.trim_end();
    let body = object.strip_suffix('}').unwrap_or(object).trim_end();
    text.extend_from_slice(body.as_bytes());
    for (name, value) in added {
        if !text.ends_with(b"{") {
            text.push(b',');
        }
        let field = format!("{}:{value}", Value::from(&**name));
        text.extend_from_slice(field.as_bytes());
    }
    text.extend_from_slice(b"}\n");
}

/// The fields' texts in the order of `names`; and the first of those that are not among them.
fn aligned<'a>(fields: &'a [Field], names: &[Arc<str>]) -> (Vec<Option<&'a str>>, Option<&'a str>) {
    let mut texts = vec![None; names.len()];
    let mut unknown = None;
    for (position, field) in fields.iter().enumerate() {
        let place = match names.get(position) == Some(&field.name) {
            true => Some(position),
            false => names.iter().position(|name| *name == field.name),
        };
        match place {
            Some(place) => texts[place] = field.value.as_deref(),
            None => _ = unknown.get_or_insert(&*field.name),
        }
    }
    (texts, unknown)
}

fn text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null => "".into(),
        Value::String(text) => text.into(),
        other => other.to_string().into(),
    }
}
