//! What ends the growth of a tree before its time.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::cancel::Cancel;
use crate::codes::CodeColumn;
use crate::error::TreeError;

/// The most sums of one tree, or of the runs of one feature: a gigabyte of numbers.
const MOST_SLOTS: usize = 1 << 27;

/// How far a tree has grown, on all threads together.
pub(super) struct Growth<'a> {
    cancel: &'a Cancel,
    /// Sums of each node.
    width: usize,
    rows: usize,
    slots: AtomicUsize,
}

impl<'a> Growth<'a> {
    /// Before a tree of some columns is begun.
    ///
    /// # Errors
    ///
    /// [`TreeError::TooManyClasses`] where sums by code do not find room.
    pub fn begin(
        cancel: &'a Cancel,
        columns: &[CodeColumn],
        width: usize,
        rows: usize,
    ) -> Result<Self, TreeError> {
        let growth = Self {
            cancel,
            width,
            rows,
            slots: AtomicUsize::new(0),
        };
        let codes = columns.iter().map(|column| column.cardinality as usize);
        let runs = codes.max().unwrap_or(0).min(rows).max(1);
        growth
            .slots
            .store(runs.saturating_mul(width), Ordering::Relaxed);
        growth.check()?;
        growth.slots.store(width, Ordering::Relaxed);
        Ok(growth)
    }

    /// Whether growing is to go on.
    pub fn goes_on(&self) -> bool {
        !self.cancel.is_cancelled() && self.slots.load(Ordering::Relaxed) <= MOST_SLOTS
    }

    /// Takes note of a split.
    pub fn add_split(&self) {
        self.slots.fetch_add(2 * self.width, Ordering::Relaxed);
    }

    /// Whether the tree is grown to its end.
    ///
    /// # Errors
    ///
    /// Why it is not.
    pub fn check(&self) -> Result<(), TreeError> {
        if self.cancel.is_cancelled() {
            return Err(TreeError::Interrupted);
        }
        match self.slots.load(Ordering::Relaxed) > MOST_SLOTS {
            true => Err(TreeError::TooManyClasses {
                classes: self.width,
                rows: self.rows,
            }),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use linfa::ParamGuard;

    use super::*;
    use crate::codes::CodeMatrix;
    use crate::schema::FeatureKind;
    use crate::tree::{DecisionTreeParams, TrainingRows, Tree, TreeScratch};

    fn fit(rows: u32, classes: u32, scratch: &mut TreeScratch) -> Result<Tree, TreeError> {
        let column = CodeColumn::new(FeatureKind::Numeric, rows, 0..rows);
        let matrix = CodeMatrix::new(vec![column], rows as usize);
        let labels: Vec<u32> = (0..rows).map(|row| row * 7 % classes).collect();
        let rows = TrainingRows::new(&matrix, &labels, classes as usize);
        let params = DecisionTreeParams::averaging().check().unwrap();
        params.fit_rows(rows, scratch)
    }

    #[test]
    fn a_tree_stops_growing_once_that_is_requested() {
        let cancel = Cancel::new();
        let mut scratch = TreeScratch::heeding(&cancel);
        assert!(fit(100, 3, &mut scratch).is_ok());
        cancel.cancel();
        // On one thread, and on all.
        for rows in [100, 100_000] {
            assert_eq!(fit(rows, 3, &mut scratch), Err(TreeError::Interrupted));
        }
    }

    #[test]
    fn classes_that_take_more_than_all_memory_are_refused() {
        let tree = fit(100_000, 100_000, &mut TreeScratch::default());
        let (classes, rows) = (100_000, 100_000);
        assert_eq!(tree, Err(TreeError::TooManyClasses { classes, rows }));
    }

    #[test]
    fn a_tree_of_many_classes_grows_until_its_counts_take_a_gigabyte() {
        let cancel = Cancel::new();
        let growth = Growth::begin(&cancel, &[], 1 << 17, 1 << 20).unwrap();
        let splits = (0..1 << 10).take_while(|_| {
            growth.add_split();
            growth.goes_on()
        });
        assert_eq!(splits.count(), 511);
        assert!(growth.check().is_err());
    }
}
