//! The distinct values of a key, target or category, sorted, so that they mean the same in whatever
//! order rows come.

use std::sync::Arc;

use polars::prelude::CategoricalMapping;
use rayon::prelude::*;

use super::collector::Collected;
use crate::codes::{Codes, Order};

/// A discrete column: raw codes, and for each of them its place among the sorted texts.
#[derive(Default)]
pub(super) struct Dictionary {
    pub codes: Codes,
    /// The sorted position of each raw code.
    pub positions: Vec<u32>,
    pub texts: Vec<String>,
    /// Whether the position behind the texts stands for a missing one in some row.
    has_missing: bool,
}

impl Dictionary {
    pub fn of(column: Collected) -> Self {
        match column {
            Collected::Text { codes, mapping } => Self::of_text(codes, mapping.as_deref()),
            Collected::Integers(values) => Self::of_integers(&values),
            Collected::Numbers(_) | Collected::Quantities(_) => Self::default(),
        }
    }

    fn of_text(codes: Codes, mapping: Option<&CategoricalMapping>) -> Self {
        let bound = 1 + mapping.map_or(0, CategoricalMapping::num_cats_upper_bound);
        let mut present = vec![false; bound];
        for row in 0..codes.len() {
            present[codes.get(row) as usize] = true;
        }
        let text = |code: u32| {
            let text = mapping.and_then(|mapping| mapping.cat_to_str(code - 1));
            text.unwrap_or_default()
        };
        let mut sorted: Vec<u32> = (1..bound as u32)
            .filter(|&code| present[code as usize])
            .collect();
        sorted.sort_unstable_by_key(|&code| text(code));
        let mut positions = vec![0; bound];
        for (position, &code) in sorted.iter().enumerate() {
            positions[code as usize] = position as u32;
        }
        positions[0] = sorted.len() as u32;
        Self {
            codes,
            positions,
            has_missing: present[0],
            texts: sorted
                .into_iter()
                .map(|code| text(code).to_owned())
                .collect(),
        }
    }

    fn of_integers(values: &[i64]) -> Self {
        let mut distinct = distinct_integers(values);
        let mut codes = Codes::default();
        let largest = distinct.len().saturating_sub(1) as u32;
        match dense_positions(&distinct) {
            Some((low, positions)) => {
                codes.extend(
                    values.iter().map(|value| positions[(value - low) as usize]),
                    largest,
                );
            }
            None => {
                let position = |value: &i64| distinct.partition_point(|other| other < value) as u32;
                codes.extend(values.iter().map(position), largest);
            }
        }
        Self {
            codes,
            positions: (0..distinct.len() as u32).collect(),
            has_missing: false,
            texts: distinct.drain(..).map(|value| value.to_string()).collect(),
        }
    }

    /// The codes of the sorted texts, rows in their new places, and the texts. The code behind them
    /// stands for a missing one.
    pub fn scatter(self, order: &Order) -> (Codes, Arc<[String]>) {
        let cardinality = self.texts.len() + usize::from(self.has_missing);
        let codes = self.codes.scatter(&self.positions, cardinality, order);
        (codes, self.texts.into())
    }
}

/// A range of integers may have this many gaps per value and still be looked up in a table.
const TABLE_GAPS: i128 = 8;

fn distinct_integers(values: &[i64]) -> Vec<i64> {
    let (Some(&low), Some(&high)) = (values.iter().min(), values.iter().max()) else {
        return Vec::new();
    };
    let range = i128::from(high) - i128::from(low) + 1;
    if range <= TABLE_GAPS * values.len() as i128 {
        let mut present = vec![false; range as usize];
        for value in values {
            present[(value - low) as usize] = true;
        }
        let values = present.iter().zip(low..).filter(|(present, _)| **present);
        return values.map(|(_, value)| value).collect();
    }
    let mut distinct = values.to_vec();
    distinct.par_sort_unstable();
    distinct.dedup();
    distinct
}

/// The lowest of the sorted `distinct` values, and the position of each value above it.
fn dense_positions(distinct: &[i64]) -> Option<(i64, Vec<u32>)> {
    let (&low, &high) = (distinct.first()?, distinct.last()?);
    let range = i128::from(high) - i128::from(low) + 1;
    if range > TABLE_GAPS * distinct.len() as i128 + 1024 {
        return None;
    }
    let mut positions = vec![0; range as usize];
    for (position, value) in distinct.iter().enumerate() {
        positions[(value - low) as usize] = position as u32;
    }
    Some((low, positions))
}
