//! What tells whether an entity would get the very same model again.

use crate::model::Fingerprint;
use crate::table::{Column, Partition, Table, Target};

/// Names what the digests are made of, so that those of another making are never taken for equal.
const MAKING: &[u8] = b"per-entity fingerprint 3";

/// What stands for a missing text: no text's digest.
const MISSING: Fingerprint = [0; size_of::<Fingerprint>()];

/// The fingerprints of the entities of a table.
///
/// A fingerprint covers the trainer, the key, the features' names, and of every row in order its
/// target, weight and values: texts by their digests, and numbers as 64-bit floats, so that it
/// depends neither on the codes nor on the widths that other entities bring about. It is taken
/// from the table itself, before anything is encoded.
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
        for feature in table.features() {
            append_text(&mut head, &feature.name);
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
        bytes.clear();
        bytes.extend_from_slice(&self.head);
        append_text(bytes, partition.key());
        bytes.extend(rows.len().to_le_bytes());
        match partition.target() {
            Target::Classes { labels, .. } => {
                bytes.push(1);
                labels.for_each(rows.clone(), |code| {
                    bytes.extend_from_slice(&self.classes[code as usize]);
                });
            }
            Target::Numbers(numbers) => {
                bytes.push(0);
                for number in &numbers[rows.clone()] {
                    bytes.extend_from_slice(&number.to_le_bytes());
                }
            }
        }
        bytes.push(partition.weights().is_some().into());
        for weight in partition.weights().into_iter().flatten() {
            bytes.extend_from_slice(&weight.to_le_bytes());
        }
        for Digested { column, texts } in &self.columns {
            match column {
                Column::Numbers(numbers) => {
                    bytes.push(0);
                    numbers.for_each(rows.clone(), |number| {
                        bytes.extend_from_slice(&number.to_le_bytes());
                    });
                }
                Column::Categories { codes, .. } => {
                    bytes.push(1);
                    codes.for_each(rows.clone(), |code| {
                        bytes.extend_from_slice(&texts[code as usize]);
                    });
                }
            }
        }
        digest(bytes)
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
