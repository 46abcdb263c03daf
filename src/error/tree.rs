//! Why there is no tree.

/// Why a tree was not grown to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError {
    /// Counts by node and class take too much memory.
    #[error(
        "a tree of {classes} classes on {rows} rows takes more than a gigabyte for its counts; limit its depth or raise the rows of a leaf, and see whether the target is an identifier or a quantity"
    )]
    TooManyClasses {
        /// Classes of the rows.
        classes: usize,
        /// Rows to grow the tree on.
        rows: usize,
    },
    /// A request to stop was made.
    #[error("interrupted")]
    Interrupted,
}
