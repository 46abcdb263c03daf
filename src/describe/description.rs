//! What an input holds: its columns, and its rows by entity.

use std::collections::HashMap;

use polars::prelude::*;

use crate::error::{Error, Result};
use crate::guard::guarded;
use crate::schema::{ColumnSchema, ColumnType, Role, Task, TaskReason};
use crate::source::{BadValue, DatasetSpec, InputColumn, text_of};
use crate::table::{ColumnNote, Filter, Input, Roles, task_of};

/// What an input holds, before anything is trained on it.
///
/// ```
/// use per_entity::describe::Description;
/// use per_entity::source::DatasetSpec;
/// use polars::prelude::*;
///
/// let frame = df!("store" => ["A", "A", "B"], "hour" => [9, 17, 9]).unwrap();
/// let spec = DatasetSpec { key: vec!["store".into()], ..DatasetSpec::default() };
/// let description = Description::of(&frame.into(), &spec)?;
/// assert_eq!(description.columns[1].largest.as_deref(), Some("17"));
/// assert_eq!(description.entities.unwrap().largest, 2);
/// # Ok::<(), per_entity::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Description {
    /// Rows of the input for which the filter holds, those with the wrong number of fields aside.
    pub rows: u64,
    /// Rows with the wrong number of fields.
    pub ragged: u64,
    /// All columns, in the order of the input.
    pub columns: Vec<ColumnDescription>,
    /// What the target would be taken for, and why, where the specification names one.
    pub task: Option<(Task, TaskReason)>,
    /// Rows by entity, where the specification names a key.
    pub entities: Option<RowsPerEntity>,
    /// What is worth saying about columns.
    pub notes: Vec<ColumnNote>,
}

/// What a column holds.
#[derive(Clone, Debug)]
pub struct ColumnDescription {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// What it is taken for; nothing where it can have no role.
    pub schema: Option<ColumnSchema>,
    /// Values that are missing.
    pub missing: u64,
    /// Different values that are not missing.
    pub distinct: u64,
    /// The smallest value, as text.
    pub smallest: Option<String>,
    /// The largest value, as text.
    pub largest: Option<String>,
    /// The first different values.
    pub examples: Vec<String>,
}

/// How many rows entities have. Rows without a key count for none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RowsPerEntity {
    /// Number of entities.
    pub entities: u64,
    /// Rows of the smallest.
    pub smallest: u64,
    /// The median.
    pub median: f64,
    /// Rows of the largest.
    pub largest: u64,
    /// Entities of one row.
    pub single: u64,
}

/// Different values that are shown.
const EXAMPLES: usize = 3;

/// Rows that examples are taken from.
const EXAMPLE_ROWS: u32 = 1_000;

impl Description {
    /// Describes an input, whose specification may lack key and target: all columns without
    /// another role are features.
    ///
    /// # Errors
    ///
    /// What is wrong with the input and with the roles of its columns.
    pub fn of(input: &Input, spec: &DatasetSpec) -> Result<Self> {
        input.check_declared(spec)?;
        let found = input.columns()?;
        let filter = Filter::names(spec)?;
        let roles = Roles::named(&found, spec, &[], &filter)?;
        let columns = input.resolve_all(&found, spec, &roles)?;
        let schema = columns.iter().map(ColumnSchema::field).collect();
        let filter = Filter::new(spec, &schema)?;
        let bad = BadValue::default();
        let frame = input.frame(&columns, spec, filter.as_ref(), &bad)?;
        let place = |error| input.place(error, &columns, &bad);
        let (first, rest) = columns.split_at(columns.len().min(COLUMNS_TOGETHER));
        let (rows, mut values) = ColumnValues::of(&frame, first).map_err(place)?;
        for some in rest.chunks(COLUMNS_TOGETHER) {
            values.extend(ColumnValues::of(&frame, some).map_err(place)?.1);
        }
        let by_name = roles.by_name(spec);
        let usable = columns.iter().zip(values);
        let mut usable: HashMap<&str, (&ColumnSchema, ColumnValues)> = usable
            .map(|(schema, values)| (schema.name.as_str(), (schema, values)))
            .collect();
        let described = found.iter().map(|column| {
            let name = column.name.as_str();
            let role = by_name.get(name).copied().unwrap_or(Role::Ignored);
            describe(column, role, usable.remove(name))
        });
        Ok(Self {
            rows,
            ragged: input.ragged(),
            columns: described.collect(),
            task: task(&frame, &columns, spec).map_err(place)?,
            entities: rows_per_entity(&frame, spec).map_err(place)?,
            notes: ColumnNote::all(&found, &columns, &roles),
        })
    }
}

fn describe(
    column: &InputColumn,
    role: Role,
    usable: Option<(&ColumnSchema, ColumnValues)>,
) -> ColumnDescription {
    let (schema, values) = usable.unzip();
    let values = values.unwrap_or_default();
    ColumnDescription {
        name: column.name.clone(),
        role,
        schema: schema.cloned(),
        missing: values.missing,
        distinct: values.distinct,
        smallest: values.smallest,
        largest: values.largest,
        examples: values.examples,
    }
}

/// So many columns are looked at in one pass over the rows: each takes a quarter of a megabyte.
const COLUMNS_TOGETHER: usize = 2_000;

/// What is told of the values of a column.
#[derive(Default)]
struct ColumnValues {
    missing: u64,
    distinct: u64,
    smallest: Option<String>,
    largest: Option<String>,
    examples: Vec<String>,
}

impl ColumnValues {
    /// The number of rows, and the values of some columns, in their order.
    fn of(frame: &LazyFrame, columns: &[ColumnSchema]) -> Result<(u64, Vec<Self>)> {
        let (figures, examples) = (figures(frame, columns)?, examples(frame, columns)?);
        let (rows, figures) = figures.columns().split_at(1);
        let values = figures.chunks_exact(FIGURES).zip(examples.columns());
        let values = values.map(|(figures, examples)| Self {
            missing: whole(&figures[0]),
            distinct: whole(&figures[1]),
            smallest: text(&figures[2]),
            largest: text(&figures[3]),
            examples: first_different(examples),
        });
        Ok((rows.first().map_or(0, whole), values.collect()))
    }
}

/// Figures of each column.
const FIGURES: usize = 4;

/// The number of rows and the figures of some columns side by side, in one row.
fn figures(frame: &LazyFrame, columns: &[ColumnSchema]) -> Result<DataFrame> {
    let figures = columns.iter().enumerate().flat_map(|(position, column)| {
        let values = || col(&column.name);
        let dtype = column.column_type.dtype();
        let name = |figure: usize| format!("{position} {figure}");
        [
            values().null_count().alias(name(0)),
            values().drop_nulls().n_unique().alias(name(1)),
            text_of(values().min(), &dtype).alias(name(2)),
            text_of(values().max(), &dtype).alias(name(3)),
        ]
    });
    let rows = std::iter::once(len().alias("rows"));
    collect(
        frame
            .clone()
            .select(rows.chain(figures).collect::<Vec<_>>()),
    )
}

fn examples(frame: &LazyFrame, columns: &[ColumnSchema]) -> Result<DataFrame> {
    let texts = columns.iter().map(|column| {
        let text = text_of(col(&column.name), &column.column_type.dtype());
        text.alias(&column.name)
    });
    collect(
        frame
            .clone()
            .limit(EXAMPLE_ROWS)
            .select(texts.collect::<Vec<_>>()),
    )
}

fn first_different(column: &Column) -> Vec<String> {
    let mut different: Vec<String> = Vec::new();
    let texts = column
        .str()
        .into_iter()
        .flat_map(|texts| texts.iter().flatten());
    for text in texts {
        if different.len() == EXAMPLES {
            break;
        }
        if !different.iter().any(|other| other == text) {
            different.push(text.to_owned());
        }
    }
    different
}

/// What the target would be taken for, by its values in the rows that would be kept.
fn task(
    frame: &LazyFrame,
    columns: &[ColumnSchema],
    spec: &DatasetSpec,
) -> Result<Option<(Task, TaskReason)>> {
    let Some(target) = columns.iter().find(|column| column.name == spec.target) else {
        return Ok(None);
    };
    let name = target.name.as_str();
    let has_key = spec.key.iter().map(|name| col(name.as_str()).is_not_null());
    let is_kept = match target.column_type {
        ColumnType::Number => col(name).is_finite(),
        _ => col(name).is_not_null(),
    };
    let is_kept = has_key.fold(is_kept, Expr::and);
    let rows = frame.clone().filter(is_kept);
    let values = collect(rows.group_by([col(name)]).agg([len()]))?;
    let task = values.column(name).and_then(|values| {
        let values = values.as_materialized_series();
        task_of(&values.sort(SortOptions::default())?, spec.task)
    });
    task.map(Some)
        .map_err(Error::polars("cannot read the target"))
}

fn rows_per_entity(frame: &LazyFrame, spec: &DatasetSpec) -> Result<Option<RowsPerEntity>> {
    if spec.key.is_empty() {
        return Ok(None);
    }
    let keys: Vec<Expr> = spec.key.iter().map(col).collect();
    let is_whole = keys
        .iter()
        .cloned()
        .map(Expr::is_not_null)
        .reduce(Expr::and);
    let rows = frame
        .clone()
        .filter(is_whole.unwrap_or(lit(true)))
        .group_by(keys)
        .agg([len().cast(DataType::UInt64).alias("rows")]);
    let rows_of = || col("rows");
    let figures = collect(rows.select([
        len().alias("entities"),
        rows_of().min().alias("smallest"),
        rows_of().median().alias("median"),
        rows_of().max().alias("largest"),
        rows_of().eq(lit(1_u64)).sum().alias("single"),
    ]))?;
    let median = figures
        .column("median")
        .and_then(|column| column.get(0)?.try_extract());
    Ok(Some(RowsPerEntity {
        entities: number(&figures, "entities"),
        smallest: number(&figures, "smallest"),
        median: median.unwrap_or(0.0),
        largest: number(&figures, "largest"),
        single: number(&figures, "single"),
    }))
}

fn collect(frame: LazyFrame) -> Result<DataFrame> {
    guarded(|| frame.collect_with_engine(Engine::Streaming))
        .map(|collected| collected.unwrap_single())
        .map_err(Error::polars("cannot read the input"))
}

fn number(figures: &DataFrame, name: &str) -> u64 {
    figures.column(name).map_or(0, whole)
}

fn whole(figure: &Column) -> u64 {
    let value = figure.get(0).and_then(|value| value.try_extract());
    value.unwrap_or(0)
}

fn text(figure: &Column) -> Option<String> {
    let text = figure.str().ok()?.get(0)?;
    Some(text.to_owned())
}
