//! What rows come from: files, or a frame at hand.

use std::collections::HashSet;

use polars::prelude::*;

use super::filter::Filter;
use super::note::ColumnNote;
use super::roles::{Roles, unknown};
use crate::error::{Error, InputError, Result, SpecError};
use crate::guard::guarded;
use crate::schema::{ColumnSchema, ColumnType, Decided, OnMissing, Role, Task};
use crate::source::{
    BadValue, Converter, DatasetSpec, Found, InputColumn, RowFilterExpression, Source,
};

/// What rows come from.
///
/// ```
/// use per_entity::table::Input;
/// use polars::prelude::*;
///
/// let frame = df!("store" => ["A", "B"], "sales" => [1, 2]).unwrap();
/// let input = Input::from(frame);
/// assert!(input.paths().is_empty());
/// ```
#[derive(Clone)]
pub enum Input {
    /// Files.
    Files(Source),
    /// A frame. One that is yet to be computed may be computed several times, and must give the
    /// same rows each time.
    Frame(Box<LazyFrame>),
}

impl From<Source> for Input {
    fn from(source: Source) -> Self {
        Input::Files(source)
    }
}

impl From<LazyFrame> for Input {
    fn from(frame: LazyFrame) -> Self {
        Input::Frame(Box::new(frame))
    }
}

impl From<DataFrame> for Input {
    fn from(frame: DataFrame) -> Self {
        frame.lazy().into()
    }
}

impl Input {
    /// The files, in the order in which they are read; none for a frame.
    pub fn paths(&self) -> Vec<String> {
        let paths = match self {
            Input::Files(source) => source.paths(),
            Input::Frame(_) => &[],
        };
        paths
            .iter()
            .map(|path| path.display().to_string())
            .collect()
    }

    /// Rows of text files with the wrong number of fields, which are left out.
    pub fn ragged(&self) -> u64 {
        match self {
            Input::Files(source) => source.ragged(),
            Input::Frame(_) => 0,
        }
    }

    /// All rows but the ragged ones; nothing where only a query can tell.
    pub(super) fn whole_rows(&self) -> Option<u64> {
        match self {
            Input::Files(source) => source.known_rows().map(|rows| rows - source.ragged()),
            Input::Frame(_) => None,
        }
    }

    /// The columns, and what tells their types.
    pub(crate) fn columns(&self) -> Result<Vec<InputColumn>> {
        match self {
            Input::Files(source) => Ok(source.columns().to_vec()),
            Input::Frame(frame) => {
                let mut frame = frame.clone();
                let schema = guarded(|| frame.collect_schema());
                let schema = schema.map_err(Error::polars("cannot read the schema"))?;
                let columns = schema.iter();
                let columns = columns.map(|(name, dtype)| InputColumn::typed(name, dtype, None));
                Ok(columns.collect())
            }
        }
    }

    /// Checks that all columns are there whose types are declared.
    ///
    /// # Errors
    ///
    /// [`SpecError::UnknownColumn`].
    pub(crate) fn check_declared(&self, spec: &DatasetSpec) -> Result<()> {
        let found = self.columns()?;
        let by_name = InputColumn::by_name(&found);
        let is_there = |name: &&String| by_name.contains_key(name.as_str());
        match spec.types.keys().find(|name| !is_there(name)) {
            None => Ok(()),
            Some(name) => Err(unknown(Role::Declared, name, &found)),
        }
    }

    /// Checks that no file lacks a column without which all of its rows would be left out. Returns
    /// what is to be said about features that a file lacks, whose values are missing there.
    pub(super) fn check_complete(
        &self,
        spec: &DatasetSpec,
        roles: &Roles,
    ) -> Result<Vec<ColumnNote>> {
        let Input::Files(source) = self else {
            return Ok(Vec::new());
        };
        let needed = spec.key.iter().chain([&spec.target]).chain(&spec.weight);
        let needed = needed.map(|column| (column, false));
        let may_lack = spec.on_missing == OnMissing::Learn;
        let features = roles.features.iter().map(|column| (column, may_lack));
        let mut notes = Vec::new();
        for (column, may_lack) in needed.chain(features) {
            let Some((without, with)) = source.lacking(column) else {
                continue;
            };
            let (without, column) = (without.to_path_buf(), column.clone());
            if !may_lack {
                let with = with.to_path_buf();
                return Err(InputError::LackingColumn {
                    without,
                    with,
                    column,
                }
                .into());
            }
            notes.push(ColumnNote::Lacking { column, without });
        }
        Ok(notes)
    }

    /// What the columns that have a role are taken for.
    pub(super) fn resolve(
        &self,
        found: &[InputColumn],
        spec: &DatasetSpec,
        roles: &Roles,
    ) -> Result<Vec<ColumnSchema>> {
        let texts = spec.texts();
        let by_name = InputColumn::by_name(found);
        let mut columns = roles
            .columns(spec)
            .filter_map(|(name, role)| {
                let column = by_name.get(name)?;
                Some(column.resolve(spec, role, &texts))
            })
            .collect::<Result<Vec<_>>>()?;
        self.tell_whole(found, spec, &mut columns)?;
        Ok(columns)
    }

    /// What all columns are taken for, but for those that can have no role.
    pub(crate) fn resolve_all(
        &self,
        found: &[InputColumn],
        spec: &DatasetSpec,
        roles: &Roles,
    ) -> Result<Vec<ColumnSchema>> {
        let texts = spec.texts();
        let by_name = roles.by_name(spec);
        let columns = found.iter().map(|column| {
            let role = by_name.get(column.name.as_str());
            let role = role.copied().unwrap_or(Role::Ignored);
            match column.resolve(spec, role, &texts) {
                Err(Error::Spec(SpecError::UnsupportedType { .. })) => Ok(None),
                resolved => resolved.map(Some),
            }
        });
        let columns: Vec<Option<ColumnSchema>> = columns.collect::<Result<_>>()?;
        let mut columns: Vec<ColumnSchema> = columns.into_iter().flatten().collect();
        self.tell_whole(found, spec, &mut columns)?;
        Ok(columns)
    }

    /// Keys and categories in columns of fractions are whole numbers where all values are: so they
    /// are held where one is missing. Of a target, that is told when its values are read, but for
    /// types with more whole numbers than a fraction holds.
    fn tell_whole(
        &self,
        found: &[InputColumn],
        spec: &DatasetSpec,
        columns: &mut [ColumnSchema],
    ) -> Result<()> {
        let is_quantity = spec.task == Some(Task::Regression);
        let by_name = InputColumn::by_name(found);
        let may_be_whole = |name: &str| {
            let column = by_name.get(name);
            let types = column.map(|column| &column.found);
            let is_open = |dtype: &DataType| match name == spec.target {
                true => is_wide(dtype) && !dtype.is_float() && !is_quantity,
                false => is_wide(dtype),
            };
            matches!(types, Some(Found::Types(types)) if types.iter().any(|(dtype, _)| is_open(dtype)))
        };
        let open: Vec<&mut ColumnSchema> = columns
            .iter_mut()
            .filter(|column| column.decided == Decided::File && spec.is_discrete(&column.name))
            .filter(|column| may_be_whole(&column.name))
            .collect();
        if open.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = open.iter().map(|column| column.name.as_str()).collect();
        let whole = self.whole(&names, spec)?;
        for column in open {
            column.column_type = match (&column.column_type, whole.contains(&column.name)) {
                (_, true) => ColumnType::Whole,
                (ColumnType::Whole, false) => ColumnType::Text,
                (other, false) => other.clone(),
            };
        }
        Ok(())
    }

    /// Those of the columns whose values are all whole numbers of 64 bits.
    fn whole(&self, names: &[&str], spec: &DatasetSpec) -> Result<HashSet<String>> {
        let as_type = |column_type: &ColumnType| -> Result<LazyFrame> {
            let names = names.iter();
            let columns = names.map(|name| ColumnSchema::declared(name, column_type.clone()));
            self.leniently(&columns.collect::<Vec<_>>(), spec)
        };
        let counts = |frame: LazyFrame| {
            let counts = names.iter().map(|name| col(*name).count());
            let counts = frame.select(counts.collect::<Vec<_>>());
            guarded(|| counts.collect_with_engine(Engine::Streaming))
                .map(|counts| counts.unwrap_single())
                .map_err(Error::polars("cannot read the input"))
        };
        let (whole, text) = (
            counts(as_type(&ColumnType::Whole)?)?,
            counts(as_type(&ColumnType::Text)?)?,
        );
        let same = |name: &&&str| match (whole.column(name), text.column(name)) {
            (Ok(whole), Ok(text)) => whole.equals(text),
            _ => false,
        };
        Ok(names
            .iter()
            .filter(same)
            .map(|name| (*name).to_owned())
            .collect())
    }

    fn leniently(&self, columns: &[ColumnSchema], spec: &DatasetSpec) -> Result<LazyFrame> {
        match self {
            Input::Files(source) => source.scan(columns, None, None),
            Input::Frame(frame) => convert(frame, &Converter::lenient(spec.texts()), columns, None),
        }
    }

    /// The rows for which the filter holds, with these columns converted into what they were taken
    /// for. A value that cannot be converted is noted in `bad`.
    pub(crate) fn frame(
        &self,
        columns: &[ColumnSchema],
        spec: &DatasetSpec,
        filter: Option<&Filter>,
        bad: &BadValue,
    ) -> Result<LazyFrame> {
        let filter = filter.map(|filter| (&filter.expression, filter.columns.as_slice()));
        match self {
            Input::Files(source) => source.scan(columns, filter, Some(bad)),
            Input::Frame(frame) => convert(
                frame,
                &Converter::strict(spec.texts(), bad),
                columns,
                filter,
            ),
        }
    }

    /// A frame that holds nothing but the number of rows.
    pub(super) fn row_count(&self) -> Result<LazyFrame> {
        match self {
            Input::Files(source) => Ok(source.row_counts()?.sum()),
            Input::Frame(frame) => Ok((**frame).clone().select([len()])),
        }
    }
}

/// Whether a column of this type may hold more than whole numbers of 64 bits.
fn is_wide(dtype: &DataType) -> bool {
    use DataType::*;
    dtype.is_float() || dtype.is_decimal() || matches!(dtype, UInt64 | Int128 | UInt128)
}

fn convert(
    frame: &LazyFrame,
    converter: &Converter,
    columns: &[ColumnSchema],
    filter: RowFilterExpression,
) -> Result<LazyFrame> {
    let mut frame = frame.clone();
    let schema = guarded(|| frame.collect_schema());
    let schema = schema.map_err(Error::polars("cannot read the schema"))?;
    Ok(converter.convert_frame(frame, &schema, columns, filter))
}
