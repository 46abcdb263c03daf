//! One made-up row.

/// One row: numbers as they are, text as the number of its category.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub entity: u64,
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
    pub income: u8,
}

/// The number of a missing value's category.
pub(super) const MISSING: u8 = u8::MAX;
