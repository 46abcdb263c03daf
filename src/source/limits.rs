//! How much an input may ask for, whoever wrote it.

use crate::schema::ByteSize;

/// How much an input may ask for before it is refused. What is read is never trusted: a line without
/// an end, or a header of a million names, would take all memory there is. They are no part of a
/// specification in a file, nor of a manifest, for both may come from others.
///
/// | name | default | purpose |
/// | --- | --- | --- |
/// | [`row`](Self::row) | 16 MiB | bytes of one row of text: a line, or what stands between quotes over several of them |
/// | [`columns`](Self::columns) | 100,000 | columns of one file, and fields of one row |
/// | [`nesting`](Self::nesting) | 100 | arrays and objects within each other in a field of NDJSON |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadLimits {
    /// Bytes of one row of text.
    pub row: ByteSize,
    /// Columns of one file, and fields of one row.
    pub columns: usize,
    /// Arrays and objects within each other in a field of NDJSON.
    pub nesting: usize,
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self {
            row: ByteSize(16 << 20),
            columns: 100_000,
            nesting: 100,
        }
    }
}

impl ReadLimits {
    /// Bytes of a row, as they are counted in memory.
    pub(crate) fn row_bytes(&self) -> usize {
        usize::try_from(self.row.0).unwrap_or(usize::MAX)
    }

    /// What is wrong with a row of too many bytes.
    pub(crate) fn too_long(&self) -> String {
        format!(
            "the row has more than {} bytes, which is the limit; correct it, or raise the limit",
            self.row.0
        )
    }

    /// What is wrong with a quote behind which a row goes on for too long.
    pub(crate) fn not_closed(&self) -> String {
        format!(
            "a quote is opened here and not closed within {} bytes; close it, or raise the limit",
            self.row.0
        )
    }

    /// What is wrong with so many columns, where there are too many.
    pub(crate) fn too_wide(&self, columns: usize) -> Option<String> {
        (columns > self.columns).then(|| {
            format!(
                "has more than {} columns, which is the limit; correct it, or raise the limit",
                self.columns
            )
        })
    }
}
