//! The compact matrix that the exact tree builder eats: one column of small integer codes per
//! feature, as narrow as its number of distinct values allows.

use super::Codes;
use crate::schema::FeatureKind;

/// One feature's column: its codes, how many distinct ones there are, and how they compare.
///
/// Codes of a numeric feature are ranks: a larger value has a larger code. Where values are missing,
/// the last code stands for them, in columns of both kinds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeColumn {
    /// Numeric or categorical.
    pub kind: FeatureKind,
    /// Every code is below this number.
    pub cardinality: u32,
    /// Whether the last code, `cardinality - 1`, stands for missing values.
    pub missing: bool,
    /// One code per row.
    pub codes: Codes,
}

impl CodeColumn {
    /// Makes a column of codes below `cardinality`, none of which stands for missing values.
    pub fn new(
        kind: FeatureKind,
        cardinality: u32,
        codes: impl ExactSizeIterator<Item = u32>,
    ) -> Self {
        Self {
            missing: false,
            ..Self::with_missing(kind, cardinality, codes)
        }
    }

    /// Makes a column of codes below `cardinality`, the last of which stands for missing values.
    pub fn with_missing(
        kind: FeatureKind,
        cardinality: u32,
        codes: impl ExactSizeIterator<Item = u32>,
    ) -> Self {
        Self {
            kind,
            cardinality,
            missing: true,
            codes: Codes::from_codes(codes, cardinality),
        }
    }

    /// The code of rows without a value, where there are any.
    pub fn missing_code(&self) -> Option<u32> {
        self.missing.then(|| self.cardinality.saturating_sub(1))
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
            assert!(
                column
                    .codes
                    .max()
                    .is_none_or(|code| code < column.cardinality),
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
