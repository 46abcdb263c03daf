//! The columns of an input, and what they are taken for.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use polars::prelude::DataType;

use super::conversion::can_convert;
use super::observation::{Observation, Texts};
use super::spec::DatasetSpec;
use crate::error::{Error, InputError, Result, SpecError};
use crate::schema::{ColumnSchema, ColumnType, Decided, Role, Task};

/// A column of an input.
#[derive(Clone, Debug)]
pub(crate) struct InputColumn {
    pub name: String,
    pub found: Found,
}

/// What tells the type of a column.
#[derive(Clone, Debug)]
pub(crate) enum Found {
    /// The texts of all rows of all files.
    Texts(Box<Observation>),
    /// The types that files or a frame have, each with the first file that has it.
    Types(Vec<(DataType, Option<PathBuf>)>),
}

impl InputColumn {
    /// Columns by their names.
    pub fn by_name(columns: &[Self]) -> HashMap<&str, &Self> {
        let columns = columns.iter();
        columns
            .map(|column| (column.name.as_str(), column))
            .collect()
    }

    /// The column of a frame, or of the first file.
    pub fn typed(name: &str, dtype: &DataType, path: Option<&Path>) -> Self {
        let path = path.map(Path::to_path_buf);
        Self {
            name: name.to_owned(),
            found: Found::Types(vec![(dtype.clone(), path)]),
        }
    }

    /// What the column is taken for: as the specification says, or else by what was found.
    ///
    /// # Errors
    ///
    /// [`SpecError::UnsupportedType`] for a type that `role` cannot be filled with, and
    /// [`InputError::TypesDiffer`] for types of several files that have nothing in common.
    pub fn resolve(&self, spec: &DatasetSpec, role: Role, texts: &Texts) -> Result<ColumnSchema> {
        let declared = spec.types.get(&self.name);
        let (column_type, decided) = match declared {
            Some(declared) => (declared.column_type.clone(), Decided::Declared),
            None => self.undeclared(spec, role)?,
        };
        let column = ColumnSchema {
            name: self.name.clone(),
            column_type,
            format: declared.and_then(|declared| declared.format.clone()),
            spelling: match (declared, &self.found) {
                (Some(declared), _) => declared.spelling.clone(),
                (None, Found::Texts(texts)) if matches!(role, Role::Key | Role::Target) => {
                    texts.spelling()
                }
                _ => None,
            },
            decided,
            missing: match &self.found {
                Found::Texts(observation) => observation.missing_as(texts),
                Found::Types(_) => Vec::new(),
            },
            infinite: None,
        };
        self.check(&column, role)?;
        Ok(column)
    }

    fn undeclared(&self, spec: &DatasetSpec, role: Role) -> Result<(ColumnType, Decided)> {
        let is_quantity = spec.task == Some(Task::Regression);
        let is_number = spec.numeric.contains(&self.name) || role == Role::Weight;
        let (found, decided) = match &self.found {
            Found::Texts(observation) => (observation.column_type(), Decided::Inferred),
            Found::Types(types) => (self.common(types, role)?, Decided::File),
        };
        // More than 64 bits can be compared as numbers, but not as categories.
        let found = match role {
            Role::Feature if self.is_wide() && !spec.is_discrete(&self.name) => ColumnType::Number,
            Role::Group if self.is_wide() => ColumnType::Text,
            Role::Target if found == ColumnType::Whole && is_quantity => ColumnType::Number,
            _ => found,
        };
        match found.is_ordered() || !is_number || found == ColumnType::Boolean {
            true => Ok((found, decided)),
            false => Ok((ColumnType::Number, Decided::Declared)),
        }
    }

    /// Whether there are whole numbers that may need more than 64 bits with a sign.
    fn is_wide(&self) -> bool {
        use DataType::{Int128, UInt64, UInt128};
        let Found::Types(types) = &self.found else {
            return false;
        };
        let is_wide = |dtype: &DataType| matches!(dtype, UInt64 | Int128 | UInt128);
        types.iter().any(|(dtype, _)| is_wide(dtype))
    }

    /// The type that the files' types have in common.
    fn common(&self, types: &[(DataType, Option<PathBuf>)], role: Role) -> Result<ColumnType> {
        let mut common: Option<(ColumnType, &Option<PathBuf>)> = None;
        for (dtype, path) in types {
            if dtype.is_null() {
                continue;
            }
            let found = ColumnType::of(&dtype.into());
            let found = found.ok_or_else(|| self.unsupported(dtype, role))?;
            let united = match &common {
                None => Some((found.clone(), path)),
                Some((one, first)) => unite(one, &found).map(|united| (united, *first)),
            };
            match united {
                Some(united) => common = Some(united),
                None => {
                    let (one, first) = common.unwrap_or((ColumnType::Text, &None));
                    return Err(self.differ((one, first), (found, path)));
                }
            }
        }
        Ok(common.map_or(ColumnType::Text, |(common, _)| common))
    }

    fn differ(
        &self,
        (one, first): (ColumnType, &Option<PathBuf>),
        (other, path): (ColumnType, &Option<PathBuf>),
    ) -> Error {
        InputError::TypesDiffer {
            column: self.name.clone(),
            first: first.clone().unwrap_or_default(),
            one: one.noun(),
            path: path.clone().unwrap_or_default(),
            other: other.noun(),
        }
        .into()
    }

    /// Whether what was found can be what the column is taken for.
    fn check(&self, column: &ColumnSchema, role: Role) -> Result<()> {
        let types = match &self.found {
            Found::Texts(observation) if observation.is_nested() => {
                return Err(self.unsupported_as("an object or a list", role));
            }
            Found::Texts(_) => return Ok(()),
            Found::Types(types) => types,
        };
        for (dtype, path) in types {
            if dtype.is_nested() || dtype.is_binary() || dtype.is_object() {
                return Err(self.unsupported(dtype, role));
            }
            if !can_convert(dtype, &column.column_type) {
                return Err(SpecError::OtherTypeThanTrained {
                    path: path.clone(),
                    column: self.name.clone(),
                    found: dtype.into(),
                    trained: column.column_type.noun().to_owned(),
                }
                .into());
            }
        }
        Ok(())
    }

    fn unsupported(&self, dtype: &DataType, role: Role) -> Error {
        self.unsupported_as(&dtype.to_string(), role)
    }

    fn unsupported_as(&self, found: &str, role: Role) -> Error {
        SpecError::UnsupportedType {
            column: self.name.clone(),
            found: found.into(),
            role,
            advice: format!("leave '{}' out, or cast it before", self.name),
        }
        .into()
    }
}

/// The type that holds the values of both.
fn unite(one: &ColumnType, other: &ColumnType) -> Option<ColumnType> {
    use ColumnType::*;
    Some(match (one, other) {
        _ if one == other => one.clone(),
        (Whole, Number) | (Number, Whole) => Number,
        (Date, Timestamp { zone: None, .. }) | (Timestamp { zone: None, .. }, Date) => {
            ColumnType::timestamp(None)
        }
        (Timestamp { zone: Some(_), .. }, Timestamp { zone: Some(_), .. }) => {
            ColumnType::timestamp(Some("UTC".into()))
        }
        _ => return None,
    })
}

/// Adds the columns of another file: those of the same name are one.
pub(super) fn unite_columns(columns: &mut Vec<InputColumn>, others: Vec<InputColumn>) {
    let known = columns.iter().enumerate();
    let mut places: HashMap<String, usize> = known
        .map(|(place, column)| (column.name.clone(), place))
        .collect();
    for other in others {
        match places.get(&other.name) {
            Some(&place) => columns[place].found.unite(other.found),
            None => {
                places.insert(other.name.clone(), columns.len());
                columns.push(other);
            }
        }
    }
}

impl Found {
    fn unite(&mut self, other: Found) {
        match (self, other) {
            (Found::Texts(one), Found::Texts(other)) => one.merge(*other),
            (Found::Types(one), Found::Types(other)) => {
                for (dtype, path) in other {
                    if !one.iter().any(|(known, _)| *known == dtype) {
                        one.push((dtype, path));
                    }
                }
            }
            // A folder's name and a field of a file: both are texts.
            (one, other) => {
                if let Found::Types(_) = other {
                    *one = other;
                }
            }
        }
    }
}
