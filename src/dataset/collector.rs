//! Takes in the query's batches: counts the rows to be left out, and appends the others to compact
//! column buffers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use polars::prelude::*;
use rayon::prelude::*;

use super::buffer::{CodeBuffer, Numbers};
use super::query::Discrete;
use super::{LeftOut, Query, WhyLeftOut};
use crate::encode::FeatureKind;

/// What a column collects.
pub(super) enum Collected {
    /// Codes of a Polars categorical, and what they stand for.
    Text {
        codes: CodeBuffer,
        mapping: Option<Arc<CategoricalMapping>>,
    },
    /// Whole numbers.
    Integers(Vec<i64>),
    /// Feature values.
    Numbers(Numbers),
    /// Sample weights.
    Weights(Vec<f64>),
}

/// The buffers of one query, in the order of its columns: keys, target, weight, features, and
/// those carried along.
pub(super) struct Collector {
    roles: Vec<WhyLeftOut>,
    pub columns: Vec<Collected>,
    pub left_out: LeftOut,
    pub rows: usize,
    interrupt: Arc<AtomicBool>,
}

impl Collector {
    pub fn new(query: &Query, interrupt: Arc<AtomicBool>) -> Self {
        let mut roles = Vec::new();
        let mut columns = Vec::new();
        let discrete = |kind: Discrete| match kind {
            Discrete::Integer => Collected::Integers(Vec::new()),
            Discrete::Text => Collected::text(),
        };
        for (_, kind) in &query.key {
            roles.push(WhyLeftOut::NullKey);
            columns.push(discrete(*kind));
        }
        roles.push(WhyLeftOut::NullTarget);
        columns.push(discrete(query.target.1));
        if query.weight.is_some() {
            roles.push(WhyLeftOut::BadWeight);
            columns.push(Collected::Weights(Vec::new()));
        }
        for feature in &query.features {
            roles.push(WhyLeftOut::MissingValue);
            columns.push(match feature.kind {
                FeatureKind::Numeric => Collected::Numbers(Numbers::default()),
                FeatureKind::Categorical => Collected::text(),
            });
        }
        for _ in 0..query.carried {
            roles.push(WhyLeftOut::MissingValue);
            columns.push(Collected::text());
        }
        Self {
            roles,
            columns,
            left_out: LeftOut::default(),
            rows: 0,
            interrupt,
        }
    }

    /// Takes in one batch. Returns whether the query should stop.
    pub fn take(&mut self, mut batch: DataFrame) -> PolarsResult<bool> {
        if self.interrupt.load(Ordering::Relaxed) {
            return Ok(true);
        }
        batch.rechunk_mut();
        if let Some(reasons) = self.reasons(batch.columns())? {
            for reason in reasons.iter().flatten() {
                self.left_out.add(*reason, 1);
            }
            let keep: BooleanChunked = reasons
                .iter()
                .map(|reason| Some(reason.is_none()))
                .collect();
            batch = batch.filter(&keep)?;
            batch.rechunk_mut();
        }
        self.rows += batch.height();
        let series: Vec<&Series> = batch
            .columns()
            .iter()
            .map(|column| column.as_materialized_series())
            .collect();
        self.columns
            .par_iter_mut()
            .zip(series)
            .try_for_each(|(column, series)| column.append(series))?;
        Ok(false)
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
                let fine = values.gt(0.0) & values.is_finite();
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

impl Collected {
    fn text() -> Self {
        Collected::Text {
            codes: CodeBuffer::default(),
            mapping: None,
        }
    }

    fn append(&mut self, series: &Series) -> PolarsResult<()> {
        match self {
            Collected::Text { codes, mapping } => {
                if mapping.is_none() {
                    *mapping = Some(series.dtype().cat_mapping()?.clone());
                }
                let physical = series.cat32()?.physical();
                let largest = physical.max().unwrap_or(0);
                codes.extend(physical.no_null_iter(), largest);
            }
            Collected::Integers(values) => values.extend(series.i64()?.no_null_iter()),
            Collected::Weights(values) => values.extend(series.f64()?.no_null_iter()),
            Collected::Numbers(numbers) => match series.dtype() {
                DataType::Int8 => numbers.extend(series.i8()?.cont_slice()?),
                DataType::Int16 => numbers.extend(series.i16()?.cont_slice()?),
                DataType::Int32 => numbers.extend(series.i32()?.cont_slice()?),
                DataType::UInt8 => numbers.extend(series.u8()?.cont_slice()?),
                DataType::UInt16 => numbers.extend(series.u16()?.cont_slice()?),
                DataType::Float32 => numbers.extend(series.f32()?.cont_slice()?),
                _ => numbers.extend(series.cast(&DataType::Float64)?.f64()?.cont_slice()?),
            },
        }
        Ok(())
    }
}
