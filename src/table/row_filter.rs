//! Which rows of a batch are left out, and why.

use std::collections::HashMap;

use polars::prelude::*;

use super::key_counter::Counter;
use super::query::Query;
use crate::schema::{LeftOut, LeftOutByColumn, SAMPLE_WEIGHTS, WhyLeftOut};

/// Takes rows without a value that is needed out of batches, and counts them.
pub(super) struct RowFilter {
    /// By column of the query: what a null in it means; nothing where it may be null.
    roles: Vec<Option<WhyLeftOut>>,
    pub left_out: LeftOut,
    /// By column of the query, and whether the value is there but cannot be used: rows left out.
    by_column: Vec<(String, [u64; 2])>,
    key_columns: usize,
    /// The keys of rows left out, and how many of each.
    dropped: Counter,
}

/// Why a row is left out: the position of the column that is to blame, and what its value means.
type Reason = (usize, WhyLeftOut, bool);

impl RowFilter {
    pub fn new(query: &Query) -> Self {
        let without_feature = (!query.keeps_missing).then_some(WhyLeftOut::MissingValue);
        let roles = [
            vec![Some(WhyLeftOut::NullKey); query.key.len()],
            vec![Some(WhyLeftOut::NullTarget)],
            vec![Some(WhyLeftOut::BadWeight); usize::from(query.weight.is_some())],
            vec![without_feature; query.features.len()],
            // Of the columns carried along, only whether a row is held out may be null.
            vec![Some(WhyLeftOut::NullTime); query.carried],
        ];
        let columns = query.column_names();
        Self {
            roles: roles.concat(),
            left_out: LeftOut::default(),
            by_column: columns.map(|name| (name.to_owned(), [0; 2])).collect(),
            key_columns: query.key.len(),
            dropped: Counter::new(query.key.len()),
        }
    }

    /// The rows of a batch that are kept, in one chunk.
    pub fn keep(&mut self, mut batch: DataFrame) -> PolarsResult<DataFrame> {
        batch.rechunk_mut();
        let Some(reasons) = self.reasons(batch.columns())? else {
            return Ok(batch);
        };
        for &(column, why, is_there) in reasons.iter().flatten() {
            self.left_out.add(why, 1);
            if let Some((_, rows)) = self.by_column.get_mut(column) {
                rows[usize::from(is_there)] += 1;
            }
        }
        let keep: BooleanChunked = reasons
            .iter()
            .map(|reason| Some(reason.is_none()))
            .collect();
        let keys = batch.columns()[..self.key_columns].to_vec();
        let dropped = DataFrame::new(batch.height(), keys)?.filter(&!&keep)?;
        self.dropped.take(&dropped)?;
        let mut batch = batch.filter(&keep)?;
        batch.rechunk_mut();
        Ok(batch)
    }

    /// The rows left out by column.
    pub fn columns(&self) -> Vec<LeftOutByColumn> {
        let columns = self.by_column.iter();
        let columns = columns.filter(|(_, rows)| *rows != [0; 2]);
        columns
            .map(|(column, [missing, unusable])| LeftOutByColumn {
                column: column.clone(),
                missing: *missing,
                unusable: *unusable,
            })
            .collect()
    }

    /// The keys of rows left out, and how many of each.
    pub fn dropped(&mut self) -> HashMap<String, u64> {
        std::mem::take(&mut self.dropped.keys).into_iter().collect()
    }

    /// Why each row is left out, or nothing where all rows are kept. A row with several reasons
    /// is left out for the first of them in the order of the columns.
    fn reasons(&self, columns: &[Column]) -> PolarsResult<Option<Vec<Option<Reason>>>> {
        let mut reasons: Option<Vec<Option<Reason>>> = None;
        for (position, (column, &role)) in columns.iter().zip(&self.roles).enumerate() {
            let Some(role) = role else {
                continue;
            };
            let series = column.as_materialized_series();
            if series.null_count() > 0 {
                let reasons = reasons.get_or_insert_with(|| vec![None; series.len()]);
                for (reason, is_null) in reasons.iter_mut().zip(series.is_null().no_null_iter()) {
                    if is_null {
                        reason.get_or_insert((position, role, false));
                    }
                }
            }
            if !series.dtype().is_float() {
                continue;
            }
            let (why, is_bad) = unusable(series, role)?;
            if is_bad.any() {
                let reasons = reasons.get_or_insert_with(|| vec![None; series.len()]);
                for (reason, is_bad) in reasons.iter_mut().zip(is_bad.iter()) {
                    if is_bad == Some(true) {
                        reason.get_or_insert((position, why, true));
                    }
                }
            }
        }
        Ok(reasons)
    }
}

/// Which values of a column of fractions cannot be used, and why; `role` is what a null in it
/// means.
fn unusable(series: &Series, role: WhyLeftOut) -> PolarsResult<(WhyLeftOut, BooleanChunked)> {
    Ok(match role {
        WhyLeftOut::BadWeight => {
            let weights = series.f64()?;
            let fine =
                weights.gt_eq(*SAMPLE_WEIGHTS.start()) & weights.lt_eq(*SAMPLE_WEIGHTS.end());
            (role, !fine)
        }
        WhyLeftOut::NullTarget => (WhyLeftOut::InfiniteTarget, series.is_infinite()?),
        _ => (WhyLeftOut::NotFinite, !series.is_finite()?),
    })
}
