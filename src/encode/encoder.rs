//! The encoder of one entity: what its codes stand for.

use std::borrow::Cow;
use std::ops::Range;

use crate::codes::{CodeColumn, CodeMatrix, Codes, with_codes};
use crate::schema::FeatureKind;
use crate::table::{Column, Numbers, Partition, Target};

/// The distinct values of one feature in one partition, in the order of their codes. The code
/// behind them stands for missing values, where there are any.
#[derive(Clone, Debug, PartialEq)]
pub enum Values<'a> {
    /// Numbers, ascending.
    Numbers(Vec<f64>),
    /// Positions in the feature's dictionary over all entities, ascending.
    Categories {
        /// The positions.
        codes: Vec<u32>,
        /// What the positions stand for.
        dictionary: &'a [String],
    },
}

impl Values<'_> {
    /// Number of distinct values, which is the code of missing ones.
    pub fn len(&self) -> usize {
        match self {
            Values::Numbers(numbers) => numbers.len(),
            Values::Categories { codes, .. } => codes.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What was learnt from one partition: its classes and each feature's distinct values.
///
/// A value that the partition does not hold has no code. At prediction such a category equals
/// none of those that a tree asks for, as with scikit-learn's
/// `OneHotEncoder(handle_unknown="ignore")`, and a number is compared with the thresholds.
#[derive(Clone, Debug, PartialEq)]
pub struct Encoder<'a> {
    /// The classes of the partition, in the order of their labels: positions in the dictionary
    /// over all entities, ascending; none for a quantity.
    classes: Vec<u32>,
    class_names: &'a [String],
    values: Vec<Values<'a>>,
}

/// One partition as numbers: what a trainer takes.
#[derive(Clone, Debug)]
pub struct EncodedPartition<'a> {
    partition: Partition<'a>,
    encoder: Encoder<'a>,
    codes: CodeMatrix,
    target: EncodedTarget<'a>,
    weights: Option<Cow<'a, [f64]>>,
}

/// What a trainer learns to predict.
#[derive(Clone, Debug, PartialEq)]
pub enum EncodedTarget<'a> {
    /// One of several classes.
    Classes {
        /// One for each row: positions in [`Encoder::classes`].
        labels: Vec<u32>,
    },
    /// A quantity for each row, finite.
    Numbers(&'a [f64]),
}

/// Lookup tables that are kept from partition to partition.
#[derive(Default)]
pub struct EncoderScratch {
    /// The local code of each position in a table; meaningful only where marked.
    local: Vec<u32>,
    keys: Vec<u64>,
    ranked: Vec<(u64, u32)>,
    codes: Vec<u32>,
}

impl<'a> EncodedPartition<'a> {
    /// Learns the encoder of a partition, and encodes the partition with it.
    pub fn new(partition: &Partition<'a>, scratch: &mut EncoderScratch) -> Self {
        let range = partition.range();
        let rows = range.len();
        let mut values = Vec::with_capacity(partition.features().len());
        let mut columns = Vec::with_capacity(partition.features().len());
        for (_, column) in partition.features() {
            let (distinct, column) = scratch.encode(column, range.clone());
            values.push(distinct);
            columns.push(column);
        }
        let class_names = partition.target().classes();
        let (classes, target) = match partition.target() {
            Target::Numbers(numbers) => (Vec::new(), EncodedTarget::Numbers(&numbers[range])),
            Target::Classes { labels, classes } => {
                let classes = scratch.distinct_codes(labels, range, classes.len());
                let labels = scratch.codes.clone();
                (classes, EncodedTarget::Classes { labels })
            }
        };
        Self {
            encoder: Encoder {
                classes,
                class_names,
                values,
            },
            codes: CodeMatrix::new(columns, rows),
            target,
            weights: partition.weights().map(Cow::Borrowed),
            partition: *partition,
        }
    }

    /// The entity's key.
    pub fn key(&self) -> &'a str {
        self.partition.key()
    }

    /// What the codes stand for.
    pub fn encoder(&self) -> &Encoder<'a> {
        &self.encoder
    }

    /// The features as compact codes.
    pub fn codes(&self) -> &CodeMatrix {
        &self.codes
    }

    /// What is to be predicted.
    pub fn target(&self) -> &EncodedTarget<'a> {
        &self.target
    }

    /// The class of each row, as a position in [`Encoder::classes`]; none for a quantity.
    pub fn labels(&self) -> &[u32] {
        match &self.target {
            EncodedTarget::Classes { labels } => labels,
            EncodedTarget::Numbers(_) => &[],
        }
    }

    /// The weight of each row.
    pub fn weights(&self) -> Option<&[f64]> {
        self.weights.as_deref()
    }

    /// The same rows with these weights, one for each.
    ///
    /// # Panics
    ///
    /// If there is not one weight for each row.
    #[must_use]
    pub fn reweighted(&self, weights: Vec<f64>) -> Self {
        assert_eq!(weights.len(), self.rows(), "one weight for each row");
        Self {
            weights: Some(Cow::Owned(weights)),
            ..self.clone()
        }
    }

    /// The name of a feature, by its position.
    ///
    /// # Panics
    ///
    /// If there is no such feature.
    pub fn feature_name(&self, position: usize) -> &'a str {
        let mut features = self.partition.features();
        let feature = features.nth(position).map(|(feature, _)| &feature.name);
        feature.expect("the feature is there")
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.codes.rows()
    }
}

impl<'a> Encoder<'a> {
    /// The names of the classes, in the order of their labels.
    pub fn classes(&self) -> impl ExactSizeIterator<Item = &'a str> {
        let names = self.class_names;
        self.classes
            .iter()
            .map(move |&class| names[class as usize].as_str())
    }

    /// The positions of the classes among those of all entities, in the order of their labels.
    pub(crate) fn class_positions(&self) -> &[u32] {
        &self.classes
    }

    /// Number of classes.
    pub fn class_count(&self) -> usize {
        self.classes.len()
    }

    /// Each feature's distinct values, in schema order.
    pub fn values(&self) -> &[Values<'a>] {
        &self.values
    }
}

/// A table may have this many slots per row, plus a few; beyond that, sorting is cheaper.
const TABLE_SLOTS_PER_ROW: usize = 4;
const TABLE_SLOTS: usize = 256;

const UNSEEN: u32 = u32::MAX;

impl EncoderScratch {
    /// The distinct values of some rows of a feature, and the rows' codes.
    fn encode<'a>(&mut self, column: &'a Column, rows: Range<usize>) -> (Values<'a>, CodeColumn) {
        let (kind, values, has_missing) = match column {
            Column::Categories { codes, dictionary } => {
                let mut codes = self.distinct_codes(codes, rows, dictionary.len() + 1);
                let missing = |code: &mut u32| *code as usize == dictionary.len();
                let has_missing = codes.pop_if(missing).is_some();
                let values = Values::Categories { codes, dictionary };
                (FeatureKind::Categorical, values, has_missing)
            }
            Column::Numbers(numbers) => {
                let mut numbers = self.distinct_numbers(numbers, rows);
                let has_missing = numbers.pop_if(|number| number.is_nan()).is_some();
                (FeatureKind::Numeric, Values::Numbers(numbers), has_missing)
            }
        };
        let cardinality = values.len() as u32;
        let codes = self.codes.iter().copied();
        let column = match has_missing {
            true => CodeColumn::with_missing(kind, cardinality + 1, codes),
            false => CodeColumn::new(kind, cardinality, codes),
        };
        (values, column)
    }

    /// The distinct codes of some rows, ascending; leaves each row's position among them in
    /// `self.codes`.
    fn distinct_codes(
        &mut self,
        codes: &Codes,
        range: Range<usize>,
        cardinality: usize,
    ) -> Vec<u32> {
        let distinct = with_codes!(codes, codes => self.distinct(&codes[range], 0, cardinality));
        distinct.into_iter().map(|code| code as u32).collect()
    }

    /// The distinct numbers of some rows, ascending, NaN for missing ones behind them; leaves each
    /// row's position among them in `self.codes`.
    fn distinct_numbers(&mut self, numbers: &Numbers, range: Range<usize>) -> Vec<f64> {
        match numbers {
            Numbers::I8(values) => self.distinct_integers(&values[range], i8::MIN),
            Numbers::I16(values) => self.distinct_integers(&values[range], i16::MIN),
            Numbers::I32(values) => self.distinct_integers(&values[range], i32::MIN),
            Numbers::F32(values) => self.distinct_floats(&values[range]),
            Numbers::F64(values) => self.distinct_floats(&values[range]),
        }
    }

    fn distinct_integers<T: Copy + Into<i64> + Ord>(
        &mut self,
        values: &[T],
        missing: T,
    ) -> Vec<f64> {
        let least = values.iter().min().copied();
        let high = values.iter().max().map_or(0, |&value| value.into());
        if least != Some(missing) {
            let low = least.map_or(0, Into::into);
            let distinct = self.distinct(values, low, (high - low + 1) as usize);
            return distinct.into_iter().map(|value| value as f64).collect();
        }
        let present = values.iter().filter(|value| **value != missing);
        let low = present.min().map_or(high, |&value| value.into());
        // Missing ones come behind all others.
        let behind = high + 1;
        let place = |&value: &T| match value == missing {
            true => behind,
            false => value.into(),
        };
        let places: Vec<i64> = values.iter().map(place).collect();
        let distinct = self.distinct(&places, low.min(behind), (behind - low + 1) as usize);
        let number = |value: i64| match value == behind {
            true => f64::NAN,
            false => value as f64,
        };
        distinct.into_iter().map(number).collect()
    }

    /// The distinct ones of whole numbers from `low` to below `low + slots`.
    fn distinct<T: Copy + Into<i64>>(&mut self, values: &[T], low: i64, slots: usize) -> Vec<i64> {
        self.codes.clear();
        if slots > TABLE_SLOTS_PER_ROW * values.len() + TABLE_SLOTS {
            return self.distinct_by_sorting(values, low);
        }
        self.local.clear();
        self.local.resize(slots, UNSEEN);
        for &value in values {
            self.local[(value.into() - low) as usize] = 0;
        }
        let mut distinct = Vec::new();
        for (slot, local) in self.local.iter_mut().enumerate() {
            if *local != UNSEEN {
                *local = distinct.len() as u32;
                distinct.push(low + slot as i64);
            }
        }
        let local = &self.local;
        self.codes.extend(
            values
                .iter()
                .map(|&value| local[(value.into() - low) as usize]),
        );
        distinct
    }

    /// As [`distinct`](Self::distinct); values span less than 2³².
    fn distinct_by_sorting<T: Copy + Into<i64>>(&mut self, values: &[T], low: i64) -> Vec<i64> {
        self.keys.clear();
        self.keys.extend(
            values
                .iter()
                .enumerate()
                .map(|(row, &value)| ((value.into() - low) as u64) << 32 | row as u64),
        );
        self.keys.sort_unstable();
        self.codes.resize(values.len(), 0);
        let mut distinct: Vec<i64> = Vec::new();
        for &key in &self.keys {
            let value = low + (key >> 32) as i64;
            if distinct.last() != Some(&value) {
                distinct.push(value);
            }
            self.codes[key as u32 as usize] = distinct.len() as u32 - 1;
        }
        distinct
    }

    fn distinct_floats<T: Copy + Into<f64>>(&mut self, values: &[T]) -> Vec<f64> {
        self.ranked.clear();
        self.ranked.extend(
            values
                .iter()
                .enumerate()
                .map(|(row, &value)| (sortable(value.into()), row as u32)),
        );
        self.ranked.sort_unstable();
        self.codes.clear();
        self.codes.resize(values.len(), 0);
        let mut distinct: Vec<f64> = Vec::new();
        let mut last = None;
        for &(key, row) in &self.ranked {
            if last != Some(key) {
                last = Some(key);
                distinct.push(values[row as usize].into());
            }
            self.codes[row as usize] = distinct.len() as u32 - 1;
        }
        distinct
    }
}

/// Bits that sort as the finite numbers do that they stand for, and behind them those of NaN.
fn sortable(value: f64) -> u64 {
    if value.is_nan() {
        return u64::MAX;
    }
    let bits = value.to_bits();
    if bits >> 63 == 1 {
        !bits
    } else {
        bits | 1 << 63
    }
}
