//! Everything that can go wrong, grouped by what was being done, and said so that a user can put it
//! right.

mod cluster;
mod dataset_difference;
mod evaluation;
mod export;
mod input;
mod listed;
mod params;
mod polars_message;
mod spec;
mod store;
mod tree;

use std::path::{Path, PathBuf};

use crate::schema::HoldoutShareError;
pub use cluster::ClusterError;
pub use dataset_difference::{DatasetDifference, DatasetPart};
pub use evaluation::EvaluationError;
pub use export::ExportError;
pub use input::InputError;
pub use params::ParamsError;
pub(crate) use polars_message::polars_message;
pub use spec::SpecError;
pub use store::StoreError;
pub use tree::TreeError;

/// The error of every public function that can fail. A cause is part of the message.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Files cannot be read as they are.
    #[error(transparent)]
    Input(#[from] InputError),
    /// What was asked for does not fit the data.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// A hyperparameter out of its range.
    #[error(transparent)]
    Params(#[from] ParamsError),
    /// A store cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A model that cannot be decoded or used.
    #[error("model: {0}")]
    BadModel(String),
    /// A model is asked for classes that tells quantities, or the other way round.
    #[error("model: {0}")]
    OtherTask(&'static str),
    /// The parts of a run do not fit together.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// A model that another form cannot express.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// Predictions that cannot be evaluated.
    #[error(transparent)]
    Evaluation(#[from] EvaluationError),
    /// No row is left to train on, evaluate or predict.
    #[error("no row is left to work on: {0}")]
    NoRows(String),
    /// A row without a key.
    #[error("row {row} has a null key; leave such rows out, or choose what they get")]
    NullKey {
        /// The row, from 1.
        row: u64,
    },
    /// Polars failed. Its message is printed without advice that is meant for its own users.
    #[error("{context}: {}", polars_message(cause))]
    Polars {
        /// What was being done.
        context: String,
        /// What Polars said.
        cause: polars::error::PolarsError,
    },
    /// The operating system failed.
    #[error("{}: {cause}{}", path.display(), advice(cause))]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// Threads cannot be started.
    #[error("cannot start threads: {0}")]
    Threads(String),
    /// The work was stopped from outside.
    #[error("interrupted; nothing was committed")]
    Interrupted,
    /// The library did not do what it should; nothing was committed.
    #[error("a defect of per-entity: {0}; please report it")]
    Defect(String),
}

impl From<HoldoutShareError> for Error {
    fn from(error: HoldoutShareError) -> Self {
        SpecError::from(error).into()
    }
}

/// What every fallible function of the library returns.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub(crate) fn io(path: impl AsRef<Path>) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.as_ref().to_path_buf();
        move |cause| Error::Io { path, cause }
    }

    pub(crate) fn polars(
        context: impl Into<String>,
    ) -> impl FnOnce(polars::error::PolarsError) -> Error {
        let context = context.into();
        move |cause| Error::Polars { context, cause }
    }

    pub(crate) fn bad_store(path: impl AsRef<Path>, problem: impl Into<String>) -> Error {
        StoreError::Damaged {
            path: path.as_ref().to_path_buf(),
            problem: problem.into(),
        }
        .into()
    }
}

/// Says of a bad value that its type is that of training.
pub(crate) fn as_at_training(mut error: Error) -> Error {
    if let Error::Input(InputError::BadValue { trained, .. }) = &mut error {
        *trained = true;
    }
    error
}

fn advice(cause: &std::io::Error) -> &'static str {
    use std::io::ErrorKind::*;
    match cause.kind() {
        StorageFull | QuotaExceeded => "; free some space and run the same again",
        PermissionDenied | ReadOnlyFilesystem => {
            "; choose a place that can be written, or change its permissions"
        }
        _ => "",
    }
}
