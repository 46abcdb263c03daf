//! Marital status and relationship.

/// Kinds of household; a single person of 25 or more is of a kind of its own.
pub const COUPLE: usize = 0;
pub const FORMER_COUPLE: usize = 1;
pub const SINGLE: usize = 2;
pub const OLDER_SINGLE: usize = 3;

pub struct MaritalStatus {
    pub name: &'static str,
    pub household: usize,
    /// By sex and life stage: under 20 years, under 25, under 35, under 50, older.
    pub weights: [[f64; 5]; 2],
}

#[rustfmt::skip]
pub static MARITAL_STATUSES: [MaritalStatus; 7] = [
    MaritalStatus { name: "Married-civ-spouse",    household: COUPLE,        weights: [[1.5,  8.0, 17.0, 19.0, 18.0], [1.5, 17.0, 53.0, 74.0, 82.0]] },
    MaritalStatus { name: "Never-married",         household: SINGLE,        weights: [[95.0, 81.0, 51.0, 21.0, 11.0], [97.5, 79.0, 36.0, 11.0, 5.0]] },
    MaritalStatus { name: "Divorced",              household: FORMER_COUPLE, weights: [[0.8,  5.0, 20.0, 43.0, 37.0], [0.3, 2.0, 8.0, 11.0, 8.5]] },
    MaritalStatus { name: "Separated",             household: FORMER_COUPLE, weights: [[0.8,  3.0, 7.0, 9.0, 5.0], [0.2, 0.8, 1.6, 2.2, 1.3]] },
    MaritalStatus { name: "Widowed",               household: FORMER_COUPLE, weights: [[0.1,  0.3, 1.0, 5.0, 27.0], [0.0, 0.1, 0.1, 0.4, 2.3]] },
    MaritalStatus { name: "Married-spouse-absent", household: FORMER_COUPLE, weights: [[1.0,  1.5, 1.9, 2.2, 1.7], [0.3, 1.0, 1.3, 1.2, 0.9]] },
    MaritalStatus { name: "Married-AF-spouse",     household: COUPLE,        weights: [[0.1,  0.3, 0.3, 0.1, 0.0], [0.0, 0.1, 0.1, 0.0, 0.0]] },
];

pub const HUSBAND: usize = 0;
pub const WIFE: usize = 4;

/// Weights by household: couple, former couple, single under 25 years, single of 25 or more. A
/// spouse is a husband until the sex is known.
#[rustfmt::skip]
pub static RELATIONSHIPS: [(&str, [f64; 4]); 6] = [
    ("Husband",        [97.6,  0.0,  0.0,  0.0]),
    ("Not-in-family",  [ 0.3, 55.0, 23.0, 60.0]),
    ("Own-child",      [ 1.0,  5.0, 65.0, 20.0]),
    ("Unmarried",      [ 0.0, 37.0,  5.0, 13.0]),
    ("Wife",           [ 0.0,  0.0,  0.0,  0.0]),
    ("Other-relative", [ 1.1,  3.0,  7.0,  7.0]),
];

/// The kind of household that a marital status leads to.
pub fn household(marital_status: usize, age: i16) -> usize {
    match MARITAL_STATUSES[marital_status].household {
        SINGLE if age >= 25 => OLDER_SINGLE,
        household => household,
    }
}
