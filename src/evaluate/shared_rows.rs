//! Rows that are in two tables.

use std::collections::{HashMap, HashSet};

use rayon::prelude::*;

use crate::table::{Column, Partition, Table, Target};

/// A row's digest: long enough that two rows never share one by chance.
type Digest = [u8; 16];

/// How many rows of `test` are the same as a row of `train`: the same key, target and features.
pub(super) fn shared_rows(train: &Table, test: &Table) -> u64 {
    let mut rows: HashMap<Digest, u64> = HashMap::new();
    for digest in digests(test, |_| true) {
        *rows.entry(digest).or_default() += 1;
    }
    let shared = digests(train, |digest| rows.contains_key(digest));
    let shared: HashSet<Digest> = shared.into_iter().collect();
    shared.iter().map(|digest| rows[digest]).sum()
}

/// The digests of a table's rows that are wanted.
fn digests(table: &Table, is_wanted: impl Fn(&Digest) -> bool + Sync) -> Vec<Digest> {
    let partitions: Vec<Partition> = table.partitions().collect();
    let digests = partitions.par_iter().flat_map_iter(|partition| {
        let mut digests = digests_of(table, partition);
        digests.retain(&is_wanted);
        digests
    });
    digests.collect()
}

fn digests_of(table: &Table, partition: &Partition) -> Vec<Digest> {
    let mut bytes = Vec::new();
    let append_text = |bytes: &mut Vec<u8>, text: &str| {
        bytes.extend((text.len() as u64).to_le_bytes());
        bytes.extend(text.as_bytes());
    };
    let rows = partition.range();
    rows.map(|row| {
        bytes.clear();
        append_text(&mut bytes, partition.key());
        match table.target() {
            Target::Classes { labels, classes } => {
                append_text(&mut bytes, &classes[labels.get(row) as usize]);
            }
            Target::Numbers(numbers) => bytes.extend(numbers[row].to_le_bytes()),
        }
        for column in table.columns() {
            match column {
                // Zero is one number, whatever its sign.
                Column::Numbers(numbers) => bytes.extend((numbers.get(row) + 0.0).to_le_bytes()),
                Column::Categories { .. } => match column.category(row) {
                    Some(text) => append_text(&mut bytes, text),
                    // No text is as long.
                    None => bytes.extend(u64::MAX.to_le_bytes()),
                },
            }
        }
        let digest = blake3::hash(&bytes);
        digest.as_bytes().first_chunk().copied().unwrap_or_default()
    })
    .collect()
}
