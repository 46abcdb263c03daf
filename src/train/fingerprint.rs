//! What tells whether an entity would get the very same model again.

use std::ops::Range;

use crate::model::Fingerprint;
use crate::table::{Column, Partition, Table, Target};

/// Names what the digests are made of, so that those of another making are never taken for equal.
const MAKING: &[u8] = b"per-entity fingerprint 4";

/// What stands for a missing text: no text's digest.
const MISSING: Fingerprint = [0; size_of::<Fingerprint>()];

/// Bytes of rows that are put together before they are hashed.
const BLOCK: usize = 1 << 18;

/// The fingerprints of the entities of a table.
///
/// A fingerprint covers the trainer, the key, the features' names, and of every row, whatever their
/// order, its target, weight and values: texts by their digests, and numbers as 64-bit floats, so
/// that it depends neither on the codes nor on the widths that other entities bring about. It is
/// taken from the table itself, before anything is encoded.
///
/// Rows are a multiset: their digests are added up modulo 2²⁵⁶ (D. Clarke et al.: Incremental
/// Multiset Hash Functions, ASIACRYPT 2003), and the sum is hashed with the number of rows.
pub(super) struct Fingerprints<'a> {
    /// Trainer and features.
    head: Vec<u8>,
    classes: Vec<Fingerprint>,
    columns: Vec<Digested<'a>>,
}

/// A column, and where it has texts, their digests and behind them that of a missing one.
struct Digested<'a> {
    column: &'a Column,
    texts: Vec<Fingerprint>,
}

impl<'a> Fingerprints<'a> {
    pub fn new(table: &'a Table, trainer: &str) -> Self {
        let mut head = MAKING.to_vec();
        append_text(&mut head, trainer);
        for (feature, column) in table.features().iter().zip(table.columns()) {
            append_text(&mut head, &feature.name);
            head.push(matches!(column, Column::Categories { .. }).into());
        }
        let columns = table.columns().iter().map(|column| Digested {
            column,
            texts: match column {
                Column::Categories { dictionary, .. } => {
                    let mut texts = digests(dictionary);
                    texts.push(MISSING);
                    texts
                }
                Column::Numbers(_) => Vec::new(),
            },
        });
        Self {
            head,
            classes: digests(table.classes()),
            columns: columns.collect(),
        }
    }

    /// The fingerprint of one entity; `bytes` is scratch memory.
    pub fn of(&self, partition: &Partition, bytes: &mut Vec<u8>) -> Fingerprint {
        let rows = partition.range();
        let mut sum = DigestSum::default();
        let width = self.row_width(partition);
        for start in rows.clone().step_by(BLOCK.div_ceil(width)) {
            let end = rows.end.min(start + BLOCK.div_ceil(width));
            bytes.clear();
            bytes.resize((end - start) * width, 0);
            self.write_rows(
                partition,
                start..end,
                &mut RowBytes {
                    bytes,
                    width,
                    at: 0,
                },
            );
            for row in bytes.chunks_exact(width) {
                sum.add(blake3::hash(row).as_bytes());
            }
        }
        bytes.clear();
        bytes.extend_from_slice(&self.head);
        append_text(bytes, partition.key());
        bytes.push(matches!(partition.target(), Target::Classes { .. }).into());
        bytes.push(partition.weights().is_some().into());
        bytes.extend((rows.len() as u64).to_le_bytes());
        bytes.extend(sum.0.iter().flat_map(|limb| limb.to_le_bytes()));
        digest(bytes)
    }

    /// Bytes that each row of an entity is written with.
    fn row_width(&self, partition: &Partition) -> usize {
        let width = |is_text: bool| match is_text {
            true => size_of::<Fingerprint>(),
            false => size_of::<f64>(),
        };
        let target = width(matches!(partition.target(), Target::Classes { .. }));
        let weight = usize::from(partition.weights().is_some()) * width(false);
        let columns = self
            .columns
            .iter()
            .map(|column| width(!column.texts.is_empty()));
        target + weight + columns.sum::<usize>()
    }

    fn write_rows(&self, partition: &Partition, rows: Range<usize>, to: &mut RowBytes) {
        match partition.target() {
            Target::Classes { labels, .. } => {
                let mut column = to.next_column(size_of::<Fingerprint>());
                labels.for_each(rows.clone(), |code| column(&self.classes[code as usize]));
            }
            Target::Numbers(numbers) => {
                let mut column = to.next_column(size_of::<f64>());
                numbers[rows.clone()]
                    .iter()
                    .for_each(|number| column(&number.to_le_bytes()));
            }
        }
        if let Some(weights) = partition.weights() {
            let first = partition.range().start;
            let mut column = to.next_column(size_of::<f64>());
            let weights = &weights[rows.start - first..rows.end - first];
            weights
                .iter()
                .for_each(|weight| column(&weight.to_le_bytes()));
        }
        for Digested { column, texts } in &self.columns {
            match column {
                Column::Numbers(numbers) => {
                    let mut column = to.next_column(size_of::<f64>());
                    numbers.for_each(rows.clone(), |number| column(&number.to_le_bytes()));
                }
                Column::Categories { codes, .. } => {
                    let mut column = to.next_column(size_of::<Fingerprint>());
                    codes.for_each(rows.clone(), |code| column(&texts[code as usize]));
                }
            }
        }
    }
}

/// Rows as bytes, one behind the other, that are filled in column by column.
struct RowBytes<'a> {
    bytes: &'a mut [u8],
    /// Bytes of a row.
    width: usize,
    /// Where in every row the next column begins.
    at: usize,
}

impl RowBytes<'_> {
    /// What takes the values of the next column, of so many bytes each.
    fn next_column(&mut self, length: usize) -> impl FnMut(&[u8]) {
        let at = self.at;
        self.at += length;
        let mut rows = self.bytes.chunks_exact_mut(self.width);
        move |value| {
            if let Some(row) = rows.next() {
                row[at..at + length].copy_from_slice(value);
            }
        }
    }
}

/// A sum of digests modulo 2²⁵⁶, in limbs of 64 bits, the least first.
#[derive(Default)]
struct DigestSum([u64; 4]);

impl DigestSum {
    fn add(&mut self, digest: &[u8; 32]) {
        let mut carry = false;
        for (limb, bytes) in self.0.iter_mut().zip(digest.as_chunks().0) {
            let (sum, over) = limb.overflowing_add(u64::from_le_bytes(*bytes));
            let (sum, again) = sum.overflowing_add(carry.into());
            (*limb, carry) = (sum, over || again);
        }
    }
}

fn append_text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend((text.len() as u64).to_le_bytes());
    bytes.extend(text.as_bytes());
}

fn digests(texts: &[String]) -> Vec<Fingerprint> {
    texts.iter().map(|text| digest(text.as_bytes())).collect()
}

fn digest(bytes: &[u8]) -> Fingerprint {
    let digest = blake3::hash(bytes);
    let first = digest.as_bytes().first_chunk();
    *first.expect("a digest is longer than a fingerprint")
}

#[cfg(test)]
mod tests {
    use polars::prelude::*;
    use proptest::prelude::*;

    use super::*;
    use crate::cancel::Cancel;
    use crate::source::DatasetSpec;
    use crate::table::Input;

    type Row = (u8, Option<i8>, Option<u8>, bool);

    /// The fingerprints of all entities, by key.
    fn fingerprints(rows: &[Row], weighted: bool) -> Vec<(String, Fingerprint)> {
        let text = |code: u8| char::from(b'a' + code).to_string();
        let frame = df!(
            "key" => rows.iter().map(|row| text(row.0)).collect::<Vec<_>>(),
            "x" => rows.iter().map(|row| row.1.map(i64::from)).collect::<Vec<_>>(),
            "c" => rows.iter().map(|row| row.2.map(text)).collect::<Vec<_>>(),
            "w" => rows.iter().map(|row| f64::from(row.1.unwrap_or(1)).abs() + 0.5).collect::<Vec<_>>(),
            "y" => rows.iter().map(|row| if row.3 { "p" } else { "q" }).collect::<Vec<_>>(),
        );
        let spec = DatasetSpec {
            weight: weighted.then(|| "w".into()),
            categorical: vec!["c".into()],
            ..DatasetSpec::new(["key"], "y")
        };
        let table = Table::load(&Input::from(frame.unwrap()), &spec, &Cancel::new()).unwrap();
        let fingerprints = Fingerprints::new(&table, "trainer");
        let partitions = table.partitions();
        let of = |partition: Partition| {
            let fingerprint = fingerprints.of(&partition, &mut Vec::new());
            (partition.key().to_owned(), fingerprint)
        };
        partitions.map(of).collect()
    }

    fn rows() -> impl Strategy<Value = Vec<Row>> {
        let row = (
            0u8..3,
            prop::option::of(-3i8..4),
            prop::option::of(0u8..4),
            any::<bool>(),
        );
        prop::collection::vec(row, 1..30)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_order_of_rows_does_not_show_and_every_value_and_row_does(
            (rows, shuffled) in rows().prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle())),
            weighted in any::<bool>(),
            at in any::<prop::sample::Index>(),
        ) {
            let original = fingerprints(&rows, weighted);
            prop_assert_eq!(&original, &fingerprints(&shuffled, weighted));
            let changed = at.index(rows.len());
            let key = char::from(b'a' + rows[changed].0).to_string();
            let of = |all: &[(String, Fingerprint)]| {
                all.iter().find(|(other, _)| *other == key).map(|(_, fingerprint)| *fingerprint)
            };
            let mut other = rows.clone();
            other[changed].3 ^= true;
            prop_assert_ne!(of(&original), of(&fingerprints(&other, weighted)));
            let mut other = rows.clone();
            other[changed].2 = Some(7);
            prop_assert_ne!(of(&original), of(&fingerprints(&other, weighted)));
            // Twice the same row is not the row once, nor is it no row.
            let mut other = rows.clone();
            other.extend([rows[changed]; 2]);
            prop_assert_ne!(of(&original), of(&fingerprints(&other, weighted)));
        }
    }

    #[test]
    fn sums_carry_over_all_limbs_and_wrap_around() {
        let mut sum = DigestSum([u64::MAX; 4]);
        let mut one = [0; 32];
        one[0] = 1;
        sum.add(&one);
        assert_eq!(sum.0, [0; 4]);
        sum.add(&[0xFF; 32]);
        sum.add(&[0xFF; 32]);
        assert_eq!(sum.0, [u64::MAX - 1, u64::MAX, u64::MAX, u64::MAX]);
    }
}
