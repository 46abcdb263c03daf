//! Takes in the query's batches: counts the rows to be left out, and appends the others to compact
//! column buffers.

use std::sync::Arc;

use polars::prelude::*;
use rayon::prelude::*;

use super::numbers::Numbers;
use super::query::Query;
use super::row_filter::RowFilter;
use super::selection::TargetValues;
use crate::cancel::Cancel;
use crate::codes::Codes;
use crate::schema::{FeatureKind, KeyType};

/// What a column collects.
pub(super) enum Collected {
    /// Codes of a Polars categorical plus one, 0 where there is no text; and what they stand for.
    Text {
        codes: Codes,
        mapping: Option<Arc<CategoricalMapping>>,
    },
    /// Whole numbers.
    Integers(Vec<i64>),
    /// Feature values; NaN for missing ones.
    Numbers(Numbers),
    /// Sample weights, or a target of numbers.
    Quantities(Vec<f64>),
}

/// The buffers of one query, in the order of its columns: keys, target, weight, features, and
/// those carried along.
pub(super) struct Collector {
    pub filter: RowFilter,
    pub columns: Vec<Collected>,
    pub rows: usize,
    cancel: Cancel,
}

impl Collector {
    pub fn new(query: &Query, cancel: Cancel) -> Self {
        let mut columns = Vec::new();
        let discrete = |kind: KeyType| match kind {
            KeyType::Integer => Collected::Integers(Vec::new()),
            KeyType::Text => Collected::text(),
        };
        for (_, kind) in &query.key {
            columns.push(discrete(*kind));
        }
        columns.push(match query.target_values {
            TargetValues::Texts => Collected::text(),
            TargetValues::Integers => Collected::Integers(Vec::new()),
            TargetValues::Numbers => Collected::Quantities(Vec::new()),
        });
        if query.weight.is_some() {
            columns.push(Collected::Quantities(Vec::new()));
        }
        for feature in &query.features {
            columns.push(match feature.kind {
                FeatureKind::Numeric => Collected::Numbers(Numbers::default()),
                FeatureKind::Categorical => Collected::text(),
            });
        }
        for _ in 0..query.carried {
            columns.push(Collected::text());
        }
        Self {
            filter: RowFilter::new(query),
            columns,
            rows: 0,
            cancel,
        }
    }

    /// Takes in one batch. Returns whether the query should stop.
    pub fn take(&mut self, batch: DataFrame) -> PolarsResult<bool> {
        if self.cancel.is_cancelled() {
            return Ok(true);
        }
        let batch = self.filter.keep(batch)?;
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
}

impl Collected {
    fn text() -> Self {
        Collected::Text {
            codes: Codes::default(),
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
                let largest = physical.max().map_or(0, |largest| largest + 1);
                match physical.null_count() {
                    0 => codes.extend(physical.no_null_iter().map(|code| code + 1), largest),
                    _ => {
                        let texts = physical.iter();
                        codes.extend(texts.map(|code| code.map_or(0, |code| code + 1)), largest);
                    }
                }
            }
            Collected::Integers(values) => values.extend(series.i64()?.no_null_iter()),
            Collected::Quantities(values) => values.extend(series.f64()?.no_null_iter()),
            Collected::Numbers(numbers) => append_numbers(numbers, series)?,
        }
        Ok(())
    }
}

/// Appends feature values: true and false as 0 and 1, or numbers of double precision.
fn append_numbers(numbers: &mut Numbers, series: &Series) -> PolarsResult<()> {
    if *series.dtype() == DataType::UInt8 && series.null_count() == 0 {
        numbers.extend(series.u8()?.cont_slice()?);
        return Ok(());
    }
    let series = series.cast(&DataType::Float64)?;
    let values = series.f64()?;
    match values.cont_slice() {
        Ok(values) => numbers.extend(values),
        Err(_) => {
            let values = values.iter().map(|value| value.unwrap_or(f64::NAN));
            numbers.extend(&values.collect::<Vec<_>>());
        }
    }
    Ok(())
}
