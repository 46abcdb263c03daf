//! Which rows are kept from training, to see how good the models are on rows that they never saw.

use serde::{Deserialize, Serialize};

/// Draws rows to be held out: about the same share of each class of each entity.
///
/// Whether a row is drawn depends on the seed, its entity, its class and how many rows of that
/// entity and class stand before it in the input. So rows added at the end leave the draw as it
/// was, and neither other entities nor the number of threads matter. The first row of each class
/// of an entity is never drawn: every entity keeps rows of all its classes.
///
/// With a column to draw by, rows with the same value of it go the same way, whatever their entity
/// and class, and the shares are met only as far as the values allow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Holdout {
    pub(crate) share: f64,
    pub(crate) seed: u64,
    pub(crate) by: Option<String>,
}

/// A share of rows to hold out that leaves none on one side.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("a holdout of {0} is not strictly between 0 and 1; give 0.2 for 20 %")]
pub struct HoldoutShareError(
    /// The share.
    pub f64,
);

impl Holdout {
    /// Holds out this share of the rows, drawn by `by`'s values where a column is given.
    ///
    /// # Errors
    ///
    /// For a share that is not strictly between 0 and 1.
    pub fn new(share: f64, seed: u64, by: Option<String>) -> Result<Self, HoldoutShareError> {
        if !(share > 0.0 && share < 1.0) {
            return Err(HoldoutShareError(share));
        }
        Ok(Self { share, seed, by })
    }

    /// The column that is drawn by; the table must carry it, as the first of the columns carried.
    pub fn by(&self) -> Option<&str> {
        self.by.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_must_leave_rows_on_both_sides() {
        for share in [0.0, 1.0, -0.1, 1.5, f64::NAN] {
            assert!(Holdout::new(share, 0, None).is_err(), "{share}");
        }
    }
}
