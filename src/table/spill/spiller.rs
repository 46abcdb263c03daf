//! Hands rows to the files of their keys as they come.

use polars::prelude::*;

use super::bucket_file::BucketFile;
use super::plan::Plan;
use super::spilled_key::SpilledKey;
use crate::cancel::Cancel;
use crate::table::key_positions::raw_values;
use crate::table::query::Query;
use crate::table::row_filter::RowFilter;
use crate::table::task_choice::TaskChoice;

/// Rows that wait to be written, in all buckets together.
const ROWS_WAITING: usize = 1 << 18;

/// Takes in batches and hands their rows to the files of their buckets.
pub(super) struct Spiller {
    pub filter: RowFilter,
    plan: Plan,
    pub keys: Vec<SpilledKey>,
    /// What the target is taken for.
    pub choice: TaskChoice,
    /// The classes of the target, while it may have some.
    pub classes: PlHashSet<String>,
    pub files: Vec<BucketFile>,
    texts: Schema,
    cancel: Cancel,
}

impl Spiller {
    pub fn new(
        query: &Query,
        mut plan: Plan,
        files: Vec<BucketFile>,
        texts: Schema,
        cancel: Cancel,
    ) -> Self {
        Self {
            filter: RowFilter::new(query),
            keys: std::mem::take(&mut plan.keys),
            plan,
            choice: TaskChoice::new(query.declared_task()),
            classes: PlHashSet::new(),
            files,
            texts,
            cancel,
        }
    }

    /// Takes in one batch. Returns whether the query should stop.
    pub fn take(&mut self, batch: DataFrame) -> PolarsResult<bool> {
        if self.cancel.is_cancelled() {
            return Ok(true);
        }
        let batch = self.filter.keep(batch)?;
        if batch.height() == 0 {
            return Ok(false);
        }
        self.note_target(&batch)?;
        let raw = batch.columns()[..self.plan.key_columns]
            .iter()
            .map(raw_values)
            .collect::<PolarsResult<Vec<_>>>()?;
        let mut rows_of: Vec<Vec<IdxSize>> = vec![Vec::new(); self.files.len()];
        let mut key = vec![0; raw.len()];
        for row in 0..batch.height() {
            for (value, raw) in key.iter_mut().zip(&raw) {
                *value = raw[row];
            }
            let position = self.plan.positions.get(&key).ok_or_else(
                || polars_err!(ComputeError: "a key came up that was not there when keys were counted; the input was changed meanwhile"),
            )?;
            let key = &mut self.keys[position as usize];
            key.rows += 1;
            rows_of[key.bucket].push(row as IdxSize);
        }
        self.write(&batch, rows_of)?;
        Ok(false)
    }

    /// Writes the rows of each file, with text in the place of categories.
    fn write(&mut self, batch: &DataFrame, rows_of: Vec<Vec<IdxSize>>) -> PolarsResult<()> {
        let columns = batch.columns().iter().zip(self.texts.iter_values());
        let columns = columns.map(|(column, dtype)| column.cast(dtype));
        let batch = DataFrame::new(batch.height(), columns.collect::<PolarsResult<_>>()?)?;
        let row_group = ROWS_WAITING / self.files.len().max(1);
        for (file, rows) in self.files.iter_mut().zip(rows_of) {
            if !rows.is_empty() {
                let rows = IdxCa::from_vec(PlSmallStr::EMPTY, rows);
                file.take(batch.take(&rows)?, row_group)?;
            }
        }
        Ok(())
    }

    fn note_target(&mut self, batch: &DataFrame) -> PolarsResult<()> {
        if self.choice.is_quantity() {
            return Ok(());
        }
        let distinct = batch.columns()[self.plan.key_columns].unique_stable()?;
        let distinct = match distinct.dtype() {
            DataType::Int64 => {
                let integers: Vec<i64> = distinct.i64()?.no_null_iter().collect();
                self.choice.see_integers(&integers);
                distinct
            }
            DataType::Float64 => {
                let numbers: Vec<f64> = distinct.f64()?.no_null_iter().collect();
                self.choice.see_numbers(&numbers);
                distinct.cast(&DataType::Int64)?
            }
            _ => distinct,
        };
        if self.choice.is_quantity() {
            self.classes.clear();
            return Ok(());
        }
        let distinct = distinct.cast(&DataType::String)?;
        for class in distinct.str()?.iter().flatten() {
            if !self.classes.contains(class) {
                self.classes.insert(class.to_owned());
            }
        }
        Ok(())
    }
}
