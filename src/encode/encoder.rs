//! The encoder of one entity: what its codes stand for.

use crate::codes::{CodeColumn, CodeMatrix, Codes, with_codes};
use crate::schema::FeatureKind;
use crate::table::{Column, Numbers, Partition, Target};

/// The distinct values of one feature in one partition, in the order of their codes.
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
    /// Number of distinct values.
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
    encoder: Encoder<'a>,
    codes: CodeMatrix,
    target: EncodedTarget<'a>,
    weights: Option<&'a [f64]>,
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
            let (kind, distinct) = match column {
                Column::Categories { codes, dictionary } => {
                    let codes = scratch.distinct_codes(codes, range.clone(), dictionary.len());
                    (
                        FeatureKind::Categorical,
                        Values::Categories { codes, dictionary },
                    )
                }
                Column::Numbers(numbers) => {
                    let numbers = scratch.distinct_numbers(numbers, range.clone());
                    (FeatureKind::Numeric, Values::Numbers(numbers))
                }
            };
            let codes = scratch.codes.iter().copied();
            columns.push(CodeColumn::new(kind, distinct.len() as u32, codes));
            values.push(distinct);
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
            weights: partition.weights(),
        }
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
    pub fn weights(&self) -> Option<&'a [f64]> {
        self.weights
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
    /// The distinct codes of some rows, ascending; leaves each row's position among them in
    /// `self.codes`.
    fn distinct_codes(
        &mut self,
        codes: &Codes,
        range: std::ops::Range<usize>,
        cardinality: usize,
    ) -> Vec<u32> {
        let distinct = with_codes!(codes, codes => self.distinct(&codes[range], 0, cardinality));
        distinct.into_iter().map(|code| code as u32).collect()
    }

    /// The distinct numbers of some rows, ascending; leaves each row's position among them in
    /// `self.codes`.
    fn distinct_numbers(&mut self, numbers: &Numbers, range: std::ops::Range<usize>) -> Vec<f64> {
        let integers = match numbers {
            Numbers::I8(values) => self.distinct_integers(&values[range]),
            Numbers::I16(values) => self.distinct_integers(&values[range]),
            Numbers::I32(values) => self.distinct_integers(&values[range]),
            Numbers::F32(values) => return self.distinct_floats(&values[range]),
            Numbers::F64(values) => return self.distinct_floats(&values[range]),
        };
        integers.into_iter().map(|value| value as f64).collect()
    }

    fn distinct_integers<T: Copy + Into<i64> + Ord>(&mut self, values: &[T]) -> Vec<i64> {
        let low = values.iter().min().map_or(0, |&value| value.into());
        let high = values.iter().max().map_or(0, |&value| value.into());
        self.distinct(values, low, (high - low + 1) as usize)
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
        for &(_, row) in &self.ranked {
            let value: f64 = values[row as usize].into();
            if distinct.last() != Some(&value) {
                distinct.push(value);
            }
            self.codes[row as usize] = distinct.len() as u32 - 1;
        }
        distinct
    }
}

/// Bits that sort as the finite numbers do that they stand for.
fn sortable(value: f64) -> u64 {
    let bits = value.to_bits();
    if bits >> 63 == 1 {
        !bits
    } else {
        bits | 1 << 63
    }
}
