//! The compact matrix that the exact tree builder eats: one column of small integer codes per
//! feature, as narrow as its number of distinct values allows.

use ndarray::Array1;

/// How a feature's values are compared at a split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FeatureKind {
    /// Ordered values, split by `value <= threshold`.
    Numeric,
    /// Unordered values, split by `value = category`.
    Categorical,
}

/// The codes of one column, in the narrowest unsigned width that holds them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Codes {
    /// At most 256 distinct values.
    U8(Array1<u8>),
    /// At most 65,536 distinct values.
    U16(Array1<u16>),
    /// Any number of distinct values.
    U32(Array1<u32>),
}

impl Codes {
    /// Stores `codes`, all below `cardinality`, in the narrowest width.
    pub fn from_codes(codes: impl ExactSizeIterator<Item = u32>, cardinality: u32) -> Self {
        match cardinality {
            0..=0x100 => Codes::U8(codes.map(|code| code as u8).collect()),
            0x101..=0x1_0000 => Codes::U16(codes.map(|code| code as u16).collect()),
            _ => Codes::U32(codes.collect()),
        }
    }

    /// The codes of some rows, in their order and in the same width.
    fn gather(&self, rows: &[u32]) -> Self {
        match self {
            Codes::U8(codes) => Codes::U8(rows.iter().map(|&row| codes[row as usize]).collect()),
            Codes::U16(codes) => Codes::U16(rows.iter().map(|&row| codes[row as usize]).collect()),
            Codes::U32(codes) => Codes::U32(rows.iter().map(|&row| codes[row as usize]).collect()),
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Codes::U8(codes) => codes.len(),
            Codes::U16(codes) => codes.len(),
            Codes::U32(codes) => codes.len(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The code of one row.
    ///
    /// # Panics
    ///
    /// If `row` is not below [`len`](Self::len).
    pub fn get(&self, row: usize) -> u32 {
        match self {
            Codes::U8(codes) => codes[row].into(),
            Codes::U16(codes) => codes[row].into(),
            Codes::U32(codes) => codes[row],
        }
    }
}

/// One feature's column: its codes, how many distinct ones there are, and how they compare.
///
/// Codes of a numeric feature are ranks: a larger value has a larger code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeColumn {
    /// Numeric or categorical.
    pub kind: FeatureKind,
    /// Every code is below this number.
    pub cardinality: u32,
    /// One code per row.
    pub codes: Codes,
}

impl CodeColumn {
    /// Makes a column of codes below `cardinality`.
    pub fn new(
        kind: FeatureKind,
        cardinality: u32,
        codes: impl ExactSizeIterator<Item = u32>,
    ) -> Self {
        Self {
            kind,
            cardinality,
            codes: Codes::from_codes(codes, cardinality),
        }
    }

    /// Some rows of the column, in their order.
    pub(crate) fn gather(&self, rows: &[u32]) -> Self {
        Self {
            codes: self.codes.gather(rows),
            ..*self
        }
    }
}

/// A column-major matrix of codes: rows of one partition, columns of the features in schema order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CodeMatrix {
    columns: Vec<CodeColumn>,
    rows: usize,
}

impl CodeMatrix {
    /// Puts columns of `rows` codes each together.
    ///
    /// # Panics
    ///
    /// If a column has another number of rows, or a code that is not below its cardinality: both
    /// are errors of the program that encoded them.
    pub fn new(columns: Vec<CodeColumn>, rows: usize) -> Self {
        for (position, column) in columns.iter().enumerate() {
            assert_eq!(
                column.codes.len(),
                rows,
                "column {position} has the wrong length"
            );
            let highest = match &column.codes {
                Codes::U8(codes) => codes.iter().max().map(|&code| u32::from(code)),
                Codes::U16(codes) => codes.iter().max().map(|&code| u32::from(code)),
                Codes::U32(codes) => codes.iter().max().copied(),
            };
            assert!(
                highest.is_none_or(|code| code < column.cardinality),
                "column {position} has a code beyond its cardinality"
            );
        }
        Self { columns, rows }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The columns, in schema order.
    pub fn columns(&self) -> &[CodeColumn] {
        &self.columns
    }
}
