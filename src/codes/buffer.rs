//! One column of codes, which widens when it must.

use std::ops::Range;

use super::{Order, marked};

/// A growing column of codes, in an unsigned width that holds them all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Codes {
    /// All codes below 2⁸.
    U8(Vec<u8>),
    /// All codes below 2¹⁶.
    U16(Vec<u16>),
    /// Any code.
    U32(Vec<u32>),
}

impl Default for Codes {
    fn default() -> Self {
        Codes::U8(Vec::new())
    }
}

/// The same expression for the codes of every width.
macro_rules! with_codes {
    ($column:expr, $codes:ident => $body:expr) => {
        match $column {
            $crate::codes::Codes::U8($codes) => $body,
            $crate::codes::Codes::U16($codes) => $body,
            $crate::codes::Codes::U32($codes) => $body,
        }
    };
}
pub(crate) use with_codes;

impl Codes {
    /// Stores `codes`, all below `cardinality`, in the narrowest width.
    pub fn from_codes(codes: impl ExactSizeIterator<Item = u32>, cardinality: u32) -> Self {
        let mut stored = Codes::default();
        stored.extend(codes, cardinality.saturating_sub(1));
        stored
    }

    /// Appends codes, none of them above `largest`.
    pub(crate) fn extend(&mut self, codes: impl Iterator<Item = u32>, largest: u32) {
        self.widen(largest);
        match self {
            Codes::U8(buffer) => buffer.extend(codes.map(|code| code as u8)),
            Codes::U16(buffer) => buffer.extend(codes.map(|code| code as u16)),
            Codes::U32(buffer) => buffer.extend(codes),
        }
    }

    /// Makes room for codes up to `largest`.
    fn widen(&mut self, largest: u32) {
        match self {
            Codes::U8(buffer) if largest > 0xFFFF => {
                *self = Codes::U32(buffer.iter().map(|&code| code.into()).collect());
            }
            Codes::U8(buffer) if largest > 0xFF => {
                *self = Codes::U16(buffer.iter().map(|&code| code.into()).collect());
            }
            Codes::U16(buffer) if largest > 0xFFFF => {
                *self = Codes::U32(buffer.iter().map(|&code| code.into()).collect());
            }
            _ => {}
        }
    }

    /// The codes replaced by `mapping[code]` and moved to their places in `order`, in the
    /// narrowest width for `cardinality` codes.
    pub(crate) fn scatter(&self, mapping: &[u32], cardinality: usize, order: &Order) -> Self {
        with_codes!(self, codes => match cardinality {
            0..=0x100 => Codes::U8(order.scatter(codes, |code| mapping[code as usize] as u8)),
            0x101..=0x1_0000 => {
                Codes::U16(order.scatter(codes, |code| mapping[code as usize] as u16))
            }
            _ => Codes::U32(order.scatter(codes, |code| mapping[code as usize])),
        })
    }

    /// The codes, which are below `cardinality`, in another order.
    pub(crate) fn reordered(&self, cardinality: usize, order: &Order) -> Self {
        let same: Vec<u32> = (0..cardinality as u32).collect();
        self.scatter(&same, cardinality, order)
    }

    /// The codes of the rows that are marked.
    pub(crate) fn filter(&self, keep: &[bool]) -> Self {
        match self {
            Codes::U8(codes) => Codes::U8(marked(codes, keep)),
            Codes::U16(codes) => Codes::U16(marked(codes, keep)),
            Codes::U32(codes) => Codes::U32(marked(codes, keep)),
        }
    }

    /// The codes of some rows, in their order and in the same width.
    pub(super) fn gather(&self, rows: &[u32]) -> Self {
        match self {
            Codes::U8(codes) => Codes::U8(rows.iter().map(|&row| codes[row as usize]).collect()),
            Codes::U16(codes) => Codes::U16(rows.iter().map(|&row| codes[row as usize]).collect()),
            Codes::U32(codes) => Codes::U32(rows.iter().map(|&row| codes[row as usize]).collect()),
        }
    }

    /// All codes, where they are bytes.
    pub(crate) fn bytes(&self) -> Option<&[u8]> {
        match self {
            Codes::U8(codes) => Some(codes),
            _ => None,
        }
    }

    /// Hands the codes of some rows to `visit`, in their order.
    #[allow(clippy::useless_conversion)] // of use for all widths but one
    pub(crate) fn for_each(&self, rows: Range<usize>, mut visit: impl FnMut(u32)) {
        with_codes!(self, codes => codes[rows].iter().for_each(|&code| visit(code.into())));
    }

    /// The code of one row.
    ///
    /// # Panics
    ///
    /// If `row` is not below [`len`](Self::len).
    #[allow(clippy::useless_conversion)] // of use for all widths but one
    pub fn get(&self, row: usize) -> u32 {
        with_codes!(self, codes => codes[row].into())
    }

    /// The largest code; `None` without rows.
    #[allow(clippy::useless_conversion)] // of use for all widths but one
    pub fn max(&self) -> Option<u32> {
        with_codes!(self, codes => codes.iter().max().map(|&code| code.into()))
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        with_codes!(self, codes => codes.len())
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_keep_their_values_while_the_column_widens() {
        let mut codes = Codes::default();
        let mut expected = Vec::new();
        for largest in [0xFF, 0x100, 0xFFFF, 0x1_0000, 7] {
            let added = [0, largest / 2, largest];
            codes.extend(added.into_iter(), largest);
            expected.extend(added);
            let mut stored = Vec::new();
            codes.for_each(0..codes.len(), |code| stored.push(code));
            assert_eq!(stored, expected);
        }
    }

    #[test]
    fn a_column_is_as_narrow_as_its_cardinality_allows() {
        let width = |cardinality| match Codes::from_codes([0, 1].into_iter(), cardinality) {
            Codes::U8(_) => 8,
            Codes::U16(_) => 16,
            Codes::U32(_) => 32,
        };
        let cardinalities = [2, 0x100, 0x101, 0x1_0000, 0x1_0001, u32::MAX];
        assert_eq!(cardinalities.map(width), [8, 8, 16, 16, 32, 32]);
    }
}
