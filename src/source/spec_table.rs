//! A table of a specification in TOML, from which settings are taken one by one or all at once.

use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer, Error, ValueDeserializer};

use crate::error::SpecError;

/// A table whose settings are still to be read; the root of the file is one, too.
pub(crate) struct SpecTable<'a> {
    text: &'a str,
    path: Option<&'a Path>,
    span: Range<usize>,
    settings: DeTable<'a>,
    /// The names of what has been taken out by itself.
    taken: Vec<&'static str>,
}

impl<'a> SpecTable<'a> {
    /// The root of a specification; `path` is for messages.
    pub fn parse(text: &'a str, path: Option<&'a Path>) -> Result<Self, SpecError> {
        let root = DeTable::parse(text).map_err(|error| unreadable(path, &error))?;
        Ok(Self {
            text,
            path,
            span: root.span(),
            settings: root.into_inner(),
            taken: Vec::new(),
        })
    }

    /// Takes out the table of this name, which has no settings where it is not there.
    pub fn take_table(&mut self, name: &'static str) -> Result<Self, SpecError> {
        self.taken.push(name);
        let (span, settings) = match self.settings.remove(name) {
            None => (self.span.clone(), DeTable::new()),
            Some(value) => (value.span(), self.table(name, value)?),
        };
        Ok(Self {
            span,
            settings,
            taken: Vec::new(),
            ..*self
        })
    }

    /// Takes out one setting, if it is there.
    pub fn take<T: Deserialize<'a>>(&mut self, name: &'static str) -> Result<Option<T>, SpecError> {
        self.taken.push(name);
        let value = self.settings.remove(name);
        let value = value.map(|value| T::deserialize(ValueDeserializer::from(value)));
        value.transpose().map_err(|error| self.problem(error))
    }

    /// Reads all settings that are left. Those that are not known are an error.
    pub fn read<T: Deserialize<'a>>(mut self) -> Result<T, SpecError> {
        let settings = std::mem::take(&mut self.settings);
        let names: Vec<String> = settings.keys().map(ToString::to_string).collect();
        let settings = Spanned::new(self.span.clone(), settings);
        let read = T::deserialize(Deserializer::from(settings));
        read.map_err(|error| {
            let mut problem = self.problem(error);
            if let SpecError::UnknownSetting { name, known, .. } = &mut problem
                // It may stand in a table within this one.
                && names.contains(name)
            {
                known.extend(self.taken.iter().map(|&taken| taken.to_owned()));
            }
            problem
        })
    }

    fn table(&self, name: &str, value: Spanned<DeValue<'a>>) -> Result<DeTable<'a>, SpecError> {
        let line = self.line(value.span().start);
        match value.into_inner() {
            DeValue::Table(table) => Ok(table),
            other => Err(SpecError::Unreadable {
                path: self.path.map(Path::to_path_buf),
                problem: format!(
                    "line {line}: '{name}' is of type {}, but it must be a table, [{name}]",
                    other.type_str()
                ),
            }),
        }
    }

    fn line(&self, position: usize) -> usize {
        1 + self.text[..position].matches('\n').count()
    }

    fn problem(&self, mut error: Error) -> SpecError {
        error.set_input(Some(self.text));
        let Some((name, known)) = unknown_setting(error.message()) else {
            return unreadable(self.path, &error);
        };
        let start = error.span().map_or(0, |span| span.start);
        SpecError::UnknownSetting {
            path: self.path.map(Path::to_path_buf),
            line: self.line(start),
            name: name.to_owned(),
            known,
        }
    }
}

/// The name that serde does not know, and those that it knows.
fn unknown_setting(message: &str) -> Option<(&str, Vec<String>)> {
    let (name, known) = message
        .strip_prefix("unknown field `")?
        .split_once("`, expected ")?;
    let known = known.split('`').skip(1).step_by(2);
    Some((name, known.map(str::to_owned).collect()))
}

fn unreadable(path: Option<&Path>, error: &Error) -> SpecError {
    SpecError::Unreadable {
        path: path.map(PathBuf::from),
        problem: error.to_string().trim_end().to_owned(),
    }
}
