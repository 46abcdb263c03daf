//! One row of text.

use std::sync::Arc;

/// One row, as it came.
pub(super) struct Row {
    /// What it comes from.
    pub input: Arc<str>,
    /// The line on which it begins, from 1.
    pub line: u64,
    /// Its text, without the line's end. Bytes that are not UTF-8 are replaced by U+FFFD.
    pub text: String,
    /// Its fields, in their order. Of a row with a problem, as many as can be told; none where it
    /// cannot be written with more behind it.
    pub fields: Vec<Field>,
    /// How many of the last fields are not in its text, for the names of folders give them.
    pub from_folders: usize,
    /// Why it cannot be read or predicted.
    pub problem: Option<String>,
}

/// A field under its name.
#[derive(Clone)]
pub(super) struct Field {
    pub name: Arc<str>,
    /// The text of a field of CSV or of one in quotes in JSON, else the value as it is written;
    /// nothing for null and for an empty field of CSV.
    pub value: Option<String>,
}

impl Row {
    /// About how many bytes it takes.
    pub fn bytes(&self) -> usize {
        size_of::<Self>() + 2 * self.text.len() + size_of::<Field>() * self.fields.len()
    }

    pub fn is_good(&self) -> bool {
        self.problem.is_none()
    }

    /// The value under a name, which is likely to stand at `place`.
    pub fn value(&self, name: &str, place: &mut usize) -> Option<Option<&str>> {
        let is_it = |field: &Field| *field.name == *name;
        if !self.fields.get(*place).is_some_and(is_it) {
            *place = self.fields.iter().position(is_it)?;
        }
        let field = self.fields.get(*place)?;
        Some(field.value.as_deref())
    }
}
