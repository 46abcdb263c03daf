//! What a node asks of a row, by positions: what predicting goes by.

/// What a node asks of a row.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Question<'a> {
    /// Whether a number is at most the threshold; a row without one goes left or not.
    LessOrEqual { threshold: f64, missing_left: bool },
    /// Whether a category is the one at this position among those that the model asks about.
    Equal(usize),
    /// Whether a category is in a set: bits by position, the lowest first.
    Among(&'a [u8]),
}

impl Question<'_> {
    /// Whether a row with this number goes left, NaN for a missing one.
    #[inline]
    pub fn of_number(&self, number: f64) -> bool {
        match *self {
            Question::LessOrEqual {
                threshold,
                missing_left,
            } => {
                if number.is_nan() {
                    missing_left
                } else {
                    number <= threshold
                }
            }
            _ => false,
        }
    }
}

/// Whether a set has a bit.
pub(super) fn is_member(set: &[u8], position: usize) -> bool {
    set.get(position / 8)
        .is_some_and(|bits| bits >> (position % 8) & 1 == 1)
}

/// The categories that a model asks about, as codes of the rows.
pub(crate) struct AskedCategories {
    /// By position in the model.
    codes: Vec<u32>,
    /// By code: the position. Left empty where the model asks for no sets.
    positions: Vec<(u32, u32)>,
}

impl AskedCategories {
    /// `codes` are those of the model's categories, in their order; `has_sets` says whether the
    /// model asks for sets of categories.
    pub fn new(codes: impl Iterator<Item = u32>, has_sets: bool) -> Self {
        let codes: Vec<u32> = codes.collect();
        let mut positions = Vec::new();
        if has_sets {
            positions.extend(codes.iter().copied().zip(0..));
            positions.sort_unstable();
        }
        Self { codes, positions }
    }

    /// Whether a row with a category of this code goes left.
    #[inline]
    pub fn goes_left(&self, question: &Question, code: u32) -> bool {
        match *question {
            Question::Equal(position) => self.codes[position] == code,
            Question::Among(set) => {
                let place = self
                    .positions
                    .binary_search_by_key(&code, |&(code, _)| code);
                place.is_ok_and(|place| is_member(set, self.positions[place].1 as usize))
            }
            Question::LessOrEqual { .. } => false,
        }
    }
}
