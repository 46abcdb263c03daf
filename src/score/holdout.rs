//! Splits the rows of a table into those to train on and those held out.

use super::random::{hash, uniform};
use crate::schema::{Holdout, HoldoutKind};
use crate::table::{Column, Partition, Table};

impl Holdout {
    /// The rows to train on, and those held out, which are in the order of their values: figures
    /// are the same to the last bit, whatever the order of the input.
    ///
    /// # Panics
    ///
    /// If the table does not carry what this holdout divides by, as one does that was loaded by
    /// [`Query::new_holding_out`](crate::table::Query::new_holding_out).
    #[must_use]
    pub fn split(&self, table: &Table) -> (Table, Table) {
        let held_out = match &self.0 {
            HoldoutKind::Drawn {
                share,
                seed,
                by: None,
            } => Draw {
                share: *share,
                seed: *seed,
            }
            .of(table),
            HoldoutKind::Drawn { share, seed, .. } => {
                marked(table, |value| uniform(hash(*seed, value), 0) < *share)
            }
            _ => marked(table, |is_held_out| is_held_out == "true"),
        };
        let kept: Vec<bool> = held_out.iter().map(|held_out| !held_out).collect();
        (
            table.filter(&kept),
            table.filter(&held_out).in_value_order(),
        )
    }
}

/// The rows whose carried value is wanted.
fn marked(table: &Table, is_wanted: impl Fn(&str) -> bool) -> Vec<bool> {
    let Some(Column::Categories { codes, dictionary }) = table.carried().first() else {
        panic!("the table does not carry what is held out by")
    };
    let wanted: Vec<bool> = dictionary.iter().map(|value| is_wanted(value)).collect();
    (0..table.rows())
        .map(|row| wanted[codes.get(row) as usize])
        .collect()
}

/// Draws rows of each class of each entity; of each entity where the target is a quantity.
struct Draw {
    share: f64,
    seed: u64,
}

impl Draw {
    fn of(&self, table: &Table) -> Vec<bool> {
        let classes: Vec<u64> = table
            .classes()
            .iter()
            .map(|class| hash(self.seed, class))
            .collect();
        let mut held_out = Vec::with_capacity(table.rows());
        let mut before = vec![0; classes.len()];
        for partition in table.partitions() {
            self.draw_entity(&partition, &classes, &mut before, &mut held_out);
        }
        held_out
    }

    fn draw_entity(
        &self,
        partition: &Partition,
        classes: &[u64],
        before: &mut [u64],
        held_out: &mut Vec<bool>,
    ) {
        let key = hash(self.seed, partition.key());
        let is_drawn =
            |position, stream| position > 0 && is_drawn(position - 1, self.share, stream);
        let Some(labels) = partition.target().labels() else {
            let positions = 0..partition.rows() as u64;
            return held_out.extend(positions.map(|position| is_drawn(position, key)));
        };
        before.fill(0);
        for row in partition.range() {
            let class = labels.get(row) as usize;
            let position = before[class];
            before[class] += 1;
            held_out.push(is_drawn(position, key ^ classes[class].rotate_left(32)));
        }
    }
}

/// Whether the row at a position is drawn, where one row is drawn at random from each stretch of
/// `1 / share` rows.
fn is_drawn(position: u64, share: f64, stream: u64) -> bool {
    let first = (position as f64 * share) as u64;
    let last = ((position + 1) as f64 * share) as u64;
    (first..=last).any(|stretch| {
        let place = (stretch as f64 + uniform(stream, stretch)) / share;
        place as u64 == position
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stretch_gives_about_its_share() {
        for share in [0.1, 0.2, 0.3, 0.5, 0.8] {
            for stream in 0..20 {
                let drawn = (0..1_000).filter(|&row| is_drawn(row, share, stream));
                let drawn = drawn.count() as f64;
                let wanted = 1_000.0 * share;
                assert!(
                    drawn > 0.75 * wanted && drawn < wanted + 2.0,
                    "{share}: {drawn}"
                );
            }
        }
    }
}
