//! Models that another form cannot express.

/// A model that another form cannot express.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// A category is the text that stands for a missing one.
    #[error(
        "feature '{feature}' has a category '{text}', which stands for a missing one; choose another text for that"
    )]
    MissingCategory {
        /// The feature.
        feature: String,
        /// The text.
        text: String,
    },
    /// Without features nothing would tell how many rows there are.
    #[error("a model without features cannot be exported: nothing tells how many rows there are")]
    NoFeatures,
    /// The sets of categories that a model asks for take too much.
    #[error(
        "the sets of categories of feature '{feature}' take {bytes} bytes, and {limit} are the most that can be exported; train with fewer leaves, or without the feature"
    )]
    TooLarge {
        /// The feature.
        feature: String,
        /// What they take, in bytes.
        bytes: u64,
        /// The most that they may take, in bytes.
        limit: u64,
    },
}
