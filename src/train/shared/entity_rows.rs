//! One entity's rows in an order that is theirs, whatever order they come in, and the folds that they
//! are dealt into.

use crate::codes::CodeColumn;
use crate::encode::{EncodedPartition, EncodedTarget, Values};
use crate::ensemble::{BoostedRows, scrambled};
use crate::error::ParamsError;
use crate::tree::LARGEST_NUMBER;

use super::binner::Binner;

/// One entity's rows in bins, each with its fold.
pub(super) struct EntityRows {
    pub columns: Vec<CodeColumn>,
    /// A number, or the position of a class among those of all entities.
    pub targets: Vec<f64>,
    pub weights: Option<Vec<f64>>,
    pub fold: Vec<u8>,
}

impl EntityRows {
    /// The first rows of a partition in their own order, at most so many. Rows are dealt out one by
    /// one, from a fold on that the key tells, so that the first folds do not get the rows of all
    /// small entities.
    pub fn new(
        binner: &Binner,
        partition: &EncodedPartition,
        folds: usize,
        seed: u64,
        most: usize,
    ) -> Self {
        let mut order = own_order(partition, seed);
        order.truncate(most);
        let target = target_of(partition);
        let first = text_hash(seed, partition.key()) % folds as u64;
        let fold = (0..order.len() as u64).map(|place| ((first + place) % folds as u64) as u8);
        Self {
            columns: binner.columns(partition, &order),
            targets: order.iter().map(|&row| target(row as usize)).collect(),
            weights: partition
                .weights()
                .map(|weights| order.iter().map(|&row| weights[row as usize]).collect()),
            fold: fold.collect(),
        }
    }

    /// The same rows with their weights multiplied.
    pub fn weighed(mut self, scale: f64) -> Self {
        for weight in self.weights.iter_mut().flatten() {
            *weight *= scale;
        }
        self
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.targets.len()
    }

    /// Targets and weights.
    pub fn data(&self) -> BoostedRows<'_> {
        BoostedRows {
            targets: &self.targets,
            weights: self.weights.as_deref(),
        }
    }
}

/// Refuses quantities whose squares have no room.
pub(super) fn check_targets(targets: &[f64]) -> Result<(), ParamsError> {
    match targets.iter().find(|target| target.abs() > LARGEST_NUMBER) {
        Some(&target) => Err(ParamsError::LargeTarget(target, LARGEST_NUMBER)),
        None => Ok(()),
    }
}

/// The target of each row of a partition, a class by its position among those of all entities.
fn target_of<'a>(partition: &'a EncodedPartition) -> impl Fn(usize) -> f64 + 'a {
    let classes = partition.encoder().class_positions();
    move |row| match partition.target() {
        EncodedTarget::Classes { labels } => f64::from(classes[labels[row] as usize]),
        EncodedTarget::Numbers(numbers) => numbers[row],
    }
}

/// The rows of a partition by digests of what they hold: the same for the same rows, in whatever
/// order they come.
fn own_order(partition: &EncodedPartition, seed: u64) -> Vec<u32> {
    let mut digests = vec![scrambled(seed); partition.rows()];
    let columns = partition.codes().columns().iter();
    for (column, values) in columns.zip(partition.encoder().values()) {
        let of_code = digests_of(values);
        let mut rows = digests.iter_mut();
        column.codes.for_each(0..partition.rows(), |code| {
            let own = of_code.get(code as usize).copied().unwrap_or(MISSING);
            if let Some(digest) = rows.next() {
                *digest = scrambled(*digest ^ own);
            }
        });
    }
    let target = target_of(partition);
    let weights = partition.weights();
    let mut order: Vec<(u64, u64, u64, u32)> = (0..partition.rows())
        .map(|row| {
            let weight = weights.map_or(0, |weights| weights[row].to_bits());
            (digests[row], target(row).to_bits(), weight, row as u32)
        })
        .collect();
    order.sort_unstable();
    order.into_iter().map(|(.., row)| row).collect()
}

/// What stands for a missing value.
const MISSING: u64 = 0x6d69_7373_696e_6721;

/// The digest of each of a feature's values.
fn digests_of(values: &Values) -> Vec<u64> {
    match values {
        Values::Numbers(numbers) => numbers
            .iter()
            .map(|number| scrambled((number + 0.0).to_bits()))
            .collect(),
        Values::Categories { codes, dictionary } => codes
            .iter()
            .map(|&code| text_hash(1, &dictionary[code as usize]))
            .collect(),
    }
}

/// A digest of a text, eight bytes at a time.
pub(super) fn text_hash(seed: u64, text: &str) -> u64 {
    let mut digest = scrambled(seed ^ text.len() as u64);
    for chunk in text.as_bytes().chunks(8) {
        let mut bytes = [0; 8];
        bytes[..chunk.len()].copy_from_slice(chunk);
        digest = scrambled(digest ^ u64::from_le_bytes(bytes));
    }
    digest
}
