//! Rows as a data frame.

use polars::prelude::*;
use rayon::prelude::*;

use super::field::FieldKind::{Cents, Int16, Int32, Text};
use super::field::{ENTITY, Field, fields};
use super::row::Row;
use crate::schema::Task;

/// The rows as a data frame, with a column of entities if there are any.
pub(super) fn frame(rows: &[Row], entities: Option<u64>, task: Task) -> PolarsResult<DataFrame> {
    let entity = entities.map(|entities| entity_column(rows, entities));
    let fields: Vec<&Field> = fields(task).collect();
    let columns: Vec<Column> = fields
        .par_iter()
        .enumerate()
        .map(|(position, field)| with_gaps(field.column(rows)?, position, rows))
        .collect::<PolarsResult<_>>()?;
    DataFrame::new(rows.len(), entity.into_iter().chain(columns).collect())
}

fn entity_column(rows: &[Row], entities: u64) -> Column {
    let name = PlSmallStr::from_static(ENTITY);
    if i32::try_from(entities).is_ok() {
        let numbers: Vec<i32> = rows.iter().map(|row| row.entity as i32).collect();
        Column::new(name, numbers)
    } else {
        let numbers: Vec<i64> = rows.iter().map(|row| row.entity as i64).collect();
        Column::new(name, numbers)
    }
}

/// The column of the field at this position, null where a row lacks it at random.
fn with_gaps(column: Column, position: usize, rows: &[Row]) -> PolarsResult<Column> {
    if !rows.iter().any(|row| row.lacks(position)) {
        return Ok(column);
    }
    let present: BooleanChunked = rows.iter().map(|row| !row.lacks(position)).collect();
    let missing = Column::full_null(column.name().clone(), rows.len(), column.dtype());
    column.zip_with(&present, &missing)
}

impl Field {
    fn column(&self, rows: &[Row]) -> PolarsResult<Column> {
        let name = PlSmallStr::from_static(self.name);
        match self.kind {
            Int16(value) => {
                let values: Vec<i16> = rows.iter().map(value).collect();
                Ok(Column::new(name, values))
            }
            Int32(value) => {
                let values: Vec<i32> = rows.iter().map(value).collect();
                Ok(Column::new(name, values))
            }
            Cents(value) => {
                let dollars = rows.iter().map(|row| value(row) as f64 / 100.0);
                Ok(Column::new(name, dollars.collect::<Vec<f64>>()))
            }
            Text(category, text) => {
                // Gathering from a column of all categories copies views, not strings.
                let mut categories: Vec<Option<&str>> =
                    (0..).map(text).take_while(Option::is_some).collect();
                let missing = categories.len() as IdxSize;
                categories.push(None);
                let codes: Vec<IdxSize> = rows
                    .iter()
                    .map(|row| IdxSize::from(category(row)).min(missing))
                    .collect();
                Column::new(name, categories).take_slice(&codes)
            }
        }
    }
}
