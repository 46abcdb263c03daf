//! A growing column of numbers that is as narrow as its values allow, and widens when it must.

use std::collections::HashSet;
use std::ops::Range;

use crate::codes::{Order, marked};

/// A growing column of finite numbers.
#[derive(Clone, Debug, PartialEq)]
pub enum Numbers {
    /// Whole numbers from -2⁷ to 2⁷ - 1.
    I8(Vec<i8>),
    /// Whole numbers from -2¹⁵ to 2¹⁵ - 1.
    I16(Vec<i16>),
    /// Whole numbers from -2³¹ to 2³¹ - 1.
    I32(Vec<i32>),
    /// Numbers that single precision holds exactly.
    F32(Vec<f32>),
    /// Any finite numbers.
    F64(Vec<f64>),
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
            whole &= f64::from(value as i32) == value;
            single &= f64::from(value as f32) == value;
            low = low.min(value);
            high = high.max(value);
        }
        let within = |limit: f64| low >= -limit && high < limit;
        match (whole, single) {
            (true, _) if within(128.0) => Width::I8,
            (true, _) if within(32_768.0) => Width::I16,
            (true, _) => Width::I32,
            (false, true) => Width::F32,
            (false, false) => Width::F64,
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
    /// Appends finite numbers; a negative zero becomes a positive one.
    pub(super) fn extend<T: Copy + Into<f64>>(&mut self, values: &[T]) {
        let width = self.width().join(Width::of(values));
        if width != self.width() {
            *self = for_each_width!(&*self, old => {
                let mut wider = Numbers::with_width(width);
                wider.push(old);
                wider
            });
        }
        self.push(values);
    }

    fn push<T: Copy + Into<f64>>(&mut self, values: &[T]) {
        let values = values.iter().map(|&value| value.into() + 0.0);
        match self {
            Numbers::I8(buffer) => buffer.extend(values.map(|value: f64| value as i8)),
            Numbers::I16(buffer) => buffer.extend(values.map(|value: f64| value as i16)),
            Numbers::I32(buffer) => buffer.extend(values.map(|value: f64| value as i32)),
            Numbers::F32(buffer) => buffer.extend(values.map(|value: f64| value as f32)),
            Numbers::F64(buffer) => buffer.extend(values),
        }
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

    /// Hands the numbers of some rows to `visit`, in their order.
    #[allow(clippy::useless_conversion)] // of use for all widths but one
    pub(crate) fn for_each(&self, rows: Range<usize>, mut visit: impl FnMut(f64)) {
        for_each_width!(self, values => values[rows].iter().for_each(|&value| visit(value.into())));
    }

    /// How many different numbers come before the first that comes again, in so many rows.
    pub(super) fn different(&self, rows: usize) -> usize {
        let mut seen = HashSet::with_capacity(rows);
        (0..rows)
            .take_while(|&row| seen.insert(self.get(row).to_bits()))
            .count()
    }

    /// The number of one row.
    #[allow(clippy::useless_conversion)] // of use for all widths but one
    pub fn get(&self, row: usize) -> f64 {
        for_each_width!(self, values => values[row].into())
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
