//! A growing column of numbers that is as narrow as its values allow, and widens when it must.

use std::collections::HashSet;
use std::ops::Range;

use crate::codes::{Order, marked};

/// A growing column of finite numbers, some of which may be missing: the least value of a width of
/// whole numbers stands for a missing one, and NaN does where there are fractions.
#[derive(Clone, Debug, PartialEq)]
pub enum Numbers {
    /// Whole numbers from 1 - 2⁷ to 2⁷ - 1.
    I8(Vec<i8>),
    /// Whole numbers from 1 - 2¹⁵ to 2¹⁵ - 1.
    I16(Vec<i16>),
    /// Whole numbers from 1 - 2³¹ to 2³¹ - 1.
    I32(Vec<i32>),
    /// Numbers that single precision holds exactly.
    F32(Vec<f32>),
    /// Any finite numbers.
    F64(Vec<f64>),
}

/// A number as a width holds it.
trait Held: Copy {
    /// The number; NaN for a missing one.
    fn number(self) -> f64;

    /// Holds a number that the width has, or NaN for a missing one.
    fn hold(number: f64) -> Self;
}

macro_rules! held_whole {
    ($($whole:ty),*) => {$(
        impl Held for $whole {
            fn number(self) -> f64 {
                match self {
                    <$whole>::MIN => f64::NAN,
                    number => number.into(),
                }
            }

            fn hold(number: f64) -> Self {
                match number.is_nan() {
                    true => <$whole>::MIN,
                    false => number as $whole,
                }
            }
        }
    )*};
}
held_whole!(i8, i16, i32);

impl Held for f32 {
    fn number(self) -> f64 {
        f64::from(self).number()
    }

    fn hold(number: f64) -> Self {
        number as f32
    }
}

/// All missing numbers have the same bits.
impl Held for f64 {
    fn number(self) -> f64 {
        match self.is_nan() {
            true => f64::NAN,
            false => self,
        }
    }

    fn hold(number: f64) -> Self {
        number.number()
    }
}

impl Default for Numbers {
    fn default() -> Self {
        Numbers::I8(Vec::new())
    }
}

/// The widths of [`Numbers`], narrow to wide.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Width {
    I8,
    I16,
    I32,
    F32,
    F64,
}

impl Width {
    /// The narrowest width for all `values`.
    fn of<T: Copy + Into<f64>>(values: &[T]) -> Self {
        let (mut whole, mut single) = (true, true);
        let (mut low, mut high) = (0.0_f64, 0.0_f64);
        for &value in values {
            let value: f64 = value.into();
            whole &= f64::from(value as i32) == value || value.is_nan();
            single &= f64::from(value as f32) == value || value.is_nan();
            // A missing one is neither the least nor the largest.
            low = low.min(value);
            high = high.max(value);
        }
        let within = |limit: f64| low > -limit && high < limit;
        match (whole, single) {
            (true, _) if within(128.0) => Width::I8,
            (true, _) if within(32_768.0) => Width::I16,
            (true, _) if within(2_147_483_648.0) => Width::I32,
            (_, true) => Width::F32,
            (_, false) => Width::F64,
        }
    }

    /// The narrowest width for what fits in either.
    fn join(self, other: Self) -> Self {
        use Width::*;
        match (self, other) {
            (F64, _) | (_, F64) | (I32, F32) | (F32, I32) => F64,
            (F32, _) | (_, F32) => F32,
            (I32, _) | (_, I32) => I32,
            (I16, _) | (_, I16) => I16,
            (I8, I8) => I8,
        }
    }
}

/// The same expression for the buffer of every width.
macro_rules! for_each_width {
    ($numbers:expr, $values:ident => $body:expr) => {
        match $numbers {
            Numbers::I8($values) => $body,
            Numbers::I16($values) => $body,
            Numbers::I32($values) => $body,
            Numbers::F32($values) => $body,
            Numbers::F64($values) => $body,
        }
    };
}

impl Numbers {
    /// Appends finite numbers, and NaN for missing ones; a negative zero becomes a positive one.
    pub(super) fn extend<T: Copy + Into<f64>>(&mut self, values: &[T]) {
        let width = self.width().join(Width::of(values));
        if width != self.width() {
            *self = for_each_width!(&*self, old => {
                let mut wider = Numbers::with_width(width);
                wider.push(old.iter().map(|held| held.number()));
                wider
            });
        }
        self.push(values.iter().map(|&value| value.into() + 0.0));
    }

    fn push(&mut self, values: impl Iterator<Item = f64>) {
        fn hold<T: Held>(buffer: &mut Vec<T>, values: impl Iterator<Item = f64>) {
            buffer.extend(values.map(T::hold));
        }
        for_each_width!(self, buffer => hold(buffer, values));
    }

    fn with_width(width: Width) -> Self {
        match width {
            Width::I8 => Numbers::I8(Vec::new()),
            Width::I16 => Numbers::I16(Vec::new()),
            Width::I32 => Numbers::I32(Vec::new()),
            Width::F32 => Numbers::F32(Vec::new()),
            Width::F64 => Numbers::F64(Vec::new()),
        }
    }

    fn width(&self) -> Width {
        match self {
            Numbers::I8(_) => Width::I8,
            Numbers::I16(_) => Width::I16,
            Numbers::I32(_) => Width::I32,
            Numbers::F32(_) => Width::F32,
            Numbers::F64(_) => Width::F64,
        }
    }

    pub(super) fn scatter(&self, destination: &Order) -> Self {
        match self {
            Numbers::I8(values) => Numbers::I8(destination.scatter(values, |value| value)),
            Numbers::I16(values) => Numbers::I16(destination.scatter(values, |value| value)),
            Numbers::I32(values) => Numbers::I32(destination.scatter(values, |value| value)),
            Numbers::F32(values) => Numbers::F32(destination.scatter(values, |value| value)),
            Numbers::F64(values) => Numbers::F64(destination.scatter(values, |value| value)),
        }
    }

    /// The numbers of the rows that are marked.
    pub(super) fn filter(&self, keep: &[bool]) -> Self {
        match self {
            Numbers::I8(values) => Numbers::I8(marked(values, keep)),
            Numbers::I16(values) => Numbers::I16(marked(values, keep)),
            Numbers::I32(values) => Numbers::I32(marked(values, keep)),
            Numbers::F32(values) => Numbers::F32(marked(values, keep)),
            Numbers::F64(values) => Numbers::F64(marked(values, keep)),
        }
    }

    /// Hands the numbers of some rows to `visit`, in their order; NaN for a missing one.
    pub(crate) fn for_each(&self, rows: Range<usize>, mut visit: impl FnMut(f64)) {
        for_each_width!(self, values => values[rows].iter().for_each(|held| visit(held.number())));
    }

    /// How many different numbers come before the first that comes again, in so many rows.
    pub(super) fn different(&self, rows: usize) -> usize {
        let mut seen = HashSet::with_capacity(rows);
        (0..rows)
            .take_while(|&row| seen.insert(self.get(row).to_bits()))
            .count()
    }

    /// The number of one row; NaN where it is missing.
    pub fn get(&self, row: usize) -> f64 {
        for_each_width!(self, values => values[row].number())
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        for_each_width!(self, values => values.len())
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Numbers next to the ends of all widths, and missing ones.
    fn number() -> impl Strategy<Value = f64> {
        let end = (
            prop_oneof![Just(7), Just(15), Just(31), Just(53)],
            -2..=2_i64,
        );
        let end = end.prop_map(|(bits, beside)| ((1_i64 << bits) + beside) as f64);
        prop_oneof![
            4 => (end, any::<bool>()).prop_map(|(end, is_negative)| if is_negative { -end } else { end }),
            2 => Just(f64::NAN),
            2 => -3.0..3.0_f64,
            2 => (-3..3_i8).prop_map(f64::from),
            1 => (-2.0..2.0_f32).prop_map(f64::from),
        ]
    }

    /// The widths that hold these numbers, missing ones aside, narrow to wide; the fourth holds
    /// single precision, the last any number.
    fn widths(numbers: &[f64]) -> [bool; 5] {
        let present = || numbers.iter().copied().filter(|number| !number.is_nan());
        let whole = |limit: f64| present().all(|n| n.fract() == 0.0 && n.abs() < limit);
        let single = present().all(|n| f64::from(n as f32) == n);
        [
            whole(128.0),
            whole(32_768.0),
            whole(2_147_483_648.0),
            single,
            true,
        ]
    }

    proptest! {
        #[test]
        fn numbers_keep_their_values_and_gaps_while_the_column_widens(
            batches in prop::collection::vec(prop::collection::vec(number(), 0..6), 1..5),
        ) {
            let mut numbers = Numbers::default();
            for batch in &batches {
                numbers.extend(batch);
            }
            let expected: Vec<f64> = batches.concat();
            prop_assert_eq!(numbers.len(), expected.len());
            for (row, expected) in expected.iter().enumerate() {
                let found = numbers.get(row);
                prop_assert!(found == *expected || found.is_nan() && expected.is_nan());
                prop_assert!(!found.is_nan() || found.to_bits() == f64::NAN.to_bits());
            }
            prop_assert!(widths(&expected)[numbers.width() as usize], "{numbers:?}");
            if batches.len() == 1 {
                let narrowest = widths(&expected).iter().position(|holds| *holds);
                prop_assert_eq!(narrowest, Some(numbers.width() as usize));
            }
        }
    }

    #[test]
    fn the_least_value_of_a_width_is_no_gap() {
        for (least, width) in [
            (f64::from(i8::MIN), Width::I16),
            (f64::from(i16::MIN), Width::I32),
            (f64::from(i32::MIN), Width::F32),
        ] {
            let mut numbers = Numbers::default();
            numbers.extend(&[1.0, f64::NAN]);
            numbers.extend(&[least]);
            assert!(numbers.width() == width);
            assert_eq!((numbers.get(0), numbers.get(2)), (1.0, least));
            assert!(numbers.get(1).is_nan());
        }
    }
}
