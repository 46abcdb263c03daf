//! One made-up row.

/// One row: numbers as they are, text as the number of its category. Of the two kinds of income it
/// has the one that is wanted, the other being 0.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub entity: u64,
    /// The income in cents, as a quantity.
    pub cents: u64,
    pub final_weight: i32,
    pub capital_gain: i32,
    pub capital_loss: i32,
    pub age: i16,
    pub hours: i16,
    pub workclass: u8,
    pub education: u8,
    pub marital_status: u8,
    pub occupation: u8,
    pub relationship: u8,
    pub race: u8,
    pub sex: u8,
    pub country: u8,
    /// The income as a category.
    pub income: u8,
    /// A bit for each feature, set where it is missing at random.
    pub gaps: u16,
}

impl Row {
    /// Whether the field at this position is missing at random.
    pub fn lacks(&self, position: usize) -> bool {
        self.gaps >> position & 1 == 1
    }
}

/// The number of a missing value's category.
pub(super) const MISSING: u8 = u8::MAX;
