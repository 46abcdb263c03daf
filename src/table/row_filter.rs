//! Which rows of a batch are left out, and why.

use polars::prelude::*;

use super::query::Query;
use crate::schema::{LeftOut, SAMPLE_WEIGHTS, WhyLeftOut};

/// Takes rows without a value that is needed out of batches, and counts them.
pub(super) struct RowFilter {
    /// By column of the query: what a null in it means.
    roles: Vec<WhyLeftOut>,
    pub left_out: LeftOut,
}

impl RowFilter {
    pub fn new(query: &Query) -> Self {
        let roles = [
            vec![WhyLeftOut::NullKey; query.key.len()],
            vec![WhyLeftOut::NullTarget],
            vec![WhyLeftOut::BadWeight; usize::from(query.weight.is_some())],
            vec![WhyLeftOut::MissingValue; query.features.len()],
            // Of the columns carried along, only whether a row is held out may be null.
            vec![WhyLeftOut::NullTime; query.carried],
        ];
        Self {
            roles: roles.concat(),
            left_out: LeftOut::default(),
        }
    }

    /// The rows of a batch that are kept, in one chunk.
    pub fn keep(&mut self, mut batch: DataFrame) -> PolarsResult<DataFrame> {
        batch.rechunk_mut();
        let Some(reasons) = self.reasons(batch.columns())? else {
            return Ok(batch);
        };
        for reason in reasons.iter().flatten() {
            self.left_out.add(*reason, 1);
        }
        let keep: BooleanChunked = reasons
            .iter()
            .map(|reason| Some(reason.is_none()))
            .collect();
        let mut batch = batch.filter(&keep)?;
        batch.rechunk_mut();
        Ok(batch)
    }

    /// Why each row is left out, or nothing where all rows are kept. A row with several reasons
    /// is left out for the first of them in the order of the columns.
    fn reasons(&self, columns: &[Column]) -> PolarsResult<Option<Vec<Option<WhyLeftOut>>>> {
        let mut reasons: Option<Vec<Option<WhyLeftOut>>> = None;
        for (column, &role) in columns.iter().zip(&self.roles) {
            let series = column.as_materialized_series();
            if series.null_count() > 0 {
                let reasons = reasons.get_or_insert_with(|| vec![None; series.len()]);
                for (reason, is_null) in reasons.iter_mut().zip(series.is_null().no_null_iter()) {
                    if is_null {
                        reason.get_or_insert(role);
                    }
                }
            }
            if !series.dtype().is_float() {
                continue;
            }
            let bad = if role == WhyLeftOut::BadWeight {
                let values = series.f64()?;
                let fine =
                    values.gt_eq(*SAMPLE_WEIGHTS.start()) & values.lt_eq(*SAMPLE_WEIGHTS.end());
                (WhyLeftOut::BadWeight, !fine)
            } else {
                (
                    WhyLeftOut::NotFinite,
                    series.is_finite().map(|finite| !finite)?,
                )
            };
            if bad.1.any() {
                let reasons = reasons.get_or_insert_with(|| vec![None; series.len()]);
                for (reason, is_bad) in reasons.iter_mut().zip(bad.1.iter()) {
                    if is_bad == Some(true) {
                        reason.get_or_insert(bad.0);
                    }
                }
            }
        }
        Ok(reasons)
    }
}
